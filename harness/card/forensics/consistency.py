"""Numbers against one another: what exact, f1 and their parts cannot be, all from one evaluation of SQuAD 2.0.

- exact <= f1 question by question, so also on average
- an unanswerable question's f1 is 0 or 1: NoAns_exact = NoAns_f1
- total = (5,928 x HasAns + 5,945 x NoAns) / 11,873
- a model that never answers gets every unanswerable question and no other: 50.0716 in both metrics
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from harness.card.forensics.finding import HAS_ANSWER, NO_ANSWER, SQUAD2, Finding, Printed, percent, strength_of

ALL_NULL = Decimal(100 * NO_ANSWER) / SQUAD2
NOISE = Decimal("1e-9")  # points that sums of eleven thousand doubles differ by, in another order
SUMMED_SINGLE = Decimal("1e-3")  # such sums in float32: four standard deviations of a random walk of half units
COLLAPSED = Decimal("0.5")  # points around it; evaluation notes call a seed in this band collapsed


def blocks(numbers: Sequence[Printed]) -> Iterator[dict[str, Printed]]:
    """Runs of claims that stand together: a new one at another source, or where a metric comes again."""
    block: dict[str, Printed] = {}
    for number in numbers:
        first = next(iter(block.values()), None)
        if number.claim.metric in block or (first and first.claim.dialect != number.claim.dialect):
            yield block
            block = {}
        block[number.claim.metric] = number
    if block:
        yield block


def test_range(numbers: tuple[Printed, ...]) -> Iterator[Finding]:
    for number in numbers:
        if not 0 <= number.points <= 100:
            yield _finding("range", (number,), f"{number.place}: is no percentage, which lies in 0 to 100")


def test_order(numbers: tuple[Printed, ...]) -> Iterator[Finding]:
    """Silent where exact <= f1, as it has to be."""
    for block, prefix in itertools.product(blocks(numbers), ("", "HasAns_", "NoAns_")):
        exact, f1 = block.get(f"{prefix}exact"), block.get(f"{prefix}f1")
        if exact and f1 and exact.points - f1.points > _slack(exact, f1):
            yield _finding("exact <= f1", (exact, f1), f"{exact.place} is above {f1.place}: it cannot be")


def test_no_answer(numbers: tuple[Printed, ...]) -> Iterator[Finding]:
    """Silent where NoAns_exact and NoAns_f1 are equal, as they have to be."""
    for block in blocks(numbers):
        exact, f1 = block.get("NoAns_exact"), block.get("NoAns_f1")
        if exact and f1 and f1.points - exact.points > _slack(exact, f1):
            says = f"{exact.place} and {f1.place} differ: an unanswerable question's f1 is 0 or 1, so they cannot"
            yield _finding("NoAns exact = f1", (exact, f1), says)


def test_parts(numbers: tuple[Printed, ...], totals: Mapping[str, int]) -> Iterator[Finding]:
    """Whether the parts make up the total, with the card's own counts, else those of the SQuAD 2.0 dev set.

    Silent where the card states another total and not what it is made of.
    """
    parts = (totals.get("hasans_total", HAS_ANSWER), totals.get("noans_total", NO_ANSWER))
    if sum(parts) == 0 or totals.get("total", sum(parts)) != sum(parts):
        return
    for block, metric in itertools.product(blocks(numbers), ("exact", "f1")):
        names = (metric, f"HasAns_{metric}", f"NoAns_{metric}")
        if all(name in block for name in names):
            yield _recombined(parts, *(block[name] for name in names))


def _recombined(counts: tuple[int, int], total: Printed, has_answer: Printed, no_answer: Printed) -> Finding:
    expected = (counts[0] * has_answer.points + counts[1] * no_answer.points) / sum(counts)
    whose = "the counts of SQuAD 2.0 dev" if counts == (HAS_ANSWER, NO_ANSWER) else "the card's own counts"
    slack, parts = _slack(total, has_answer, no_answer), (total, has_answer, no_answer)
    low, high = sorted((has_answer.points, no_answer.points))
    names = f"{has_answer.place} and {no_answer.place}"
    if abs(expected - total.points) <= slack:
        # Any total between its parts would be possible; this is how much of that range is this one.
        chance = min(1.0, float(2 * slack / (high - low))) if high > low else 1.0
        says = f"{total.place}: {names} recombine to it with {whose}; {percent(chance)} by chance"
        return _finding("parts", parts, says, chance)
    says = f"{total.place}: {names} make {expected:.4f} with {whose}, which is not it"
    if low <= total.points <= high:
        share = (total.points - no_answer.points) / (has_answer.points - no_answer.points)
        says += f"; other questions, {share:.2%} of them answerable, would give it"
    else:
        says += ", and no mixture does: it lies outside its parts"
    return _finding("parts", parts, says)


def test_all_null(numbers: tuple[Printed, ...], totals: Mapping[str, int]) -> Iterator[Finding]:
    """Silent for a number away from what a model gets that never answers."""
    if totals.get("total", SQUAD2) != SQUAD2:
        return
    for block in blocks(numbers):
        near = [b for m in ("exact", "f1") if (b := block.get(m)) and abs(b.points - ALL_NULL) <= COLLAPSED]
        if near:
            said = " and ".join(number.place for number in near)
            says = f"{said}: within {COLLAPSED} of {ALL_NULL:.4f}, which never answering gets on SQuAD 2.0 dev"
            yield Finding("all-null floor", _metrics(near), _lines(near), "moderate", says)


def test_sources(numbers: tuple[Printed, ...]) -> Iterator[Finding]:
    """Where two places of one card give the same metric two values; silent where they agree as far as both print."""
    for first, second in itertools.combinations(numbers, 2):
        if first.claim.metric != second.claim.metric:
            continue
        gap = second.points - first.points
        if abs(gap) > max(first.half_unit, second.half_unit):
            says = f"{first.place} and {second.place} differ by {gap:+.4f}"
            if first.claim.dialect == second.claim.dialect:
                says += "; one source, so they may be of two data sets or two models"
                yield Finding("sources", (first.claim.metric,), _lines((first, second)), "weak", says)
            else:
                says += (
                    f"; {first.claim.dialect} and {second.claim.dialect} contradict each other, or score differently"
                )
                yield Finding("sources", (first.claim.metric,), _lines((first, second)), "strong", says)


def _slack(*numbers: Printed) -> Decimal:
    """How far a relation may be off by the rounding of what is printed, and by that of the sums behind it."""
    may_be_single = (number.is_single or not number.is_full for number in numbers)
    sums = (SUMMED_SINGLE if single else NOISE for single in may_be_single)
    return sum((number.half_unit + noise for number, noise in zip(numbers, sums, strict=True)), Decimal(0))


def _metrics(numbers: Sequence[Printed]) -> tuple[str, ...]:
    return tuple(number.claim.metric for number in numbers)


def _lines(numbers: Sequence[Printed]) -> tuple[int, ...]:
    return tuple(number.claim.line for number in numbers)


def _finding(test: str, numbers: Sequence[Printed], says: str, chance: float | None = None) -> Finding:
    """A finding; without a chance it is a contradiction, which no rounding explains."""
    strength = "strong" if chance is None else strength_of(chance)
    return Finding(test, _metrics(numbers), _lines(numbers), strength, says, chance)
