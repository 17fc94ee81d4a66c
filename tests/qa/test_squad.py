"""SQuAD files: read as a stream, or refused with the place that is not SQuAD."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError
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
    assert found == Paragraph(
        "T", "The king", (Question("q1", "who ?", (Answer("king", 4),)), Question("q2", "who ?", ()))
    )


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
        ("", "is not valid JSON"),
        (squad(qa())[:-20], "is not valid JSON"),
        (squad(qa()) + "]", "is not valid JSON"),
        (b"\xff\xfe", "is not valid JSON"),
        ("[]", "holds no paragraphs"),
        ('{"data": []}', "holds no paragraphs"),
        ('{"data": [{"title": "T"}]}', "data[0]: has no list 'paragraphs'"),
        ('{"data": [{"paragraphs": [{"context": "c"}]}]}', "data[0].paragraphs[0]: is not a SQuAD paragraph"),
        (squad("text"), "data[0].paragraphs[0]"),
        (squad(qa(), qa(answers=None)), "data[0].paragraphs[0]"),
        (squad(qa(answers=[{"text": "king"}])), "KeyError: 'answer_start'"),
        (squad(qa(answers=[{"text": "king", "answer_start": 4.0}])), "must be a whole number, found 4.0"),
        (squad(qa(answers=[{"text": "king", "answer_start": True}])), "must be a whole number, found True"),
        (squad(qa(id=1)), "expected text, found 1"),
        (squad(qa(), context=None), "expected text, found None"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_squad_is_refused_with_its_place(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "squad.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        list(read_squad(path))
    assert str(raised.value).startswith(str(path))
    assert says in str(raised.value)


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
