"""What a run measured, a row a metric, with what each number is of; and what never answering would have scored."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.domain import Measurement
from harness.report.html.gather import PageData
from harness.report.plots.losses import StageCurve
from harness.report.verdict_rows import number, steps_text

_HEADLINE = ("exact", "f1")


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """The mean over the seeds as it is printed; `sd` is of the seeds, None for one."""

    metric: str
    measured: str
    sd: str | None
    n_seeds: int
    of: str


def rows(found: PageData, curves: Sequence[StageCurve]) -> list[MeasuredRow]:
    """List every number that was measured; losses say of which steps they are the mean."""
    by_metric: dict[str, list[Measurement]] = {}
    for one in found.conclusion.measurements:
        by_metric.setdefault(one.metric, []).append(one)
    stages = {f"{one.stage}_loss": one for one in curves}
    n_answerable = sum(one.has_answer for one in found.rows)
    parts = {"HasAns_": n_answerable, "NoAns_": len(found.rows) - n_answerable}
    return [_row(metric, same, stages, parts) for metric, same in by_metric.items()]


def headline(found: PageData, curves: Sequence[StageCurve]) -> list[MeasuredRow]:
    """List what a card would have claimed, where it claims nothing."""
    if found.conclusion.judgement.verdicts:
        return []
    return [one for one in rows(found, curves) if one.metric in _HEADLINE]


def of_never_answering(found: PageData) -> str | None:
    """Say what a model that never answers scores on these questions; None where every question has an answer."""
    n_without = sum(not one.has_answer for one in found.rows)
    return number(100 * n_without / len(found.rows), "points") if n_without else None


def _row(
    metric: str, same: Sequence[Measurement], stages: Mapping[str, StageCurve], parts: Mapping[str, int]
) -> MeasuredRow:
    """Make the row of one metric; `parts` are the questions that a metric of this beginning is about."""
    values = [one.value for one in same]
    mean = number(statistics.fmean(values), same[0].unit)
    sd = number(statistics.stdev(values), same[0].unit) if len(values) > 1 else None
    return MeasuredRow(metric, mean, sd, len(values), ", ".join(_conditions(same, stages.get(metric), parts)))


def _conditions(same: Sequence[Measurement], curve: StageCurve | None, parts: Mapping[str, int]) -> Iterator[str]:
    first = same[0]
    if first.unit == "points":
        n = next((n for start, n in parts.items() if first.metric.startswith(start)), first.n)
        yield f"{n:,} questions{', by token index' if first.metric.startswith('token_') else ''}"
    elif curve is None:
        yield first.signature
    else:
        begin, end = curve.last_epoch or (curve.steps[0], curve.steps[-1])
        yield f"mean over the last epoch, {steps_text(begin, end)}"
    yield f"seed{'s' * (len(same) > 1)} {' '.join(str(one.seed) for one in same)}"
