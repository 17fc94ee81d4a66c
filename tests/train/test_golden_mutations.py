"""A golden test that nothing can fail is none: each of these planted errors makes at least one fail.

The errors are planted in runs that are otherwise those of tests/train/test_golden_stages.py (farm-haystack 1.26.4), on
the small set of golden numbers; the quantities named are those that leave their tolerance.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.qa.features import build_features
from harness.qa.squad import read_squad
from harness.train.engine import optimiser
from harness.train.models.loading import load_tokenizer
from harness.train.recipes import losses
from tests.train.replay import replay_1, replay_2

GOLDENS = Path(__file__).parents[1] / "goldens"


def mean_of_terms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(losses, "total", lambda terms: torch.stack(list(terms)).mean())


def no_square_of_the_temperature(patch: pytest.MonkeyPatch) -> None:
    def loss(soft: Tensor, hard: Tensor, *, soft_label_weight: float, hard_label_weight: float, **_: Any) -> Tensor:
        return soft_label_weight * soft + hard_label_weight * hard

    patch.setattr(losses, "prediction_loss", loss)


def warm_up_one_step_early(patch: pytest.MonkeyPatch) -> None:
    right = optimiser.SCHEDULES["LinearWarmup"]
    patch.setitem(optimiser.SCHEDULES, "LinearWarmup", lambda step, *rest: right(step + 1, *rest))  # type: ignore[arg-type]


def no_embedding_term(patch: pytest.MonkeyPatch) -> None:
    right = losses.named
    patch.setattr(losses, "named", lambda attention, hidden: right(attention, [0 * hidden[0], *hidden[1:]]))


def nothing(_: pytest.MonkeyPatch) -> None:
    return


STAGE_1: list[tuple[str, Callable[[pytest.MonkeyPatch], None], dict[str, Any], set[str]]] = [
    ("wrong layer map", nothing, {"layer_map": "last"}, {"loss", "hidden_1", "attention_1"}),
    ("mean instead of sum", mean_of_terms, {}, {"loss", "attention", "hidden", "grad_norm"}),
    ("no embedding term", no_embedding_term, {}, {"loss", "hidden_0", "weights"}),
    ("bias excluded from decay", nothing, {"weight_decay_on": "matrices"}, {"loss", "weights"}),
    ("no weight decay", nothing, {"weight_decay": 0.0}, {"loss", "weights"}),
    ("no bias correction", nothing, {"adam_bias_correction": False}, {"loss", "weights_step_2", "weights"}),
    ("each tensor clipped by itself", nothing, {"grad_clip": "tensor"}, {"weights_step_2", "weights"}),
    ("warm-up off by one", warm_up_one_step_early, {}, {"learning_rate", "weights_step_2", "weights"}),
    ("padding left out of the means", nothing, {"padding": "masked"}, {"loss", "attention_1", "hidden_0"}),
]
STAGE_2: list[tuple[str, Callable[[pytest.MonkeyPatch], None], dict[str, Any], set[str]]] = [
    ("missing temperature squared", no_square_of_the_temperature, {}, {"loss", "grad_norm", "weights"}),
    ("start and end averaged", nothing, {"start_end": "averaged"}, {"loss", "grad_norm", "weights"}),
    ("wrong temperature", nothing, {"temperature": 1.0}, {"soft", "loss", "weights"}),
    ("weights the wrong way round", nothing, {"soft_label_weight": 0.6, "hard_label_weight": 0.4}, {"loss", "weights"}),
    ("logits not divided by a learned number", nothing, {"learned_logit_divisor": False}, {"divisor", "weights"}),
    ("padding left out of the softmax", nothing, {"padding": "masked"}, {"soft", "loss"}),
]


@pytest.mark.parametrize(("_", "plant", "settings", "caught"), STAGE_1, ids=[one[0] for one in STAGE_1])
def test_an_error_in_the_intermediate_stage_fails_a_golden_test_of_haystack_1_26_4(
    _: str, plant: Any, settings: Any, caught: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    _kept, off = replay_1(GOLDENS, tmp_path, **settings)
    assert caught <= {name for name, share in off.items() if share > 1}


@pytest.mark.parametrize(("_", "plant", "settings", "caught"), STAGE_2, ids=[one[0] for one in STAGE_2])
def test_an_error_in_the_prediction_stage_fails_a_golden_test_of_haystack_1_26_4(
    _: str, plant: Any, settings: Any, caught: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    _kept, off = replay_2(GOLDENS, "a0.5_T2", tmp_path, **settings)
    assert caught <= {name for name, share in off.items() if share > 1}


@pytest.mark.parametrize(("doc_stride_is", "is_equal"), [("step", True), ("overlap", False)])
def test_a_stride_read_as_an_overlap_fails_the_golden_windows_of_haystack_1_26_4(
    doc_stride_is: Any, is_equal: bool, tmp_path: Path
) -> None:
    golden = json.loads((GOLDENS / "features.json").read_text(encoding="utf-8"))["train_small"]
    found = build_features(
        read_squad(GOLDENS / "train_small.json"), load_tokenizer(GOLDENS / "student"), tmp_path, max_seq_length=160,
        doc_stride=48, doc_stride_is=doc_stride_is, max_query_length=64, last_token="exact", for_training=True,
    )  # fmt: skip
    batch = found.batch(range(len(found)))
    rows = [
        (ids[: int(mask.sum())].tolist(), labels.tolist())
        for ids, mask, labels in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True)
    ]
    assert (rows == [(row["input_ids"], row["labels"][0]) for row in golden]) == is_equal
