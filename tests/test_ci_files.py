"""What others' CI takes from here: the action, the workflow that is called, the pre-commit hook; by their own rules."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli import COMMANDS
from harness.cli.main import main

ROOT = Path(__file__).parents[1]
ACTION = ROOT / ".github/actions/lint/action.yml"
CALLED = ROOT / ".github/workflows/check-cards.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(path: Path) -> Any:
    """YAML as 1.2 has it, in which `on` is a word."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    found = read(path)
    if "runs" in found:
        yield from found["runs"]["steps"]
    for job in found.get("jobs", {}).values():
        yield from job["steps"]


def test_the_action_has_what_a_composite_action_needs() -> None:
    # docs.github.com, "Metadata syntax": name, description and runs; in a composite action each `run` names its shell.
    action = read(ACTION)
    assert {"name", "description", "runs"} <= set(action)
    assert action["runs"]["using"] == "composite"
    assert all("shell" in step for step in steps_of(ACTION) if "run" in step)
    assert all("description" in one for one in (*action["inputs"].values(), *action["outputs"].values()))


def test_the_workflow_can_be_called() -> None:
    inputs = read(CALLED)["on"]["workflow_call"]["inputs"]
    assert {one["type"] for one in inputs.values()} <= {"string", "number", "boolean"}
    assert all("default" in one for one in inputs.values())
    for job in read(CALLED)["jobs"].values():
        assert {"runs-on", "steps"} <= set(job)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_input_becomes_part_of_a_script_and_each_step_is_one_thing(path: Path) -> None:
    for step in steps_of(path):
        assert ("run" in step) != ("uses" in step), step
        assert "${{" not in step.get("run", ""), step
        assert step.get("uses", "@v1").rpartition("@")[2], step


@pytest.mark.parametrize("path", [ACTION, CALLED], ids=lambda path: path.name)
def test_every_input_that_is_read_is_declared(path: Path) -> None:
    found = read(path)
    declared = found["inputs"] if "inputs" in found else found["on"]["workflow_call"]["inputs"]
    assert set(re.findall(r"inputs\.([\w-]+)", path.read_text(encoding="utf-8"))) == set(declared)


def test_the_hook_has_what_pre_commit_requires() -> None:
    # pre-commit.com, "Creating new hooks": id, name, entry and language.
    (hook,) = read(HOOKS)
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert (hook["language"], hook["types"]) == ("python", ["markdown"])
    files = re.compile(hook["files"])
    assert [bool(files.search(one)) for one in ("README.md", "cards/a.md", "docs/a.md", "cards/x/README.md")] == [
        True, True, False, True,
    ]  # fmt: skip


def commands() -> Iterator[str]:
    for path in (ACTION, CALLED):
        yield from (step["run"] for step in steps_of(path) if step.get("run", "").startswith("harness "))
    yield " ".join([read(HOOKS)[0]["entry"], "$CARDS", *read(HOOKS)[0]["args"]])


@pytest.mark.parametrize("command", list(commands()))
def test_their_commands_are_ours(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"$CARDS": str(ROOT / "cards/pocket.md"), "$MIN_SCORE": "10", "$SARIF": "a.sarif", "$GATE": "nothing.md"}
    words = [given.get(word, word) for word in shlex.split(command)]
    monkeypatch.chdir(tmp_path)
    assert words[1] in COMMANDS
    code = main(words[1:])
    assert code == (2 if "$GATE" in command else 0), capsys.readouterr().err
    assert "sarif" not in command or list(tmp_path.glob("*.sarif"))
