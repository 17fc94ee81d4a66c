"""Whether runs speak for their card at all, and what a reader must be told of them beside the verdict."""

from collections.abc import Iterator, Mapping, Sequence

from harness.card import loss_traces
from harness.card.never_answering import COUNTS, near, told_apart
from harness.card.references import data_named
from harness.domain import Claim, Experiment
from harness.judge import preconditions
from harness.plan.tolerances import WIDEST, tolerances_of
from harness.qa import registered
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.judgement import GapDecomposition
from harness.record.parts import Fingerprint, RunSettings

ENOUGH_TO_DIFFER = 100  # questions of which two trainings do not give the same answer to every one


def rule_hash(experiment: Experiment) -> str:
    """Of what decides a verdict beside the numbers: written down before anything is trained."""
    prior = {"prior": experiment.run.value("prior")} if "prior" in experiment.run else {}
    return store.hash_of({"rule": RunSettings.of(experiment).rule, "tolerances": tolerances_of(experiment), **prior})


def limited(experiment: Experiment, data: Fingerprint, n_questions: int) -> str | None:
    """Why a run judges nothing of its card: part of the questions, or other ones than the card's.

    `data` is the fingerprint of the evaluation data. Data that we know are told by their content, never by their name
    or number.
    """
    if "limit" in experiment.run:
        return f"run on {experiment.run.value('limit')} questions only"
    known = registered.REGISTERED.get(named_eval_data(experiment) or "")
    if known is not None and not registered.is_of(data, known):
        return f"evaluated on {n_questions:,} questions that are not {known.name}, by ids and gold answers"
    if known is None and experiment.run["eval_data"].origin == "overridden":
        return f"evaluated on {n_questions:,} questions that are not the card's"
    return None


def too_wide(experiment: Experiment) -> str | None:
    """Why a tolerance that was given judges nothing: nearly every model would meet it."""
    for one in experiment.run.settings:
        is_given = one.name.startswith("tolerance.") and one.origin == "overridden" and one.unit == "points"
        if is_given and float(str(one.value)) > WIDEST:
            return (
                f"--{one.name.replace('.', ' ')}={one.value:g} is above {WIDEST:g} points, which nearly all models meet"
            )
    return None


def named_eval_data(experiment: Experiment) -> str | None:
    """The reference of the evaluation data that the card names, None where it names none that we know."""
    return data_named(experiment.declared_eval_data or "", "validation")


def failed(runs: Sequence[Run], claimed_exact: float | None) -> list[str]:
    """The preconditions that these runs do not meet, each with its run where there are several."""
    problems = []
    for run in runs:
        experiment, scores = run.experiment, run.evaluation.metrics.scores
        is_whole = limited(experiment, run.inputs.eval_data, int(scores["total"])) is None
        counts = COUNTS.get(named_eval_data(experiment) or "") if is_whole else None
        found = preconditions.failed(scores, counts)
        if run.identity.rule != rule_hash(experiment):
            found.append("rule or tolerance are not those that were written down before training")
        if is_whole and preconditions.is_collapsed(scores, claimed_exact):
            floor = preconditions.floor_of(scores)
            found.append(f"the student of seed {run.settings.seed} hardly ever answers, which alone scores {floor:.2f}")
        problems += [f"{problem} ({run.folder.name})" if len(runs) > 1 else problem for problem in found]
    return problems + failed_together(runs)


def failed_together(runs: Sequence[Run]) -> list[str]:
    """What several seeds must meet together and do not: each seed once, and no answers that are copied."""
    seeds = [run.settings.seed for run in runs]
    return preconditions.failed_over_seeds(seeds, [_answers_of(run) for run in runs]) if len(runs) > 1 else []


def _answers_of(run: Run) -> list[str]:
    """What tells two runs apart: every answer, and where these are few its margin over no answer too."""
    answers = run.evaluation.answers
    if len(answers) >= ENOUGH_TO_DIFFER:
        return [one.prediction for one in answers]
    margins = [f"{one.prediction} {one.span_over_null}" for one in answers if one.span_over_null is not None]
    return margins or [run.folder.name]


def judged_claims(experiment: Experiment, runs: Sequence[Run]) -> tuple[tuple[Claim, ...], list[str]]:
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


def confounded(attributions: Sequence[GapDecomposition], tolerances: Mapping[str, float]) -> str | None:
    """Why no gap is the training's: the card's published weights themselves score otherwise here than it claims."""
    gaps = [
        f"{one.published - one.claimed:+.2f} in {one.metric}"
        for one in attributions
        if one.published is not None and abs(one.published - one.claimed) > tolerances[one.metric] / 2
    ]
    if not gaps:
        return None
    said = "so the claim was made under other rules or for other weights"
    return f"the evaluation differs before training does: the published weights score {', '.join(gaps)} here, {said}"


def notes(experiment: Experiment, runs: Sequence[Run]) -> Iterator[str]:
    """What a reader must know of these runs and claims; `experiment` has the claims that they are held to."""
    yield from _near_floor(experiment, runs[0])
    yield from experiment.unjudged
    why = runs[0].published_missing
    if why is not None:
        yield f"the published weights were not scored: {why}"
    for stage in experiment.stages:
        mass = runs[0].stage(stage.name).mass_on_padding
        if mass is not None:
            yield (
                f"padding dropped in {stage.name}: the teacher puts {100 * mass.mean:.2g} % of its probability there, "
                f"at most {100 * mass.largest:.2g} % in one row"
            )
    teachers = {store.hash_of(run.inputs.teacher) for run in runs if run.inputs.teacher is not None}
    if len(teachers) > 1:
        yield f"these {len(runs)} seeds were distilled from {len(teachers)} different runs of the teacher"


def _near_floor(experiment: Experiment, run: Run) -> Iterator[str]:
    """Says of each score that a model which never answers would meet it, or come near."""
    floor = preconditions.floor_of(run.evaluation.metrics.scores)
    low = near(experiment.claims, floor, tolerances_of(experiment))
    if low:
        said = ", ".join(f"{claim.metric} {claim.raw}" for claim in low)
        what = f"not above what a model scores that never answers ({floor:.2f})"
        yield f"{said}: {what}; {told_apart(experiment.claims)}"
