"""The command line from outside: what is printed where, exit codes, start-up, wrong use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import COMMANDS
from harness.cli.main import main
from harness.domain import Source
from harness.plan.sources import describe
from harness.record import store

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "cards" / "tinybert-6l.md"


def harness(*arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_dry_run_prints_both_stages_with_every_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(TARGET), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.index("stage intermediate_layer") < out.index("stage prediction_layer")
    for origin in ("stated", "derived", "assumed"):
        assert origin in out
    assert "card line 42" in out
    assert "ambiguous" in out


def test_dry_run_as_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(TARGET), "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == store.SCHEMA_VERSION
    assert [stage["name"] for stage in document["experiment"]["stages"]] == ["intermediate_layer", "prediction_layer"]
    settings = [s for stage in document["experiment"]["stages"] for s in stage["settings"]]
    assert all(setting["origin"] in ("stated", "derived", "assumed", "overridden") for setting in settings)
    assert all(describe(Source(**setting["source"])) for setting in settings)


def test_parse_shows_facts_settings_and_claims_with_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", str(TARGET), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)["card"]
    assert {claim["metric"]: claim["line"] for claim in card["claims"]} == {"exact": 46, "f1": 47}


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("reproduce", str(TARGET), "--dry-run"), ("env",), ("parse", str(TARGET)), ("lint", str(TARGET))],
)
def test_light_commands_start_without_torch(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys, harness.cli.main\n"
        "try: harness.cli.main.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'datasets', 'accelerate', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_output_fits_a_narrow_terminal() -> None:
    out = harness("reproduce", str(TARGET), "--dry-run", COLUMNS="60").stdout
    assert max(len(line) for line in out.splitlines()) <= 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reproduce", "cards/none.md"], "no such card"),
        (["reproduce", "cards"], "is a directory"),
        (["reproduce", str(TARGET), "--recipe", "magic", "--dry-run"], "recipe 'magic' is not known"),
        (["reproduce", str(TARGET), "--set", "prediction_layer.lr=1"], "no such setting"),
        (["reproduce", str(TARGET), "--set", "prediction_layer.learning_rate"], "expected NAME=VALUE"),
        (["reproduce", str(TARGET), "--tolerance", "exact=wide"], "is no number"),
        (["reproduce", str(TARGET), "--num-processes", "0"], "must be at least 1"),
        (["reproduce", str(TARGET), "--accelerate-config", "none.yaml"], "no such file"),
    ],
)
def test_wrong_use_exits_2_with_one_message(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_all_problems_of_a_plan_are_listed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["--recipe", "magic", "--set", "run.sed=1", "--tolerance", "bleu=1", "--limit", "0"]
    assert main(["reproduce", str(TARGET), *wrong]) == 2
    said = capsys.readouterr().err
    for part in ("magic", "run.sed", "did you mean run.seed", "bleu", "--limit 0"):
        assert part in said


def test_an_unknown_option_exits_2() -> None:
    assert harness("reproduce", str(TARGET), "--sseed", "1").returncode == 2


def test_a_closed_pipe_shows_no_traceback() -> None:
    command = f"{sys.executable} -m harness reproduce {TARGET} --dry-run | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("tinybert-6l")


RECORD = sorted((ROOT / "results" / "minilm-3l-squad2").iterdir())[0]
NEVER = {"torch", "transformers", "accelerate", "datasets", "huggingface_hub", "matplotlib"}
CARD_READERS = {"yaml", "markdown_it", "harness.card.dialects", "harness.plan.experiment"}
# A command, and what it does without: each takes longer to load than the command itself.
WITHOUT = {
    "--help": {*NEVER, *CARD_READERS, "scipy", "numpy", "rich", "harness.report.text", "harness.record.environment"},
    "parse cards/tinybert-6l.md": {*NEVER, "scipy", "numpy", "harness.judge"},
    "lint cards/tinybert-6l.md": {*NEVER, "scipy", "numpy", "harness.judge"},
    "plan cards/pocket.md": {*NEVER, "scipy", "numpy", "harness.judge"},
    f"verdict {RECORD}": {*NEVER, *CARD_READERS},
}


@pytest.mark.parametrize("command", WITHOUT)
def test_a_command_loads_no_more_than_it_needs(command: str) -> None:
    code = (
        "import sys\n"
        "from harness.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command.split()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stderr.splitlines()[-1].split()) & WITHOUT[command] == set()


def test_the_shelf_of_commands_is_the_files_beside_it() -> None:
    files = {path.stem for path in (ROOT / "harness" / "cli").glob("*.py")}
    assert set(COMMANDS) == files - {"__init__", "main", "show"}


def test_a_fault_of_ours_shows_its_traceback_and_is_never_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 says "not reproduced"."""

    def broken(_: object) -> int:
        raise KeyError("no such thing")

    monkeypatch.setattr("harness.cli.env.run", broken)
    assert main(["env"]) == 5
    said = capsys.readouterr().err
    assert "KeyError: 'no such thing'" in said
    assert "please report it" in said
