"""Replays the recorded runs of farm-haystack and says how far each quantity is off, in units of its tolerance.

The recorded batches are fed in place of our own order of rows. Tolerances are those of the goldens' README (fp32); a
number above 1 is a failure.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from torch import Tensor

from harness.qa.features import Array, build_features
from harness.qa.squad import read_squad
from harness.train.engine import loop
from harness.train.inference import logits_of
from harness.train.models.loading import load_model, load_tokenizer
from harness.train.progress import Silent
from harness.train.recipes import RECIPES, haystack
from harness.train.recipes.context import Common, StageContext

Weights = dict[str, Tensor]
COMMON = Common(
    max_seq_length=160, doc_stride=48, doc_stride_is="step", max_query_length=64, last_token_labels="exact",
    num_train_epochs=5, train_batch_size=8, learning_rate=1e-3, lr_schedule="LinearWarmup", warmup_ratio=0.2,
    weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip
INTERMEDIATE = {"layer_map": "uniform", "attention_probs": "after_dropout", "padding": "counted"}
PREDICTION = {
    "start_end": "summed", "learned_logit_divisor": True, "padding": "counted", "embeds_dropout_prob": 0.0,
}  # fmt: skip
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
    """Runs a stage of the variant `haystack` on the recorded batches, from the weights in `start`."""
    student, teacher = load_model(goldens / "student", seed=1), load_model(goldens / "teacher", seed=1)
    weights = load_file(start)
    weights.pop("temperature_for_confidence", None)
    student.load_state_dict(weights)
    kept, accelerator = Replay(golden["steps"], student), Accelerator(cpu=True)

    common = {**COMMON, **settings}
    windows = {name: common[name] for name in ("max_seq_length", "doc_stride", "doc_stride_is", "max_query_length")}
    paragraphs, tokenizer = read_squad(goldens / "train_small.json"), load_tokenizer(goldens / "student")
    rows = build_features(
        paragraphs, tokenizer, scratch, **windows, last_token=common["last_token_labels"], for_training=True
    )
    kept.teacher_logits = logits_of(
        teacher, rows, batch_size=8, accelerator=accelerator, path=scratch / "logits.npy", watch=Silent(),
        name="teacher",
    )  # fmt: skip

    class Captured(haystack.HaystackHead):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            kept.head = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "batches_of_epoch", kept.batches)
        patch.setattr(haystack, "HaystackHead", Captured)
        context = StageContext(student, teacher, accelerator, 42, kept, rows, kept.teacher_logits)
        RECIPES["haystack"][stage](context, **common)
    return kept


def replay_1(goldens: Path, scratch: Path, **settings: Any) -> tuple[Replay, dict[str, float]]:
    """The intermediate stage, and how far each of its quantities is off."""
    golden = json.loads((goldens / "stage1.json").read_text(encoding="utf-8"))
    start = goldens / "student" / "model.safetensors"
    kept = replay(goldens, "intermediate_layer", start, golden, scratch, **{**INTERMEDIATE, **settings})
    names = {"loss": "loss", "attention": "attention_sum", "hidden": "hidden_sum", "grad_norm": "grad_norm_before_clip"}
    off = {name: _off(kept.records, name, golden["steps"], theirs, 1e-5) for name, theirs in names.items()}
    for kind in ("attention", "hidden"):
        for index in range(len(golden["steps"][0][f"{kind}_per_layer"])):
            theirs = [step[f"{kind}_per_layer"][index] for step in golden["steps"]]
            name = f"{kind}_{index + (kind == 'attention')}"
            off[name] = furthest([record[name] for record in kept.records], theirs, 1e-5)
    off["learning_rate"] = _off(kept.records, "learning_rate", golden["steps"], "lr", 1e-12)
    step_2, final = (load_file(goldens / f"stage1_{name}.safetensors") for name in ("step2", "final"))
    off["weights_step_2"] = moved_apart(kept.before[2], step_2, kept.before[0], NO_GRADIENT_1, 2e-4, 5e-6)
    off["weights"] = moved_apart(kept.weights(), final, kept.before[0], NO_GRADIENT_1, 1e-4, 5e-6)
    return kept, off


def replay_2(goldens: Path, run: str, scratch: Path, **settings: Any) -> tuple[Replay, dict[str, float]]:
    """One run of the prediction stage, and how far each of its quantities is off."""
    golden = json.loads((goldens / "stage2.json").read_text(encoding="utf-8"))["runs"][run]
    weight = golden["distillation_loss_weight"]
    own = {
        "temperature": golden["temperature"], "soft_label_weight": weight, "hard_label_weight": 1 - weight,
        "num_train_epochs": golden["epochs"], "learning_rate": golden["learning_rate"],
    }  # fmt: skip
    start = goldens / "stage1_final.safetensors"
    kept = replay(goldens, "prediction_layer", start, golden, scratch, **{**PREDICTION, **own, **settings})
    columns = (
        ("loss", "loss", 1e-5), ("soft", "kd_unweighted", 3e-5), ("hard", "ce_mean", 1e-5),
        ("grad_norm", "grad_norm_before_clip", 2e-5), ("learning_rate", "lr", 1e-12),
    )  # fmt: skip
    off = {name: _off(kept.records, name, golden["steps"], theirs, tolerance) for name, theirs, tolerance in columns}
    final = load_file(goldens / golden["final_weights"])
    off["weights"] = moved_apart(kept.weights(), final, kept.before[0], NO_GRADIENT_2, 2e-4, 1e-5)
    divisors = [*kept.divisors, kept.head.temperature_for_confidence.item()]
    theirs = [*(step["head_temperature_before"] for step in golden["steps"]), golden["head_temperature_final"]]
    off["divisor"] = max(abs(a - b) for a, b in zip(divisors, theirs, strict=True)) / 1e-5
    (taught,) = np.load(goldens / "teacher_logits_train_small.npz").values()
    assert kept.teacher_logits is not None
    is_same = kept.teacher_logits.shape == taught.shape
    off["teacher_logits"] = float(np.abs(kept.teacher_logits - taught).max()) / 5e-5 if is_same else float("inf")
    return kept, off


def furthest(found: Sequence[float], golden: Sequence[float], tolerance: float) -> float:
    """The largest relative difference in units of `tolerance`; infinite where one is zero and the other is not."""
    if len(found) != len(golden):
        return float("inf")
    pairs = zip(found, golden, strict=True)
    return max((abs(a - b) / abs(b) if b else float("inf")) / tolerance if a != b else 0.0 for a, b in pairs)


def _off(
    records: Sequence[dict[str, float]], name: str, steps: Sequence[dict[str, Any]], theirs: str, tolerance: float
) -> float:
    return furthest([record[name] for record in records], [step[theirs] for step in steps], tolerance)


def moved_apart(
    found: Weights, golden: Weights, start: Weights, without: tuple[str, ...], share: float, most: float
) -> float:
    """The larger of two: L2 of the difference over L2 of the movement from `start`, in units of `share`, and the
    largest single difference, in units of `most`."""
    names = [name for name in golden if name in found and not name.endswith(without)]
    off = torch.cat([(found[name] - golden[name]).flatten() for name in names])
    moved = torch.cat([(golden[name] - start[name]).flatten() for name in names])
    return max(float(off.norm() / moved.norm()) / share, float(off.abs().max()) / most)
