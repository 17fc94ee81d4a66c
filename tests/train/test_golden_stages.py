"""Both distillation stages of the variant `haystack`, step by step, as farm-haystack ran them.

farm-haystack 1.26.4, torch 2.13.0+cpu, transformers 4.46.3 (stage1.json, stage2.json and their weights). The losses,
optimiser, schedule and clipping of 1.26.4 are those of 1.1.0.
"""

import json
from pathlib import Path

import pytest
import torch

from harness.train.recipes import losses
from tests.train.replay import Replay, replay_1, replay_2

Replayed = tuple[Replay, dict[str, float]]
QUANTITIES_1 = (
    "loss", "attention", "hidden", "attention_1", "attention_2", "hidden_0", "hidden_1", "hidden_2", "grad_norm",
    "learning_rate", "weights_step_2", "weights",
)  # fmt: skip
QUANTITIES_2 = ("teacher_logits", "soft", "hard", "loss", "grad_norm", "learning_rate", "weights", "divisor")


# --- stage 1: intermediate layers ---


@pytest.fixture(scope="module")
def stage1(golden_sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay_1(golden_sets, tmp_path_factory.mktemp("stage1"))


@pytest.mark.parametrize("quantity", QUANTITIES_1)
def test_golden_intermediate_stage_is_that_of_haystack_1_26_4(stage1: Replayed, quantity: str) -> None:
    assert set(QUANTITIES_1) == set(stage1[1])
    assert stage1[1][quantity] <= 1


def test_golden_intermediate_stage_leaves_the_head_and_its_first_step_leaves_everything(stage1: Replayed) -> None:
    """As in the weights of farm-haystack 1.26.4: a first rate of 0, and no gradient for the head."""
    kept = stage1[0]
    start, end = kept.before[0], kept.weights()
    assert [name for name in start if not torch.equal(start[name], kept.before[1][name])] == []
    assert [name for name in start if torch.equal(start[name], end[name])] == ["qa_outputs.weight", "qa_outputs.bias"]
    assert all(parameter.requires_grad for parameter in kept.student.parameters())


# --- stage 2: prediction layer ---


@pytest.fixture(scope="module", params=["a1.0_T1", "a0.5_T2"])
def stage2(golden_sets: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay_2(golden_sets, request.param, tmp_path_factory.mktemp("stage2"))


@pytest.mark.parametrize("quantity", QUANTITIES_2)
def test_golden_prediction_stage_is_that_of_haystack_1_26_4(stage2: Replayed, quantity: str) -> None:
    assert set(QUANTITIES_2) == set(stage2[1])
    assert stage2[1][quantity] <= 1


def test_golden_divisor_of_haystack_1_26_4_moves_and_is_not_saved(stage2: Replayed) -> None:
    assert abs(stage2[0].divisors[-1] - 1) > 1e-3
    assert "temperature_for_confidence" not in stage2[0].weights()


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.75, 1.0])
def test_golden_loss_at_any_weight_follows_from_the_terms_of_haystack_1_26_4(golden_sets: Path, weight: float) -> None:
    """Both runs begin at the same weights: their recorded terms give the first loss at any other weight."""
    runs = json.loads((golden_sets / "stage2.json").read_text(encoding="utf-8"))["runs"]
    for run in runs.values():
        first, temperature = run["steps"][0], run["temperature"]
        found = losses.prediction_loss(
            torch.tensor(first["kd_unweighted"], dtype=torch.float64), torch.tensor(first["ce_mean"]),
            temperature=temperature, soft_label_weight=weight, hard_label_weight=1 - weight, start_end="summed",
        )  # fmt: skip
        expected = weight * temperature**2 * first["kd_unweighted"] + (1 - weight) * first["ce_mean"]
        assert float(found) == pytest.approx(expected, rel=1e-6)
        if weight == run["distillation_loss_weight"]:
            assert float(found) == pytest.approx(first["loss"], rel=1e-6)
