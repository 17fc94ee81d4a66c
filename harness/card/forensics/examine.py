"""The same numbers in two cards: a copy, a renamed model, or one evaluation described twice."""

import itertools
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal

from harness.card.forensics.finding import Finding, Printed, printed, strength_of
from harness.domain import Claim

MIN_DECIMALS = 2  # with fewer, many cards agree
_RANGE = 10.0  # points: how far apart two models of a kind usually lie, for an estimate of chance


def examine_cards(claims_of: Mapping[str, Iterable[Claim]]) -> tuple[Finding, ...]:
    """One finding for each pair of cards that print the same digits for the same metrics; lines are of both cards.

    `claims_of` is card name -> claims. Silent for pairs that agree no more than chance would have it.
    """
    numbers = {
        name: {(number.claim.metric, number.points): number for claim in claims if (number := _telling(claim))}
        for name, claims in claims_of.items()
    }
    pairs = itertools.combinations(numbers.items(), 2)
    found = (_compared(first, second) for first, second in pairs)
    return tuple(finding for finding in found if finding is not None)


def _telling(claim: Claim) -> Printed | None:
    number = printed(claim)
    return number if number is not None and number.decimals >= MIN_DECIMALS else None


def _compared(
    first: tuple[str, Mapping[tuple[str, Decimal], Printed]], second: tuple[str, Mapping[tuple[str, Decimal], Printed]]
) -> Finding | None:
    (name, ours), (other, theirs) = first, second
    same = [(ours[key], theirs[key]) for key in ours if key in theirs]
    # The parts of one evaluation go together, so only the most telling of them counts.
    chance = math.prod(sorted(float(2 * a.half_unit) / _RANGE for a, _ in same)[:2]) if same else 1.0
    if strength_of(chance) in ("weak", "none"):
        return None
    shown = "; ".join(f"{a.claim.metric} {a.claim.raw} on lines {a.claim.line} and {b.claim.line}" for a, b in same)
    says = f"{name} and {other} print the same digits: {shown}; a copied card, or one evaluation for two models"
    lines = tuple(line for a, b in same for line in (a.claim.line, b.claim.line))
    return Finding("two cards", tuple(a.claim.metric for a, _ in same), lines, strength_of(chance), says, chance)
