"""The spread that is expected of a seed: named by a plan, kept by its record, as it was for those that name none."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.domain import Claim, Experiment, Stage
from harness.judge import conditions, verdict
from harness.plan.priors import (
    ANSWERABLE,
    AT_FLOOR,
    CORRELATIONS,
    EXPECTED,
    HALF_LEARNED,
    PRIORS,
    prior_of,
    regime_of,
)
from harness.plan.sources import describe
from harness.plan.tolerances import tolerances_of
from harness.record import store
from harness.record.folder import Run
from tests.minilm.records import SQUAD2, TEACHER, runs
from tests.plan.cards import plan_of
from tests.recorded import make_run


def without_prior(experiment: Experiment) -> Experiment:
    """The experiment as it was planned before plans named their prior."""
    kept = tuple(one for one in experiment.run.settings if one.name != "prior")
    return dataclasses.replace(experiment, run=Stage("run", kept))


def test_a_plan_names_its_prior_and_one_that_names_none_has_the_first() -> None:
    experiment = plan_of(name="pocket")
    assert prior_of(experiment) is PRIORS[EXPECTED]
    assert prior_of(without_prior(experiment)) is PRIORS["expected"]
    (named,) = (one for one in experiment.run.settings if one.name == "prior")
    assert named.value == EXPECTED


def test_the_prior_is_fixed_with_rule_and_tolerances() -> None:
    experiment = plan_of(name="pocket")
    old = without_prior(experiment)
    assert conditions.rule_hash(experiment) != conditions.rule_hash(old)
    plain = {"rule": "tolerance", "tolerances": tolerances_of(old)}
    assert conditions.rule_hash(old) == store.hash_of(plain)  # so that records of before pass their audit


def test_a_record_is_judged_by_the_prior_it_names(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pocket" / "r", limit=None)
    assert main(["audit", str(run)]) == 0
    exact = next(one for one in verdict.conclude([Run.open(run)]).judgement.estimates if one.metric == "exact")
    claim = next(one for one in Run.open(run).experiment.claims if one.metric == "exact")
    assert exact.prior == PRIORS[EXPECTED].of(claim) == claim.spread
    old = verdict.conclude([Run.open(run)], claimed=without_prior(Run.open(run).experiment))
    f1 = next(one for one in Run.open(run).experiment.claims if one.metric == "f1")
    assert next(one for one in old.judgement.estimates if one.metric == "f1").prior == PRIORS["expected"].of(f1)


@pytest.mark.parametrize(
    ("exact", "floor", "name"),
    [(71.88, 50.07, EXPECTED), (51.03, 50.07, AT_FLOOR), (45.5, 50.07, AT_FLOOR), (45.5, 0.0, ANSWERABLE),
     (20.0, 0.0, HALF_LEARNED), (81.2, 0.0, EXPECTED), (5.0, 0.0, EXPECTED), (45.5, None, EXPECTED)],
)  # fmt: skip
def test_the_measured_spread_holds_for_students_like_those_it_was_measured_on(
    exact: float, floor: float | None, name: str
) -> None:
    claim = Claim("exact", exact, "points", 2, f"{exact}", 1, "test")
    assert regime_of([claim], floor) == name


def test_a_metric_whose_spread_was_not_measured_has_the_expected_one() -> None:
    claims = [Claim(name, 60.5, "points", 1, "60.5", 1, "test") for name in ("HasAns_f1", "NoAns_f1")]
    assert regime_of(claims[:1], 0.0) == ANSWERABLE
    assert regime_of(claims, 0.0) == EXPECTED
    assert regime_of([], 0.0) == EXPECTED


def test_claims_of_which_one_is_beyond_the_reach_of_what_was_measured_have_the_expected_spread() -> None:
    exact, f1 = (Claim(*told, "points", 1, str(told[1]), 1, "test") for told in (("exact", 20.0), ("f1", 62.0)))
    assert regime_of([exact], 0.0) == HALF_LEARNED
    assert regime_of([f1], 0.0) == ANSWERABLE
    assert regime_of([exact, f1], 0.0) == EXPECTED


def test_the_target_card_is_judged_by_a_spread_that_is_said_to_be_expected() -> None:
    experiment = plan_of()
    assert prior_of(experiment).spreads["exact"] == 0.5
    assert prior_of(experiment).df == 3
    assert "expected, not measured" in describe(experiment.run["prior"].source)


def test_the_correlations_are_those_of_the_records() -> None:
    told, metrics = [one for one in runs(SQUAD2) if one.arm != TEACHER], list(CORRELATIONS)
    sums, df = np.zeros((len(metrics), len(metrics))), 0
    for arm in {one.arm for one in told}:
        scores = np.array([[one.scores[metric] for metric in metrics] for one in told if one.arm == arm])
        apart = scores - scores.mean(axis=0)
        sums, df = sums + apart.T @ apart, df + len(scores) - 1
    sd = np.sqrt(np.diag(sums))
    kept = np.array([[CORRELATIONS[one][other] for other in metrics] for one in metrics])
    assert df == PRIORS[AT_FLOOR].df
    assert kept == pytest.approx(sums / np.outer(sd, sd), abs=5.1e-4)
