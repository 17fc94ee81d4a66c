"""The fields of a question as other tools write them: read where their meaning is plain, else a ValueError that says
which field it is, what is wrong with it and what to do.

Ids may be numbers; offsets floats or text; answers a list of objects, one object, or run_qa's object of two lists.
"""

import re
from collections.abc import Mapping
from typing import Any

NO_OFFSET = -1  # of an answer that has none
Note = str
Pairs = tuple[tuple[str, int], ...]
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.0*)?\s*")

# How a question was read where its file leaves open what it means.
EMPTY_ANSWERS = "its answers are empty texts: read as unanswerable"
SOME_EMPTY = "some of its answers are empty texts: left out"
ABSENT_ANSWERS = "is_impossible is true and answers are absent or null: read as unanswerable"
IMPOSSIBLE_WITH_ANSWERS = "is_impossible is true and it has answers: read as answerable, as the official script does"
POSSIBLE_WITHOUT = "is_impossible is false and it has no answers: read as unanswerable, as the official script does"


def id_of(row: Mapping[str, Any]) -> str:
    """The id as text; a whole number is its digits."""
    value = row.get("id")
    if isinstance(value, str):
        return value
    whole = _whole(value)
    if whole is None:
        raise ValueError(f"id: {_found(row, 'id')}; give each question an id of its own, a text or a whole number")
    return str(whole)


def text_of(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name}: {_found(row, name)}; expected text")
    return value


def title_of(row: Mapping[str, Any]) -> str:
    """The title, which may be absent or null."""
    value = row.get("title")
    return "" if value is None else str(value)


def answers_of(row: Mapping[str, Any]) -> tuple[Pairs, tuple[Note, ...]]:
    """Texts and offsets of the answers, and how they were read where that is not plain.

    No answers at all, null or absent, are those of an unanswerable question only where it is said to be one.
    """
    flag = _is_true(row.get("is_impossible"))
    value = row.get("answers")
    if value is None:
        if flag:
            return (), (ABSENT_ANSWERS,)
        raise ValueError(f"answers: {_found(row, 'answers')}; give [] for an unanswerable question, else its answers")
    pairs = _pairs(value)
    kept = tuple(pair for pair in pairs if pair[0].strip())
    if kept:
        some = (SOME_EMPTY,) if len(kept) < len(pairs) else ()
        return kept, (*some, *((IMPOSSIBLE_WITH_ANSWERS,) if flag else ()))
    if pairs:
        return (), (EMPTY_ANSWERS,)
    return (), ((POSSIBLE_WITHOUT,) if row.get("is_impossible") is False else ())


def _pairs(value: Any) -> Pairs:
    if isinstance(value, Mapping):
        texts, starts = value.get("text"), value.get("answer_start")
        if not isinstance(texts, (list, tuple)):
            return (_pair(value),)
        starts = [None] * len(texts) if starts is None else starts
        if not isinstance(starts, (list, tuple)) or len(starts) != len(texts):
            n = len(starts) if isinstance(starts, (list, tuple)) else "no"
            raise ValueError(f"answers: {len(texts)} text and {n} answer_start; expected as many of each")
        return tuple(_pair({"text": text, "answer_start": start}) for text, start in zip(texts, starts, strict=True))
    if isinstance(value, (list, tuple)) and all(isinstance(one, Mapping) for one in value):
        return tuple(_pair(one) for one in value)
    raise ValueError(f"answers: found {value!r:.40}; expected a list of objects with text and answer_start")


def _pair(answer: Mapping[str, Any]) -> tuple[str, int]:
    text, start = answer.get("text"), answer.get("answer_start")
    if not isinstance(text, str):
        raise ValueError(f"answers.text: {_found(answer, 'text')}; expected text")
    if start is None:
        return text, NO_OFFSET
    whole = _whole(start)
    if whole is None:
        what = "must be a whole number of characters; --repair-offsets looks for an answer without one"
        raise ValueError(f"answers.answer_start: {what}, found {start!r:.40}")
    return text, whole


def _whole(value: Any) -> int | None:
    """A whole number that may be written as 48.0 or as text; None for anything else."""
    if isinstance(value, str) and (match := _WHOLE.fullmatch(value)):
        return int(match[1])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, (int, str)) and str(value).strip().lower() in ("1", "true"))


def _found(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        return "is absent"
    return "is null" if row[name] is None else f"found {row[name]!r:.40}"
