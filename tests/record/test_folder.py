"""A record is read as types, each file once; a file that is damaged, of another shape or newer is named."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import StoreError
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Verdict
from harness.record.parts import RunSettings
from harness.record.upgrade import OLDEST, upgrade
from tests.recorded import ROOT, make_run

PARTS: dict[str, Callable[[Run], object]] = {
    "identity.json": lambda run: run.identity,
    "experiment.json": lambda run: run.experiment,
    "inputs.json": lambda run: run.inputs,
    "environment.json": lambda run: run.environment,
    "verdict.json": lambda run: run.conclusion,
    "stages/prediction_layer/stage.json": lambda run: run.stage("prediction_layer"),
    "evaluation/metrics.json": lambda run: run.evaluation.metrics,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def edit(path: Path, change: Callable[[Any], None]) -> None:
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    store.write_json(path, plain)


@pytest.mark.parametrize("name", [name for name in PARTS if not name.startswith("stages")])
def test_what_is_read_is_written_again_byte_for_byte(made: Path, name: str) -> None:
    found = PARTS[name](Run.open(made))
    if name == store.VERDICT:
        assert store.verdict_text(found).encode() == (made / name).read_bytes()
    elif name == "inputs.json":
        given = {key: value for key, value in store.to_json(found).items() if value is not None}
        assert store.json_text(given).encode() == (made / name).read_bytes()
    else:
        assert store.json_text(found).encode() == (made / name).read_bytes()


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"a": 1}', "null"])
def test_a_damaged_or_missing_file_is_a_store_error_that_names_it(run: Path, name: str, content: str | None) -> None:
    (run / name).unlink() if content is None else (run / name).write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match=name):
        PARTS[name](Run.open(run))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("experiment.json", lambda plain: plain.update(taught="x"), "taught: Unexpected keyword argument"),
        ("experiment.json", lambda plain: plain["claims"][0].update(value="87"), r"claims\.0\.value"),
        ("environment.json", lambda plain: plain.pop("device"), "device: Field required"),
        ("verdict.json", lambda plain: plain["judgement"].update(outcome="fine"), r"judgement\.outcome"),
    ],
)
def test_a_field_that_is_wrong_is_named(run: Path, name: str, change: Callable[[Any], None], said: str) -> None:
    edit(run / name, change)
    with pytest.raises(StoreError, match=said):
        PARTS[name](Run.open(run))


def test_a_question_that_is_wrong_is_named_by_its_place(run: Path) -> None:
    path = run / "evaluation" / "per_question.jsonl"
    rows = path.read_text(encoding="utf-8").splitlines()
    store.write_lines(path, [f"{line}\n" for line in (rows[0], rows[1].replace('"exact": ', '"exact": "'), *rows[2:])])
    with pytest.raises(StoreError, match=r"per_question\.jsonl: is broken"):
        Run.open(run).evaluation.answers  # noqa: B018
    changed = {**json.loads(rows[1]), "exact": 0.5}
    store.write_lines(path, [f"{line}\n" for line in (rows[0], json.dumps(changed), *rows[2:])])
    with pytest.raises(StoreError, match=r"per_question\.jsonl: .*1\.exact"):
        Run.open(run).evaluation.answers  # noqa: B018


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (store.SCHEMA_VERSION + 1, "take a newer harness"),
        (OLDEST - 1, f"this harness reads {OLDEST} to {store.SCHEMA_VERSION}"),
        (None, "has schema version None"),
        ("3", "has schema version 3"),
    ],
)
def test_another_schema_version_is_a_store_error(run: Path, version: object, said: str) -> None:
    edit(run / "identity.json", lambda plain: plain.update(schema_version=version))
    with pytest.raises(StoreError, match=rf"identity\.json: .*{said}"):
        Run.open(run).experiment  # noqa: B018


def test_the_settings_of_a_run_are_typed_and_a_stage_knows_which_it_has(made: Path) -> None:
    run = Run.open(made)
    stage = run.experiment.run
    assert run.settings == RunSettings(seed=stage["seed"].value, limit=8, rule="tolerance", precision="fp32")
    assert ("seed" in stage, "sead" in stage, stage.get("sead", 7)) == (True, False, 7)
    with pytest.raises(KeyError, match="run has no setting 'sead'"):
        stage.value("sead")


def test_a_verdict_of_another_version_than_its_run_is_a_store_error(run: Path) -> None:
    edit(run / store.VERDICT, lambda plain: plain.update(schema_version=99))
    with pytest.raises(StoreError, match=r"verdict\.json: has schema version 99"):
        Run.open(run).conclusion  # noqa: B018


# --- records of schema 2 ---


def test_a_verdict_of_schema_2_says_what_decided_it_once_it_is_read() -> None:
    old = {"metric": "f1", "outcome": "inconclusive", "reason": "[-0.1, +2], which does not reach below the tolerance"}
    judged = [old, {**old, "reason": "[-2, +2]"}, {**old, "outcome": "better", "reason": "[+1, +2]"}]
    plain = {"judgement": {"rule": "equivalence", "verdicts": judged}, "operating": []}
    found = upgrade(store.VERDICT, plain, 2)
    assert [one["is_no_worse"] for one in found["judgement"]["verdicts"]] == [True, False, True]
    assert {one["rule"] for one in found["judgement"]["verdicts"]} == {"equivalence"}
    assert upgrade(store.VERDICT, found, 3) == found


def test_a_whole_run_of_schema_2_is_read_as_it_was(run: Path) -> None:
    today = Run.open(run).conclusion
    edit(run / "identity.json", lambda plain: plain.update(schema_version=2))
    later = ("rule", "is_no_worse", "line")

    def as_schema_2(plain: Any) -> None:
        plain.update(schema_version=2)
        del plain["judgement"]["at_priors"]
        for one in plain["judgement"]["verdicts"]:
            for name in later:
                del one[name]
            one["outcome"] = one["outcome"].replace("within_tolerance", "reproduced")

    edit(run / store.VERDICT, as_schema_2)
    found = Run.open(run).conclusion.judgement
    assert all(isinstance(one, Verdict) for one in found.verdicts)
    assert (found.outcome, found.reason) == (today.judgement.outcome, today.judgement.reason)
    assert [one.is_no_worse for one in found.verdicts] == [one.is_no_worse for one in today.judgement.verdicts]


def test_a_verdict_by_earlier_rules_says_so_and_is_made_again_on_request(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (run / store.VERDICT).read_bytes()
    edit(run / "identity.json", lambda plain: plain.update(schema_version=4))
    edit(run / store.VERDICT, lambda plain: plain.update(schema_version=4))
    assert main(["verdict", str(run)]) == 4
    assert "is by the rules of schema version 4; `harness verdict --restate" in capsys.readouterr().err
    assert main(["verdict", "--restate", str(run)]) == Run.open(run).conclusion.judgement.exit_code
    assert (run / store.VERDICT).read_bytes() == whole
    assert main(["verdict", str(run)]) == Run.open(run).conclusion.judgement.exit_code


# --- each file once ---

COUNT = """
import collections, pathlib, sys
root, opened = pathlib.Path(sys.argv[1]).resolve(), collections.Counter()
def count(event, details):
    if event == "open" and isinstance(details[0], str):
        path = pathlib.Path(details[0]).absolute()
        if path.is_relative_to(root):
            opened[path.relative_to(root).as_posix()] += 1
sys.addaudithook(count)
from harness.cli.main import main
code = main(sys.argv[2:])
again = [name for name, n in opened.items() if n > 1]
sys.exit(f"opened again: {again}" if again else f"nothing was opened" if not opened else code)
"""


def opens_each_once(root: Path, *command: str) -> None:
    words = [sys.executable, "-c", COUNT, str(root), *command]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", ["audit", "card", "report"])
def test_a_command_opens_each_file_of_a_record_once(made: Path, tmp_path: Path, command: str) -> None:
    out = () if command == "audit" else ("--out", str(tmp_path / "out"))
    opens_each_once(made, command, str(made), *out)


def test_a_gate_on_a_card_opens_each_file_of_the_records_it_looks_at_once() -> None:
    opens_each_once(ROOT / "results", "gate", "cards/minilm-3l-squad2.md")
