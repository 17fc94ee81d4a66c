"""The spread that is expected of a seed: named by a plan, kept by its record, as it was for those that name none."""

import dataclasses
from pathlib import Path

from harness.cli.main import main
from harness.domain import Experiment, Stage
from harness.judge import conditions, verdict
from harness.plan.priors import EXPECTED, PRIORS, prior_of
from harness.plan.tolerances import tolerances_of
from harness.record import store
from harness.record.folder import Run
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
    assert (exact.prior, exact.df) == (PRIORS[EXPECTED].of(claim), PRIORS[EXPECTED].df)
    old = verdict.conclude([Run.open(run)], claimed=without_prior(Run.open(run).experiment))
    assert next(one for one in old.judgement.estimates if one.metric == "exact").df == EXPECTED.df
