"""The whole chain under its options: another variant, another protocol, augmented data, a teacher that is checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.record import store
from tests.conftest import without
from tests.tiny import make_model


def run_of(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "results" / "tinybert-6l").iterdir()
    return run


def stage_log(run: Path, stage: str) -> Any:
    return json.loads((run / "stages" / stage / "stage.json").read_text())


# --- augmentation ---


def test_the_intermediate_stage_runs_on_every_copy_and_the_prediction_stage_on_plain_data(
    command: list[str], tmp_path: Path
) -> None:
    assert main(command) == 4
    run = run_of(tmp_path)
    stages = [stage_log(run, stage) for stage in ("intermediate_layer", "prediction_layer")]
    rows = [-(-8 * copies // 26) for copies in (2, 1)]  # eight questions of one window each, in batches of 26
    assert [stage["log"]["n_steps"] for stage in stages] == rows
    candidates = stages[0]["candidates"]
    assert (candidates["words"]["mlm"] > 50, candidates["words"]["glove"], len(candidates["sha256"])) == (True, 0, 64)
    assert "candidates" not in stages[1]
    inputs = json.loads((run / "inputs.json").read_text())
    assert "model.safetensors" in inputs["masked_lm"]
    assert "glove" not in inputs


def test_candidates_are_made_once_for_all_seeds_and_the_copies_differ_by_seed(
    command: list[str], tmp_path: Path
) -> None:
    main(command)
    (table,) = (tmp_path / "results" / store.CACHE).glob("augmentation-*")
    made = {path.name: path.stat().st_mtime_ns for path in table.iterdir()}
    main([*command, "--seed", "7"])
    assert {path.name: path.stat().st_mtime_ns for path in table.iterdir()} == made
    losses = {
        (run / "stages" / "intermediate_layer" / "train.jsonl").read_text()
        for run in (tmp_path / "results" / "tinybert-6l").iterdir()
    }
    assert len(losses) == 2


def test_a_glove_file_is_part_of_the_record(command: list[str], tmp_path: Path) -> None:
    glove = tmp_path / "vectors.txt"
    glove.write_text("".join(f"{word} {i % 3} {i % 5} 1\n" for i, word in enumerate(("beyoncé", "houston", "texas"))))
    assert main([*without(command, "--glove"), "--glove", str(glove)]) == 4
    run = run_of(tmp_path)
    assert json.loads((run / "inputs.json").read_text())["glove"] == {"sha256": store.sha256_of(glove)}


def test_a_missing_glove_file_names_the_three_ways_on(
    command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(without(command, "--glove")) == 2
    said = capsys.readouterr().err
    for way in ("--glove FILE", "--glove none", "--set augmentation.factor=0"):
        assert way in said
    assert not (tmp_path / "results").exists()


def test_a_run_without_augmentation_needs_neither_model_nor_vectors(command: list[str], tmp_path: Path) -> None:
    plain = [part if part != "augmentation.factor=2" else "augmentation.factor=0" for part in command]
    assert main(without(plain, "--glove", "--masked-lm")) == 4
    run = run_of(tmp_path)
    assert stage_log(run, "intermediate_layer")["log"]["n_steps"] == 1
    deviations = json.loads((run / "experiment.json").read_text())["deviations"]
    assert "augmentation.factor 0" in {one["actual"] for one in deviations}
    assert not list((tmp_path / "results" / store.CACHE).glob("augmentation-*"))


# --- variants and protocols ---


def test_the_variant_tinybert_runs_across_widths(command: list[str], tmp_path: Path) -> None:
    teacher = make_model(tmp_path / "wide", layers=4, width=32)
    assert main([*command, "--teacher", str(teacher)]) == 2
    assert main([*command, "--teacher", str(teacher), "--recipe", "tinybert"]) == 4
    terms = stage_log(run_of(tmp_path), "intermediate_layer")["log"]["terms"]
    assert terms["loss"] == pytest.approx(terms["attention"] + terms["hidden"], rel=1e-5)


def test_scores_by_tokens_stand_beside_those_by_text_and_are_not_judged(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    said = " ".join(capsys.readouterr().out.split())
    assert "not judged, by token-index|gold:v1.1: token_exact" in said
    verdict = json.loads((run_of(tmp_path) / "verdict.json").read_text())
    assert {"exact", "f1", "token_exact", "token_f1"} <= {one["metric"] for one in verdict["measurements"]}
    assert {one["metric"] for one in verdict["judgement"]["verdicts"]} == {"exact", "f1"}


def test_another_protocol_scores_under_its_own_rules_and_says_so(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--set", "evaluation.protocol=run_qa", "--set", "evaluation.max_seq_length=256")
    assert main([*command, *options]) == 4
    signature = json.loads((run_of(tmp_path) / "evaluation" / "metrics.json").read_text())["signature"]
    assert "protocol:run_qa|len:256|stride:128/overlap" in signature
    assert signature in "".join(capsys.readouterr().out.split())


# --- the teacher's own card ---

CLAIM = '# A teacher\n\n## Performance\n```\n"exact": {exact}\n"f1": {f1}\n```\n'


@pytest.fixture
def whole(untrained: list[str]) -> list[str]:
    return [*untrained, "--check-teacher"]


@pytest.mark.parametrize("claimed", [0.0, 99.0])
def test_a_teacher_is_held_to_its_card_where_asked(
    claimed: float, whole: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "teacher" / "README.md").write_text(CLAIM.format(exact=claimed, f1=claimed))
    assert main(whole) == (4 if claimed else 1)
    run, captured = run_of(tmp_path), capsys.readouterr()
    assert (run / "teacher" / "metrics.json").exists()
    assert ("misses its own card" in captured.err) == bool(claimed)
    assert (run / "stages").exists() == (not claimed)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (None, "README.md: no such card"),
        ("# A teacher\n\nIt is good.\n", "claims no number"),
        (CLAIM.format(exact=50.0, f1='60.0\n"f1": 70.0'), "states f1 twice, on lines (6, 7)"),
    ],
)
def test_a_teacher_whose_card_claims_nothing_clear_is_refused_before_a_run_is_made(
    card: str | None, said: str, whole: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if card is not None:
        (tmp_path / "teacher" / "README.md").write_text(card)
    assert main(whole) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_teacher_is_not_judged_by_a_part_of_the_questions(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--check-teacher"]) == 2
    assert "run on 8 questions only" in capsys.readouterr().err
