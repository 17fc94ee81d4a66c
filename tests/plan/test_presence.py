"""What a plan names and this machine has not is refused by `plan` and `--dry-run`, without the network."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.conftest import ROOT, without


def dry(command: list[str], *more: str, drop: tuple[str, ...] = ()) -> int:
    return main([*without(command, *drop), *more, "--dry-run"])


def test_a_plan_whose_models_and_data_are_there_is_shown(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dry(command) == 0
    assert "prediction_layer" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--student", "--teacher", "--masked-lm", "--published"])
@pytest.mark.parametrize("name", ["/nonexistent", "./none", "a/b/c"])
def test_a_model_that_is_not_there_is_refused(
    option: str, name: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dry(command, option, name, drop=(option,)) == 2
    said = capsys.readouterr().err
    assert f"{option} {name.removeprefix('./')}: " in said
    assert "no such folder" in said or "is no folder here and no Hub id" in said


def test_all_that_is_missing_is_said_at_once(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "student" / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "teacher" / "config.json").unlink()
    (tmp_path / "file").touch()
    data = tmp_path / "data.json"
    data.write_text("<html>", encoding="utf-8")
    more = ("--train", str(data), "--results", str(tmp_path / "file" / "inside"))
    assert dry(command, *more, drop=("--train", "--results")) == 2
    said = capsys.readouterr().err
    for part in ("student/model.safetensors: is a pointer of Git LFS", "teacher/config.json: cannot be read",
                 "data.json: is a web page", f"{tmp_path / 'file'} is no folder"):  # fmt: skip
        assert part in said


def test_a_masked_language_model_is_loaded_before_a_run(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dry(command, "--masked-lm", str(tmp_path / "student"), drop=("--masked-lm",)) == 2
    assert "lacks weights of BertForMaskedLM" in capsys.readouterr().err


@pytest.mark.parametrize("command_name", ["plan", "reproduce"])
def test_data_beside_a_card_that_are_not_there_are_refused(
    command_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "cards" / "pocket.md").read_text(encoding="utf-8")
    card = tmp_path / "card.md"
    card.write_text(text.replace("package:pocket/squad.json", "mine.json"), encoding="utf-8")
    assert main([command_name, str(card), *["--dry-run"][: command_name == "reproduce"]]) == 2
    said = capsys.readouterr().err
    assert f"train_data {tmp_path / 'mine.json'}: no such file; give it with --train FILE" in said
    assert f"eval_data {tmp_path / 'mine.json'}: no such file; give it with --eval FILE" in said


@pytest.mark.parametrize(
    ("content", "says"), [(None, "no such card"), (b"---\nlicense: mit\n---\n# T\n", "plan"), (b"\xff", "")]
)
def test_a_teacher_s_card_is_planned_too(
    content: bytes | None, says: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "other.md"
    if content is not None:
        card.write_bytes(content)
    assert dry(command, "--teacher", str(card), drop=("--teacher",)) == 2
    said = capsys.readouterr().err
    assert str(card) in said
    assert says in said


def test_a_plan_needs_neither_torch_nor_the_hub(tmp_path: Path) -> None:

    code = (
        "import sys; from harness.cli.main import main; main(['plan', 'cards/pocket.md', '--results', sys.argv[1]]);"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'transformers', 'huggingface_hub'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == ""
    assert done.returncode == 0
