"""What a run came to, as a function of its record alone: the same on the day it ended and on any later one.

A single run and several seeds of one card are concluded alike. Everything is read from the run folders: claims,
tolerances and rule as they were planned, scores, losses, answers question by question.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from harness.card import loss_traces
from harness.card.references import HUB_QUESTIONS, SQUAD2, data_named
from harness.domain import Claim, Experiment, Measurement
from harness.errors import DataError
from harness.judge import error_rates, estimate, paired, preconditions
from harness.judge.rules import judge
from harness.plan.priors import prior_of
from harness.qa import official_squad
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.judgement import Conclusion, GapDecomposition, Judgement, Rates
from harness.record.parts import Metrics, RunSettings

_SCORES = ("exact", "f1")


def conclude(runs: Sequence[Run], *, is_sequential: bool = False, claimed: Experiment | None = None) -> Conclusion:
    """The verdict over one run, or over several seeds of one experiment, each evaluated.

    `is_sequential`: there was a look after every seed, and this is the one that decided. `claimed` has the claims,
    tolerances and rule in place of the recorded ones, where the card has others by now. Raises DataError for runs that
    are not seeds of one experiment.
    """
    _check_one_experiment(runs)
    first, found = claimed or runs[0].experiment, [_measured(run) for run in runs]
    scores = [run.evaluation.metrics.scores for run in runs]
    seeds = [run.settings.seed for run in runs]
    exact = next((claim.value for claim in first.claims if claim.metric == "exact"), None)
    collapsed = [seed for seed, one in zip(seeds, scores, strict=True) if preconditions.is_collapsed(one, exact)]
    attributions = _attributions(first, runs[0], seeds[0])
    tolerances = tolerances_of(first)
    limits = [limited(run.experiment, int(one["total"])) for run, one in zip(runs, scores, strict=True)]
    claims, not_judged = _judged(first, runs)
    judgement = judge(
        claims,
        [measurement for one in found for measurement in one],
        tolerances,
        rule=RunSettings.of(first).rule,
        limited=next(filter(None, limits), None),
        invalid=[
            *_failed(runs),
            *preconditions.failed_over_seeds(seeds, collapsed),
        ],
        flags=[
            *(f"seed {seed} hardly ever answers" for seed in collapsed),
            *(() if any(limits) else _confounded(attributions, tolerances)),
            *_not_had(runs[0]),
            *_without_padding(first, runs[0]),
            *not_judged,
        ],
        churn=_churn(runs) if len(runs) > 1 else None,
        prior=prior_of(first),
    )
    measurements = tuple(measurement for one in found for measurement in one)
    return Conclusion(judgement, measurements, attributions, _operating(judgement, is_sequential=is_sequential))


def _judged(experiment: Experiment, runs: Sequence[Run]) -> tuple[tuple[Claim, ...], list[str]]:
    """The claims that these runs can be held to, and what is said of the others.

    A step's loss is the same on every CPU in one precision. A GPU draws dropout otherwise, another precision rounds.
    """
    kept = tuple(claim for claim in experiment.claims if loss_traces.point_of(claim.metric) is None)
    if kept == experiment.claims or experiment.declared_gpu is None:
        return experiment.claims, []
    declared = "cpu" if environment.declares_cpu(experiment.declared_gpu) else "cuda"
    actual = {run.environment.device.partition(":")[0] for run in runs}
    actual |= {one.actual for one in experiment.deviations if one.category == "precision"}
    others = sorted(actual - {declared})
    if not others:
        return experiment.claims, []
    return kept, [f"the losses of first steps are not judged: they are the card's, on {declared}; here {others[0]}"]


def _operating(judgement: Judgement, *, is_sequential: bool) -> tuple[Rates, ...]:
    """Of every claimed score; a loss has no such rates, for nobody knows how losses spread before they are run."""
    bounded = {verdict.metric: verdict.tolerance for verdict in judgement.verdicts if verdict.unit == "points"}
    return tuple(
        rate
        for one in judgement.estimates
        if one.metric in bounded
        for rate in error_rates.rates_of(one, bounded[one.metric], is_sequential=is_sequential)
    )


def tolerances_of(experiment: Experiment) -> dict[str, float]:
    return {claim.metric: float(experiment.run.value(f"tolerance.{claim.metric}")) for claim in experiment.claims}


def rule_hash(experiment: Experiment) -> str:
    """Of what decides a verdict beside the numbers: written down before anything is trained."""
    prior = {"prior": experiment.run.value("prior")} if "prior" in experiment.run else {}
    return store.hash_of({"rule": RunSettings.of(experiment).rule, "tolerances": tolerances_of(experiment), **prior})


def limited(experiment: Experiment, n_questions: int) -> str | None:
    """Why a run judges nothing: part of the questions, or other questions than those the card was evaluated on."""
    if "limit" in experiment.run:
        return f"run on {experiment.run.value('limit')} questions only"
    expected = HUB_QUESTIONS.get(data_named(experiment.declared_eval_data or "", "validation") or "")
    if experiment.run["eval_data"].origin == "overridden" and n_questions != expected:
        said = f" {expected:,}" if expected else ""
        return f"evaluated on {n_questions:,} questions that are not the card's{said}"
    return None


def scored(metrics: Metrics, seed: int) -> list[Measurement]:
    """The scores of one evaluated model: official ones by text, and Haystack's by token index."""
    by_token = metrics.token_index
    n, n_by_token = int(metrics.scores["total"]), int(by_token.scores.get("total", 0))
    found = [
        Measurement(name, value, "points", n, seed, metrics.signature)
        for name, value in metrics.scores.items()
        if name not in official_squad.TOTALS
    ]
    found += [
        Measurement(f"token_{name}", by_token.scores[name], "points", n_by_token, seed, by_token.signature)
        for name in _SCORES
        if name in by_token.scores
    ]
    return found


def _measured(run: Run) -> list[Measurement]:
    """All that a run measured: the scores of its student, and the final loss of each stage."""
    seed = run.settings.seed
    found = scored(run.evaluation.metrics, seed)
    for stage in run.experiment.stages:
        log = run.stage(stage.name).log
        if log.n_steps:
            signature = f"train_loss|{stage.name}|mean of last epoch|steps:{log.n_steps}"
            found.append(Measurement(f"{stage.name}_loss", log.terms["loss"], "loss", log.n_steps, seed, signature))
    return [*found, *_traced(run, seed)]


def _traced(run: Run, seed: int) -> Iterator[Measurement]:
    """The losses of the steps that the card claims; a stage that was not trained has none."""
    points = {claim.metric: point for claim in run.experiment.claims if (point := loss_traces.point_of(claim.metric))}
    for stage in sorted({point.stage for point in points.values()}):
        steps = run.steps(stage)
        for metric, point in points.items():
            if point.stage == stage and point.step <= len(steps):
                signature = f"train_loss|{stage}|step:{point.step}"
                yield Measurement(metric, steps[point.step - 1].terms["loss"], "loss", 1, seed, signature)


def _check_one_experiment(runs: Sequence[Run]) -> None:
    """Seeds of one experiment have everything in common but the seed, the machine, and where the card lies."""
    first, *others = (_but_the_seed(run.experiment) for run in runs)
    for other, run in zip(others, runs[1:], strict=True):
        if other != first:
            what = f"is no other seed of the experiment of {runs[0].folder}; `harness diff` shows why"
            raise DataError(run.folder, "", what)


def _but_the_seed(experiment: Experiment) -> dict[str, Any]:
    plain = cast(dict[str, Any], store.to_json(experiment))
    del plain["card_path"]
    plain["claims"] = [one for one in plain["claims"] if loss_traces.point_of(one["metric"]) is None]
    plain["deviations"] = [one for one in plain["deviations"] if one["category"] not in ("seed", "hardware")]
    plain["run"]["settings"] = [
        one
        for one in plain["run"]["settings"]
        if one["name"] != "seed" and loss_traces.point_of(one["name"].removeprefix("tolerance.")) is None
    ]
    return plain


def _failed(runs: Sequence[Run]) -> list[str]:
    problems = []
    for run in runs:
        experiment, one = run.experiment, run.evaluation.metrics.scores
        is_dev = data_named(experiment.declared_eval_data or "", "validation") == f"{SQUAD2}:validation"
        is_whole = limited(experiment, int(one["total"])) is None
        found = preconditions.failed(one, is_dev_set=is_dev and is_whole)
        if run.identity.rule != rule_hash(experiment):
            found.append("rule or tolerance are not those that were written down before training")
        problems += [f"{problem} ({run.folder.name})" if len(runs) > 1 else problem for problem in found]
    return problems


def _churn(runs: Sequence[Run]) -> dict[str, float]:
    answers = [run.evaluation.answers for run in runs]
    return {name: estimate.churn_floor([[one.score(name) for one in seed] for seed in answers]) for name in _SCORES}


def _attributions(experiment: Experiment, run: Run, seed: int) -> tuple[GapDecomposition, ...]:
    """The two hops of each claimed score, from whichever of the other models were scored."""
    published = run.published.answers if run.published else None
    teacher = run.teacher.answers if run.teacher else None
    claims = [claim for claim in experiment.claims if claim.metric in _SCORES]
    if not claims or not (published or teacher):
        return ()
    ours = run.evaluation.answers
    return tuple(
        paired.decompose(claim.metric, claim.value, ours, published=published, teacher=teacher, seed=seed)
        for claim in claims
    )


def _confounded(attributions: Sequence[GapDecomposition], tolerances: Mapping[str, float]) -> list[str]:
    """Claims whose published weights score otherwise here: then the way of scoring stands between claim and student."""
    gaps = [
        f"{one.published - one.claimed:+.2f} in {one.metric}"
        for one in attributions
        if one.published is not None and abs(one.published - one.claimed) > tolerances[one.metric] / 2
    ]
    if not gaps:
        return []
    said = "so the claim was made under other rules or for other weights"
    return [f"confounded by the evaluation: the published weights score {', '.join(gaps)} here, {said}"]


def _without_padding(experiment: Experiment, run: Run) -> list[str]:
    """Says how much of the teacher's probability lay where padding was dropped."""
    return [
        f"padding dropped in {stage.name}: the teacher puts {100 * mass.mean:.2g} % of its probability there, at most "
        f"{100 * mass.largest:.2g} % in one row"
        for stage in experiment.stages
        if (mass := run.stage(stage.name).mass_on_padding)
    ]


def _not_had(run: Run) -> list[str]:
    """Says that the published weights were looked for and not found; their hop is missing then."""
    why = run.published_missing
    return [] if why is None else [f"the published weights were not scored: {why}"]
