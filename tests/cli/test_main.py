"""The command line from outside: what is printed where, exit codes, start-up, wrong use."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import COMMANDS, EXAMPLES
from harness.cli.main import main, make_parser
from harness.domain import Source
from harness.plan.sources import describe
from harness.record import store
from harness.report.printable import write_what_the_stream_can

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


NAME = "TinyBERT_General_6L_768D"


def test_output_fits_a_narrow_terminal(terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Lines break between words alone, so that every name can be found and copied."""
    terminal(60)
    assert main(["reproduce", str(TARGET), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines() if " " in line.strip()) <= 60
    assert NAME in out


def test_what_goes_to_a_file_is_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(TARGET), "--glove", "none"]) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if one.startswith("student "))
    assert NAME in line
    assert "card line" in line


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("plann pocket", "harness: COMMAND: no 'plann'; did you mean plan?"),
        ("plan pocket --sseed 1", "harness plan: --sseed: no such option; did you mean --seed [seed of order, "),
        ("plan pocket --rule equivalense", "harness plan: --rule: no 'equivalense'; did you mean equivalence? [what"),
        ("plan pocket --budget 9", "harness plan: --budget: 9: expected a time such as 90s, 30m or 6h [refuse a run"),
        ("plan pocket --device tpu", "harness plan: --device: tpu: expected cpu, cuda, cuda:N or mps [cpu, cuda"),
        ("plan", "harness plan: the following arguments are required: CARD; `harness plan --help` lists"),
        ("env here", "harness env: 'here' is one argument too many"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_was_meant(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


@pytest.mark.parametrize("arguments", ["plan", "plan none.md", "plan pocket --set run.sed=1", "lint none.md"])
def test_errors_are_json_where_json_was_asked_for(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments.split(), "--json"]) == 2
    captured = capsys.readouterr()
    error = json.loads(captured.out)["error"]
    assert error["exit_code"] == 2
    assert error["message"].splitlines()[0] in captured.err


def test_every_command_says_what_it_does_with_an_example() -> None:
    _, made = make_parser(set(COMMANDS))
    for name, one in made.items():
        text = one.format_help()
        assert EXAMPLES[name].startswith(f"harness {name}")
        assert EXAMPLES[name] in text
        assert text.startswith(f"usage: harness {name} ")


def test_a_stream_that_cannot_say_a_letter_gets_another() -> None:
    for is_json, said in ((False, "+-1 -> \\u6f22"), (True, "\\u00b11 \\u2192 \\u6f22")):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        write_what_the_stream_can(stream, is_json=is_json)
        stream.write("±1 → 漢")
        stream.flush()
        assert stream.buffer.getvalue().decode("ascii") == said  # type: ignore[attr-defined]


def test_a_closed_pipe_is_no_failure_of_ours() -> None:
    dry = f"PYTHONIOENCODING=ascii {sys.executable} -m harness reproduce {TARGET} --dry-run"
    command = f"{dry} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("tinybert-6l")
    assert done.stdout.splitlines()[-1] in ("0", "141")


@pytest.mark.parametrize("name", ["harness.toml", "pyproject.toml"])
def test_a_file_sets_defaults_the_environment_goes_before_it_and_an_option_before_both(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def tolerance(*options: str) -> str:
        assert main(["plan", "pocket", "--json", *options]) == 0
        settings = json.loads(capsys.readouterr().out)["experiment"]["run"]["settings"]
        return next(str(one["value"]) for one in settings if one["name"] == "tolerance.exact")

    monkeypatch.chdir(tmp_path)
    usual = tolerance()
    head = "" if name == "harness.toml" else "[tool.harness]\n"
    Path(name).write_text(f'{head}tolerance = "exact=2.5"\nresults = "elsewhere"\n', encoding="utf-8")
    assert [usual, tolerance()] == ["3.75", "2.5"]
    monkeypatch.setenv("HARNESS_TOLERANCE", "exact=2.0")
    assert tolerance() == "2.0"
    assert tolerance("--tolerance", "exact=1.5") == "1.5"
    monkeypatch.setenv("HARNESS_DEVICE", "tpu")
    assert main(["plan", "pocket"]) == 2
    assert "HARNESS_DEVICE: tpu: expected cpu, cuda" in capsys.readouterr().err
    Path(name).write_text(f'{head}tolerence = "exact=2.5"\n', encoding="utf-8")
    assert main(["plan", "pocket"]) == 2
    assert f"{name}, tolerence: no such setting; did you mean tolerance?" in capsys.readouterr().err


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
    assert set(COMMANDS) == files - {"__init__", "arguments", "documents", "main", "show"}
    assert set(EXAMPLES) == set(COMMANDS)


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
