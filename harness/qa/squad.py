"""SQuAD 2.0 questions as plain rows, read as a stream from SQuAD-format JSON or from the Hub's flat table.

A file of any size is read paragraph by paragraph, so the x20 augmented set needs no more memory than the plain one.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson

from harness.errors import DataError
from harness.qa.json_depth import DEEPEST, Shallow


@dataclass(frozen=True, slots=True)
class Answer:
    """A gold answer; `start` counts characters of the context from 0."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question without answers is unanswerable (its `is_impossible` flag is not read, as in Haystack)."""

    id: str
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    title: str
    context: str
    questions: tuple[Question, ...]


def read_squad(path: Path) -> Iterator[Paragraph]:
    """Streams the paragraphs of a SQuAD-format file; raises DataError naming the place that is not SQuAD."""
    try:
        with path.open("rb") as stream:
            count = 0
            shallow = Shallow(stream, lambda: _refuse(path))
            for number, article in enumerate(ijson.items(shallow, "data.item", use_float=True)):
                for paragraph in _paragraphs_of(path, number, article):
                    count += 1
                    yield paragraph
    except ijson.JSONError as error:
        raise DataError(path, "", f"is not valid JSON ({error}); expected a SQuAD-format file") from error
    except UnicodeDecodeError as error:
        raise DataError(path, f"byte {error.start}", "is not UTF-8; expected a SQuAD-format JSON file") from error
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); give an existing SQuAD-format file") from error
    if count == 0:
        raise DataError(path, "", "holds no paragraphs; a SQuAD-format file has data[].paragraphs[].qas[]")


def _refuse(path: Path) -> None:
    raise DataError(path, "", f"is nested more than {DEEPEST} levels deep; expected a SQuAD-format file")


def _paragraphs_of(path: Path, number: int, article: Any) -> Iterator[Paragraph]:
    where = f"data[{number}]"
    if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
        raise DataError(path, where, "has no list 'paragraphs'; expected a SQuAD-format file")
    for index, paragraph in enumerate(article["paragraphs"]):
        place = f"{where}.paragraphs[{index}]"
        try:
            questions = tuple(_question_of(qa) for qa in paragraph["qas"])
            yield Paragraph(str(article.get("title", "")), _text(paragraph["context"]), questions)
        except (KeyError, TypeError, IndexError) as error:
            raise DataError(path, place, f"is not a SQuAD paragraph ({type(error).__name__}: {error})") from error


def _question_of(qa: Mapping[str, Any]) -> Question:
    answers = tuple(Answer(_text(answer["text"]), _offset(answer["answer_start"])) for answer in qa["answers"])
    return Question(_text(qa["id"]), _text(qa["question"]), answers)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.40}")
    return value


def _offset(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"answer_start must be a whole number, found {value!r:.40}")
    return value


def from_table(rows: Iterable[Mapping[str, Any]]) -> Iterator[Paragraph]:
    """Groups the Hub's flat rows (id, title, context, question, answers) into paragraphs; order is kept."""
    for (title, context), group in itertools.groupby(rows, key=lambda row: (row["title"], row["context"])):
        yield Paragraph(title, context, tuple(_question_of_row(row) for row in group))


def _question_of_row(row: Mapping[str, Any]) -> Question:
    answers = row["answers"]
    pairs = zip(answers["text"], answers["answer_start"], strict=True)
    return Question(row["id"], row["question"], tuple(Answer(text, start) for text, start in pairs))


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
