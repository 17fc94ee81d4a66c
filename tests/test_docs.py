"""The READMEs against the code: length, links, and the files, commands, options and exit codes that they name."""

import re
import subprocess
import typing
from pathlib import Path

import pytest

from harness import errors
from harness.cli import COMMANDS
from harness.cli.main import main
from harness.domain import Claim, Measurement
from harness.judge.rules import judge
from harness.record.judgement import Judgement, Outcome, Rule
from tests.conftest import ROOT
from tests.test_architecture import PACKAGE, ROOMS

README = ROOT / "README.md"
LONGEST, LONGEST_OF_ROOM = 150, 80  # lines
PLACES = ("harness", *(f"harness/{room}" for room in ROOMS), "tests", "cards", "results")
TEXTS = [README, *(ROOT / place / "README.md" for place in PLACES), *sorted(PACKAGE.glob("*/*/README.md"))]
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_COMMAND = re.compile(r"(?:^|[\s/])harness ([a-z]+)\b([^\n&|]*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def cells(path: Path, heading: str) -> list[list[str]]:
    """Rows of the first table below a heading, without its head."""
    below = path.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table, f"{named(path)}: no table below '{heading}'"
    rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in table[0].strip().split("\n")[2:]]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """Every file that git keeps, and every folder that holds one."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    files = {Path(name) for name in listed.stdout.split("\0") if name}
    return {path.as_posix() for file in files for path in (file, *file.parents)}


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The options that a command's help names."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return set(_OPTION.findall(capsys.readouterr().out))


# --- length and links ---


def test_the_top_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("place", PLACES)
def test_every_room_has_a_readme_of_a_page(place: str) -> None:
    assert len((ROOT / place / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_OF_ROOM


def test_relative_links_lead_to_tracked_files(tracked: set[str]) -> None:
    wrong = []
    for name in sorted(tracked):
        if not name.endswith(".md") or Path(name).name == "card.md":  # of a record: a copy of a card that lay elsewhere
            continue
        for target in _LINK.findall((ROOT / name).read_text(encoding="utf-8")):
            found = (ROOT / name).parent.joinpath(target).resolve()
            if not found.is_relative_to(ROOT) or found.relative_to(ROOT).as_posix() not in tracked:
                wrong.append(f"{name}: {target}")
    assert wrong == []


# --- files ---


@pytest.mark.parametrize("room", ROOMS)
def test_the_readme_of_a_room_names_each_of_its_files_and_folders(room: str) -> None:
    folder = PACKAGE / room
    text = (folder / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    folders = {
        f"{path.name}/" for path in folder.iterdir() if (path / "__init__.py").exists() or any(path.glob("*.py"))
    }
    assert {name for name in files | folders if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("text", TEXTS, ids=named)
def test_python_files_that_a_readme_names_exist(text: Path) -> None:
    """By their path from the repository, the package or the README's folder; a name alone may lie anywhere below it."""
    wrong = []
    for name in re.findall(r"`([\w./]+\.py)`", text.read_text(encoding="utf-8")):
        places = (ROOT / name, PACKAGE / name, text.parent / name)
        if not any(path.is_file() for path in places) and not any(text.parent.rglob(name.rpartition("/")[2])):
            wrong.append(name)
    assert wrong == []


# --- commands ---


def test_the_top_readme_lists_every_command() -> None:
    listed = [name for row in cells(README, "Commands") for name in re.findall(r"`harness ([a-z]+)\b", row[0])]
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("text", TEXTS, ids=named)
def test_commands_and_options_that_a_readme_names_exist(text: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "\n".join(block or span for block, span in _CODE.findall(text.read_text(encoding="utf-8")))
    for command, rest in _COMMAND.findall(code):
        if command == "help":
            continue
        assert command in COMMANDS, f"harness {command}"
        assert set(_OPTION.findall(rest)) <= help_of(command, capsys), f"harness {command}{rest}"


@pytest.mark.parametrize(
    "heading", ["Options of `harness reproduce` and `harness plan`", "Options of `harness reproduce` alone"]
)
def test_the_options_listed_for_reproduce_and_plan_exist(heading: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = {option for row in cells(ROOT / "harness/cli/README.md", heading) for option in _OPTION.findall(row[0])}
    assert listed
    for command in re.findall(r"harness ([a-z]+)", heading):
        assert listed <= help_of(command, capsys)


def test_the_workflow_quoted_is_the_one_that_runs() -> None:
    block = re.search(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert block[1] in (ROOT / ".github/workflows/gate.yml").read_text(encoding="utf-8")


# --- exit codes ---


def judged(value: float | None, rule: Rule = "tolerance", n_seeds: int = 1, **why: typing.Any) -> Judgement:
    """The judgement on a card that claims f1 78, or nothing, by seeds that all measured `value`."""
    claims = () if value is None else (Claim("f1", 78.0, "points", decimals=2, raw="78.00", line=1, dialect="test"),)
    seeds = range(0 if value is None else n_seeds)
    measurements = [Measurement("f1", value or 0.0, "points", 100, seed, "test") for seed in seeds]
    return judge(claims, measurements, {"f1": 1.0}, rule=rule, **why)


JUDGED = {
    "reproduced": judged(78.0, "equivalence", n_seeds=3),
    "within_tolerance": judged(78.0),
    "better": judged(79.5),
    "confounded": judged(78.0, confounded="the published weights score otherwise"),
    "measured": judged(None),
    "not_reproduced": judged(70.0),
    "inconclusive": judged(78.9, "equivalence"),
    "limited": judged(78.0, limited="ten questions"),
    "invalid": judged(78.0, invalid=["nothing was evaluated"]),
}


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    listed = {name.strip(): int(row[1]) for row in cells(README, "How to read a verdict") for name in row[0].split(",")}
    assert {name: one.outcome for name, one in JUDGED.items()} == {name: name for name in JUDGED}
    assert set(JUDGED) == set(typing.get_args(Outcome)) - {"unmeasured"}  # of one claim, never of a card
    codes = {name.removeprefix("EXIT_"): code for name, code in vars(errors).items() if name.startswith("EXIT_")}
    expected = {name.lower().replace("_", " "): code for name, code in codes.items()}
    expected |= {name.replace("_", " "): one.exit_code for name, one in JUDGED.items()}
    assert listed == expected
