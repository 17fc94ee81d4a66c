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
    Spread,
    Told,
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
    spread = spread_of("exact", found)
    if spread is not None and (of_beginnings := _learned_of_beginnings(found, spread)):
        return f"{of_beginnings} {_chance(spread)}"
    with_, without, best = (mean_of("exact", one) for one in (both, plain, teacher))
    gap = with_ - without
    told = (
        f"of 100 questions a small reader answers {with_:.0f} right when a larger one teaches it, and {without:.0f} "
        f"when it learns from the right answers alone for as long; its teacher answers {best:.0f}."
    )
    if spread is None:
        return f"**One training of each so far: {told}**"
    if abs(gap) < ENOUGH * spread.value:
        said = "A teacher made no difference that chance does not make too"
    else:
        said = "A teacher is worth more than practice" if gap > 0 else "A teacher is worth less than practice"
    return f"**{said}: {told}** {_chance(spread)}"


def _chance(spread: Spread) -> str:
    return f"Chance alone moves such a number by {spread.value:.1f} from one training to the next."


def _learned_of_beginnings(found: Sequence[Told], spread: Spread) -> str | None:
    """The same, where what the student begins as was varied and makes a difference that chance does not; else None."""
    told = {arm: mean_of("exact", same) for arm in (TEACHER, *SQUAD1.arms) if (same := of_arm(found, arm))}
    if PLAIN_FIRST not in told or min(told[BOTH], told[PLAIN_FIRST]) - told[PLAIN] < ENOUGH * spread.value:
        return None
    taught = f", {told[BOTH_FIRST]:.0f} with one" if BOTH_FIRST in told else ""
    return (
        f"**A teacher makes up for a poor beginning: of 100 questions a small reader answers {told[PLAIN]:.0f} right "
        "when it begins as every second layer of a pretrained model and learns from the right answers alone, "
        f"{told[BOTH]:.0f} when a larger reader teaches it as long; when it begins as the first three layers, "
        f"{told[PLAIN_FIRST]:.0f} without a teacher{taught}. The teacher answers {told[TEACHER]:.0f}.**"
    )


def beginnings(found: Sequence[Told]) -> Iterator[str]:
    """Why the student of every second layer learns so little without the intermediate layers of a teacher."""
    f1 = {arm: mean_of("f1", same) for arm in SQUAD1.arms if (same := of_arm(found, arm))}
    spread = spread_of("f1", found)
    if spread is None or not {PREDICTION, PLAIN_FIRST} <= set(f1):
        return
    far = ENOUGH * spread.value
    is_beginning = f1[PLAIN_FIRST] - f1[PLAIN] > far and f1[BOTH] - f1[PREDICTION] > far
    said = "it is the beginning" if is_beginning else "it is not the beginning alone"
    yield (
        f"- Why so little is learned without the intermediate layers: {said}. Every second layer of a model was never "
        f"trained to follow the one before it. With the teacher's answers alone such a student has f1 "
        f"{f1[PREDICTION]:.2f}, with the right ones {f1[PLAIN]:.2f}; fine-tuned from the first three layers, which "
        f"were trained in that order, {f1[PLAIN_FIRST]:.2f}; brought in line with the teacher's layers first, "
        f"{f1[BOTH]:.2f}."
    )
