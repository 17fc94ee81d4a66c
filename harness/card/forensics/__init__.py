"""What a printed number can and cannot be: evidence from its digits alone, before anything is run. No certainties.

finding.py      a finding and its strength; a claim's characters as an exact number
counts.py       is it a whole number of questions, and of how many?
digits.py       which order of operations prints exactly these digits?
consistency.py  do exact, f1 and their parts go together?
cards.py        do two cards print the same numbers?
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from harness.card.forensics import consistency, counts, digits
from harness.card.forensics.examine import examine_cards
from harness.card.forensics.finding import Finding, Printed, Strength, printed
from harness.domain import Claim

# Of counts of questions, which the card may state itself; and of numbers alone.
OF_COUNTS: tuple[Callable[[tuple[Printed, ...], Mapping[str, int]], Iterator[Finding]], ...] = (
    counts.test_counts,
    digits.test_digits,
    consistency.test_parts,
    consistency.test_all_null,
)
TESTS: tuple[Callable[[tuple[Printed, ...]], Iterator[Finding]], ...] = (
    consistency.test_range,
    consistency.test_order,
    consistency.test_no_answer,
    consistency.test_sources,
)

__all__ = ["Finding", "Strength", "examine", "examine_cards"]


def examine(claims: Iterable[Claim], *, is_squad: bool = True) -> tuple[Finding, ...]:
    """Every test on a card's claims, in line order; a finding of strength "none" says that a test cannot tell.

    Counts of questions are those that the card states, else those of SQuAD, so a card about other questions
    (`is_squad` False) is not held to them, nor is a claim with a printed spread: a mean over seeds is no count.
    """
    ordered = sorted(claims, key=lambda claim: claim.line)
    numbers = tuple(number for claim in ordered if (number := printed(claim)) is not None)
    counted = tuple(number for number in numbers if is_squad and number.claim.spread is None)
    totals = {claim.metric: round(claim.value) for claim in ordered if claim.unit == "count" and claim.value >= 1}
    found = [finding for test in OF_COUNTS for finding in test(counted, totals)]
    found += [finding for test in TESTS for finding in test(numbers)]
    return tuple(sorted(found, key=lambda finding: finding.lines))
