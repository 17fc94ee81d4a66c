"""What is wrong or doubtful in a card before anything is run: contradictions, numbers that cannot be, damage, gaps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.card.completeness import Completeness, completeness
from harness.card.forensics import Finding, examine
from harness.card.never_answering import floor_of, near
from harness.card.references import SQUAD2, data_named
from harness.domain import Card, Claim, Stated

Kind = Literal["conflict", "implausible", "unread", "evidence", "note", "metadata", "missing"]
_NOISE = 1e-9  # points: the official script sums scores for best_f1 in another order than for f1
_IMPLAUSIBLE = ("exact <= f1", "NoAns exact = f1", "parts")  # findings that cannot all be right
_EXAMINED = ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1")
# Beyond these a value is a slip of the pen, whatever the model.
_RANGES = {
    "learning_rate": (1e-8, 1.0), "train_batch_size": (1, 1_000_000), "num_train_epochs": (0, 10_000),
    "warmup_ratio": (0, 1), "weight_decay": (0, 1), "max_seq_length": (1, 1_000_000), "dropout": (0, 1),
    "embeds_dropout_prob": (0, 1), "temperature": (0, 1000), "soft_label_weight": (0, 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """`line` is 1 where the remark is about the whole card."""

    kind: Kind
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Lint:
    path: str
    completeness: Completeness
    remarks: tuple[Remark, ...]

    @property
    def score(self) -> int:
        return self.completeness.score


def lint(card: Card) -> Lint:
    """Every remark on a card, in the order of its lines."""
    # Here, because a verdict is shown without what reads cards.
    from harness.card import metadata

    whole = completeness(card)
    remarks = [
        *_conflicts(card),
        *_claims(card),
        *_unread(card),
        *_near_floor(card),
        *(_range(one) for one in card.stated),
        *(Remark("note", one.line or 1, one.text) for one in card.notes),
        *(
            Remark("metadata", one.line or 1, f"the Hub would refuse this: {one.text}")
            for one in metadata.refused(card)
        ),
    ]
    remarks += [Remark("missing", 1, f"{name} is not stated") for name in whole.missing]
    found = sorted((remark for remark in remarks if remark is not None), key=lambda remark: remark.line)
    return Lint(card.path, whole, tuple(found))


def _conflicts(card: Card) -> Iterator[Remark]:
    for conflict in card.conflicts:
        first, second = conflict.lines
        said = f"{conflict.what} is {conflict.values[1]} here and {conflict.values[0]} on line {first}"
        yield Remark("conflict", second, said)


def _claims(card: Card) -> Iterator[Remark]:
    """Percentages beyond 100, a best score below the plain one, and what the digits say of themselves."""
    own = [claim for claim in card.claims if claim.subject is None and claim.unit == "points"]
    for claim in own:
        if claim.value > 100:
            yield Remark("implausible", claim.line, f"{claim.key} = {claim.raw} is above 100")
    for low, high in (("exact", "best_exact"), ("f1", "best_f1")):
        for claim in own:
            other = _beside(own, claim, high) if claim.metric == low else None
            if other is not None and claim.value > other.value + max(0.5 * 10.0**-other.decimals, _NOISE):
                said = f"{claim.key} = {claim.raw} is above {other.key} = {other.raw} (line {other.line})"
                yield Remark("implausible", claim.line, said)
    for finding in findings(card):
        if finding.test in ("range", "sources"):
            continue  # said above, of every metric, and with the conflicts
        kind: Kind = "implausible" if finding.test in _IMPLAUSIBLE and finding.is_contradiction else "evidence"
        yield Remark(kind, finding.lines[0], f"{finding.says} ({finding.strength})")


def _near_floor(card: Card) -> Iterator[Remark]:
    """Scores that a model comes near which never answers, or beats."""
    fact = card.fact("eval_data")
    evaluated = data_named(fact.value, "validation") if fact else None
    for one in card.claims:
        about = data_named(one.dataset, "validation") if one.dataset else evaluated
        floor = floor_of(about)
        if one.subject is None and near([one], floor):
            said = f"{one.key} = {one.raw}: a model that never answers scores {floor:.2f} on this data"
            yield Remark("note", one.line, f"{said}; HasAns_f1 tells them apart")


def _unread(card: Card) -> Iterator[Remark]:
    """Values of metrics that are no one number, and the exact match that a card leaves out beside its f1."""
    for one in (one for one in card.unread if one.subject is None):
        yield Remark("unread", one.line, f"{one.metric} = {one.raw} {one.reason}; nothing is claimed by it")
    said = unclaimed_exact(card)
    if said is not None:
        yield Remark("unread", *said)


def unclaimed_exact(card: Card) -> tuple[int, str] | None:
    """Line and words where a card claims f1 and only the best exact match, of a threshold chosen on the answers."""
    own = {claim.metric: claim for claim in reversed(card.claims) if claim.subject is None}
    if "exact" in own or "f1" not in own or "best_exact" not in own:
        return None
    best = own["best_exact"]
    return best.line, f"exact is not claimed: {best.key} = {best.raw} has a threshold chosen on the answers"


def findings(card: Card) -> tuple[Finding, ...]:
    """What the digits of the card's own scores say of themselves; what cannot tell is left out.

    Scores on a named data set other than SQuAD 2.0 are left out too: they are no counts of its questions.
    """
    fact, dev = card.fact("eval_data"), f"{SQUAD2}:validation"
    about = data_named(fact.value, "validation") if fact else dev
    own = [
        claim
        for claim in card.claims
        if claim.subject is None and (claim.metric in _EXAMINED or claim.unit == "count")
        and (claim.dataset is None or data_named(claim.dataset, "validation") == dev)
    ]  # fmt: skip
    found = examine(own, is_squad=about == dev)
    return tuple(finding for finding in found if finding.strength != "none")


def _beside(claims: list[Claim], claim: Claim, metric: str) -> Claim | None:
    """The nearest claim of another metric from the same place."""
    near = [c for c in claims if c.metric == metric and (c.dialect, c.dataset) == (claim.dialect, claim.dataset)]
    return min(near, key=lambda other: abs(other.line - claim.line), default=None)


def _range(one: Stated) -> Remark | None:
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    low, high = _RANGES.get(one.name, (float("-inf"), float("inf")))
    wrong = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and not low <= v <= high]
    return Remark("implausible", one.line, f"{one.key} = {one.raw} is outside {low:g} to {high:g}") if wrong else None
