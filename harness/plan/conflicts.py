"""What a card says twice: a problem where a run would have to choose, on record where it would not."""

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.card import lint
from harness.domain import Card, Conflict, Stated
from harness.plan.options import Draft
from harness.plan.tolerances import MEASURED, measured

_VERIFIED = re.compile(r"\s*verified: true\s*$")


def note_conflicts(draft: Draft, used: Sequence[Stated]) -> None:
    """Each contradiction of the card once, with both places."""
    lines = {one.line for one in used} | {claim.line for claim in measured(draft.card)}
    metrics = {claim.metric for claim in measured(draft.card)}
    for conflict in draft.card.conflicts:
        first, second = conflict.lines
        said = f"{conflict.values[0]} (line {first}) and {conflict.values[1]} (line {second})"
        where = f"{draft.card.path} states {conflict.what} twice: {said}"
        if _is_decisive(draft, conflict, lines, metrics):
            draft.problems.append(where)
        elif conflict.what in metrics:
            draft.ambiguities.append(f"{where}; one is the Hub's own measurement, and the authors' is judged")
        else:
            draft.ambiguities.append(f"{where}; nothing here depends on it")


def note_unread(draft: Draft) -> None:
    """Values of judged metrics that are no one number: a problem, or the other claims would be judged alone."""
    for one in draft.card.unread:
        if one.subject is None and one.metric in MEASURED:
            draft.problems.append(
                f"{draft.place(one.line)}: {one.metric} = {one.raw} {one.reason}, so this claim cannot be judged; mend "
                "it in a copy of the card"
            )
    unclaimed = lint.unclaimed_exact(draft.card)
    if unclaimed is not None:
        draft.ambiguities.append(f"{draft.place(unclaimed[0])}: {unclaimed[1]}; nothing here judges it")


def _is_decisive(draft: Draft, conflict: Conflict, lines: set[int], metrics: set[str]) -> bool:
    if conflict.what == "license":
        return False
    given = {"teacher": draft.options.teacher, "base model": draft.options.student}
    if conflict.what in given:
        # What the block of settings names is what that training had; the text may speak of other models.
        return given[conflict.what] is None and conflict.lines[0] not in lines
    if conflict.what in metrics:
        return not _is_measured_again(draft.card, conflict)
    return conflict.lines[0] in lines and conflict.lines[1] in lines


def _is_measured_again(card: Card, conflict: Conflict) -> bool:
    """Whether one of the two numbers is the Hub's own measurement."""
    lines = card.text.splitlines()
    return any(_is_verified(lines, line) for line in conflict.lines)


def _is_verified(lines: Sequence[str], line: int) -> bool:
    """Whether `verified: true` stands right behind a value of the index: the Hub measured it, with its own program."""
    return any(_VERIFIED.match(text) for text in lines[line : line + 3])


def own_numbers(card: Card) -> Card:
    """The card with the Hub's own measurements given to the Hub, where its authors claim the same metric themselves."""
    lines = card.text.splitlines()
    verified = {claim for claim in card.claims if claim.dialect == "model_index" and _is_verified(lines, claim.line)}
    own = {claim.metric for claim in card.claims if claim.subject is None and claim not in verified}
    others = {claim for claim in verified if claim.metric in own}
    claims = (replace(one, subject="the Hub's evaluation") if one in others else one for one in card.claims)
    return replace(card, claims=tuple(claims))
