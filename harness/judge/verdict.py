"""What a run came to, as a function of its record alone: the same on the day it ended and on any later one.

A single run and several seeds of one card are concluded alike. Everything is read from the run folders: claims,
tolerances and rule as they were planned, scores, losses, answers question by question.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from harness.card import loss_traces
from harness.card.references import HUB_QUESTIONS, SQUAD2, data_named
from harness.domain import Attribution, Experiment, Judgement, Measurement, Rates, Rule
from harness.errors import DataError
from harness.judge import error_rates, estimate, paired, preconditions
from harness.judge.rules import judge
from harness.plan.priors import prior_of
from harness.record import store
from harness.record.read import read_experiment, read_losses, read_rows, read_verdict
from harness.record.store import EVALUATION, MISSING, PUBLISHED, TEACHER

_SCORES = ("exact", "f1")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """`measurements` of all runs, in the order of their seeds; `attributions` are of the first run; `operating` says
    how often the rules would be right and wrong at the spread and the number of seeds of this verdict."""

    judgement: Judgement
    measurements: tuple[Measurement, ...]
    attributions: tuple[Attribution, ...]
    operating: tuple[Rates, ...]


def conclude(runs: Sequence[Path], *, is_sequential: bool = False, claimed: Experiment | None = None) -> Conclusion:
    """The verdict over one run, or over several seeds of one experiment, each evaluated.

    `is_sequential`: there was a look after every seed, and this is the one that decided. `claimed` has the claims,
    tolerances and rule in place of the recorded ones, where the card has others by now. Raises DataError for runs that
    are not seeds of one experiment.
    """
    experiments = [read_experiment(run) for run in runs]
    _check_one_experiment(experiments, runs)
    first, found = claimed or experiments[0], [_measured(e, run) for e, run in zip(experiments, runs, strict=True)]
    scores = [store.read_json(run / EVALUATION / "metrics.json")["scores"] for run in runs]
    seeds = [int(experiment.run.value("seed")) for experiment in experiments]
    exact = next((claim.value for claim in first.claims if claim.metric == "exact"), None)
    collapsed = [seed for seed, one in zip(seeds, scores, strict=True) if preconditions.is_collapsed(one, exact)]
    attributions = _attributions(first, runs[0], seeds[0])
    tolerances = tolerances_of(first)
    limits = [limited(experiment, int(one["total"])) for experiment, one in zip(experiments, scores, strict=True)]
    judgement = judge(
        first.claims,
        [measurement for one in found for measurement in one],
        tolerances,
        rule=cast(Rule, first.run.value("rule")),
        limited=next(filter(None, limits), None),
        invalid=[
            *_failed(experiments, runs, scores),
            *preconditions.failed_over_seeds(seeds, collapsed),
        ],
        flags=[
            *(f"seed {seed} hardly ever answers" for seed in collapsed),
            *(() if any(limits) else _confounded(attributions, tolerances)),
            *_not_had(runs[0]),
            *_without_padding(first, runs[0]),
        ],
        churn=_churn(runs) if len(runs) > 1 else None,
        prior=prior_of(first),
    )
    measurements = tuple(measurement for one in found for measurement in one)
    return Conclusion(judgement, measurements, attributions, _operating(judgement, is_sequential=is_sequential))


def read(folder: Path, name: str = "verdict.json") -> Conclusion:
    """The conclusion that was written down; raises StoreError for one of another version."""
    judgement, measurements, attributions, is_sequential = read_verdict(folder, name)
    return Conclusion(judgement, measurements, attributions, _operating(judgement, is_sequential=is_sequential))


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
    prior = {one.name: one.value for one in experiment.run.settings if one.name == "prior"}
    return store.hash_of({"rule": experiment.run.value("rule"), "tolerances": tolerances_of(experiment), **prior})


def limited(experiment: Experiment, n_questions: int) -> str | None:
    """Why a run judges nothing: part of the questions, or other questions than those the card was evaluated on."""
    run = {setting.name: setting for setting in experiment.run.settings}
    if "limit" in run:
        return f"run on {run['limit'].value} questions only"
    expected = HUB_QUESTIONS.get(data_named(experiment.declared_eval_data or "", "validation") or "")
    if run["eval_data"].origin == "overridden" and n_questions != expected:
        said = f" {expected:,}" if expected else ""
        return f"evaluated on {n_questions:,} questions that are not the card's{said}"
    return None


def scored(folder: Path, seed: int) -> list[Measurement]:
    """The scores of one evaluated model: official ones by text, and Haystack's by token index."""
    written = store.read_json(folder / "metrics.json")
    by_text, by_token = written["scores"], written["token_index"]
    found = [
        Measurement(name, value, "points", int(by_text["total"]), seed, written["signature"])
        for name, value in by_text.items()
        if not name.endswith("total")
    ]
    found += [
        Measurement(f"token_{name}", by_token["scores"][name], "points", int(by_token["scores"]["total"]), seed,
                    by_token["signature"])
        for name in _SCORES
        if name in by_token["scores"]
    ]  # fmt: skip
    return found


def _measured(experiment: Experiment, run: Path) -> list[Measurement]:
    """All that a run measured: the scores of its student, and the final loss of each stage."""
    seed = int(experiment.run.value("seed"))
    found = scored(run / EVALUATION, seed)
    for stage in experiment.stages:
        log = store.read_json(run / "stages" / stage.name / "stage.json")["log"]
        if log["n_steps"]:
            signature = f"train_loss|{stage.name}|mean of last epoch|steps:{log['n_steps']}"
            loss = log["terms"]["loss"]
            found.append(Measurement(f"{stage.name}_loss", loss, "loss", log["n_steps"], seed, signature))
    return [*found, *_traced(experiment, run, seed)]


def _traced(experiment: Experiment, run: Path, seed: int) -> Iterator[Measurement]:
    """The losses of the steps that the card claims; a stage that was not trained has none."""
    points = {claim.metric: point for claim in experiment.claims if (point := loss_traces.point_of(claim.metric))}
    for stage in sorted({point.stage for point in points.values()}):
        losses = read_losses(run, stage)
        for metric, point in points.items():
            if point.stage == stage and point.step <= len(losses):
                signature = f"train_loss|{stage}|step:{point.step}"
                yield Measurement(metric, losses[point.step - 1], "loss", 1, seed, signature)


def _check_one_experiment(experiments: Sequence[Experiment], runs: Sequence[Path]) -> None:
    """Seeds of one experiment have everything in common but the seed, the machine, and where the card lies."""
    first, *others = (_but_the_seed(experiment) for experiment in experiments)
    for other, run in zip(others, runs[1:], strict=True):
        if other != first:
            raise DataError(run, "", f"is no other seed of the experiment of {runs[0]}; `harness diff` shows why")


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


def _failed(experiments: Sequence[Experiment], runs: Sequence[Path], scores: Sequence[Mapping[str, Any]]) -> list[str]:
    problems = []
    for experiment, run, one in zip(experiments, runs, scores, strict=True):
        is_dev = data_named(experiment.declared_eval_data or "", "validation") == f"{SQUAD2}:validation"
        is_whole = limited(experiment, int(one["total"])) is None
        found = preconditions.failed(one, is_dev_set=is_dev and is_whole)
        if store.read_json(run / "identity.json").get("rule") != rule_hash(experiment):
            found.append("rule or tolerance are not those that were written down before training")
        problems += [f"{problem} ({run.name})" if len(runs) > 1 else problem for problem in found]
    return problems


def _churn(runs: Sequence[Path]) -> dict[str, float]:
    rows = [read_rows(run / EVALUATION) for run in runs]
    return {name: estimate.churn_floor([[float(row[name]) for row in one] for one in rows]) for name in _SCORES}


def _attributions(experiment: Experiment, run: Path, seed: int) -> tuple[Attribution, ...]:
    """The two hops of each claimed score, from whichever of the other models were scored."""
    others = {
        name: read_rows(run / name) if (run / name / "metrics.json").exists() else None for name in (PUBLISHED, TEACHER)
    }
    claims = [claim for claim in experiment.claims if claim.metric in _SCORES]
    if not claims or not any(others.values()):
        return ()
    rows = read_rows(run / EVALUATION)
    return tuple(
        paired.attribute(
            claim.metric, claim.value, rows, published=others[PUBLISHED], teacher=others[TEACHER], seed=seed
        )
        for claim in claims
    )


def _confounded(attributions: Sequence[Attribution], tolerances: Mapping[str, float]) -> list[str]:
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


def _without_padding(experiment: Experiment, run: Path) -> list[str]:
    """Says how much of the teacher's probability lay where padding was dropped."""
    found = {s.name: store.read_json(run / "stages" / s.name / "stage.json") for s in experiment.stages}
    return [
        f"padding dropped in {name}: the teacher puts {100 * mass['mean']:.2g} % of its probability there, at most "
        f"{100 * mass['largest']:.2g} % in one row"
        for name, one in found.items()
        if (mass := one.get("mass_on_padding"))
    ]


def _not_had(run: Path) -> list[str]:
    """Says that the published weights were looked for and not found; their hop is missing then."""
    folder = run / PUBLISHED
    if (folder / "metrics.json").exists() or not (folder / MISSING).exists():
        return []
    return [f"the published weights were not scored: {store.read_json(folder / MISSING)['why']}"]
