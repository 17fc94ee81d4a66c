"""Prediction files and probability files that are not what they should be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError, InvalidRunError
from harness.qa.prediction_files import read_predictions, read_probabilities

READERS: list[Callable[[Path], Any]] = [read_predictions, read_probabilities]


def written(folder: Path, text: str) -> Path:
    path = folder / "given.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_texts_and_probabilities_are_read_in_the_files_order(tmp_path: Path) -> None:
    assert read_predictions(written(tmp_path, '{"b": "", "a": "é"}')) == {"b": "", "a": "é"}
    assert list(read_probabilities(written(tmp_path, '{"b": 1, "a": 0.5}')).items()) == [("b", 1), ("a", 0.5)]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\ud800".encode("utf-16", "surrogatepass").decode("latin-1")])
def test_what_is_no_json_object_is_refused(tmp_path: Path, read: Callable[[Path], Any], text: str) -> None:
    with pytest.raises(DataError, match=r"given\.json: is not .*by question id"):
        read(written(tmp_path, text))


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_is_refused(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "given.json")


@pytest.mark.parametrize(("read", "value"), [(read_predictions, '"x"'), (read_probabilities, "0.5")])
def test_a_question_that_occurs_twice_makes_the_run_invalid(tmp_path: Path, read: Any, value: str) -> None:
    with pytest.raises(InvalidRunError, match="question q1 occurs twice"):
        read(written(tmp_path, f'{{"q1": {value}, "q2": {value}, "q1": {value}}}'))


@pytest.mark.parametrize("value", ["null", "3", '["x"]', '{"text": "x"}'])
def test_a_prediction_is_a_text(tmp_path: Path, value: str) -> None:
    with pytest.raises(DataError, match="question q1: expected the predicted text"):
        read_predictions(written(tmp_path, f'{{"q1": {value}}}'))


@pytest.mark.parametrize("value", ["NaN", "-0.1", "1.5", "Infinity", "null", '"0.5"', "true"])
def test_a_probability_is_a_number_from_0_to_1(tmp_path: Path, value: str) -> None:
    with pytest.raises(DataError, match="question q1: expected a probability from 0 to 1"):
        read_probabilities(written(tmp_path, f'{{"q1": {value}}}'))
