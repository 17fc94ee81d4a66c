"""How the page says that one training did better than another: means beside a seed's spread, then by question."""

import itertools
import statistics
from collections.abc import Sequence

from harness.judge.paired import paired_difference
from tests.minilm.records import Told, in_spreads, mean_of


def gaps(found: Sequence[Told], ours: Sequence[Told], others: Sequence[Told]) -> str:
    return ", ".join(_gap(metric, found, ours, others) for metric in ("exact", "f1"))


def _gap(metric: str, found: Sequence[Told], ours: Sequence[Told], others: Sequence[Told]) -> str:
    counted = in_spreads(metric, found, ours, others)
    times = f" ({abs(counted):.1f} spreads of a seed)" if counted is not None else ""
    return f"{metric} {mean_of(metric, ours) - mean_of(metric, others):+.2f}{times}"


def by_question(ours: Sequence[Told], others: Sequence[Told]) -> str:
    """Two trainings paired by question, each seed with the same one; "" where they share no seed.

    Of several seeds: the range of their gaps in f1, what all their 95 % intervals lie within, and the mean of the
    answers won and lost.
    """
    pairs = [(one, other) for one in ours for other in others if one.seed == other.seed]
    if not pairs:
        return ""
    told = [paired_difference("f1", other.rows, one.rows, seed=0) for one, other in pairs]
    between = list(itertools.chain.from_iterable(one.interval for one in told if one.interval))
    seeds = f"{len(told)} seeds, f1" if len(told) > 1 else f"seed {pairs[0][0].seed}, f1"
    name = "intervals within" if len(told) > 1 else "interval"
    limits = f" (95 % {name} {min(between):+.2f} to {max(between):+.2f})" if between else ""
    won, lost = statistics.fmean(one.gained for one in told), statistics.fmean(one.lost for one in told)
    return (
        f"By question, {seeds} {_range([one.difference for one in told])}{limits}; "
        f"{won:,.0f} won and {lost:,.0f} lost{' a seed' if len(told) > 1 else ''}."
    )


def _range(values: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(f"{value:+.2f}" for value in (min(values), max(values))))
