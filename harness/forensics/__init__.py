"""What a printed number can and cannot be: evidence from its digits alone, before anything is run. No certainties.

finding.py      a finding and its strength; a claim's characters as an exact number
counts.py       is it a whole number of questions, and of how many?
digits.py       which order of operations prints exactly these digits?
consistency.py  do exact, f1 and their parts go together?
cards.py        do two cards print the same numbers?
"""

from collections.abc import Callable, Iterable, Iterator

from harness.domain import Claim
from harness.forensics import consistency, counts, digits
from harness.forensics.cards import examine_cards
from harness.forensics.finding import Finding, Printed, Strength, printed

TESTS: tuple[Callable[[tuple[Printed, ...]], Iterator[Finding]], ...] = (
    counts.test_counts,
    digits.test_digits,
    consistency.test_range,
    consistency.test_order,
    consistency.test_no_answer,
    consistency.test_parts,
    consistency.test_all_null,
    consistency.test_sources,
)

__all__ = ["TESTS", "Finding", "Strength", "examine", "examine_cards"]


def examine(claims: Iterable[Claim]) -> tuple[Finding, ...]:
    """Every test on a card's claims, in line order; a finding of strength "none" says that a test cannot tell."""
    ordered = sorted(claims, key=lambda claim: claim.line)
    numbers = tuple(number for claim in ordered if (number := printed(claim)) is not None)
    found = [finding for test in TESTS for finding in test(numbers)]
    return tuple(sorted(found, key=lambda finding: finding.lines))
