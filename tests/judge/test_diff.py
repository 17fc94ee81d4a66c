"""Two runs side by side: what differs, what may be compared, and which questions flipped."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scipy.stats import binomtest

from harness.cli.main import main
from harness.judge.diff import Difference, compare, mcnemar
from harness.record import store
from harness.record.folder import Run
from tests.recorded import ROOT, make_run

HEAVY = {"torch", "transformers", "accelerate", "datasets", "matplotlib"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return make_run(folder / "a"), make_run(folder / "b", wrong=(1, 2, 3), seed=7)


def harness(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


# scipy 1.17 binomtest, two-sided at p = 0.5.
@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (1, 2), (5, 5), (10, 2), (0, 20), (431, 502), (700, 512)])
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    n = gained + lost
    expected = binomtest(gained, n).pvalue if n else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-12)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_mcnemar_over_a_whole_dev_set_takes_no_time() -> None:
    assert mcnemar(5900, 5973) == pytest.approx(0.509, abs=0.01)


def test_a_run_and_itself_have_no_difference(runs: tuple[Path, Path]) -> None:
    found = compare(Run.open(runs[0]), Run.open(runs[0]))
    assert (found.differences, found.not_compared) == ((), ())
    assert all(one.difference == 0.0 and one.differs_in == () for one in found.metrics)
    assert found.flips is not None
    assert (found.flips.gained, found.flips.lost, found.flips.n_changed, found.flips.p_value) == (0, 0, 0, 1.0)


def test_settings_and_deviations_that_differ_are_named_with_both_values(runs: tuple[Path, Path]) -> None:
    differences = compare(*map(Run.open, runs)).differences
    assert Difference("settings", "run.seed", "42", "7") in differences
    assert {one.section for one in differences} == {"settings", "deviations"}


def test_flipped_questions_are_counted_both_ways_with_both_answers(runs: tuple[Path, Path]) -> None:
    flips = compare(*map(Run.open, runs)).flips
    assert flips is not None
    assert (flips.n, flips.gained, flips.lost, flips.n_changed) == (8, 1, 2, 3)
    assert [(one.is_gained, one.first, one.second) for one in flips.questions] == [
        (False, "Midna", "nothing of the kind"),
        (False, "Link", "nothing of the kind"),
        (True, "nothing of the kind", ""),
    ]
    metric = next(one for one in compare(*map(Run.open, runs)).metrics if one.metric == "exact")
    assert metric.difference == 100.0 * (flips.gained - flips.lost) / flips.n


def test_other_conditions_are_named_by_their_fields(runs: tuple[Path, Path], tmp_path: Path) -> None:
    other = make_run(tmp_path / "longer", limit=12)
    found = compare(Run.open(runs[0]), Run.open(other))
    assert next(one for one in found.metrics if one.metric == "exact").differs_in == ("n",)
    assert found.not_compared == ("questions: 8 are in both runs, of 8 and 12",)
    assert found.flips is not None
    assert found.flips.n == 8


def test_runs_on_other_data_are_not_compared_question_by_question(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "other")
    inputs = store.read_json(other / "inputs.json")
    inputs["eval_data"] = {"sha256": "0" * 64}
    store.write_json(other / "inputs.json", inputs)
    found = compare(Run.open(runs[0]), Run.open(other))
    assert found.flips is None
    assert [one.partition(":")[0] for one in found.not_compared] == ["questions", "scores"]
    assert {one.metric: one.difference for one in found.metrics}["exact"] is None
    assert {one.metric: one.difference for one in found.metrics}["prediction_layer_loss"] == 0.0
    assert main(["diff", str(runs[0]), str(other)]) == 0
    assert "not compared: questions: the runs were evaluated on other data" in capsys.readouterr().out


def test_the_text_fits_60_columns(
    runs: tuple[Path, Path], terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(60)
    assert main(["diff", *map(str, runs)]) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if not line.startswith(("A  /", "B  /"))]
    assert max(map(len, lines)) <= 60
    assert "1 right in B alone, 2 right in A alone" in " ".join(out.split())


def test_questions_shows_as_many_flips_as_asked(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *map(str, runs), "--questions", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == store.SCHEMA_VERSION
    assert (document["flips"]["lost"], len(document["flips"]["questions"])) == (2, 1)
    assert main(["diff", *map(str, runs), "--questions", "1"]) == 0
    assert "2 more; --questions 3 shows all" in capsys.readouterr().out
    assert main(["diff", *map(str, runs), "--questions", "-1"]) == 2


@pytest.mark.parametrize(("command", "spared"), [("audit", HEAVY), ("verdict", HEAVY), ("diff", HEAVY | {"scipy"})])
def test_commands_on_a_record_load_what_they_need_alone(
    runs: tuple[Path, Path], command: str, spared: set[str]
) -> None:
    """The statistics of a verdict are scipy's; the rest of the heavy libraries are for training."""
    code = (
        "import sys, harness.cli.main\n"
        "try: harness.cli.main.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    arguments = [command, *map(str, runs[: 1 + (command == "diff")])]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert not spared & set(done.stderr.splitlines()[-1].split())
