"""What a test of printed numbers comes to: evidence with its strength, never a certainty; and the numbers it reads."""

import math
import struct
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from harness.domain import Claim

Strength = Literal["strong", "moderate", "weak", "none"]

# SQuAD questions: the 2.0 dev set, those of it with and without an answer, and the 1.1 dev set.
SQUAD2, HAS_ANSWER, NO_ANSWER, SQUAD1 = 11_873, 5_928, 5_945, 10_570
# A share of whole questions. NoAns_f1 is one too: an unanswerable question's f1 is 0 or 1.
COUNTED = ("exact", "HasAns_exact", "NoAns_exact", "NoAns_f1")

FULL_DIGITS = 13  # significant digits from which a number was printed in full
_MOST_DIGITS = 20  # of a double, written as a share or in points; more are no program's
_LAST_BITS = 4  # units in the last place that division, product and mean may leave a double off
# Decimals up to which a double beside a short number was that number: 0.7188 * 100 is 71.88000000000001.
_HAND_ROUNDED = 7
# What single precision (torchmetrics, JAX) leaves a share off, of itself: a quotient and a product, each half a unit.
SINGLE = Decimal(2) ** -23


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of one or more printed numbers. `says` is ready to print; `strength` "none": the test cannot tell.

    `chance` is how often a number with no such history would look the same, 0..1; None where there is no such number.
    """

    test: str
    metrics: tuple[str, ...]
    lines: tuple[int, ...]
    strength: Strength
    says: str
    chance: float | None = None

    @property
    def is_contradiction(self) -> bool:
        """True where the numbers cannot all be right, whichever way they were rounded."""
        return self.strength == "strong" and self.chance is None


@dataclass(frozen=True, slots=True)
class Printed:
    """A claim's own characters as an exact decimal number of points.

    `is_shifted` where the card prints a fraction. All in points.
    """

    claim: Claim
    points: Decimal
    is_shifted: bool

    @property
    def unit(self) -> Decimal:
        """One step of the last printed digit."""
        exponent = self.points.as_tuple().exponent
        return Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)

    @property
    def half_unit(self) -> Decimal:
        """How far the number may be from the printed one: by rounding, and by the last bits of the double itself."""
        return self.unit / 2 + (_LAST_BITS * Decimal(math.ulp(float(self.points))) if self.is_full else 0)

    @property
    def is_full(self) -> bool:
        """True for a double printed to its last digits, not rounded for the reader."""
        return len(self.points.as_tuple().digits) >= FULL_DIGITS

    @property
    def is_single(self) -> bool:
        """True for a float32 printed with a double's digits, in points or as a share; one double in 2^29 is one."""
        return self.is_full and any(_is_float32(float(self.points.scaleb(-shift))) for shift in (0, 2))

    @property
    def decimals(self) -> int:
        exponent = self.points.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    @property
    def place(self) -> str:
        return f"{self.claim.metric} {self.claim.raw} (line {self.claim.line})"


def printed(claim: Claim) -> Printed | None:
    """The claim as printed; None for a loss, and for characters that are no plain number."""
    if claim.unit != "points":
        return None
    try:
        number = Decimal(claim.raw.strip().rstrip("%").strip())
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    is_shifted = abs(claim.value - 100 * float(number)) < abs(claim.value - float(number))
    points = number.scaleb(2) if is_shifted else number
    is_double = FULL_DIGITS <= len(points.as_tuple().digits) <= _MOST_DIGITS
    return Printed(claim, _short_beside(points) if is_double else points, is_shifted)


def _short_beside(points: Decimal) -> Decimal:
    """The short decimal that a double is but for its last bits, else the number itself."""
    reach = 2 * _LAST_BITS * Decimal(math.ulp(float(points)))
    rounded = (round(points, decimals) for decimals in range(_HAND_ROUNDED + 1))
    return next((short for short in rounded if abs(short - points) <= reach), points)


def _is_float32(number: float) -> bool:
    """Whether single precision holds a number, but for the last bits that a product in double precision leaves."""
    (single,) = struct.unpack("f", struct.pack("f", number))
    return math.isclose(single, number, rel_tol=4 * 2.0**-52)


def strength_of(chance: float) -> Strength:
    """How strongly something speaks that would be seen this often without its cause."""
    if chance < 0.001:
        return "strong"
    if chance < 0.05:
        return "moderate"
    return "weak" if chance < 0.5 else "none"


def percent(chance: float) -> str:
    if chance < 1e-6:
        return "under 0.0001 %"
    return f"{100 * chance:.0f} %" if chance >= 0.1 else f"{100 * chance:.2g} %"
