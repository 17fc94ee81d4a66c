"""How often the rules would be right and wrong about a whole card, by simulation: printed beside every verdict.

A card's claims are taken for one draw of its own procedure, our seeds for draws of ours; `gap` is what separates the
two procedures on average, in tolerances. So a gap of 0 is a perfect copy, and one of -1 is where a rule should refuse.
The metrics of one seed move together as they do in our records (`plan.priors.CORRELATIONS`).

    python -m harness.judge.error_rates

prints the table of README.md: what rule `equivalence` calls reproduced although the copy is worse by the tolerance.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from harness.judge.estimate import ALPHA, FEWEST, half_width, prior_df
from harness.plan.priors import CORRELATIONS
from harness.record.judgement import Estimate, Rates

DRAWS = 20_000
LOOKS = (3, 5)  # --seeds auto: rule `equivalence` is asked after so many seeds
ALPHA_OF_LOOKS = 0.045  # of each look: simulated, so that both together are wrong at most 5 times of 100 at the margin
_SAME = {"NoAns_f1": "NoAns_exact"}  # one number: a question without an answer is right or wrong


def rates_of(
    estimates: Sequence[Estimate], tolerances: Sequence[float], *, is_sequential: bool = False, known: int
) -> tuple[Rates, ...]:
    """How the rules do at these spreads and this number of seeds: for a perfect copy, and one worse by the tolerance.

    `estimates` are of the scores that a card claims, of one number of seeds, `known` the degrees of freedom of their
    prior. Of metrics whose spread nobody knows there are no rates.
    """
    if not estimates or any(one.prior is None or one.metric not in {*CORRELATIONS, *_SAME} for one in estimates):
        return ()
    return tuple(
        rates(
            tuple(one.metric for one in estimates),
            spreads=[one.spread for one in estimates],
            priors=[one.prior or 0.0 for one in estimates],
            tolerances=tolerances,
            roundings=[_rounding_of(one) for one in estimates],
            gap=gap,
            looks=LOOKS if is_sequential else (len(estimates[0].values),),
            known=known,
        )
        for gap in (0.0, -1.0)
    )


def _rounding_of(found: Estimate) -> float:
    """What the claim's own rounding adds to either side of the interval, and so to each that is simulated."""
    if found.interval is None:
        return 0.0
    low, high = found.interval
    return max(0.0, round((high - low) / 2 - half_width(found.spread, len(found.values), found.df), 6))


def rates(
    metrics: Sequence[str] = ("f1",),
    *,
    spreads: Sequence[float],
    priors: Sequence[float],
    tolerances: Sequence[float],
    gap: float,
    looks: Sequence[int],
    known: int = 3,
    roundings: Sequence[float] | None = None,
    draws: int = DRAWS,
    claim_is_a_draw: bool = True,
    seed: int = 0,
) -> Rates:
    """Simulates `draws` cards that claim `metrics`; `spreads` are the true standard deviations of a seed in points."""
    random = np.random.default_rng(seed)
    widths, bounds = np.array(spreads), np.array(tolerances)
    alike = _root_of(metrics)
    claims = random.normal(size=(draws, len(metrics))) @ alike * widths * claim_is_a_draw
    runs = random.normal(size=(draws, looks[-1], len(metrics))) @ alike * widths + gap * bounds
    reproduced, refused = np.zeros(draws, dtype=bool), np.zeros(draws, dtype=bool)
    for n in looks:
        difference = runs[:, :n].mean(axis=1) - claims
        alpha = ALPHA if len(looks) == 1 else ALPHA_OF_LOOKS
        spread, df = _moderated(runs[:, :n], np.array(priors), prior_df(n, known))
        rounding = np.zeros(len(metrics)) if roundings is None else np.array(roundings)
        half = stdtrit(df, 1 - alpha) * spread / math.sqrt(n) + rounding
        to_refuse = stdtrit(df, 1 - alpha / len(metrics)) * spread / math.sqrt(n) + rounding
        is_open = ~(reproduced | refused)
        reproduced |= is_open & (n >= FEWEST) & (np.abs(difference) + half < bounds).all(axis=1)
        refused |= is_open & (difference + to_refuse < -bounds).any(axis=1)
    return Rates(
        metrics=tuple(metrics),
        gap=gap,
        looks=tuple(looks),
        reproduced=float(reproduced.mean()),
        not_reproduced=float(refused.mean()),
        inconclusive=float((~reproduced & ~refused).mean()),
        within_tolerance=float((np.abs(difference) <= bounds).all(axis=1).mean()),
    )


def _root_of(metrics: Sequence[str]) -> Any:
    """A matrix that gives independent draws the correlations of these metrics (metrics, metrics)."""
    names = [_SAME.get(metric, metric) for metric in metrics]
    wanted = np.array([[CORRELATIONS[one][other] for other in names] for one in names])
    values, vectors = np.linalg.eigh(wanted)  # of so few seeds, and rounded: not quite positive
    root = vectors * np.sqrt(np.clip(values, 0.0, None)) @ vectors.T
    return root / np.linalg.norm(root, axis=0)


def _moderated(runs: Any, priors: Any, df_of_prior: int) -> tuple[Any, int]:
    """Spread of each metric of each simulated card, from its own runs (draws, seeds, metrics) and the prior."""
    n = runs.shape[1]
    df = df_of_prior + n - 1
    variance = runs.var(axis=1, ddof=1) if n > 1 else np.zeros((len(runs), runs.shape[2]))
    return np.sqrt((df_of_prior * priors**2 + (n - 1) * variance) / df), df


SCALES, WIDTHS, SEEDS = (0.5, 1.0, 2.0), (1, 2, 3, 4, 5), ((1,), (2,), (3,), (5,), LOOKS)


def table(draws: int = DRAWS) -> Iterator[tuple[float, int, list[float]]]:
    """True spread as a multiple of the prior, tolerance in priors; for each of SEEDS the share that is wrong.

    That is: called reproduced where the copy is worse by the tolerance, of a card that claims exact and f1, each with a
    prior of one point.
    """
    for scale, width in itertools.product(SCALES, WIDTHS):
        off = [
            rates(("exact", "f1"), spreads=[scale] * 2, priors=[1.0] * 2, tolerances=[float(width)] * 2, gap=-1.0,
                  looks=looks, draws=draws, claim_is_a_draw=False)
            for looks in SEEDS
        ]  # fmt: skip
        yield scale, width, [one.reproduced for one in off]


def table_text(draws: int = DRAWS) -> str:
    """The table in Markdown, as it stands in README.md."""
    heads = [f"{'auto' if len(looks) > 1 else looks[0]}" for looks in SEEDS]
    lines = [
        f"| spread / prior | tolerance / prior | {' | '.join(heads)} |",
        f"|---:|---:|{'---:|' * len(heads)}",
    ]
    for scale, width, found in table(draws):
        lines.append(f"| {scale:g} | {width} | {' | '.join(f'{100 * wrong:.1f}' for wrong in found)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table_text())
