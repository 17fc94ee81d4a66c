"""What a card says twice: a problem where a run would have to choose, on record where it would not."""

from collections.abc import Sequence

from harness.card import lint
from harness.domain import Claim, Conflict, Stated
from harness.plan.claims import MEASURED
from harness.plan.options import Draft


def note_conflicts(draft: Draft, used: Sequence[Stated], claims: Sequence[Claim]) -> None:
    """Each contradiction of the card once, with both places; two numbers of one metric are two claims."""
    lines, judged = {one.line for one in used}, {claim.line for claim in claims}
    for conflict in draft.card.conflicts:
        first, second = conflict.lines
        said = f"{conflict.values[0]} (line {first}) and {conflict.values[1]} (line {second})"
        where = f"{draft.card.path} states {conflict.what} twice: {said}"
        if first in judged and second in judged:
            choice = f"--claims {first} or --claims {second} chooses"
            draft.ambiguities.append(f"{where}; both are judged, and the strictest decides ({choice})")
        elif _is_decisive(draft, conflict, lines):
            draft.problems.append(where)
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


def _is_decisive(draft: Draft, conflict: Conflict, lines: set[int]) -> bool:
    if conflict.what == "license":
        return False
    given = {"teacher": draft.options.teacher, "base model": draft.options.student}
    if conflict.what in given:
        # What the block of settings names is what that training had; the text may speak of other models.
        return given[conflict.what] is None and conflict.lines[0] not in lines
    return conflict.lines[0] in lines and conflict.lines[1] in lines
