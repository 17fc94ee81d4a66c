"""Files of other tools, in the shape of things that people met in public: read as what they mean, or refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import DataError
from harness.qa import offsets, question_fields
from harness.qa.offsets import repaired
from harness.qa.squad import check_unique, read_squad
from harness.qa.survey import survey

# Of eight questions, two of them unanswerable: what the other files are changed from.
PLAIN = "06-doc-stride-gap/good.json"
AS_PLAIN = [
    "03-empty-qas", "04b-crlf-file", "07-run-qa-flat-json", "08-run-qa-jsonl", "09-top-level-list", "11-bom",
    "14-float-offset", "20-blank-question", "21-long-question",
]  # fmt: skip
NOTED = {
    "02-annotation-not-given": (question_fields.EMPTY_ANSWERS, ("1003", "1007")),
    "10b-answers-null": (question_fields.ABSENT_ANSWERS, ("q0-4", "q1-4")),
    "12-impossible-with-answers": (question_fields.IMPOSSIBLE_WITH_ANSWERS, ("q0-4", "q1-4")),
    "13-empty-text-answer": (question_fields.EMPTY_ANSWERS, ("q0-4", "q1-4")),
}
REFUSED = {
    "10d-test-set-no-answers": "a test file without answers",
    "18-lfs-pointer-data": "is a pointer of Git LFS, not the file",
    "18c-truncated": "the file ends before its JSON does",
    "19-nan-flag": "NaN and Infinity, which pandas writes",
}
OFF = {
    "04-crlf-offsets": "8 of 8 such offsets are counted with CR LF as one character",
    "15-utf16-offsets": "9 of 9 such offsets are counted in UTF-16 units",
}


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    return shared / "cases" / "data"


def answers(path: Path) -> list[Any]:
    return [(p.context, [one.answers for one in p.questions]) for p in read_squad(path)]


@pytest.mark.parametrize("name", AS_PLAIN)
def test_a_file_of_another_form_has_the_same_answers(name: str, cases: Path) -> None:
    plain, found = answers(cases / PLAIN), [one for one in answers(cases / name / "train.json") if one[1]]
    assert found == plain
    assert survey(read_squad(cases / name / "train.json")).notes == ()


@pytest.mark.parametrize("name", NOTED)
def test_what_changes_a_number_is_noted_with_its_questions(name: str, cases: Path) -> None:
    found = survey(read_squad(cases / name / "train.json"))
    assert [(one.what, one.n, one.examples) for one in found.notes] == [(NOTED[name][0], 2, NOTED[name][1])]
    assert found.n_unusable == 0


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named_for_what_it_is(name: str, cases: Path) -> None:
    with pytest.raises(DataError, match=r"train\.json") as raised:
        list(read_squad(cases / name / "train.json"))
    assert REFUSED[name] in str(raised.value)


@pytest.mark.parametrize("name", OFF)
def test_offsets_in_other_units_are_named_and_mended(name: str, cases: Path) -> None:
    path = cases / name / "train.json"
    found, mended = survey(read_squad(path)), survey(repaired(read_squad(path)))
    assert (found.share_unusable, found.reading, found.unusable[0].what) == (1.0, OFF[name], offsets.NOT_THERE)
    assert (mended.n_unusable, mended.notes[0].what, mended.notes[0].n) == (0, offsets.MOVED, found.n_questions)


def test_numbers_as_ids_are_their_digits(cases: Path) -> None:
    (found,) = read_squad(cases / "01-covidqa-int-ids" / "train.json")
    assert [one.id for one in found.questions] == [str(number) for number in range(262, 270)]
    assert found.title == ""


def test_squad_1_is_read_without_its_flag(cases: Path) -> None:
    found = survey(read_squad(cases / "10-v11-no-flag" / "train.json"))
    assert (found.n_questions, found.notes, found.n_unusable) == (6, (), 0)


def test_odd_texts_are_read_as_they_are(cases: Path) -> None:
    path = cases / "16-odd-text" / "train.json"
    assert survey(read_squad(path)).n_unusable == 0
    listed = json.loads(path.read_text(encoding="utf-8"))["data"]
    assert [one.context for one in read_squad(path)] == [p["context"] for one in listed for p in one["paragraphs"]]


def test_an_id_twice_is_refused(cases: Path) -> None:
    path = cases / "17-duplicate-ids" / "eval.json"
    repeated = [one for one, n in Counter(q.id for p in read_squad(path) for q in p.questions).items() if n > 1]
    with pytest.raises(DataError, match=f"question {repeated[0]}: occurs twice"):
        check_unique(list(read_squad(path)), str(path))


SCORED = {
    "pred-plain.json": 100.0, "pred-bom.json": 100.0, "pred-evaluate-list.json": 100.0, "pred-nbest.json": 100.0,
    "pred-null.json": 100.0, "pred.jsonl": 100.0, "pred-unanswerable-word.json": 75.0,
}  # fmt: skip


@pytest.mark.parametrize("name", SCORED)
def test_predictions_of_another_tool_are_scored(name: str, cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cases / "40-score"
    assert main(["score", "--predictions", str(folder / name), "--eval", str(folder / "eval.json"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"][0]["scores"]["exact"] == SCORED[name]
    assert any("'unanswerable' is predicted for 2 of 8" in note for note in found["notes"]) == (SCORED[name] < 100)


def test_predictions_by_whole_number_ids_are_scored(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cases / "40-score"
    files = ["--predictions", str(folder / "pred-int.json"), "--eval", str(folder / "eval-int.json")]
    assert main(["score", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["scores"]["exact"] == 100.0


@pytest.mark.parametrize(("name", "says"), [("pred-dup.json", "occurs twice"), ("pred-missing.json", "q0-1")])
def test_predictions_that_make_no_score_are_refused(
    name: str, says: str, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cases / "40-score"
    assert main(["score", "--predictions", str(folder / name), "--eval", str(folder / "eval.json")]) == 4
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(("name", "threshold"), [("na_prob.json", 1.0), ("null_odds.json", 0.0)])
def test_probabilities_and_null_odds_have_thresholds_of_their_own(
    name: str, threshold: float, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cases / "40-score"
    given = [str(folder / one) for one in ("pred-plain.json", "eval.json", name)]
    assert main(["score", "--predictions", given[0], "--eval", given[1], "--na-prob", given[2], "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["scores"]["exact"] == 100.0
    assert f"null:probability>{threshold:g}|" in row["signature"]
