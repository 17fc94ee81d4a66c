"""Prediction files and probability files that are not what they should be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError, InvalidRunError
from harness.qa.official_squad import score_questions
from harness.qa.prediction_files import Given, are_odds, read_predictions, read_probabilities, repeated_text

READERS: list[Callable[[Path], Any]] = [read_predictions, read_probabilities]


def written(folder: Path, text: str) -> Path:
    path = folder / "given.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_texts_and_probabilities_are_read_in_the_files_order(tmp_path: Path) -> None:
    assert read_predictions(written(tmp_path, '{"b": "", "a": "é"}')) == Given({"b": "", "a": "é"})
    assert list(read_probabilities(written(tmp_path, '{"b": 1, "a": 0.5}')).by_id.items()) == [("b", 1), ("a", 0.5)]


ROWS = [{"id": "b", "prediction_text": "", "no_answer_probability": 0.5}, {"id": 1, "prediction_text": "é"}]
FORMS = {
    "an object": json.dumps({"b": "", "1": "é"}),
    "a list": json.dumps(ROWS),
    "JSON lines": "\r\n".join(map(json.dumps, ROWS)) + "\n\n",
    "other names": json.dumps([{"qid": "b", "text": ""}, {"question_id": 1.0, "answer": "é"}]),
    "objects by id": json.dumps({"b": {"prediction_text": ""}, "1": {"text": "é", "score": 1}}),
    "nulls": json.dumps({"b": None, "1": "é"}),
    "n-best": json.dumps({"b": [{"text": "", "probability": 0.9}, {"text": "x"}], "1": [{"text": "é"}, {"text": "y"}]}),
    "n-best of nothing": json.dumps({"b": [], "1": [{"text": "é"}]}),
    "answers of FARM": json.dumps([{"id": "b", "answers": []}, {"id": "1", "answers": [{"answer": "é", "score": 3}]}]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form_gives_the_same_texts(tmp_path: Path, form: str, encoding: str) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(FORMS[form].encode(encoding))
    assert dict(read_predictions(path).by_id) == {"b": "", "1": "é"}


def test_how_a_file_was_read_is_noted(tmp_path: Path) -> None:
    assert read_predictions(written(tmp_path, FORMS["nulls"])).notes == ("1 predictions are null: read as no answer",)
    assert "2 predictions are n-best lists" in read_predictions(written(tmp_path, FORMS["n-best"])).notes[0]


def test_null_odds_are_known_by_their_values_and_a_null_is_the_lowest(tmp_path: Path) -> None:
    found = read_probabilities(written(tmp_path, '{"a": -3.5, "b": 4.25, "c": null}'))
    assert (dict(found.by_id), are_odds(found)) == ({"a": -3.5, "b": 4.25, "c": -4.5}, True)
    assert "read as null odds" in found.notes[0]
    assert "1 values are null: read as answered" in found.notes[1]
    plain = read_probabilities(written(tmp_path, '[{"id": 1, "no_answer_probability": 0.25}, {"id": 2, "na_prob": 1}]'))
    assert (dict(plain.by_id), are_odds(plain), plain.notes) == ({"1": 0.25, "2": 1}, False, ())


@pytest.mark.parametrize(
    ("texts", "is_hinted"),
    [
        (["king", "none", "none", "queen"], True),
        (["king", "", "", "queen"], False),
        (["king", "none", "", "queen"], False),  # once
        (["king", "king", "king", "queen"], False),  # right somewhere
    ],
)
def test_a_text_that_stands_for_many_questions_and_is_never_right_is_hinted_at(
    texts: list[str], is_hinted: bool
) -> None:
    golds = [("a", ["king"]), ("b", []), ("c", []), ("d", ["queen"])]
    hint = repeated_text(score_questions(golds, dict(zip("abcd", texts, strict=True))))
    assert (hint is not None) == is_hinted
    if hint:
        assert hint.startswith("'none' is predicted for 2 of 4 questions and right for none")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "[3]",
        '[{"text": "x"}]',
        "{} {}",
        '{"id": "a"} x',
        "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, read: Callable[[Path], Any], text: str) -> None:
    with pytest.raises(DataError, match=r"given\.json.*(is not|names no question).*by question id"):
        read(written(tmp_path, text))


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_is_refused(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "given.json")


@pytest.mark.parametrize(("read", "value"), [(read_predictions, '"x"'), (read_probabilities, "0.5")])
def test_a_question_that_occurs_twice_makes_the_run_invalid(tmp_path: Path, read: Any, value: str) -> None:
    with pytest.raises(InvalidRunError, match="question q1 occurs twice"):
        read(written(tmp_path, f'{{"q1": {value}, "q2": {value}, "q1": {value}}}'))
    row = f'{{"id": "q1", "text": {value}}}'
    for text in (f"[{row}, {row}]", f"{row}\n{row}"):
        with pytest.raises(InvalidRunError, match="question q1 occurs twice"):
            read(written(tmp_path, text))


@pytest.mark.parametrize("value", ["3", '["x"]', "true", '{"score": 1}', '[{"score": 1}]'])
def test_a_prediction_is_a_text(tmp_path: Path, value: str) -> None:
    with pytest.raises(DataError, match="question q1: expected the predicted text"):
        read_predictions(written(tmp_path, f'{{"q1": {value}}}'))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", '"0.5"', "true", "[1]", "{}"])
def test_a_probability_is_a_number_from_0_to_1(tmp_path: Path, value: str) -> None:
    with pytest.raises(DataError, match="question q1: expected a probability from 0 to 1"):
        read_probabilities(written(tmp_path, f'{{"q1": {value}}}'))
