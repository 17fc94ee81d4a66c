"""All that a run measured, with its conditions: scores by text and by token, losses of stages and steps."""

from collections.abc import Iterator

from harness.card import loss_traces
from harness.domain import Measurement
from harness.qa import official_squad
from harness.record.folder import Run
from harness.record.parts import Metrics

_BY_TOKEN = ("exact", "f1")


def measured(run: Run) -> list[Measurement]:
    """The scores of a run's student, the final loss of each stage, and the losses of the steps that its card claims."""
    seed = run.settings.seed
    found = scored(run.evaluation.metrics, seed)
    for stage in run.experiment.stages:
        log = run.stage(stage.name).log
        if log.n_steps:
            signature = f"train_loss|{stage.name}|mean of last epoch|steps:{log.n_steps}"
            found.append(Measurement(f"{stage.name}_loss", log.terms["loss"], "loss", log.n_steps, seed, signature))
    return [*found, *_traced(run, seed)]


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
        for name in _BY_TOKEN
        if name in by_token.scores
    ]
    return found


def _traced(run: Run, seed: int) -> Iterator[Measurement]:
    """The losses of the steps that the card claims; a stage that was not trained has none."""
    points = {claim.metric: point for claim in run.experiment.claims if (point := loss_traces.point_of(claim.metric))}
    for stage in sorted({point.stage for point in points.values()}):
        steps = run.steps(stage)
        for metric, point in points.items():
            if point.stage == stage and point.step <= len(steps):
                signature = f"train_loss|{stage}|step:{point.step}"
                yield Measurement(metric, steps[point.step - 1].terms["loss"], "loss", 1, seed, signature)
