"""A record that follows from itself passes; one changed byte anywhere in it does not, and the file is named."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import DataError
from harness.judge import rescore, verdict
from harness.judge.audit import Audit, audit
from harness.record import store
from harness.record.folder import Run
from tests.recorded import QUESTIONS, ROOT, make_run

SAMPLED = 12  # positions of a file that is too long to change at every one
ALL_UP_TO = 200  # bytes of a file that is changed at every position
EVALUATED = "evaluation/per_question.jsonl"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def problems(done: Audit) -> str:
    return "\n".join(problem for check in done.checks for problem in check.problems)


def failed(done: Audit) -> list[str]:
    return [check.name for check in done.checks if check.problems]


def edit(path: Path, change: Callable[[Any], None]) -> None:
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    store.write_json(path, plain)


def test_a_whole_record_passes_and_says_what_it_could_not_cover(run: Path) -> None:
    done = audit(Run.open(run))
    assert (done.is_passed, problems(done)) == (True, "")
    assert [check.name for check in done.checks] == [
        "manifest", "identity", "card", "weights", "losses", "evaluation", "verdict",
    ]  # fmt: skip
    assert ["token-index" in one for one in done.not_covered].count(True) == 1
    assert "not signed" in done.not_covered[-1]


def test_a_run_of_the_harness_passes_and_its_verdict_is_derived_again(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 4  # limited: it judges nothing
    (folder,) = sorted((tmp_path / "results" / "tinybert-6l").iterdir())
    done = audit(Run.open(folder))
    assert done.is_passed, problems(done)
    capsys.readouterr()
    assert main(["verdict", str(folder)]) == 4
    captured = capsys.readouterr()
    assert "LIMITED" in captured.out
    assert captured.err == ""


def test_several_records_are_told_one_by_one_and_one_that_fails_fails_all(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    assert main(["audit", str(run), str(other)]) == 0
    assert capsys.readouterr().out.endswith("\n2 of 2 passed\n")
    (other / "card.md").write_text("# another\n", encoding="utf-8")
    assert main(["audit", str(run), str(other), "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["is_passed"], [one["is_passed"] for one in told["audits"]]) == (False, [True, False])
    assert main(["audit", str(other), str(run)]) == 4
    assert capsys.readouterr().out.endswith(f"\n1 of 2 passed; not {other}\n")
    assert main(["audit", str(run), str(run)]) == 2
    assert "is given twice" in capsys.readouterr().err


def test_a_run_on_squad_1_is_scored_again_by_the_rules_it_was_scored_by(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", limit=2, wrong=(1,), eval_data="rajpurkar/squad:validation")
    run = Run.open(folder)
    assert run.evaluation.metrics.signature.endswith("|scorer:official1.1")
    done = audit(run, QUESTIONS)
    assert (done.is_passed, problems(done)) == (True, "")


# --- one changed byte ---


def positions(size: int, name: str) -> list[int]:
    if size <= ALL_UP_TO:
        return list(range(size))
    chosen = random.Random(name).sample(range(1, size - 1), SAMPLED)
    return [0, *sorted(chosen), size - 1]


FILES = (
    "MANIFEST.sha256", "card.md", "environment.json", "experiment.json", "identity.json", "inputs.json", "verdict.json",
    "evaluation/metrics.json", EVALUATED, "evaluation/predictions.json",
    "stages/intermediate_layer/stage.json", "stages/intermediate_layer/train.jsonl",
    "stages/intermediate_layer/student/model.safetensors", "stages/prediction_layer/stage.json",
    "stages/prediction_layer/train.jsonl", "stages/prediction_layer/student/model.safetensors",
)  # fmt: skip


def test_every_file_of_a_run_is_put_to_the_test(made: Path) -> None:
    assert {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_single_changed_byte_fails_and_names_its_file(run: Path, name: str) -> None:
    path = run / name
    whole = path.read_bytes()
    for place in positions(len(whole), name):
        for mask in (0x01, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            assert_it_fails(run, name)
    path.write_bytes(whole)
    assert audit(Run.open(run)).is_passed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["verdict.json", "MANIFEST.sha256", "identity.json", "evaluation/metrics.json"])
def test_a_changed_byte_at_any_place_fails(run: Path, name: str) -> None:
    path = run / name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
        assert_it_fails(run, name)


@pytest.mark.parametrize("name", [name for name in FILES if name != "verdict.json"])
def test_a_file_cut_short_lengthened_or_taken_away_fails_and_is_named(run: Path, name: str) -> None:
    path = run / name
    whole = path.read_bytes()
    for content in (whole[:-1], whole + b"\n", b"", None):
        path.unlink() if content is None else path.write_bytes(content)
        assert_it_fails(run, name)


@pytest.mark.parametrize("end", [b" ", b"\n", b"{}"])
def test_a_lengthened_verdict_fails(run: Path, end: bytes) -> None:
    path = run / "verdict.json"
    path.write_bytes(path.read_bytes() + end)
    assert_it_fails(run, "verdict.json")


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "evaluation/verdict.json",
        "stages/prediction_layer/student/extra.json",
        "student/x",
        "a/MANIFEST.sha256",
    ],
)
def test_a_file_too_many_fails_and_is_named(run: Path, name: str) -> None:
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_text("x", encoding="utf-8")
    assert_it_fails(run, name)


def assert_it_fails(run: Path, name: str) -> None:
    """Either as an audit that fails, or, for a byte of its version, as a record of another version."""
    try:
        done = audit(Run.open(run))
    except DataError as error:
        said = str(error)
    else:
        assert not done.is_passed
        said = problems(done)
    assert name in said


# --- changes that also mend the manifest ---


def forge(run: Path, name: str, change: Callable[[Any], None]) -> Audit:
    """Changes a file, and makes the manifest fit again."""
    edit(run / name, change)
    store.write_manifest(run)
    done = audit(Run.open(run))
    assert "manifest" not in failed(done)
    return done


def set_outcome(plain: Any) -> None:
    plain["judgement"]["outcome"] = "reproduced"


def set_exact(plain: Any) -> None:
    plain["scores"]["exact"] = 100.0


def set_tolerance(plain: Any) -> None:
    next(one for one in plain["run"]["settings"] if one["name"] == "tolerance.exact")["value"] = 50.0


def set_claim(plain: Any) -> None:
    plain["claims"][0]["value"] = 75.0


def set_first_answer(plain: Any) -> None:
    plain[next(iter(plain))] = "another answer"


def set_loss(plain: Any) -> None:
    plain["log"]["terms"]["loss"] = 0.1


def set_protocol(plain: Any) -> None:
    plain["signature"] = plain["signature"].replace("protocol:haystack", "protocol:run_qa")


def set_code(plain: Any) -> None:
    plain["machine"]["code"]["torch"] = "1.0"


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        ("verdict.json", set_outcome, "verdict.json: is not what follows from the record (line "),
        ("evaluation/metrics.json", set_exact, "evaluation/metrics.json: scores.exact is 100.0, the questions"),
        ("evaluation/metrics.json", set_protocol, "evaluation/metrics.json: signature is squad2"),
        ("evaluation/predictions.json", set_first_answer, f"{EVALUATED}: 1 questions score otherwise"),
        ("experiment.json", set_tolerance, "identity.json: does not follow from experiment.json"),
        ("experiment.json", set_claim, "is no claim on line 62 of card.md"),
        ("stages/prediction_layer/stage.json", set_loss, "prediction_layer/stage.json: loss 0.1 is not the mean"),
        ("environment.json", set_code, "identity.json: does not follow"),
    ],
)  # fmt: skip
def test_a_forgery_with_a_mended_manifest_is_found(
    run: Path, name: str, change: Callable[[Any], None], named: str
) -> None:
    assert named in problems(forge(run, name, change))


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"schema_version": 2}', "[1, 2]", '"text"', "1e999"])
@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".json", ".jsonl"))])
def test_a_file_of_another_shape_fails_without_a_traceback(run: Path, name: str, content: str) -> None:
    (run / name).write_text(f"{content}\n", encoding="utf-8")
    store.write_manifest(run)
    assert_it_fails(run, "")
    assert main(["verdict", str(run)]) in (2, 4, 5)
    assert main(["diff", str(run), str(run)]) in (0, 2, 5)


def test_scores_raised_in_every_file_are_found_by_scoring_the_answers_again(run: Path) -> None:
    rows = [json.loads(line) for line in (run / EVALUATED).read_text(encoding="utf-8").splitlines()]
    wrong = next(row for row in rows if not row["exact"])
    wrong["exact"], wrong["f1"] = 1, 1.0
    store.write_lines(run / EVALUATED, [json.dumps(row, ensure_ascii=False) + "\n" for row in rows])
    store.write_manifest(run)
    assert f"1 questions score otherwise (first: {wrong['id']})" in problems(audit(Run.open(run)))


# --- evaluation data ---


def mend(run: Path) -> None:
    """Makes everything that follows from the answers again, as somebody would who changed one."""
    store.write_verdict(run, verdict.conclude([Run.open(run)]))


def test_an_answer_that_its_margin_over_no_answer_does_not_give_is_found(run: Path) -> None:
    """A margin below zero means that no answer is ahead: an answer cannot stand beside it."""
    rows = run / EVALUATED
    rows.write_text(rows.read_text().replace('"span_over_null": 0.25', '"span_over_null": -0.25'))
    mend(run)
    n_answered = sum(bool(one.prediction) for one in Run.open(run).evaluation.answers)
    assert f"{EVALUATED}: {n_answered} answers are not what their margin over no answer gives" in problems(
        audit(Run.open(run))
    )


@pytest.mark.parametrize(
    ("answer", "margin", "threshold", "is_haystack", "is_against"),
    [
        ("a", 0.1, 0.0, True, False),
        ("a", 0.0, 0.0, True, True),
        ("", 0.1, 0.0, True, False),  # a span of blanks alone, which is stripped
        ("a", 0.0, 0.0, False, False),  # null has to be ahead by more than the threshold
        ("a", -0.1, 0.0, False, True),
        ("", 0.1, 0.0, False, True),
        ("", -0.1, 0.0, False, False),
        ("a", -0.1, 1.0, False, False),
        ("", -0.1, 1.0, False, True),
    ],
)
def test_a_margin_is_read_by_the_rule_of_its_protocol(
    answer: str, margin: float, threshold: float, is_haystack: bool, is_against: bool
) -> None:
    assert rescore._is_against(answer, margin, threshold, is_haystack=is_haystack) == is_against


def test_an_empty_answer_is_right_by_token_only_where_no_window_holds_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", is_silent=True)
    assert audit(Run.open(run)).is_passed
    rows = run / EVALUATED
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    n_changed = 0
    for line in lines:
        if line["has_answer"]:
            line.update(token_exact=1, token_f1=1.0)
            n_changed += 1
    rows.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    mend(run)
    said = problems(audit(Run.open(run)))
    assert f"{EVALUATED}: {n_changed} empty answers are right by token where there is an answer" in said


def test_the_evaluation_file_must_be_the_recorded_one(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    shutil.copy(QUESTIONS, copy)
    assert audit(Run.open(run), copy).is_passed
    copy.write_bytes(copy.read_bytes() + b" ")
    with pytest.raises(DataError, match="the run was evaluated on a68b98040c67"):
        audit(Run.open(run), copy)
    with pytest.raises(DataError, match="no such file"):
        audit(Run.open(run), tmp_path / "none.json")


def test_without_evaluation_data_the_rest_is_checked_and_the_gap_is_said(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("harness.card.references.PACKAGE", tmp_path)
    done = audit(Run.open(run))
    assert done.is_passed
    assert "not scored again: package:pocket/squad.json is not here; give it with --eval FILE" in done.not_covered[0]
    assert "metrics.json: scores.exact is 100.0" in problems(forge(run, "evaluation/metrics.json", set_exact))


def test_weights_that_are_not_there_are_said(run: Path) -> None:
    shutil.rmtree(run / "stages" / "prediction_layer" / "student")
    done = audit(Run.open(run))
    assert done.is_passed
    assert "the weights of prediction_layer are not here; their hashes are on record" in done.not_covered


def test_plots_beside_a_record_are_no_part_of_it(run: Path) -> None:
    (run / "plots").mkdir()
    (run / "plots" / "claims.svg").write_text("x", encoding="utf-8")
    assert audit(Run.open(run)).is_passed


# --- the command line ---


def test_audit_exits_0_or_4_and_prints_each_check(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(run)]) == 0
    assert "PASSED" in capsys.readouterr().out
    (run / "card.md").write_text("another card", encoding="utf-8")
    assert main(["audit", str(run)]) == 4
    out = capsys.readouterr().out
    assert "FAILED: 2 of 7 checks" in out
    assert "card.md: changed, sha256" in out
    assert main(["audit", str(run), "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["schema_version"], document["is_passed"]) == (store.SCHEMA_VERSION, False)


def test_verdict_is_the_recorded_one_or_exits_4_saying_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdict", str(run), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["is_as_recorded"]
    edit(run / "verdict.json", set_outcome)
    assert main(["verdict", str(run), "--json"]) == 4
    captured = capsys.readouterr()
    assert not json.loads(captured.out)["is_as_recorded"]
    assert "verdict.json: says reproduced" in captured.err
    assert "the record comes to limited" in captured.err


def test_a_changed_number_under_the_same_outcome_is_another_verdict(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def set_measured(plain: Any) -> None:
        plain["judgement"]["verdicts"][1]["measured"] = 96.0

    edit(run / "verdict.json", set_measured)
    assert main(["verdict", str(run)]) == 4
    assert "but the verdict on f1 differ" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["audit", "verdict", "diff"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: shutil.rmtree(run), "no such folder"),
        (lambda run: [path.unlink() for path in run.glob("*.*")], "is no run folder"),
        (lambda run: (run / "verdict.json").unlink(), "is not finished: it holds no verdict.json"),
        (lambda run: edit(run / "verdict.json", lambda plain: plain.update(schema_version=99)), "schema version 99"),
        (lambda run: edit(run / "identity.json", lambda plain: plain.update(schema_version=0)), "schema version 0"),
    ],
    ids=["no folder", "no run", "unfinished", "newer", "older"],
)
def test_what_is_no_finished_run_of_this_version_exits_2_and_is_left_alone(
    run: Path, command: str, spoil: Callable[[Path], Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert main([command, str(run), *([str(run)] if command == "diff" else [])]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_folder_of_runs_names_one_of_them(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(made.parent)]) == 2
    assert f"it holds runs, such as {made}" in capsys.readouterr().err


def test_commands_on_a_record_load_no_torch_and_change_nothing(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    code = (
        "import sys, harness.cli.main\n"
        "for words in sys.argv[2:]: harness.cli.main.main([*words.split(), *[sys.argv[1]] * (1 + (words == 'diff'))])\n"
        "heavy = {'torch', 'transformers', 'datasets', 'accelerate', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    words = [sys.executable, "-c", code, str(made), "verdict", "audit", "diff"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before
