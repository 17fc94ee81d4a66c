"""Offsets that fit nowhere: recognised for what they were counted in, mended by the text, counted in a survey."""

import dataclasses
from collections.abc import Callable

import pytest

from harness.qa import offsets
from harness.qa.question_fields import EMPTY_ANSWERS
from harness.qa.squad import Answer, Paragraph, Question
from harness.qa.survey import Tally, survey

EMOJI = "🚢🚢 The ship of 1854 is the ship of 1854, not the ship of 1900."
LINES = "A\r\nThe ship\r\nof 1854 is\r\nthe ship of 1854."


def paragraph(context: str, *answers: Answer, question: str = "which ?") -> Paragraph:
    return Paragraph("t", context, tuple(Question(f"q{n}", question, (one,)) for n, one in enumerate(answers)))


def utf16(context: str, start: int) -> int:
    return len(context[:start].encode("utf-16-le")) // 2


def utf8(context: str, start: int) -> int:
    return len(context[:start].encode())


def as_lf(context: str, start: int) -> int:
    return len(context[:start].replace("\r\n", "\n"))


def as_crlf(context: str, start: int) -> int:
    return len(context[:start].replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("context", "count", "says"),
    [
        (EMOJI, utf16, "counted in UTF-16 units"),
        ("é" * 9 + EMOJI, utf8, "counted in bytes of UTF-8"),
        (LINES, as_lf, "counted with CR LF as one character"),
        (LINES.replace("\r", ""), as_crlf, "counted with CR LF for LF"),
        (EMOJI, lambda _, start: start - 3, "+3 characters off"),
        (EMOJI, lambda _, start: start + 1, "-1 characters off"),
    ],
)
def test_an_offset_in_other_units_is_recognised_and_mended_even_where_the_text_stands_twice(
    context: str, count: Callable[[str, int], int], says: str
) -> None:
    first = context.index("1854")
    right = [
        Answer("1854", first),
        Answer("1854", context.index("1854", first + 1)),
        Answer("ship", context.index("ship")),
    ]
    wrong = [Answer(one.text, count(context, one.start)) for one in right]
    found = survey([paragraph(context, *wrong)])
    assert found.reading == f"3 of 3 such offsets are {says}"
    assert found.unusable == (Tally(offsets.NOT_THERE, 3, ("q0", "q1", "q2")),)
    (mended,) = offsets.repaired([paragraph(context, *wrong)])
    assert [one.answers[0] for one in mended.questions] == right
    assert survey([mended]).notes == (Tally(offsets.MOVED, 3, ("q0", "q1", "q2")),)


@pytest.mark.parametrize(
    ("answer", "question", "problem"),
    [
        (Answer("king", 4), "who ?", None),
        (Answer(" king ", 3), "who ?", None),
        (Answer("king", 4), " \n", offsets.BLANK),
        (Answer("king", 5), "who ?", offsets.NOT_THERE),
        (Answer("king", -3), "who ?", offsets.NO_OFFSET),
        (Answer("queen", 4), "who ?", offsets.NOWHERE),
        (Answer("king", 10**30), "who ?", offsets.NOT_THERE),
    ],
)
def test_why_a_question_cannot_be_used(answer: Answer, question: str, problem: str | None) -> None:
    one = Question("a", question, (answer,))
    assert offsets.problem_of(one, "The king of") == problem
    assert offsets.is_usable(one, "The king of") == (problem is None)


def test_an_answer_without_an_offset_is_put_where_its_text_first_stands() -> None:
    (found,) = offsets.repaired([paragraph("a king, the king", Answer("king ", -1), Answer("queen", 3))])
    assert [one.answers[0] for one in found.questions] == [Answer("king", 2), Answer("queen", 3)]
    assert [one.notes for one in found.questions] == [(offsets.MOVED,), ()]


def test_what_fits_is_left_as_it_is() -> None:
    plain = paragraph(EMOJI, Answer("ship", EMOJI.index("ship")))
    assert list(offsets.repaired([plain])) == [plain]


def test_a_survey_counts_all_and_names_the_first_three() -> None:
    many = paragraph("The king", *[Answer("queen", 0)] * 4, Answer("king", 4))
    noted = dataclasses.replace(many, questions=(Question("n", "?", (), (EMPTY_ANSWERS,)),))
    found = survey([many, noted])
    assert (found.n_questions, found.n_unusable, found.share_unusable) == (6, 4, 4 / 6)
    assert [str(one) for one in (*found.notes, *found.unusable)] == [
        "its answers are empty texts: read as unanswerable: 1 (n)",
        "an answer is nowhere in its context: 4 (q0, q1, q2, …)",
    ]
