"""Readings of the printed digits: which order of operations, on which scale, prints exactly these characters?

A double printed in full is a fingerprint. `100.0 * k / n` (evaluate-v2.0.py), `k / n * 100` (Haystack from 1.4.0) and
the fraction `k / n` with its decimal point moved two places by hand (Haystack 1.0 to 1.3 report fractions) differ in
their last digits for many k. A mean such as f1 has no k, but it can still be told whether its characters are the
shortest form of any double at all, as Python prints it. Someone else's formatter can have touched them: evidence only.
"""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

from harness.card.forensics.counts import count_at, denominators
from harness.card.forensics.finding import COUNTED, Finding, Printed, Strength, strength_of

OFFICIAL, HAYSTACK, SHIFTED = "100.0*k/n", "k/n*100", "k/n, point moved by hand"
_WHO = {OFFICIAL: "the official script's order", HAYSTACK: "Haystack's from 1.4.0", SHIFTED: "Haystack 1.0 to 1.3"}


def readings(k: int, n: int) -> dict[str, str]:
    """What each order of operations prints for k of n, in points."""
    return {OFFICIAL: repr(100.0 * k / n), HAYSTACK: repr(k / n * 100), SHIFTED: shifted(k / n)}


def shifted(fraction: float) -> str:
    """The shortest form of a fraction, its decimal point moved two places to the right."""
    text = format(Decimal(repr(fraction)).scaleb(2), "f")
    return text if "." in text else f"{text}.0"


def is_shortest(text: str) -> bool:
    """True where Python prints some double with exactly these characters."""
    return repr(float(text)) == text


def test_digits(numbers: tuple[Printed, ...], totals: Mapping[str, int]) -> Iterator[Finding]:
    """One finding for each number that is printed in full."""
    for number in numbers:
        if number.is_shifted or not number.is_full:
            continue
        if number.is_single:
            says = f"{number.place}: is a float32 printed in full, of which no order of operations can be told"
            yield _finding(number, "none", says, None)
            continue
        if number.claim.metric not in COUNTED:
            yield _mean(number)
            continue
        fitting = [(k, n) for n in denominators(number.claim.metric, totals) if (k := count_at(number, n)) is not None]
        yield from (_counted(number, k, n) for k, n in fitting)


def _counted(number: Printed, k: int, n: int) -> Finding:
    text = format(number.points, "f")
    found = readings(k, n)
    fit = [name for name, prints in found.items() if prints == text]
    others = ", ".join(f"{name} prints {prints}" for name, prints in found.items() if name not in fit)
    subject = f"{number.place}, as {k:,} of {n:,}"
    if not fit:
        says = f"{subject}: no reading prints these characters ({others}); another formatter printed them"
        return _finding(number, "weak", says, None)
    names = " or ".join(f"{name} ({_WHO[name]})" for name in fit)
    if len(fit) == len(found):
        return _finding(number, "none", f"{subject}: every reading prints these characters, so they tell nothing", None)
    says = f"{subject}: printed exactly by {names}, not by the rest ({others})"
    return _finding(number, "moderate", says, None)


def _mean(number: Printed) -> Finding:
    """A number with no count behind it: can its characters be a double's own, in points or as a fraction?"""
    text = format(number.points, "f")
    fraction = format(number.points.scaleb(-2), "f")
    in_points, as_fraction = is_shortest(text), is_shortest(fraction)
    by_chance = [_share_of_strings(number.points), _share_of_strings(number.points.scaleb(-2))]
    if in_points and as_fraction:
        says = f"{number.place}: is the shortest form of a double both in points and as a fraction, so it tells nothing"
        return _finding(number, "none", says, None)
    if as_fraction:
        says = (
            f"{number.place}: is no double's shortest form (Python prints {float(text)!r}), but {fraction} is one: "
            f"a fraction, its point moved by hand? Of such strings {by_chance[0]:.0%} are forms of a double in "
            f"points, {by_chance[1]:.0%} as a fraction"
        )
        return _finding(number, strength_of(1 - by_chance[0]), says, 1 - by_chance[0])
    if in_points:
        says = f"{number.place}: is the shortest form of a double in points, and {fraction} is none: not moved by hand"
        return _finding(number, strength_of(1 - by_chance[1]), says, 1 - by_chance[1])
    says = f"{number.place}: neither it nor {fraction} is a double's shortest form; cut, padded, or of another language"
    return _finding(number, "weak", says, None)


def _share_of_strings(value: Decimal) -> float:
    """Which share of decimal strings with that many digits are the shortest form of some double."""
    exponent = value.as_tuple().exponent
    spacing = 10.0 ** (exponent if isinstance(exponent, int) else 0)
    return min(1.0, spacing / math.ulp(float(value)))


def _finding(number: Printed, strength: Strength, says: str, chance: float | None) -> Finding:
    return Finding("digits", (number.claim.metric,), (number.claim.line,), strength, says, chance)
