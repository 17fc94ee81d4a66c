"""SQuAD files: read as a stream, or refused with the place that is not SQuAD."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError
from harness.qa.question_fields import (
    ABSENT_ANSWERS,
    EMPTY_ANSWERS,
    IMPOSSIBLE_WITH_ANSWERS,
    NO_OFFSET,
    POSSIBLE_WITHOUT,
    SOME_EMPTY,
)
from harness.qa.squad import (
    Answer,
    Paragraph,
    Question,
    check_unique,
    first_questions,
    from_table,
    read_squad,
    write_json,
)


def qa(**changes: Any) -> dict[str, Any]:
    return {"id": "q1", "question": "who ?", "answers": [{"text": "king", "answer_start": 4}], **changes}


def squad(*qas: Any, context: Any = "The king") -> str:
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": context, "qas": list(qas)}]}]})


def paragraph(*ids: str, context: str = "The king") -> Paragraph:
    return Paragraph("T", context, tuple(Question(one, "who ?", (Answer("king", 4),)) for one in ids))


def test_answers_decide_whether_a_question_is_answerable_not_its_flag(tmp_path: Path) -> None:
    path = tmp_path / "squad.json"
    path.write_text(squad(qa(is_impossible=True), qa(id="q2", answers=[], is_impossible=False)), encoding="utf-8")
    (found,) = read_squad(path)
    assert [(one.id, one.answers) for one in found.questions] == [("q1", (Answer("king", 4),)), ("q2", ())]
    assert [one.notes for one in found.questions] == [(IMPOSSIBLE_WITH_ANSWERS,), (POSSIBLE_WITHOUT,)]


def test_a_written_file_is_read_back_the_same(tmp_path: Path) -> None:
    paragraphs = [paragraph("a", "b"), paragraph("c", context="Köln"), Paragraph("U", "x", (Question("d", "?", ()),))]
    write_json(tmp_path / "squad.json", paragraphs)
    assert list(read_squad(tmp_path / "squad.json")) == paragraphs


def test_the_dev_set_has_its_published_size(shared: Path) -> None:
    # 35 articles, 1,204 paragraphs, 11,873 questions, 5,945 of them unanswerable (Rajpurkar et al. 2018, table 2).
    paragraphs = list(read_squad(shared / "data" / "squad" / "dev-v2.0.rebuilt.json"))
    questions = [question for one in paragraphs for question in one.questions]
    assert (len({one.title for one in paragraphs}), len(paragraphs), len(questions)) == (35, 1204, 11873)
    assert sum(not question.answers for question in questions) == 5945


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty; fetch it again"),
        (squad(qa())[:-20], "is not valid JSON"),
        (squad(qa()) + "]", "is not valid JSON"),
        (b"\xff\xfe", "is not valid JSON"),
        ("[]", "holds no paragraphs"),
        ('{"data": []}', "holds no paragraphs"),
        ('{"data": [{"title": "T"}]}', "data[0]: has no list 'paragraphs'"),
        ('{"data": [{"paragraphs": [{"context": "c"}]}]}', "data[0].paragraphs[0]: is not a SQuAD paragraph"),
        (squad("text"), "data[0].paragraphs[0]"),
        (squad(qa(), qa(answers=None)), "data[0].paragraphs[0]"),
        (squad(qa(), qa(id="q2", answers=None)), "qas[1], question q2: answers: is null; give []"),
        (squad(qa(), qa(id="q2", answers={"text": ["king"], "answer_start": []})), "q2: answers: 1 text and 0"),
        (squad(qa(answers=["king"])), "question q1: answers: found ['king']; expected a list of objects"),
        (squad(qa(answers="king")), "question q1: answers: found 'king'"),
        (squad(qa(answers=[{"text": 4, "answer_start": 4}])), "question q1: answers.text: found 4; expected text"),
        (squad(qa(answers=[{"text": None, "answer_start": 4}])), "question q1: answers.text: is null"),
        (squad(qa(answers=[{"answer_start": 4}])), "question q1: answers.text: is absent"),
        (squad(qa(answers=[{"text": "king", "answer_start": 4.5}])), "must be a whole number of characters"),
        (squad(qa(answers=[{"text": "king", "answer_start": "four"}])), "found 'four'"),
        (squad(qa(answers=[{"text": "king", "answer_start": True}])), "question q1: answers.answer_start: must be"),
        (squad(qa(id=1.5)), "qas[0]: id: found 1.5; give each question an id of its own"),
        (squad(qa(id=True)), "qas[0]: id: found True"),
        (squad(qa(id=None)), "qas[0]: id: is null"),
        (squad({"question": "who ?", "answers": []}), "qas[0]: id: is absent"),
        (squad(qa(question=None)), "question q1: question: is null; expected text"),
        (squad({"id": "q1", "answers": []}), "question q1: question: is absent"),
        (squad(qa(), context=None), "paragraphs[0]: context: is null; expected text"),
        ('{"data": [{"question": "who ?", "id": 1, "answers": {"text": [], "answer_start": []}}]}', "data[0]: context"),
        ('{"id": "a", "context": "c", "question": "q", "answers": []}\n{"id": "b"}', "row 2: has no list 'paragraphs'"),
        ('{"header": {"dataset": "x"}}', "row 1: has no list 'paragraphs'"),
        ("[3]", "[0]: has no list 'paragraphs'"),
        ("7", "is JSON, but no questions"),
        (squad(qa(is_impossible=None)).replace("null", "NaN"), "NaN and Infinity, which pandas writes"),
        (squad(qa())[:-20], "the file ends before its JSON does: it was cut"),
        (squad({"id": "q1", "question": "?"}, {"id": "q2", "question": "?"}), "a test file without answers"),
        (squad({"id": "q1", "question": "?", "is_impossible": False, "answers": None}), "a test file without answers"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:01\n", "is a pointer of Git LFS"),
        ("/annex/objects/MD5E-s1--d41d8.json\n", "is a pointer of git-annex"),
        ("\ufeff\n<!DOCTYPE html><html>", "is a web page"),
        ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a web page (HTML or XML)"),
        ("Entry not found", "is the answer of a server"),
        (b"\x1f\x8b\x08\0", "is packed by gzip; unpack it"),
        (b"PAR1\x15\x04", "is a parquet file"),
        (b"PK\x03\x04", "is a zip archive"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_squad_is_refused_with_its_place(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "squad.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        list(read_squad(path))
    assert str(raised.value).startswith(str(path))
    assert says in str(raised.value)


KING = Paragraph("", "The king", (Question("1", "who ?", (Answer("king", 4),)), Question("q2", "?", ())))
NESTED = {
    "context": "The king",
    "qas": [
        {"id": 1, "question": "who ?", "answers": [{"text": "king", "answer_start": 4}]},
        {"id": "q2", "question": "?", "answers": []},
    ],
}
ROWS = [
    {"id": 1.0, "context": "The king", "question": "who ?", "answers": {"text": ["king"], "answer_start": [4]}},
    {"id": "q2", "title": None, "context": "The king", "question": "?", "answers": {"text": [], "answer_start": []}},
]
SAME = {
    "a list of paragraphs": json.dumps([NESTED]),
    "paragraphs in data": json.dumps({"data": [NESTED]}),
    "a paragraph alone": json.dumps(NESTED, indent=1),
    "paragraphs as JSON lines": json.dumps(NESTED) + "\n",
    "a list of articles": json.dumps([{"paragraphs": [NESTED]}]),
    "keys before data": json.dumps({"version": {"data": [1]}, "n": [[]], "data": [NESTED]}),
    "rows in data": json.dumps({"version": "0.1.0", "data": ROWS}),
    "a list of rows": json.dumps(ROWS),
    "rows as JSON lines": "".join(json.dumps(row) + "\n" for row in ROWS),
    "rows as JSON lines with CR LF and blank lines": "\r\n\r\n".join(json.dumps(row) for row in ROWS),
    "text for a number": json.dumps([NESTED]).replace('"answer_start": 4', '"answer_start": "4.0"'),
    "a float offset": json.dumps([NESTED]).replace('"answer_start": 4', '"answer_start": 4.0'),
    "one answer as an object": json.dumps([NESTED]).replace('[{"text', '{"text').replace("4}]", "4}"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("form", SAME)
def test_every_usual_form_of_a_file_gives_the_same_questions(form: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(SAME[form].encode(encoding))
    assert list(read_squad(path)) == [KING]


@pytest.mark.parametrize(
    ("changes", "answers", "notes"),
    [
        ({"answers": [{"text": "", "answer_start": -1}]}, (), (EMPTY_ANSWERS,)),
        ({"answers": [{"text": " \n", "answer_start": None}], "is_impossible": None}, (), (EMPTY_ANSWERS,)),
        ({"answers": {"text": [""], "answer_start": [-1]}}, (), (EMPTY_ANSWERS,)),
        ({"answers": [{"text": "", "answer_start": 0}, {"text": "king", "answer_start": 4}]}, (4,), (SOME_EMPTY,)),
        ({"answers": None, "is_impossible": True}, (), (ABSENT_ANSWERS,)),
        ({"answers": None, "is_impossible": "true"}, (), (ABSENT_ANSWERS,)),
        ({"answers": None, "is_impossible": 1}, (), (ABSENT_ANSWERS,)),
        ({"is_impossible": True}, (4,), (IMPOSSIBLE_WITH_ANSWERS,)),
        ({"answers": [], "is_impossible": False}, (), (POSSIBLE_WITHOUT,)),
        ({"answers": [], "is_impossible": True}, (), ()),
        ({"answers": []}, (), ()),
        ({"answers": [{"text": "king"}]}, (NO_OFFSET,), ()),
        ({"answers": {"text": ["king"]}}, (NO_OFFSET,), ()),
    ],
    ids=str,
)
def test_what_a_file_leaves_open_is_read_in_one_way_and_noted(
    changes: dict[str, Any], answers: tuple[int, ...], notes: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "squad.json"
    path.write_text(squad(qa(**changes), qa(id="other")), encoding="utf-8")
    (found,) = read_squad(path)
    assert (tuple(one.start for one in found.questions[0].answers), found.questions[0].notes) == (answers, notes)
    assert found.questions[1] == Question("other", "who ?", (Answer("king", 4),))


@pytest.mark.parametrize("name", ["", "none.json"])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(read_squad(tmp_path / name))


def test_rows_of_a_table_group_into_paragraphs_in_order() -> None:
    def row(number: str, context: str, **answers: list[Any]) -> dict[str, Any]:
        return {"id": number, "title": "T", "context": context, "question": "who ?", "answers": answers}

    one = {"text": ["king"], "answer_start": [4]}
    rows = [row("a", "The king", **one), row("b", "The king", text=[], answer_start=[]), row("c", "A king", **one)]
    first, second = from_table(rows)
    assert first == Paragraph(
        "T", "The king", (Question("a", "who ?", (Answer("king", 4),)), Question("b", "who ?", ()))
    )
    assert second == paragraph("c", context="A king")


@pytest.mark.parametrize(("limit", "ids"), [(None, "abcd"), (9, "abcd"), (3, "abc"), (2, "ab"), (1, "a")], ids=str)
def test_a_limit_counts_questions(limit: int | None, ids: str) -> None:
    found = first_questions([paragraph("a", "b"), paragraph("c", "d")], limit)
    assert "".join(question.id for one in found for question in one.questions) == ids


def test_a_limit_reads_little_more_than_it_gives() -> None:
    endless = (paragraph(str(number)) for number in itertools.count())
    assert len(list(first_questions(endless, 3))) == 3
    assert next(endless).questions[0].id in ("3", "4")


def test_an_id_that_occurs_twice_is_refused_by_name() -> None:
    assert check_unique([paragraph("a"), paragraph("b")], "squad.json") == [paragraph("a"), paragraph("b")]
    with pytest.raises(DataError, match=r"squad\.json, question a: occurs twice"):
        check_unique([paragraph("a"), paragraph("b", "a")], "squad.json")


def test_rows_that_hold_a_paragraph_and_its_questions_are_told_apart() -> None:
    answers = {"texts": ["roi", "la ville"], "answers_starts": [3, 10]}
    row = {"context": "Le roi de la ville", "questions": ["Qui ?", "De quoi ?"], "answers": answers}
    (paragraph,) = from_table([row])
    assert [(q.id, q.text, q.answers[0]) for q in paragraph.questions] == [
        ("1.0", "Qui ?", Answer("roi", 3)),
        ("1.1", "De quoi ?", Answer("la ville", 10)),
    ]
    with pytest.raises(DataError, match="row 1: has a list of questions, and not as many"):
        list(from_table([row | {"questions": ["Qui ?"]}]))
