"""One picture a card: claim, tolerance, each seed's score, and the spread of the seeds that were run alike.

Everything is placed in percent of a strip's width, so that the picture is as wide as the screen.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.board import MAIN, Entry, Score
from harness.report.board_rows import score_of
from harness.report.verdict_rows import number, tolerance_text

_AIR = 0.08  # of the range, at both ends
_LEAST = 4.0  # points that a strip is wide, so that nothing looks far that is near


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, in points."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a score is, in percent of the width; what lies beyond stands at the end."""
        return round(100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0), 2)


@dataclass(frozen=True, slots=True)
class Lane:
    """Runs that differ by their seed alone; `dots` are (place, seed and score), `spread` is mean - sd to mean + sd."""

    name: str
    said: str
    dots: Sequence[tuple[float, str]]
    spread: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Strip:
    """One metric of one card; `claim` and the ends of `tolerance` are places, None where it is not claimed."""

    metric: str
    low: str
    high: str
    claim: float | None
    claim_text: str
    tolerance: tuple[float, float] | None
    lanes: Sequence[Lane]


def strips(entries: Sequence[Entry]) -> list[Strip]:
    """Draw exact and f1 of one card's finished runs; a series is its runs, which are there themselves."""
    runs = [one for one in entries if one.kind == "run" and one.outcome not in (None, "invalid")]
    return [strip for metric in MAIN for strip in _strip(metric, runs)]


def _strip(metric: str, runs: Sequence[Entry]) -> Iterator[Strip]:
    found = [(run, score) for run in runs if (score := score_of(run, metric)) and score.measured is not None]
    if not found:
        return
    claim = next((score for _, score in found if score.claimed is not None), None)
    band = _band(claim)
    axis = _axis([*(score.measured or 0.0 for _, score in found), *(band or ())])
    lanes: dict[tuple[str, ...], list[tuple[float, str]]] = {}
    for run, score in found:
        seed = " ".join(map(str, run.seeds))
        lanes.setdefault(run.departs, []).append((score.measured or 0.0, f"seed {seed}"))
    yield Strip(
        metric,
        number(axis.low, "points"),
        number(axis.high, "points"),
        None if claim is None or claim.claimed is None else axis.place(claim.claimed),
        "" if claim is None or claim.claimed is None else _claim_text(claim.claimed, claim.tolerance),
        None if band is None else (axis.place(band[0]), axis.place(band[1])),
        [_lane(departs, lanes[departs], axis) for departs in sorted(lanes, key=len)],
    )


def _band(claim: Score | None) -> tuple[float, float] | None:
    if claim is None or claim.claimed is None:
        return None
    return max(0.0, claim.claimed - (claim.tolerance or 0.0)), min(100.0, claim.claimed + (claim.tolerance or 0.0))


def _axis(values: Sequence[float]) -> Axis:
    """Around all of them, with some air, and within 0 and 100 points."""
    low, high = min(values), max(values)
    more = max((_LEAST - (high - low)) / 2, 0.0)
    air = more + _AIR * (high - low + 2 * more)
    return Axis(max(0.0, low - air), min(100.0, high + air))


def _claim_text(claimed: float, tolerance: float | None) -> str:
    return f"claim {number(claimed, 'points')}" + (f" {tolerance_text(tolerance, 'points')}" if tolerance else "")


def _lane(departs: Sequence[str], runs: Sequence[tuple[float, str]], axis: Axis) -> Lane:
    values = [value for value, _ in runs]
    mean = statistics.fmean(values)
    sd = statistics.stdev(values) if len(values) > 1 else None
    said = number(mean, "points") + (f" ± {number(sd, 'points')} (sd of {len(values)})" if sd is not None else "")
    return Lane(
        ", ".join(departs) or "as the card",
        said,
        [(axis.place(value), f"{seed}: {number(value, 'points')}") for value, seed in runs],
        None if sd is None else (axis.place(mean - sd), axis.place(mean + sd)),
    )
