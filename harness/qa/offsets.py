"""Answers against their contexts: which questions can be used, what an offset that fits nowhere was counted in, and the
same answers where their text stands.

Tools count in other units than characters: JavaScript and Java in UTF-16 units, Go and Rust in bytes; and a CR LF that
one program keeps is one character to another.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.qa.squad import Answer, Paragraph, Question

BLANK = "the question is blank"
NO_OFFSET = "an answer has no offset"
NOT_THERE = "an answer does not stand at its offset"
NOWHERE = "an answer is nowhere in its context"
MOVED = "an answer did not stand at its offset: moved to where its text stands"


def problem_of(question: Question, context: str) -> str | None:
    """Why a question cannot be trained on, None where it can: it has words, and every answer stands at its offset
    (compared after stripping). Haystack drops all other questions, whole, with an error in its log."""
    if not question.text.strip():
        return BLANK
    wrong = [answer for answer in question.answers if not stands(answer, context)]
    if not wrong:
        return None
    if any(_place_of(answer, context) is None for answer in wrong):
        return NOWHERE
    return NO_OFFSET if any(answer.start < 0 for answer in wrong) else NOT_THERE


def is_usable(question: Question, context: str) -> bool:
    return bool(question.text.strip()) and all(stands(answer, context) for answer in question.answers)


def stands(answer: Answer, context: str) -> bool:
    """Whether an answer has words and stands at its offset, compared after stripping."""
    text = answer.text.strip()
    return answer.start >= 0 and text != "" and context[answer.start : answer.start + len(answer.text)].strip() == text


def readings_of(answer: Answer, context: str) -> list[str]:
    """What the offset of an answer that does not stand there may have been counted in, the likeliest first."""
    units = [name for name, start in _recounted(answer, context) if stands(replace(answer, start=start), context)]
    place = _place_of(answer, context)
    return units if place is None or answer.start < 0 else [*units, f"{place - answer.start:+d} characters off"]


def repaired(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """The paragraphs with each answer where its text stands: as its offset counts in another unit, else the nearest
    place; an answer that is nowhere stays as it is."""
    for paragraph in paragraphs:
        questions = tuple(_repaired(question, paragraph.context) for question in paragraph.questions)
        yield replace(paragraph, questions=questions)


def _repaired(question: Question, context: str) -> Question:
    answers = tuple(one if stands(one, context) else _moved(one, context) for one in question.answers)
    notes = question.notes if answers == question.answers else (*question.notes, MOVED)
    return replace(question, answers=answers, notes=notes)


def _moved(answer: Answer, context: str) -> Answer:
    for _, start in _recounted(answer, context):
        if stands(candidate := replace(answer, start=start), context):
            return candidate
    place = _place_of(answer, context)
    return answer if place is None else Answer(answer.text.strip(), place)


def _place_of(answer: Answer, context: str) -> int | None:
    """The place of an answer's text that is nearest to its offset, None where it is nowhere."""
    text, places, start = answer.text.strip(), list[int](), 0
    while text and (start := context.find(text, start)) >= 0:
        places.append(start)
        start += 1
    return min(places, key=lambda place: abs(place - answer.start), default=None)


def _recounted(answer: Answer, context: str) -> Iterator[tuple[str, int]]:
    """An offset as a number of characters, if it was counted in other units."""
    if answer.start < 0:
        return
    for name, encoding, size in (("UTF-16 units", "utf-16-le", 2), ("bytes of UTF-8", "utf-8", 1)):
        try:
            head = context.encode(encoding, "surrogatepass")[: size * answer.start]
            yield f"counted in {name}", len(head.decode(encoding, "surrogatepass"))
        except UnicodeDecodeError:  # in the middle of a character: not these units
            continue
    as_one = [at for at, char in enumerate(context) if char != "\r" or context[at + 1 : at + 2] != "\n"]
    as_two = [at for at, char in enumerate(context) for _ in range(1 + (char == "\n"))]
    for name, places in (("counted with CR LF as one character", as_one), ("counted with CR LF for LF", as_two)):
        if answer.start < len(places):
            yield name, places[answer.start]
