"""The whole chain on tiny models: record, resume, determinism, and what it says to bad input."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.card.references import PACKAGE
from harness.cli.main import main
from harness.record import store
from harness.run import reproduce
from harness.train.recipes import RECIPES
from tests.tiny import make_model

ROOT = Path(__file__).parents[2]
QUESTIONS = PACKAGE / "pocket" / "squad.json"
STAGES = ("intermediate_layer", "prediction_layer")


def run_folders(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "results" / "tinybert-6l").iterdir())


def weights(run: Path, stage: str) -> bytes:
    return (run / "stages" / stage / store.WEIGHTS / "model.safetensors").read_bytes()


def test_a_limited_run_of_the_target_card_ends_in_a_verdict_that_is_not_reproduced(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert document["judgement"]["outcome"] == "limited"
    assert {v["metric"]: v["claimed"] for v in document["judgement"]["verdicts"]} == {
        "exact": 71.87736882001179,
        "f1": 76.36111895973675,
    }
    (run,) = run_folders(tmp_path)
    predictions = json.loads((run / "evaluation" / "predictions.json").read_text())
    rows = [json.loads(line) for line in (run / "evaluation" / "per_question.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == list(predictions)
    assert len(rows) == 8
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text())
    assert metrics["scores"]["total"] == 8
    assert metrics["scores"]["exact"] == 100 * sum(row["exact"] for row in rows) / 8
    assert metrics["scores"]["HasAns_total"] + metrics["scores"]["NoAns_total"] == 8
    assert "len:256" in metrics["signature"]
    for stage in STAGES:
        steps = (run / "stages" / stage / "train.jsonl").read_text().splitlines()
        done = json.loads((run / "stages" / stage / "stage.json").read_text())
        assert len(steps) == done["log"]["n_steps"]
        assert (done["encoder"], done["log"]["n_micro"]) == ("packed", 1)
    assert (run / "card.md").read_bytes() == (ROOT / "cards" / "tinybert-6l.md").read_bytes()
    assert not list(run.glob("scratch*"))
    for line in (run / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert store.sha256_of(run / name) == digest


def test_a_finished_run_is_shown_and_fresh_repeats_it_bit_for_bit(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    capsys.readouterr()
    assert main(command) == 4
    assert "finished before" in capsys.readouterr().out
    assert len(run_folders(tmp_path)) == 1
    main([*command, "--fresh"])
    first, second = run_folders(tmp_path)
    for stage in STAGES:
        assert weights(first, stage) == weights(second, stage)
    assert (first / "verdict.json").read_bytes() == (second / "verdict.json").read_bytes()


def test_a_finished_run_is_shown_where_nothing_can_be_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    locks = tmp_path / "results" / store.CACHE / "locks"
    shutil.rmtree(locks)
    locks.touch()  # where this stands, no lock can be made
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    capsys.readouterr()
    assert main(command) == 4
    said = capsys.readouterr()
    assert "finished before, shown again" in said.out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")} == before
    assert main([*command, "--seed", "7"]) == 5
    assert f"{locks}" in (said := capsys.readouterr()).err
    assert "give a folder that can be written with --results DIR" in said.err


def test_a_stopped_run_goes_on_with_the_first_unfinished_stage(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(RECIPES["haystack"], "prediction_layer", stop)  # type: ignore[arg-type]
        assert main(command) == 130
    assert "goes on" in capsys.readouterr().err
    (run,) = run_folders(tmp_path)
    kept = (run / "stages" / "intermediate_layer" / "stage.json").stat().st_mtime_ns
    assert main(command) == 4
    assert run_folders(tmp_path) == [run]
    assert (run / "stages" / "intermediate_layer" / "stage.json").stat().st_mtime_ns == kept
    main([*command, "--fresh"])
    whole = next(folder for folder in run_folders(tmp_path) if folder != run)
    assert weights(run, "prediction_layer") == weights(whole, "prediction_layer")


def test_another_seed_is_another_run(command: list[str], tmp_path: Path) -> None:
    main(command)
    main([*command, "--seed", "7"])
    first, second = run_folders(tmp_path)
    assert weights(first, "prediction_layer") != weights(second, "prediction_layer")


def test_the_training_data_and_models_are_part_of_a_run_s_identity(
    command: list[str], tmp_path: Path, tiny_pair: tuple[Path, Path]
) -> None:
    main(command)
    config = tiny_pair[1] / "config.json"
    config.write_text(config.read_text().replace('"hidden_dropout_prob": 0.1', '"hidden_dropout_prob": 0.2'))
    main(command)
    assert len(run_folders(tmp_path)) == 2


def test_a_loss_that_is_not_finite_ends_the_run_with_stage_and_step(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--set", "prediction_layer.learning_rate=1e30", "--set", "prediction_layer.warmup_ratio=0",
                 "--set", "prediction_layer.num_train_epochs=9"]) == 5  # fmt: skip
    said = capsys.readouterr().err
    assert "stage prediction_layer, step" in said
    (run,) = run_folders(tmp_path)
    error = json.loads((run / "error.json").read_text())
    assert error["stage"] == "prediction_layer"
    assert error["step"] >= 1
    assert (run / "stages" / "intermediate_layer" / "stage.json").exists()


def test_weights_that_changed_after_their_stage_are_not_used(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    (run,) = run_folders(tmp_path)
    for name in ("verdict.json", "evaluation/metrics.json"):
        (run / name).unlink()
    path = run / "stages" / "prediction_layer" / store.WEIGHTS / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert main(command) == 4
    assert "not the files that the stage wrote" in capsys.readouterr().err


def test_a_teacher_that_missed_its_own_card_teaches_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    for name in ("pocket.md", "pocket-teacher.md"):
        text = (ROOT / "tests" / "cards" / name).read_text().replace("n_epochs = 60", "n_epochs = 1")
        (cards / name).write_text(text)
    assert main(["reproduce", str(cards / "pocket.md"), "--results", str(tmp_path / "r"), "--quiet"]) == 4
    assert "missed its own card" in capsys.readouterr().err
    assert not (tmp_path / "r" / "pocket").exists()


def test_models_that_do_not_fit_are_refused_with_every_reason(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_model(tmp_path / "other", layers=3, width=24, heads=3)
    assert main([*command, "--teacher", str(other)]) == 2
    said = capsys.readouterr().err
    for reason in ("3 layers", "hidden units", "attention heads"):
        assert reason in said
    assert not (tmp_path / "results").exists()


def test_a_full_size_run_without_a_gpu_is_refused_with_its_hours(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if reproduce.environment.find_gpus()[0]:
        pytest.skip("this machine has a GPU")
    monkeypatch.setattr("harness.plan.cost.CPU_CORE_RATE", 1e-9)
    asked = [part for part in command if part not in ("--device", "cpu")]
    assert main(asked) == 2
    assert "say --device cpu" in " ".join(capsys.readouterr().err.split())
    monkeypatch.undo()
    assert main(asked) == 4


def test_a_training_question_whose_answer_is_not_there_is_counted_named_and_dropped(
    command: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(QUESTIONS.read_text())
    qas = data["data"][0]["paragraphs"][0]["qas"]
    broken = next(qa for qa in qas[:8] if qa["answers"])
    broken["answers"][0]["text"] = "words that are not in the context"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(data))
    asked = [*[part for part in command if part != "--quiet"], "--train", str(path), "--eval", str(path)]
    assert main(asked) == 2
    why = f"(an answer is nowhere in its context: 1 ({broken['id']}))"
    assert f"1 of 8 questions cannot be trained on and would be dropped, more than 0.01 of them {why}" in (
        said := capsys.readouterr().err
    )
    assert "--allow-dropped 0.125" in said
    assert not (tmp_path / "results").exists()
    with caplog.at_level(logging.WARNING):
        assert main([*asked, "--allow-dropped", "0.125"]) == 4
    assert (
        "deviation, data, high: train_data: all 8 questions -> dropped, an answer is nowhere" in capsys.readouterr().out
    )
    assert f"1 question(s) dropped, empty or with an answer that is not in its context: {broken['id']}" in caplog.text
    (run,) = run_folders(tmp_path)
    assert json.loads((run / "evaluation" / "metrics.json").read_text())["scores"]["total"] == 8
    assert json.loads((run / "stages" / "prediction_layer" / "stage.json").read_text())["dropped"] == [broken["id"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not valid JSON"),
        ("[1, 2]", "[0]: has no list 'paragraphs'"),
        ('{"data": [{"title": "x"}]}', "data[0]: has no list 'paragraphs'"),
        ('{"data": [{"paragraphs": [{"context": "c"}]}]}', "data[0].paragraphs[0]"),
        ('{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": '
         '[{"text": "c", "answer_start": "zero"}]}]}]}]}', "question 1: answers.answer_start: must be a whole number"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_squad_is_named_with_the_place(
    content: str, said: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    assert main([*command, "--train", str(path)]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert str(path) in message


def test_a_results_folder_that_cannot_be_made_is_an_error_that_says_so(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([*command, "--results", str(tmp_path / "file")]) == 5
    assert "--results DIR" in capsys.readouterr().err


def test_fp16_without_a_gpu_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--precision", "fp16"]) == 2
    assert "fp16 needs a GPU" in capsys.readouterr().err


def test_bf16_runs_on_the_cpu_and_is_a_recorded_deviation(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--precision", "bf16"]) == 4
    (run,) = run_folders(tmp_path)
    deviations = json.loads((run / "experiment.json").read_text())["deviations"]
    assert [(d["claimed"], d["actual"]) for d in deviations if d["category"] == "precision"] == [("fp32", "bf16")]


def test_other_evaluation_questions_than_the_card_s_judge_nothing(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    at = command.index("--limit")
    assert main([*command[:at], *command[at + 2 :], "--set", "intermediate_layer.num_train_epochs=0",
                 "--set", "prediction_layer.num_train_epochs=0", "--tolerance", "exact=100,f1=100"]) == 4  # fmt: skip
    said = " ".join(capsys.readouterr().out.split())
    assert "evaluated on 240 questions that are not SQuAD 2.0's dev set, by ids and gold answers" in said
    assert "n:240" in said


def test_a_card_that_is_its_own_teacher_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "pocket.md"
    card.write_text((ROOT / "tests" / "cards" / "pocket.md").read_text().replace("pocket-teacher.md", "pocket.md"))
    assert main(["reproduce", str(card), "--results", str(tmp_path / "r"), "--quiet"]) == 2
    assert "is its own teacher" in capsys.readouterr().err


def test_rows_longer_than_the_student_s_positions_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["reproduce", str(ROOT / "tests" / "cards" / "pocket-teacher.md"), "--results", str(tmp_path), "--quiet"]
    assert main([*command, "--set", "finetune.max_seq_length=1024"]) == 2
    assert "112 positions, fewer than max_seq_length 1024" in capsys.readouterr().err


def test_a_teacher_card_is_made_with_the_precision_and_the_given_seed_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def spy(experiment: Any, *_: Any) -> Any:
        asked.append((experiment.name, experiment.run.value("seed"), experiment.run.value("precision")))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reproduce, "train", spy)
        command = ["reproduce", str(ROOT / "tests" / "cards" / "pocket.md"), "--results", str(tmp_path), "--quiet"]
        assert main([*command, "--seed", "7", "--precision", "bf16"]) == 130
    assert asked == [("pocket-teacher", 7, "bf16")]
