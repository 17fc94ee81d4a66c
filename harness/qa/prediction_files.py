"""Files that others' programs write for evaluate-v2.0.py: question id -> predicted text, or no-answer probability."""

import collections
import json
from pathlib import Path
from typing import Any

from harness.errors import DataError, InvalidRunError


def read_predictions(path: Path) -> dict[str, str]:
    """Predicted texts by question id, "" for no answer; raises DataError for what is no such file."""
    predictions = _read(path, "predicted texts")
    for question, text in predictions.items():
        if not isinstance(text, str):
            raise DataError(path, f"question {question}", f"expected the predicted text, found {text!r:.40}")
    return predictions


def read_probabilities(path: Path) -> dict[str, float]:
    """No-answer probabilities by question id, in the file's order; raises DataError where one is none."""
    probabilities = _read(path, "no-answer probabilities")
    for question, value in probabilities.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1:  # NaN is neither above nor below
            raise DataError(path, f"question {question}", f"expected a probability from 0 to 1, found {value!r:.40}")
    return probabilities


def _read(path: Path, what: str) -> dict[str, Any]:
    """A JSON object without a repeated key; InvalidRunError names one, because JSON readers keep the last alone."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: _unique(path, pairs))
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); expected {what} by question id") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, "", f"is not JSON ({error}); expected {what} by question id") from error
    if not isinstance(found, dict):
        raise DataError(path, "", f"is not a JSON object; expected {what} by question id")
    return found


def _unique(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, n in collections.Counter(name for name, _ in pairs).items() if n > 1)
        raise InvalidRunError(f"{path}: question {twice} occurs twice; a score needs one answer a question")
    return found
