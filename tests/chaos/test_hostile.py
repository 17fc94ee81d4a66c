"""Input that means harm: read as what it says, or refused; nothing of it runs, nothing is written elsewhere."""

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.card.read import parse
from harness.cli.main import main
from harness.errors import HarnessError
from tests.conftest import QUESTIONS, without
from tests.recorded import make_run

ESCAPE = "\x1b[31mRED\x1b]0;title\x07\x9b31m"
UNPRINTABLE = ("\x1b", "\x07", "\x9b", "\x00", "\u202e")
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)
CARDS = {
    "a YAML bomb": f"---\n{BOMB}---\n# x\n",
    "a tag that runs a command": "---\nx: !!python/object/apply:os.system ['touch {harm}']\nlicense: mit\n---\n",
    "a tag of its own": "---\nx: !foo bar\n---\n",
    "anchors and a merge": "---\na: &x {b: 1}\nc: *x\nd: {<<: *x}\n---\n",
    "an alias of itself": "---\na: &a [*a]\n---\n",
    "a line of 100 MB": "# x\n" + "a" * 100_000_000,
    "a line of 4 MB of numbers": "# x\n" + "F1 87.1 " * 500_000,
    "flow nested 100,000 deep": "---\na: " + "[" * 100_000 + "\n---\n",
    "quotes nested 100,000 deep": "> " * 100_000 + "x",
    "control characters": "# x\n\x00\x01\x02 lr = 1e-5\n",
    "terminal escapes": f"---\nlicense: mit\nx: '{ESCAPE}'\n---\n# {ESCAPE}\n## Hyperparameters\n```\n"
    f"learning_rate = {ESCAPE}\nn_epochs = 3{ESCAPE}\nbatch_size = 3\n```\n{ESCAPE}: 3\nF1: 88.1{ESCAPE}\n\u202e",
    "a teacher that climbs": "# x\nteacher: ../../../../etc/passwd\n## Hyperparameters\n```\nlr = 1e-3\n```\n",
    "HTML": "# x\n<script>fetch('http://e.org')</script><img src=x onerror=alert(2)>\nF1: 88\n",
    "a number of 100,000 digits": "# x\nF1: " + "9" * 100_000 + "\n```\nn_epochs = " + "9" * 100_000 + "\n```\n",
    "no UTF-8": "\udcff\udcfe",
}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("command", ["parse", "lint", "plan", "reproduce"])
def test_a_hostile_card_is_read_as_text_or_refused(
    name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    harm = tmp_path / "harm"
    path = tmp_path / "card.md"
    path.write_bytes(CARDS[name].replace("{harm}", str(harm)).encode("utf-8", "surrogateescape"))
    code = main([command, str(path)])
    said = capsys.readouterr()
    assert code in ((0, 2) if command in ("parse", "lint") else (2,))
    assert not [char for char in UNPRINTABLE if char in said.out + said.err]
    assert len(said.out + said.err) < 2_000_000
    assert sorted(one.name for one in tmp_path.iterdir()) == ["card.md"]
    counts["bad inputs tried"] += 1


def question(**answer: Any) -> str:
    """A file of one question whose answer is given as JSON text."""
    fields = {"text": '"a"', "answer_start": "0", **answer}
    inside = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    return (
        '{"data": [{"title": "t", "paragraphs": [{"context": "a b", "qas": [{"id": "1", "question": "q", '
        '"answers": [{' + inside + "}]}]}]}]}"
    )


DATA = {
    "nested 200,000 deep": "[" * 200_000,
    "objects nested 50,000 deep": '{"data":' * 50_000,
    "nested deep inside": '{"data":[{"title":"x","paragraphs":' + "[" * 200_000,
    "a number of 5,000 digits": question(answer_start="9" * 5_000),
    "not a number": question(answer_start="NaN"),
    "a number for a text": question(text="1"),
    "bytes that are no UTF-8": question(text='"\udcff"'),
    "nothing": "",
    "zeros": "\0" * 1000,
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("option", ["--train", "--eval"])
def test_hostile_data_are_refused_in_a_moment(
    name: str, option: str, command: list[str], tmp_path: Path, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "data.json"
    path.write_bytes(DATA[name].encode("utf-8", "surrogateescape"))
    assert main([*without(command, option), option, str(path)]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert len(said) < 2_000
    counts["bad inputs tried"] += 1


@pytest.mark.parametrize(
    "value",
    ["../../etc/passwd", "..", "/etc", "org/../../x", "org/x@../../y", "file:///etc/passwd", "random:../../../etc",
     "org/x\0y", "-o/x", "a" * 3_000, "org/" + "x" * 500],
)  # fmt: skip
@pytest.mark.parametrize("option", ["--teacher", "--student"])
def test_a_name_that_climbs_out_or_is_none_is_refused(
    option: str, value: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    counts: Counter[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main([*without(command, option), f"{option}={value}"]) in (2, 5)
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file() and path.suffix != ".lock"]
    counts["bad inputs tried"] += 1


class Command:
    """A pickle that runs a command when it is read."""

    def __init__(self, harm: Path) -> None:
        self.harm = harm

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.harm}'",)


def pickled(folder: Path, harm: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"x": Command(harm)}, folder / "pytorch_model.bin")


def code(folder: Path, harm: Path, *, known: bool) -> None:
    (folder / "evil.py").write_text(
        f"import pathlib; pathlib.Path('{harm}').touch()\nclass C: pass\n", encoding="utf-8"
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoConfig": "evil.C", "AutoModelForQuestionAnswering": "evil.C"}
    if not known:
        config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def known_code(folder: Path, harm: Path) -> None:
    code(folder, harm, known=True)


def unknown_code(folder: Path, harm: Path) -> None:
    code(folder, harm, known=False)


def tokenizer_code(folder: Path, harm: Path) -> None:
    (folder / "evil.py").write_text(
        f"import pathlib; pathlib.Path('{harm}').touch()\nclass T: pass\n", encoding="utf-8"
    )
    plain = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.T", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(plain), encoding="utf-8")


def deep_config(folder: Path, _: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000, encoding="utf-8")


def huge_config(folder: Path, _: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 1 << 50}), encoding="utf-8")


def bad_header(folder: Path, _: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 8 + b"{}")


@pytest.mark.parametrize(
    "harmful",
    [pickled, known_code, unknown_code, tokenizer_code, deep_config, huge_config, bad_header],
)
@pytest.mark.parametrize("option", ["--teacher", "--student"])
def test_a_hostile_model_folder_is_refused_and_none_of_its_code_runs(
    option: str, harmful: Any, command: list[str], tmp_path: Path, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    harm = tmp_path / "harm"
    harmful(Path(command[command.index(option) + 1]), harm)
    assert main(command) == 2
    assert capsys.readouterr().err.startswith("harness: ")
    assert not harm.exists()
    counts["bad inputs tried"] += 1


@pytest.mark.parametrize(
    "name", ["evaluation/predictions.json", "card.md", "stages/prediction_layer/train.jsonl", "extra"]
)
def test_a_link_in_a_record_fails_its_audit_so_that_nothing_it_points_to_is_given_away(
    name: str, tmp_path: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "pocket" / "one", limit=None)
    target = tmp_path / "secret"
    path = run / name
    if path.exists():
        shutil.move(path, target)
    else:
        target.write_text("secret", encoding="utf-8")
    path.symlink_to(target)
    assert main(["audit", str(run)]) == 4
    assert f"{name}: is a link; a record holds files" in capsys.readouterr().out
    assert main(["push", str(run), "--repo", "org/x", "--dry-run"]) == 4
    assert "the record fails its audit" in capsys.readouterr().err
    counts["bad inputs tried"] += 1


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "\0", '{"a": 1}'])
def test_hostile_prediction_files_are_refused(
    content: str, tmp_path: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(content, encoding="utf-8")
    assert main(["score", "--predictions", str(path), "--eval", str(QUESTIONS)]) == 2
    assert str(path) in capsys.readouterr().err
    counts["bad inputs tried"] += 1


def test_a_whole_run_writes_into_its_results_alone(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert main(command) == 4
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: after.get(path) for path in before} == before
    assert all(path.is_relative_to(tmp_path / "results") for path in set(after) - set(before))
    counts["bad inputs tried"] += 1


def test_a_card_that_is_no_card_raises_nothing_but_a_card_error(counts: Counter[str]) -> None:
    for text in CARDS.values():
        try:
            parse(Path("x.md"), text, "")
        except HarnessError:
            continue
    counts["bad inputs tried"] += len(CARDS)
