"""SQuAD 2.0 questions as plain rows, read as a stream from JSON files of several forms or from the Hub's flat table.

A file of any size is read paragraph by paragraph, so the x20 augmented set needs no more memory than the plain one.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.qa import question_fields as fields
from harness.qa.json_rows import rows_of


@dataclass(frozen=True, slots=True)
class Answer:
    """A gold answer; `start` counts characters of the context from 0."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question without answers is unanswerable, whatever its flag `is_impossible` says, as in Haystack.

    `notes` say how it was read where its file leaves open what it means, or has it in another form.
    """

    id: str
    text: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    title: str
    context: str
    questions: tuple[Question, ...]


def read_squad(path: Path) -> Iterator[Paragraph]:
    """Streams the paragraphs of a file of questions; raises DataError naming the place that cannot be read.

    Its items are articles of SQuAD, paragraphs with their questions, or flat rows of one question each.
    """
    is_empty = True
    for is_flat, items in itertools.groupby(rows_of(path), key=lambda item: _is_row(item[1])):
        for paragraph in _grouped(path, items) if is_flat else _of_articles(path, items):
            is_empty = False
            yield paragraph
    if is_empty:
        raise DataError(path, "", "holds no paragraphs; a SQuAD-format file has data[].paragraphs[].qas[]")


def from_table(rows: Iterable[Mapping[str, Any]], source: str = "table") -> Iterator[Paragraph]:
    """Groups the Hub's flat rows (id, title, context, question, answers) into paragraphs; order is kept.

    A row may hold a paragraph with the list of its questions, as those of FQuAD do.
    """
    return _grouped(source, _each_question(source, rows))


def _each_question(source: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, row in enumerate(rows, start=1):
        if "question" in row or "questions" not in row:
            yield f"row {number}", row
            continue
        answers = row.get("answers") or {}
        texts, starts = answers.get("texts"), answers.get("answers_starts")
        if not (isinstance(texts, list) and isinstance(starts, list) and len(row["questions"]) == len(texts)):
            what = "has a list of questions, and not as many answers.texts and answers.answers_starts"
            raise DataError(source, f"row {number}", what)
        for place, (question, text, start) in enumerate(zip(row["questions"], texts, starts, strict=True)):
            answer = {"text": [text], "answer_start": [start]}
            one = {"id": f"{number}.{place}", "context": row.get("context"), "question": question, "answers": answer}
            yield f"row {number}, question {place}", one


def _grouped(source: Path | str, rows: Iterable[tuple[str, Any]]) -> Iterator[Paragraph]:
    """Flat rows that follow one another with one title and context are one paragraph."""
    with_text = ((_field(source, place, "context", row), place, row) for place, row in rows)
    for (title, context), group in itertools.groupby(with_text, key=lambda one: (fields.title_of(one[2]), one[0])):
        yield Paragraph(title, context, tuple(_question_of(source, place, row) for _, place, row in group))


def _is_row(item: Any) -> bool:
    return isinstance(item, dict) and "question" in item and "qas" not in item and "paragraphs" not in item


def _of_articles(path: Path, items: Iterable[tuple[str, Any]]) -> Iterator[Paragraph]:
    """Paragraphs of articles, and those that stand by themselves."""
    for where, item in items:
        if isinstance(item, dict) and "qas" in item:
            yield _paragraph_of(path, where, item, fields.title_of(item))
        elif isinstance(item, dict) and isinstance(item.get("paragraphs"), list):
            for index, paragraph in enumerate(item["paragraphs"]):
                yield _paragraph_of(path, f"{where}.paragraphs[{index}]", paragraph, fields.title_of(item))
        else:
            what = "has no list 'paragraphs', no 'qas' and no 'question'; expected an article, a paragraph or a row"
            raise DataError(path, where, f"{what} of SQuAD{_has(item)}")


def _paragraph_of(path: Path, place: str, paragraph: Any, title: str) -> Paragraph:
    if not isinstance(paragraph, dict) or not isinstance(paragraph.get("qas"), list):
        raise DataError(path, place, "is not a SQuAD paragraph: it has no list 'qas' of questions beside its context")
    questions = tuple(_question_of(path, f"{place}.qas[{n}]", qa) for n, qa in enumerate(paragraph["qas"]))
    return Paragraph(title, _field(path, place, "context", paragraph), questions)


def _field(source: Path | str, place: str, name: str, row: Mapping[str, Any]) -> str:
    try:
        return fields.text_of(row, name)
    except ValueError as error:
        raise DataError(source, place, str(error)) from error


def _question_of(source: Path | str, place: str, qa: Any) -> Question:
    if not isinstance(qa, Mapping):
        raise DataError(source, place, f"is no question: found {qa!r:.40}")
    try:
        number = fields.id_of(qa)
        place = f"{place}, question {number}"
        pairs, notes = fields.answers_of(qa)
        return Question(number, fields.text_of(qa, "question"), tuple(Answer(*pair) for pair in pairs), notes)
    except ValueError as error:
        if qa.get("answers") is None and isinstance(source, Path) and not _has_answers(source):
            what = "no question has answers: this is a test file without answers; give one with them"
            raise DataError(source, "", f"{what} with --train or --eval{_has(qa)}") from error
        raise DataError(source, place, str(error)) from error


def _has(item: Any) -> str:
    """What an object has in place of what is looked for."""
    names = sorted(map(str, item))[:8] if isinstance(item, Mapping) else []
    return f" (it has: {', '.join(names):.100})" if names else ""


def _has_answers(path: Path) -> bool:
    """Whether any question of a file has answers, be they none."""
    items = [item for _, item in rows_of(path) if isinstance(item, dict)]
    paragraphs = [p for item in items for p in _listed(item, "paragraphs")]
    return any(qa.get("answers") is not None for p in paragraphs for qa in _listed(p, "qas"))


def _listed(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list inside an item; the item itself where it has no such list."""
    inside = item.get(name, [item])
    return [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []


def first_questions(paragraphs: Iterable[Paragraph], limit: int | None) -> Iterator[Paragraph]:
    """The first `limit` questions with their paragraphs; all of them when `limit` is None."""
    left = limit
    for paragraph in paragraphs:
        if left is None:
            yield paragraph
            continue
        if left <= 0:
            return
        kept = paragraph.questions[:left]
        left -= len(kept)
        yield Paragraph(paragraph.title, paragraph.context, kept)


def read_ids(path: Path) -> frozenset[str]:
    """The ids of a list, one a line; raises DataError for a list that is empty or names one twice."""
    try:
        ids = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, "", f"cannot be read ({error}); a list of question ids lies beside its card") from error
    if not ids or len(set(ids)) != len(ids):
        raise DataError(path, "", "names a question twice" if ids else "names no question")
    return frozenset(ids)


def only_questions(paragraphs: Iterable[Paragraph], ids: frozenset[str], source: Path) -> Iterator[Paragraph]:
    """The questions with these ids, in the order of the data; raises DataError at the end when some did not come."""
    left = set(ids)
    for paragraph in paragraphs:
        kept = tuple(question for question in paragraph.questions if question.id in left)
        left -= {question.id for question in kept}
        if kept:
            yield Paragraph(paragraph.title, paragraph.context, kept)
    if left:
        what = f"{len(left):,} of its {len(ids):,} questions are not in the training data, {min(left)} among them"
        raise DataError(source, "", f"{what}; give data that hold them with --train")


def check_unique(paragraphs: list[Paragraph], source: str) -> list[Paragraph]:
    """Returns the paragraphs unchanged; raises DataError on a repeated question id, which scoring cannot allow."""
    seen: set[str] = set()
    for question in itertools.chain.from_iterable(paragraph.questions for paragraph in paragraphs):
        if question.id in seen:
            raise DataError(source, f"question {question.id}", "occurs twice; evaluation needs unique ids")
        seen.add(question.id)
    return paragraphs


def write_json(path: Path, paragraphs: Iterable[Paragraph]) -> None:
    """Writes paragraphs as a SQuAD 2.0 file, one article a title."""
    articles = [
        {"title": title, "paragraphs": [_as_json(paragraph) for paragraph in group]}
        for title, group in itertools.groupby(paragraphs, key=lambda paragraph: paragraph.title)
    ]
    path.write_text(json.dumps({"version": "v2.0", "data": articles}, ensure_ascii=False), encoding="utf-8")


def _as_json(paragraph: Paragraph) -> dict[str, Any]:
    qas = [
        {
            "id": question.id,
            "question": question.text,
            "answers": [{"text": answer.text, "answer_start": answer.start} for answer in question.answers],
            "is_impossible": not question.answers,
        }
        for question in paragraph.questions
    ]
    return {"context": paragraph.context, "qas": qas}
