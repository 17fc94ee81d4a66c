"""Claims of a stage's first steps: read, planned, judged before the end of a training is looked at."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from harness.card import loss_traces
from harness.card.dialects.metrics import claim_of
from harness.card.read import read_card
from harness.domain import Claim, Measurement
from harness.errors import PlanError
from harness.judge import conditions
from harness.judge.rules import judge
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record.environment import stays_on_cpu
from harness.record.folder import Run
from harness.run.context import RunOptions, make_accelerator
from tests.measure_pocket import CARDS

FIRST, SECOND = "intermediate_layer_step_2", "prediction_layer_step_5"
TOLERANCES = {FIRST: 0.005, SECOND: 0.01, "exact": 3.0}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (FIRST, ("intermediate_layer", 2)),
        ("finetune_step_10", ("finetune", 10)),
        ("finetune_loss", None),
        ("finetune_step_0", None),
        ("other_step_1", None),
        ("prediction_layer_step_1.5", None),
    ],
)
def test_a_step_is_named_by_stage_and_number(metric: str, expected: tuple[str, int] | None) -> None:
    assert loss_traces.point_of(metric) == expected


def test_a_card_states_a_step_like_any_claim() -> None:
    claim = claim_of(f'"{FIRST}"', "6.4423", 3, "any")
    assert claim is not None
    assert (claim.metric, claim.value, claim.unit, claim.decimals) == (FIRST, 6.4423, "loss", 4)


def test_its_tolerance_is_a_thousandth_and_needs_no_spread() -> None:
    experiment = plan(read_card(CARDS / "pocket.md"), Options())
    claimed = {claim.metric: claim.value for claim in experiment.claims if loss_traces.point_of(claim.metric)}
    assert {loss_traces.point_of(metric).stage for metric in claimed} == {"intermediate_layer", "prediction_layer"}  # type: ignore[union-attr]
    for metric, value in claimed.items():
        assert experiment.run.value(f"tolerance.{metric}") == pytest.approx(1e-3 * value, rel=1e-12)


@pytest.mark.parametrize(("seed", "has_steps"), [(None, True), (42, True), (43, False)])
def test_another_seed_is_not_held_to_the_steps_of_the_cards(seed: int | None, has_steps: bool) -> None:
    experiment = plan(read_card(CARDS / "pocket.md"), Options(seed=seed))
    metrics = {claim.metric for claim in experiment.claims}
    assert {"exact", "f1"} <= metrics
    assert any(loss_traces.point_of(metric) for metric in metrics) == has_steps


def claims() -> list[Claim]:
    plain = Claim("exact", 95.0, "points", 2, "95.00", 1, "any", spread=1.0)
    steps = [
        replace(plain, metric=name, value=value, unit="loss", spread=None)
        for name, value in ((FIRST, 6.0), (SECOND, 12.0))
    ]
    return [plain, *steps]


def measured(exact: float, first: float | None, second: float | None, seed: int = 42) -> list[Measurement]:
    found = [Measurement("exact", exact, "points", 240, seed, "s")]
    steps = ((FIRST, first), (SECOND, second))
    return found + [Measurement(name, value, "loss", 1, seed, "s") for name, value in steps if value is not None]


def test_steps_and_end_within_their_tolerances_are_reproduced_under_either_rule() -> None:
    for rule in ("tolerance", "equivalence"):
        found = judge(claims(), measured(95.5, 6.001, 12.0), TOLERANCES, rule=rule)  # type: ignore[arg-type]
        assert [one.outcome for one in found.verdicts[1:]] == ["reproduced"] * 2
    assert judge(claims(), measured(95.5, 6.001, 12.0), TOLERANCES).outcome == "reproduced"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (6.2, 12.9, f"intermediate_layer left the card's losses by step 2: {FIRST}, {SECOND}"),
        (6.0, 12.9, f"prediction_layer left the card's losses by step 5: {SECOND}"),
        (None, 12.9, f"intermediate_layer was not trained: {FIRST}, {SECOND}"),
    ],
)
def test_a_miss_of_a_step_says_where_the_run_first_left_the_cards(
    first: float | None, second: float, said: str
) -> None:
    found = judge(claims(), measured(95.0, first, second), TOLERANCES)
    assert (found.outcome, found.exit_code) == ("not_reproduced", 1)
    assert found.reason == said


def test_a_miss_of_the_end_alone_asks_for_more_seeds_before_it_says_anything() -> None:
    one = judge(claims(), measured(90.0, 6.0, 12.0), TOLERANCES)
    assert (one.outcome, one.exit_code) == ("inconclusive", 3)
    assert "--seeds 3 decides" in one.reason
    three = [*measured(90.0, 6.0, 12.0), *measured(91.0, None, None, 43), *measured(90.5, None, None, 44)]
    assert judge(claims(), three, TOLERANCES).outcome == "not_reproduced"
    near = [*measured(90.0, 6.0, 12.0), *measured(95.0, None, None, 43), *measured(95.5, None, None, 44)]
    assert judge(claims(), near, TOLERANCES).outcome == "reproduced"


def test_a_card_without_steps_is_judged_as_before() -> None:
    assert judge(claims()[:1], measured(90.0, None, None), TOLERANCES).outcome == "not_reproduced"


def run_on(device: str) -> Run:
    """A record of which only the device is looked at."""
    return cast(Run, SimpleNamespace(environment=SimpleNamespace(device=device)))


@pytest.mark.parametrize(
    ("device", "precision", "why"),
    [("cpu", None, ""), ("cuda:0", None, "on cpu; here cuda"), ("cpu", "bf16", "on cpu; here bf16")],
)
def test_steps_are_judged_where_the_arithmetic_is_the_cards(device: str, precision: str | None, why: str) -> None:
    """A GPU draws its dropout otherwise, and another precision rounds otherwise: neither speaks against the card."""
    experiment = plan(read_card(CARDS / "pocket.md"), Options(precision=precision))
    kept, said = conditions.judged_claims(experiment, [run_on(device)])
    names = {claim.metric for claim in kept}
    assert {"exact", "f1"} <= names
    assert ("prediction_layer_step_5" in names) == (not why)
    assert [why in one for one in said] == [True] * bool(why)


def test_a_card_that_was_made_on_a_cpu_is_run_on_one_unless_told_otherwise() -> None:
    pocket = plan(read_card(CARDS / "pocket.md"), Options())
    target = plan(read_card(CARDS / "tinybert-6l.md"), Options())
    assert [stays_on_cpu(pocket.declared_gpu, device) for device in (None, "cpu", "gpu")] == [True, True, False]
    assert [stays_on_cpu(target.declared_gpu, device) for device in (None, "cpu", "gpu")] == [False, True, False]


def test_a_gpu_that_is_asked_for_and_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    experiment = plan(read_card(CARDS / "pocket.md"), Options())
    with pytest.raises(PlanError, match="--device gpu: PyTorch finds none here"):
        make_accelerator(experiment, RunOptions(tmp_path, device="gpu"))
