"""Both distillation stages, step by step, as farm-haystack ran them.

farm-haystack 1.26.4, torch 2.13.0+cpu, transformers 4.46.3, as in shared/goldens (stage1.json, stage2.json and their
weights); tolerances are those of its README. The recorded batches are replayed: the order is Haystack's own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from torch import Tensor

from harness.data.features import Array, Features, build_features
from harness.data.squad import read_json
from harness.engine import loop
from harness.evaluation import logits_of
from harness.models import load_model, load_tokenizer
from harness.recipes import RECIPES, tinybert
from harness.recipes.workbench import Common, Workbench
from harness.reports.progress import Silent

Weights = dict[str, Tensor]
COMMON = Common(
    max_seq_length=160, doc_stride=48, max_query_length=64, last_token_labels="exact",  # noqa: S106
    num_train_epochs=5, train_batch_size=8, learning_rate=1e-3, lr_schedule="LinearWarmup", warmup_ratio=0.2,
    weight_decay=0.01, adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8, max_grad_norm=1.0,
)  # fmt: skip
# The true gradient of these is zero, so Adam amplifies rounding noise (README of the goldens).
NO_GRADIENT_1 = ("attention.self.key.bias",)
NO_GRADIENT_2 = (*NO_GRADIENT_1, "qa_outputs.bias", "layer.1.output.LayerNorm.bias")


@dataclass
class Replay(Silent):
    """Replays a run's batches; keeps its records, and the weights and learned divisor before each step."""

    golden: list[dict[str, Any]]
    student: Any
    records: list[dict[str, float]] = field(default_factory=list)
    before: list[Weights] = field(default_factory=list)
    divisors: list[float] = field(default_factory=list)
    head: Any = None  # the module that holds the learned divisor, in stage 2
    teacher_logits: Array | None = None

    def steps(self, records: list[dict[str, float]]) -> None:
        self.records += records

    def batches(self, n_rows: int, batch_size: int, seed: int, epoch: int) -> Iterator[Array]:
        for step in self.golden:
            if step["epoch"] == epoch:
                self.before.append(self.weights())
                if self.head is not None:
                    self.divisors.append(self.head.temperature_for_confidence.item())
                yield np.array(step["rows"])

    def weights(self) -> Weights:
        return {name: tensor.clone() for name, tensor in self.student.state_dict().items()}


def replay(goldens: Path, stage: str, start: Path, golden: dict[str, Any], scratch: Path, **settings: Any) -> Replay:
    """Runs a recipe's stage on the recorded batches, from the weights in `start`."""
    student, teacher = load_model(goldens / "student", seed=1), load_model(goldens / "teacher", seed=1)
    weights = load_file(start)
    weights.pop("temperature_for_confidence", None)
    student.load_state_dict(weights)
    kept, accelerator = Replay(golden["steps"], student), Accelerator(cpu=True)

    def rows(common: Common) -> Features:
        lengths = {name: common[name] for name in ("max_seq_length", "doc_stride", "max_query_length")}  # type: ignore[literal-required]
        paragraphs, tokenizer = read_json(goldens / "train_small.json"), load_tokenizer(goldens / "student")
        return build_features(
            paragraphs, tokenizer, scratch, **lengths, last_token=common["last_token_labels"], for_training=True
        )

    def teacher_logits(features: Features) -> Array:
        kept.teacher_logits = logits_of(
            teacher, features, batch_size=8, accelerator=accelerator, path=scratch / "logits.npy",
            watch=Silent(), name="teacher",
        )  # fmt: skip
        return kept.teacher_logits

    class Captured(tinybert.PredictionLayerLoss):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            kept.head = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "batches_of_epoch", kept.batches)
        patch.setattr(tinybert, "PredictionLayerLoss", Captured)
        bench = Workbench(student, teacher, accelerator, 42, kept, rows, teacher_logits)
        RECIPES["tinybert"][stage](bench, **{**COMMON, **settings})
    return kept


def column(records: list[dict[str, Any]], name: str) -> list[float]:
    return [record[name] for record in records]


def near(golden: list[float], tolerance: float) -> Any:
    return pytest.approx(golden, rel=tolerance, abs=0)


def distance(found: Weights, golden: Weights, start: Weights, without: tuple[str, ...]) -> tuple[float, float]:
    """L2 of the difference as a share of the whole movement from `start`, and the largest single difference."""
    names = [name for name in golden if name in found and not name.endswith(without)]
    assert {name for name in golden if name not in found} <= {"temperature_for_confidence"}
    off = torch.cat([(found[name] - golden[name]).flatten() for name in names])
    moved = torch.cat([(golden[name] - start[name]).flatten() for name in names])
    return float(off.norm() / moved.norm()), float(off.abs().max())


# --- stage 1: intermediate layers ---


@pytest.fixture(scope="module")
def golden1(goldens: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((goldens / "stage1.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def stage1(goldens: Path, golden1: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Replay:
    start = goldens / "student" / "model.safetensors"
    return replay(goldens, "intermediate_layer", start, golden1, tmp_path_factory.mktemp("stage1"), layer_map="uniform")


@pytest.mark.parametrize(
    ("name", "golden_name"),
    [
        ("loss", "loss"),
        ("attention", "attention_sum"),
        ("hidden", "hidden_sum"),
        ("grad_norm", "grad_norm_before_clip"),
    ],
)
def test_stage_1_has_the_losses_and_gradient_norms_of_haystack(
    stage1: Replay, golden1: dict[str, Any], name: str, golden_name: str
) -> None:
    assert column(stage1.records, name) == near(column(golden1["steps"], golden_name), 1e-5)


def test_stage_1_has_the_single_terms_of_haystack(stage1: Replay, golden1: dict[str, Any]) -> None:
    for record, golden in zip(stage1.records, golden1["steps"], strict=True):
        assert [record[f"attention_{i}"] for i in (1, 2)] == near(golden["attention_per_layer"], 1e-5)
        assert [record[f"hidden_{i}"] for i in (0, 1, 2)] == near(golden["hidden_per_layer"], 1e-5)


def test_stage_1_has_the_learning_rates_of_haystack(stage1: Replay, golden1: dict[str, Any]) -> None:
    assert column(stage1.records, "learning_rate") == near(column(golden1["steps"], "lr"), 1e-12)


def test_stage_1_ends_at_the_weights_of_haystack(goldens: Path, stage1: Replay) -> None:
    start = stage1.before[0]
    share, most = distance(stage1.before[2], load_file(goldens / "stage1_step2.safetensors"), start, NO_GRADIENT_1)
    assert (share < 2e-4, most < 5e-6) == (True, True)
    share, most = distance(stage1.weights(), load_file(goldens / "stage1_final.safetensors"), start, NO_GRADIENT_1)
    assert (share < 1e-4, most < 5e-6) == (True, True)


def test_stage_1_leaves_the_head_and_its_first_step_leaves_everything(stage1: Replay) -> None:
    start, end = stage1.before[0], stage1.weights()
    assert [name for name in start if not torch.equal(start[name], stage1.before[1][name])] == []
    assert [name for name in start if torch.equal(start[name], end[name])] == ["qa_outputs.weight", "qa_outputs.bias"]
    assert all(parameter.requires_grad for parameter in stage1.student.parameters())


# --- stage 2: prediction layer ---


@pytest.fixture(scope="module", params=["a1.0_T1", "a0.5_T2"])
def golden2(goldens: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    found = json.loads((goldens / "stage2.json").read_text(encoding="utf-8"))["runs"][request.param]
    return {**found, "final": load_file(goldens / found["final_weights"])}


@pytest.fixture(scope="module")
def stage2(goldens: Path, golden2: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Replay:
    weight = golden2["distillation_loss_weight"]
    return replay(
        goldens, "prediction_layer", goldens / "stage1_final.safetensors", golden2, tmp_path_factory.mktemp("stage2"),
        temperature=golden2["temperature"], soft_label_weight=weight, hard_label_weight=1 - weight,
        embeds_dropout_prob=0.0, num_train_epochs=golden2["epochs"], learning_rate=golden2["learning_rate"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "golden_name", "tolerance"),
    [
        ("loss", "loss", 1e-5),
        ("soft", "kd_unweighted", 3e-5),
        ("hard", "ce_mean", 1e-5),
        ("grad_norm", "grad_norm_before_clip", 2e-5),
        ("learning_rate", "lr", 1e-12),
    ],
)
def test_stage_2_has_the_losses_norms_and_rates_of_haystack(
    stage2: Replay, golden2: dict[str, Any], name: str, golden_name: str, tolerance: float
) -> None:
    assert column(stage2.records, name) == near(column(golden2["steps"], golden_name), tolerance)


def test_stage_2_ends_at_the_weights_of_haystack(stage2: Replay, golden2: dict[str, Any]) -> None:
    share, most = distance(stage2.weights(), golden2["final"], stage2.before[0], NO_GRADIENT_2)
    assert (share < 2e-4, most < 1e-5) == (True, True)


def test_stage_2_learns_the_divisor_of_haystack_and_does_not_save_it(stage2: Replay, golden2: dict[str, Any]) -> None:
    found = [*stage2.divisors, stage2.head.temperature_for_confidence.item()]
    expected = [*column(golden2["steps"], "head_temperature_before"), golden2["head_temperature_final"]]
    assert found == pytest.approx(expected, abs=1e-5, rel=0)
    assert abs(expected[-1] - 1) > 1e-3
    assert "temperature_for_confidence" not in stage2.weights()


def test_the_teacher_s_logits_are_those_of_haystack(goldens: Path, stage2: Replay) -> None:
    (expected,) = np.load(goldens / "teacher_logits_train_small.npz").values()
    assert stage2.teacher_logits is not None
    assert stage2.teacher_logits.shape == expected.shape
    assert np.abs(stage2.teacher_logits - expected).max() < 5e-5
