"""Questions of other tools in a whole run: what became of them stands in the record, the verdict and the report."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.record import store
from harness.record.folder import Run
from tests.conftest import without

LIGHTHOUSE = "The old lighthouse at Harrow Point was built in 1854. It is 31 metres tall."


@pytest.fixture
def plain(command: list[str]) -> list[str]:
    """The command on its own data, without augmentation and with all that it says."""
    asked = [part.replace("augmentation.factor=2", "augmentation.factor=0") for part in command if part != "--quiet"]
    return without(asked, "--masked-lm", "--glove", "--train", "--eval")


def write(path: Path, *qas: dict[str, Any], context: str = LIGHTHOUSE) -> Path:
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": list(qas)}]}]}), encoding="utf-8")
    return path


def qa(number: Any, text: str = "1854", *, context: str = LIGHTHOUSE, **changes: Any) -> dict[str, Any]:
    start = context.find(text)
    return {"id": number, "question": "when ?", "answers": [{"text": text, "answer_start": start}], **changes}


def asked(plain: list[str], path: Path) -> list[str]:
    return [*plain, "--train", str(path), "--eval", str(path)]


def run_in(tmp_path: Path) -> Run:
    (folder,) = (tmp_path / "results" / "tinybert-6l").iterdir()
    return Run.open(folder)


def test_whole_number_ids_are_text_in_every_file_of_the_record(plain: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "data.json", qa(262), qa(263.0, answers=[]), qa(264, "31 metres"))
    assert main(asked(plain, path)) == 4
    run = run_in(tmp_path)
    assert list(run.evaluation.predictions) == ["262", "263", "264"]
    assert not run.has(store.DATA)
    assert main(["audit", str(run.folder)]) == 0


def test_how_questions_were_read_stands_in_verdict_report_and_card(
    plain: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "data.json", qa("a", is_impossible=True), qa("b", answers=[{"text": ""}]), qa("c"))
    assert main(asked(plain, path)) == 4
    said = capsys.readouterr().out
    impossible = "is_impossible is true and it has answers: read as answerable, as the official script does: 1 (a)"
    assert f"deviation, data, high: train_data: 3 questions as written -> {impossible}" in said
    assert "eval_data: 3 questions as written -> its answers are empty texts: read as unanswerable: 1 (b)" in said
    run = run_in(tmp_path)
    scores = run.evaluation.metrics.scores
    assert (scores["HasAns_total"], scores["NoAns_total"]) == (2, 1)
    assert main(["audit", str(run.folder)]) == 0
    assert main(["report", str(run.folder), "--out", str(tmp_path / "report.html")]) in (0, 4)
    assert "read as answerable, as the official script does: 1 (a)" in (tmp_path / "report.html").read_text()
    capsys.readouterr()
    main(["card", str(run.folder)])
    assert impossible in capsys.readouterr().out


def test_offsets_that_are_off_are_refused_with_what_they_were_counted_in_and_mended_on_demand(
    plain: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = f"🚢🚢 {LIGHTHOUSE}"
    off = [qa(f"e{n}", context=context) for n in range(4)]
    for one in off:
        one["answers"][0]["answer_start"] += 2
    path = write(tmp_path / "data.json", *off, context=context)
    assert main(asked(plain, path)) == 2
    said = capsys.readouterr().err
    assert "4 of 4 questions cannot be trained on and would be dropped" in said
    assert (
        "an answer does not stand at its offset: 4 (e0, e1, e2, …); 4 of 4 such offsets are counted in UTF-16" in said
    )
    assert "--repair-offsets moves answers" in said
    assert main([*asked(plain, path), "--repair-offsets"]) == 4
    said = capsys.readouterr().out
    assert "answers at the offsets of the data files -> answers moved to where their text stands (--repair-off" in said
    assert "moved to where its text stands: 4 (e0, e1, e2, …)" in said
    run = run_in(tmp_path)
    assert run.experiment.run.value("repair_offsets") is True
    assert run.stage("prediction_layer").dropped == ()
    assert main(["audit", str(run.folder)]) == 0


def test_an_answer_that_no_window_labels_is_counted_in_the_verdict(
    plain: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Haystack finds no token for a character before the first one, so the question is trained as unanswerable.
    context = " 7.5 days after the start the ship came."
    path = write(tmp_path / "data.json", *(qa(f"b{n}", " 7.5 days", context=context) for n in range(4)),
                 qa("s", "ship", context=context), context=context)  # fmt: skip
    assert main(asked(plain, path)) == 4
    said = capsys.readouterr().out
    assert (
        "prediction_layer: a label for every answer -> answerable, but labelled in no window: 4 (b0, b1, b2, …)" in said
    )
    stage = run_in(tmp_path).stage("prediction_layer")
    assert [(one.category, one.may_explain_a_gap) for one in stage.deviations] == [("data", True)]


def test_a_blank_question_is_dropped_in_training_and_kept_in_evaluation(
    plain: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "data.json", qa("blank", question="  "), qa("a"), qa("b"), qa("c"))
    assert main(asked(plain, path)) == 2
    assert "the question is blank: 1 (blank)" in capsys.readouterr().err
    assert main([*asked(plain, path), "--allow-dropped", "0.25"]) == 4
    run = run_in(tmp_path)
    assert (run.stage("prediction_layer").dropped, len(run.evaluation.predictions)) == (("blank",), 4)


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan"])
def test_a_share_that_is_none_is_refused(share: str, plain: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*plain, f"--allow-dropped={share}", "--dry-run"]) == 2
    assert "expected a share of the training questions, from 0 to 1" in capsys.readouterr().err


def test_a_file_that_is_cut_at_its_end_is_refused_before_anything_is_made(
    plain: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "data.json", *(qa(n) for n in range(40)))
    whole = path.read_text()
    path.write_text(json.dumps([json.loads(whole)["data"][0]["paragraphs"][0]] * 2)[:-50])
    assert main(asked(plain, path)) == 2
    assert "the file ends before its JSON does: it was cut" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
