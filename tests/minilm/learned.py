"""What the runs of the SQuAD 1.1 pair teach, in sentences that hold whatever their numbers are."""

from collections.abc import Iterator, Sequence

from tests.minilm.records import (
    BOTH,
    BOTH_FIRST,
    PLAIN,
    PLAIN_FIRST,
    PREDICTION,
    SQUAD1,
    TEACHER,
    Told,
    half_learned,
    in_spreads,
    mean_of,
    of_arm,
    spread_of,
)

ENOUGH = 3.0  # spreads of a seed, beyond which a gap is called a finding


def learned(found: Sequence[Told]) -> str:
    """The first line, in words of everyday."""
    both, plain, teacher = (of_arm(found, arm) for arm in (BOTH, PLAIN, TEACHER))
    if not (both and plain and teacher):
        return "**Nothing was learned yet**: the trainings below are not finished."
    if of_beginnings := _learned_of_beginnings(found):
        return f"{of_beginnings} {_chance(found)}"
    gap = in_spreads("exact", found, both, plain)
    with_, without, best = (mean_of("exact", one) for one in (both, plain, teacher))
    told = (
        f"of 100 questions a small reader answers {with_:.0f} right when a larger one teaches it, and {without:.0f} "
        f"when it learns from the right answers alone for as long; its teacher answers {best:.0f}."
    )
    if gap is None:
        return f"**One training of each so far: {told}**"
    if abs(gap) < ENOUGH:
        said = "A teacher made no difference that chance does not make too"
    else:
        said = "A teacher is worth more than practice" if gap > 0 else "A teacher is worth less than practice"
    return f"**{said}: {told}** {_chance(found)}"


def _chance(found: Sequence[Told]) -> str:
    settled, half = (spread_of("exact", found, arms) for arms in (None, half_learned(found)))
    moves = f"Chance alone moves such a number by {settled.value:.1f} from one training to the next" if settled else ""
    return f"{moves}, by {half.value:.1f} where less than half was learned." if half else f"{moves}."


def _learned_of_beginnings(found: Sequence[Told]) -> str | None:
    """The same, where what the student begins as was varied and makes a difference that chance does not; else None."""
    told = {arm: mean_of("exact", same) for arm in (TEACHER, *SQUAD1.arms) if (same := of_arm(found, arm))}
    if PLAIN_FIRST not in told or not all(_is_far("exact", found, one, PLAIN) for one in (BOTH, PLAIN_FIRST)):
        return None
    taught = f", {told[BOTH_FIRST]:.0f} with one" if BOTH_FIRST in told else ""
    return (
        f"**A teacher makes up for a poor beginning: of 100 questions a small reader answers {told[PLAIN]:.0f} right "
        "when it begins as every second layer of a pretrained model and learns from the right answers alone, "
        f"{told[BOTH]:.0f} when a larger reader teaches it as long; when it begins as the first three layers, "
        f"{told[PLAIN_FIRST]:.0f} without a teacher{taught}. The teacher answers {told[TEACHER]:.0f}.**"
    )


def _is_far(metric: str, found: Sequence[Told], above: str, below: str) -> bool:
    """Whether one arm is above another by more than chance tells."""
    gap = in_spreads(metric, found, of_arm(found, above), of_arm(found, below))
    return gap is not None and gap > ENOUGH


def beginnings(found: Sequence[Told]) -> Iterator[str]:
    """Why the student of every second layer learns so little without the intermediate layers of a teacher."""
    f1 = {arm: mean_of("f1", same) for arm in SQUAD1.arms if (same := of_arm(found, arm))}
    if not {PREDICTION, PLAIN_FIRST} <= set(f1):
        return
    is_beginning = _is_far("f1", found, PLAIN_FIRST, PLAIN) and _is_far("f1", found, BOTH, PREDICTION)
    said = "it is the beginning" if is_beginning else "it is not the beginning alone"
    yield (
        f"- Why so little is learned without the intermediate layers: {said}. Every second layer of a model was never "
        f"trained to follow the one before it. With the teacher's answers alone such a student has f1 "
        f"{f1[PREDICTION]:.2f}, with the right ones {f1[PLAIN]:.2f}; fine-tuned from the first three layers, which "
        f"were trained in that order, {f1[PLAIN_FIRST]:.2f}; brought in line with the teacher's layers first, "
        f"{f1[BOTH]:.2f}."
    )
