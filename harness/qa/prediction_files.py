"""Files that other programs write of their answers: question id -> predicted text, or no-answer probability.

Read are an object by question id (evaluate-v2.0.py, run_qa.py), whose values may be an n-best list with the best first
(nbest_predictions.json), a list of objects with id and text (the metric squad_v2 of evaluate), and such objects as JSON
lines; in UTF-8, -16 or -32, with a byte order mark or without.
"""

import collections
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import DataError, InvalidRunError
from harness.qa import question_fields
from harness.qa.file_kinds import kind_of
from harness.qa.official_squad import QuestionScore, normalise

_IDS = ("id", "qid", "question_id", "qas_id")
_TEXTS = ("prediction_text", "predicted_answer", "prediction", "text", "answer")
_PROBABILITIES = ("no_answer_probability", "na_prob", "null_odds", "probability")
_BLANKS = re.compile(r"\s*")
_MANY = 0.05  # of all questions


@dataclass(frozen=True, slots=True)
class Given:
    """What a file gives for each question, in its order; `notes` say how it was read where that is not plain."""

    by_id: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_predictions(path: Path) -> Given:
    """Predicted texts by question id, "" for no answer; raises DataError for what is no such file."""
    given = _read(path, "predicted texts")
    texts = {question: _text_of(path, question, value) for question, value in given.items()}
    n_null = sum(text is None for text in texts.values())
    n_best = sum(isinstance(value, list) for value in given.values())
    notes = [f"{n_null:,} predictions are null: read as no answer"] if n_null else []
    notes += [f"{n_best:,} predictions are n-best lists: the first of each is taken"] if n_best else []
    return Given({question: text or "" for question, text in texts.items()}, tuple(notes))


def read_probabilities(path: Path) -> Given:
    """No-answer probabilities by question id, or run_qa's null odds, which are known by leaving 0 to 1.

    A null, of a question to which no answer was no candidate, is lower than all others. Raises DataError where a value
    is no number.
    """
    found = {}
    for question, value in _read(path, "no-answer probabilities").items():
        number = _member(value, _PROBABILITIES) if isinstance(value, dict) else value
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if number is not None and not (is_number and abs(number) < float("inf")):  # NaN is not below either
            what = f"expected a probability from 0 to 1, or null odds, found {value!r:.40}"
            raise DataError(path, f"question {question}", what)
        found[question] = number
    known = [number for number in found.values() if number is not None]
    lowest = min(known, default=0.0)
    are_odds = any(not 0 <= number <= 1 for number in known)
    notes = ["values leave 0 to 1: read as null odds, unanswered above 0"] if are_odds else []
    if len(known) < len(found):
        notes.append(f"{len(found) - len(known):,} values are null: read as answered")
    below = lowest - 1 if are_odds else 0.0
    return Given({question: below if number is None else number for question, number in found.items()}, tuple(notes))


def are_odds(given: Given) -> bool:
    """Whether values are null odds rather than probabilities."""
    return any(not 0 <= number <= 1 for number in given.by_id.values())


def repeated_text(scores: Sequence[QuestionScore]) -> str | None:
    """A hint where one text stands for many questions and is right for none of them; None where there is no such."""
    texts = [(normalise(score.prediction), score) for score in scores if score.prediction.strip()]
    wrong = collections.Counter(text for text, score in texts if not score.exact)
    right = {text for text, score in texts if score.exact}
    for text, n in wrong.most_common():
        if n > 1 and n >= _MANY * len(scores) and text not in right:
            shown = next(score.prediction for found, score in texts if found == text)
            said = f"{shown!r:.60} is predicted for {n:,} of {len(scores):,} questions and right for none"
            return f"{said}: where it stands for no answer, write an empty text in its place"
    return None


def _text_of(path: Path, question: str, value: Any) -> str | None:
    """A predicted text, None for null; the best of an n-best list."""
    best = value
    if isinstance(best, dict) and isinstance(best.get("answers"), list):
        best = best["answers"]
    if isinstance(best, list) and all(isinstance(one, dict) for one in best):
        best = best[0] if best else ""
    if isinstance(best, dict):
        best = _member(best, _TEXTS)
    if best is not None and not isinstance(best, str):
        raise DataError(path, f"question {question}", f"expected the predicted text, found {value!r:.40}")
    return best


def _member(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of these fields that the row has; the row itself, which is none, where it has none of them."""
    return next((row[name] for name in names if name in row), row)


def _read(path: Path, what: str) -> dict[str, Any]:
    """Values by id, none twice; InvalidRunError names one that is, because JSON readers keep the last alone."""
    try:
        content = path.read_bytes()
        known = kind_of(content)
        if known is not None:
            raise DataError(path, "", f"is {known}; expected {what} by question id")
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        found = list(_values(text, lambda pairs: _unique(path, pairs)))
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); expected {what} by question id") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, "", f"is not JSON ({error}); expected {what} by question id") from error
    if len(found) == 1 and isinstance(found[0], dict) and not set(_IDS) & set(found[0]):
        return found[0]
    if len(found) == 1 and isinstance(found[0], list) and found[0]:
        found = found[0]
    return _unique(path, [_pair(path, what, number, row) for number, row in enumerate(found, start=1)])


def _values(text: str, unique: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> Iterator[Any]:
    """The JSON values of a text: one, or one after another on lines of their own."""
    decoder, at = json.JSONDecoder(object_pairs_hook=unique), _blanks(text, 0)
    while True:
        value, end = decoder.raw_decode(text, at)
        yield value
        at = _blanks(text, end)
        if at == len(text):
            return


def _blanks(text: str, at: int) -> int:
    """Where the blanks that begin at a place end."""
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _pair(path: Path, what: str, number: int, row: Any) -> tuple[str, Any]:
    where = f"entry {number}"
    if not isinstance(row, dict):
        shape = "an object by question id, or a list of objects with id and prediction_text"
        raise DataError(path, where, f"is not an object of a question; expected {what} by question id: {shape}")
    try:
        return question_fields.id_of({"id": _member(row, _IDS)}), row
    except ValueError as error:
        raise DataError(path, where, f"names no question ({error}); expected {what} by question id") from error


def _unique(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, n in collections.Counter(name for name, _ in pairs).items() if n > 1)
        raise InvalidRunError(f"{path}: question {twice} occurs twice; a score needs one answer a question")
    return found
