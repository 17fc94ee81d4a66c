"""What a model scores that never answers a question, and which claims hardly differ from that."""

from collections.abc import Iterable, Mapping

from harness.card.data_sets import SQUAD1, SQUAD2
from harness.domain import Claim

# Of evaluation data, by reference: questions in all, with an answer, without one.
COUNTS = {
    f"{one.repo}:{split}": (one.sizes[split], one.sizes[split] - n_unanswerable, n_unanswerable)
    for one, split, n_unanswerable in ((SQUAD2, "validation", 5_945), (SQUAD1, "validation", 0))
}
REACH = 1.0  # points above the score of never answering within which a claim hardly differs from it


def floor_of(reference: str | None) -> float | None:
    """What a model scores that never answers, in points of exact and f1, on data we know; None on others."""
    counts = COUNTS.get(reference or "")
    return None if counts is None else 100.0 * counts[2] / counts[0]


def near(claims: Iterable[Claim], floor: float | None, reach: Mapping[str, float] | None = None) -> tuple[Claim, ...]:
    """The claims of exact and f1 that a model which never answers would meet, or come near.

    `reach` are the points above `floor` by metric that count as near, REACH where it names none. () where every
    question has an answer, or that is not known.
    """
    points = reach or {}
    return tuple(
        one for one in claims
        if floor and one.metric in ("exact", "f1") and one.value <= floor + points.get(one.metric, REACH)
    )  # fmt: skip


def told_apart(claims: Iterable[Claim]) -> str:
    """Whether what a card claims tells such a model from one that answers, in words."""
    if any(one.metric == "HasAns_f1" for one in claims):
        return "HasAns_f1 is judged too"
    return "the card claims no HasAns_f1, which would tell them apart"
