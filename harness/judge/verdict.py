"""What a run came to, as a function of its record alone: the same on the day it ended and on any later one.

A single run and several seeds of one card are concluded alike. Everything is read from the run folders: claims,
tolerances and rule as they were planned, scores, losses, answers question by question.
"""

from collections.abc import Sequence
from typing import Any, cast

from harness.card import loss_traces
from harness.domain import Experiment
from harness.errors import DataError
from harness.judge import conditions, error_rates, estimate, paired
from harness.judge.measured import measured
from harness.judge.rules import judge
from harness.plan.priors import Prior, prior_of
from harness.plan.tolerances import tolerances_of
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion, GapDecomposition, Judgement, Rates
from harness.record.parts import RunSettings

_SCORES = ("exact", "f1")
# Settings that differ from seed to seed of one experiment: the run that taught it is one of the same card.
_OF_ONE_RUN = ("seed", "teacher_run")


def conclude(runs: Sequence[Run], *, is_sequential: bool = False, claimed: Experiment | None = None) -> Conclusion:
    """The verdict over one run, or over several seeds of one experiment, each evaluated.

    `is_sequential`: it was judged after each of `error_rates.LOOKS` seeds, and this is the look that decided. `claimed`
    has the claims, tolerances and rule in place of the recorded ones, where the card has others by now. Raises
    DataError for runs that are not seeds of one experiment.
    """
    _check_one_experiment(runs)
    first, prior = claimed or runs[0].experiment, prior_of(claimed or runs[0].experiment)
    tolerances, attributions = tolerances_of(first), _attributions(first, runs[0])
    limits = [conditions.limited(run.experiment, run.inputs.eval_data, len(run.evaluation.answers)) for run in runs]
    claims, not_judged = conditions.judged_claims(first, runs)
    measurements = tuple(one for run in runs for one in measured(run))
    judgement = judge(
        claims,
        measurements,
        tolerances,
        rule=RunSettings.of(first).rule,
        limited=next(filter(None, [*limits, conditions.too_wide(first)]), None),
        invalid=conditions.failed(runs, next((one.value for one in first.claims if one.metric == "exact"), None)),
        confounded=conditions.confounded(attributions, tolerances),
        flags=[*conditions.notes(first, runs), *not_judged],
        churn=_churn(runs) if len(runs) > 1 else None,
        prior=prior,
        alpha=error_rates.ALPHA_OF_LOOKS if is_sequential else estimate.ALPHA,
    )
    return Conclusion(judgement, measurements, attributions, _rates(judgement, prior, is_sequential=is_sequential))


def is_decided(concluded: Conclusion) -> bool:
    """Whether a look at several seeds ends them: rule `equivalence` comes to anything but inconclusive.

    Whichever rule the verdict is by: rule `tolerance` would always stop at the first look.
    """
    judgement = concluded.judgement
    by_rule = {judgement.rule: judgement.outcome}
    if judgement.other is not None:
        by_rule[judgement.other.rule] = judgement.other.outcome
    return by_rule["equivalence"] != "inconclusive"


def _rates(judgement: Judgement, prior: Prior, *, is_sequential: bool) -> tuple[Rates, ...]:
    """Of all claimed scores together, each once; a loss has none, for nobody knows how losses spread."""
    bounded = {one.metric: one.tolerance for one in judgement.verdicts if one.unit == "points"}
    scored = {one.metric: one for one in judgement.estimates if one.metric in bounded}
    bounds = [bounded[metric] for metric in scored]
    return error_rates.rates_of(list(scored.values()), bounds, is_sequential=is_sequential, known=prior.df)


def _check_one_experiment(runs: Sequence[Run]) -> None:
    """Seeds of one experiment have everything in common but the seed, the machine, and where the card lies."""
    first, *others = (_but_the_seed(run.experiment) for run in runs)
    for other, run in zip(others, runs[1:], strict=True):
        if other != first:
            what = f"is no other seed of the experiment of {runs[0].folder}; `harness diff` shows why"
            raise DataError(run.folder, "", what)


def _but_the_seed(experiment: Experiment) -> dict[str, Any]:
    plain = cast(dict[str, Any], store.to_json(experiment))
    del plain["card_path"], plain["ambiguities"]  # the second are words that name the first
    plain["claims"] = [one for one in plain["claims"] if loss_traces.point_of(one["metric"]) is None]
    plain["deviations"] = [one for one in plain["deviations"] if one["category"] not in ("seed", "hardware")]
    plain["run"]["settings"] = [
        one
        for one in plain["run"]["settings"]
        if one["name"] not in _OF_ONE_RUN and loss_traces.point_of(one["name"].removeprefix("tolerance.")) is None
    ]
    return plain


def _churn(runs: Sequence[Run]) -> dict[str, float]:
    answers = [run.evaluation.answers for run in runs]
    return {name: estimate.churn_floor([[one.score(name) for one in seed] for seed in answers]) for name in _SCORES}


def _attributions(experiment: Experiment, run: Run) -> tuple[GapDecomposition, ...]:
    """The two hops of each claimed score, from whichever of the other models were scored."""
    published = run.published.answers if run.published else None
    teacher = run.teacher.answers if run.teacher else None
    claims = [claim for claim in experiment.claims if claim.metric in _SCORES]
    if not claims or not (published or teacher):
        return ()
    ours, seed = run.evaluation.answers, run.settings.seed
    return tuple(
        paired.decompose(claim.metric, claim.value, ours, published=published, teacher=teacher, seed=seed)
        for claim in claims
    )
