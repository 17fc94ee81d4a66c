"""The integer-count test: is a printed share of right answers a whole number of questions?

Exact match over n questions can only be k / n. A number printed with d decimals is within reach of some k with chance
n * 10^-d / 100, so few digits fit every n and say nothing, while 14 digits fit no n but the right one and its
multiples. The idea is the GRIM test (Brown and Heathers 2017), with the denominators of SQuAD.
"""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from harness.card.forensics.finding import (
    COUNTED,
    HAS_ANSWER,
    NO_ANSWER,
    SINGLE,
    SQUAD1,
    SQUAD2,
    Finding,
    Printed,
    percent,
    strength_of,
)

NEAR = 30  # denominators looked at on either side: how many questions a scorer may plausibly have lost or doubled
UP_TO = 60_000  # denominators looked at when the digits are enough to leave few of them
_DEV_SETS = {"exact": (SQUAD2, SQUAD1), "HasAns_exact": (HAS_ANSWER,), "NoAns_exact": (NO_ANSWER,)}
_NAMES = {
    SQUAD2: "SQuAD 2.0 dev",
    HAS_ANSWER: "answerable in SQuAD 2.0 dev",
    NO_ANSWER: "unanswerable in SQuAD 2.0 dev",
    SQUAD1: "SQuAD 1.1 dev",
}


def denominators(metric: str, totals: Mapping[str, int] = MappingProxyType({})) -> tuple[int, ...]:
    """Numbers of questions that a metric of this name may be a share of; first the card's own, where it states one.

    `totals` is metric -> count as the card states them: total, hasans_total, noans_total.
    """
    part = next((part for part in ("HasAns_", "NoAns_") if metric.startswith(part)), "")
    stated = totals.get(f"{part}total".lower())
    known = _DEV_SETS.get(metric, (NO_ANSWER,))
    return known if not stated or stated in known else (stated, *known)


def count_at(number: Printed, n: int, *, slack: Decimal = Decimal(0)) -> int | None:
    """The k whose share of n questions rounds to the printed digits; the nearest to them, where several do.

    `slack`, in points, is how far the share itself may have been off before it was rounded.
    """
    k = round(number.points * n / 100)
    return k if 0 <= k <= n and abs(number.points * n - 100 * k) <= (number.half_unit + slack) * n else None


def chance_of_fit(number: Printed, n: int) -> float:
    return min(1.0, float(2 * number.half_unit) * n / 100)


def test_counts(numbers: tuple[Printed, ...], totals: Mapping[str, int]) -> Iterator[Finding]:
    """One finding for each number that is a share of whole questions, as far as its metric says."""
    for number in numbers:
        if number.claim.metric in COUNTED and 0 <= number.points <= 100:
            yield _counted(number, denominators(number.claim.metric, totals))


def _counted(number: Printed, sizes: tuple[int, ...]) -> Finding:
    chance = chance_of_fit(number, sizes[0])
    if chance >= 0.5:
        says = (
            f"{number.place}: says nothing about the number of questions; with {number.decimals} decimals "
            f"{percent(chance)} of all numbers fit {sizes[0]:,} questions"
        )
        return _finding(number, says, chance)
    found = [(count, n) for n in sizes if (count := count_at(number, n)) is not None]
    if found:
        counts = " and ".join(f"{k:,} of {n:,} ({_NAMES.get(n, 'the total that the card states')})" for k, n in found)
        chance = min(1.0, sum(chance_of_fit(number, n) for n in sizes))
        says = f"{number.place}: is exactly {counts}; by chance {percent(chance)} of all numbers would be"
        return _finding(number, f"{says}{_others(number, found[0][1])}", chance)
    return _not_counted(number, sizes)


def _not_counted(number: Printed, sizes: tuple[int, ...]) -> Finding:
    """No whole count at any expected size: a fact about the digits, whatever made them."""
    n = sizes[0]
    nearest = round(number.points * n / 100)
    says = (
        f"{number.place}: no count at {' or '.join(f'{size:,}' for size in sizes)} "
        f"(nearest {100 * nearest / n:.{number.decimals}f}, {nearest:,} of {n:,})"
    )
    explained = next((one for size in sizes if (one := _otherwise_counted(number, size)) is not None), None)
    if explained is not None:
        return _finding(number, f"{says}; {explained[0]}", explained[1])
    near = [m for m in range(n - NEAR, n + NEAR + 1) if m != n and count_at(number, m) is not None]
    fits = ", ".join(f"{m:,} fits ({count_at(number, m):,})" for m in near[:4]) or "none fits"
    more = f" and {len(near) - 4} more" if len(near) > 4 else ""
    expected = 2 * NEAR * chance_of_fit(number, n)
    by_chance = f"about {expected:.1f} would by chance" if expected >= 0.05 else "none would by chance"
    says += f"; of the {2 * NEAR} denominators around it {fits}{more}, where {by_chance}"
    return Finding(
        "integer count", (number.claim.metric,), (number.claim.line,), "strong", says + _others(number, None)
    )


def _otherwise_counted(number: Printed, n: int) -> tuple[str, float] | None:
    """A count that explains the digits where plain rounding does not, and how many numbers it would explain."""
    slack = number.points * SINGLE
    chance = min(1.0, float(2 * (number.half_unit + slack)) * n / 100)
    may_be_single = number.is_single or not number.is_full
    single = count_at(number, n, slack=slack) if may_be_single else None
    if single is not None:
        return (
            f"{single:,} of {n:,} if it was computed in single precision, as {percent(chance)} of numbers are",
            chance,
        )
    for off in (Decimal(0), slack) if may_be_single else (Decimal(0),):
        cut = math.floor((number.points + number.unit + off) * n / 100)
        if number.points - off <= Decimal(100 * cut) / n < number.points + number.unit + off:
            share = percent(chance_of_fit(number, n))
            return f"{cut:,} of {n:,} if it was cut, not rounded, as {share} of numbers are", chance
    return None


def _others(number: Printed, n: int | None) -> str:
    """Which of all denominators fit, where the digits are enough for the answer to mean something."""
    if UP_TO**2 / 2 * float(2 * number.half_unit) / 100 >= 1:
        return ""
    fits = _fitting(number)
    if not fits:
        return f"; no denominator up to {UP_TO:,} fits"
    if n is not None and all(m % n == 0 for m in fits):
        return f"; up to {UP_TO:,} only {n:,} and its multiples fit"
    if all(m % fits[0] == 0 for m in fits):
        return f"; up to {UP_TO:,} only {count_at(number, fits[0]):,} of {fits[0]:,} and its multiples fit"
    return f"; up to {UP_TO:,} these denominators fit: {', '.join(f'{m:,}' for m in fits[:4])}"


def _fitting(number: Printed) -> list[int]:
    """Denominators up to UP_TO that fit, in order: the multiples of those of every reduced fraction within reach."""
    low, high = (Fraction(number.points + side * number.half_unit) / 100 for side in (-1, 1))
    reduced = _denominators_between(max(low, Fraction(0)), min(high, Fraction(1)))
    return sorted({multiple for n in reduced for multiple in range(n, UP_TO + 1, n)})


def _denominators_between(low: Fraction, high: Fraction) -> Iterator[int]:
    """Denominators up to UP_TO of the reduced fractions in [low, high], by bisection at the simplest one.

    Between the simplest fraction and either end every fraction has a larger denominator (Stern-Brocot tree).
    """
    open_intervals = [(low, high)] if low <= high else []
    while open_intervals:
        low, high = open_intervals.pop()
        simplest = _simplest_between(low, high)
        if simplest.denominator > UP_TO:
            continue
        yield simplest.denominator
        # The nearest fractions with a denominator up to UP_TO are at least this far away.
        gap = Fraction(1, simplest.denominator * UP_TO)
        open_intervals += [(a, b) for a, b in ((low, simplest - gap), (simplest + gap, high)) if a <= b]


def _simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of the smallest denominator in [low, high], 0 <= low <= high, by their continued fractions."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = whole - 1
    return floor + 1 / _simplest_between(1 / (high - floor), 1 / (low - floor))


def _finding(number: Printed, says: str, chance: float) -> Finding:
    return Finding("integer count", (number.claim.metric,), (number.claim.line,), strength_of(chance), says, chance)
