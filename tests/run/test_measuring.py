"""A card that claims nothing yet: measured, not judged, and judged by the gate once its card claims something."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.cli.main import main
from harness.plan.options import Options
from harness.record import store
from harness.record.read import training_of
from tests.conftest import ROOT, without
from tests.plan.cards import plan_of, problems_of
from tests.recorded import POCKET, make_run

MEASURE = Options(is_measuring=True)
CLAIMS = POCKET.read_text(encoding="utf-8").partition("## Performance")[2]


@pytest.fixture
def claimless(tmp_path: Path) -> Path:
    """The pocket card without its claims, beside its teacher's."""
    shutil.copy(ROOT / "tests" / "cards" / "pocket-teacher.md", tmp_path)
    path = tmp_path / "pocket.md"
    path.write_text(POCKET.read_text(encoding="utf-8").replace(CLAIMS, ""), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path, claimless: Path) -> Path:
    return make_run(tmp_path / "results" / "pocket" / "seed-42", limit=None, described=claimless)


def test_a_card_without_claims_is_no_plan_unless_it_is_to_be_measured() -> None:
    (problem,) = problems_of((CLAIMS, ""), name="pocket")
    assert "claims no number" in problem
    assert "--measure" in problem
    assert plan_of((CLAIMS, ""), name="pocket", options=MEASURE).claims == ()


def test_a_card_with_claims_is_judged_not_measured() -> None:
    (problem,) = problems_of(name="pocket", options=MEASURE)
    assert problem.startswith("--measure: pocket.md claims numbers")


def test_a_measured_run_says_its_numbers_passes_its_audit_and_ends_with_0(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verdict", str(run)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("MEASURED: the card claims no number")
    exact = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    assert f"exact {exact:.2f} seed 42" in " ".join(said.split())
    assert "by rule" not in said
    assert main(["audit", str(run)]) == 0


def test_its_card_gets_the_numbers_and_no_verdict(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(run)]) == 0
    text = capsys.readouterr().out
    assert "**Measured**: this card claimed no numbers; these were measured.\n" in text
    assert "- Scored as `squad2|n:" in text
    assert re.search(r"^harness reproduce \S+\.md --measure\b", text, re.MULTILINE)
    exact = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    assert f"| exact | {exact:.2f} |" in text
    assert "| metric | claimed |" not in text


def gated(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["gate", *map(str, arguments), "--json", "--on-unmeasured", "warn"])
    (one,) = json.loads(capsys.readouterr().out)["cards"]
    return code, {check["metric"]: check["by_card"] for check in one["checks"]}


def test_the_gate_judges_it_by_what_its_card_claims_now(
    run: Path, claimless: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = ("--results", str(tmp_path / "results"))
    assert main(["gate", str(run)]) == 1  # its card still claims nothing
    measured = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    for value, code, state in ((measured - 0.5, 3, "pass"), (measured + 1.5, 1, "fail")):
        text = claimless.read_text(encoding="utf-8").partition("## Performance")[0]
        claimless.write_text(f'{text}## Performance\n```\n"exact": {value:.2f}\n```\n', encoding="utf-8")
        capsys.readouterr()
        for asked in ((run,), (claimless, *results)):
            found, checks = gated(capsys, *asked)
            assert (found, checks["exact"]["state"]) == (code, state)
    main(["gate", str(claimless), *results])
    assert "judged by what its card claims now" in " ".join(capsys.readouterr().out.split())
    assert main(["audit", str(run)]) == 0


def test_its_claims_are_plotted_once_its_card_has_some(
    run: Path, claimless: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", str(run)]) == 0
    assert "not plotted: claims of seed-42: the card claims no number" in capsys.readouterr().out
    assert not (run / "plots" / "claims.svg").exists()
    claimless.write_text(claimless.read_text(encoding="utf-8") + '```\n"exact": 71.23\n```\n', encoding="utf-8")
    assert main(["plot", str(run)]) == 0
    assert "71.23" in (run / "plots" / "claims.svg").read_text(encoding="utf-8")


def test_where_its_card_is_gone_the_one_of_its_name_that_ships_is_judged_by(
    run: Path, claimless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tmp_path, tmp_path / "ships", ignore=shutil.ignore_patterns("results", "ships"))
    kept = tmp_path / "ships" / "pocket.md"
    measured = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    kept.write_text(f'{kept.read_text(encoding="utf-8")}```\n"exact": {measured:.2f}\n```\n', encoding="utf-8")
    monkeypatch.setattr("harness.run.find.shipped", lambda: {"pocket": kept})
    assert gated(capsys, run)[1]["exact"]["state"] == "unmeasured"  # its own card is there, and claims nothing
    claimless.unlink()
    assert gated(capsys, run)[1]["exact"]["state"] == "pass"


def test_a_run_does_not_choose_the_tolerance_that_its_card_is_held_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tuple(range(40))  # of 240 questions answered wrongly: 83.33, and the card claims 95.38 ± 7.23
    make_run(tmp_path / "results" / "pocket" / "wide", limit=None, wrong=many, tolerance={"exact": 50.0, "f1": 50.0})
    code, checks = gated(capsys, POCKET, "--results", tmp_path / "results")
    assert (code, checks["exact"]["state"]) == (1, "fail")


def test_a_rule_that_was_asked_for_stays_the_rule(
    tmp_path: Path, claimless: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "results" / "pocket" / "strict", limit=None, described=claimless, rule="equivalence")
    measured = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    text = claimless.read_text(encoding="utf-8").partition("## Performance")[0]
    claimless.write_text(f'{text}## Performance\n```\n"exact": {measured + 0.9:.2f}\n```\n', encoding="utf-8")
    _, checks = gated(capsys, run)
    assert (checks["exact"]["state"], "interval" in checks["exact"]["reason"]) == ("inconclusive", True)


def test_two_measured_runs_are_compared_by_what_their_card_claims_now(
    run: Path, claimless: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "results" / "pocket" / "seed-43", limit=None, seed=43, described=claimless)
    measured = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    text = claimless.read_text(encoding="utf-8").partition("## Performance")[0]
    claimless.write_text(f'{text}## Performance\n```\n"exact": {measured:.2f} ± 0.5\n```\n', encoding="utf-8")
    assert main(["gate", str(other), "--baseline", str(run)]) == 0
    assert "GATE PASSED: 1 pass" in capsys.readouterr().out


def test_a_metric_that_only_the_baseline_claims_is_no_crash(tmp_path: Path, claimless: Path) -> None:
    first = make_run(tmp_path / "results" / "pocket" / "first", limit=None)
    second = make_run(tmp_path / "results" / "pocket" / "second", limit=None, seed=43, described=claimless)
    assert main(["gate", str(second), "--baseline", str(first), "--on-unmeasured", "warn"]) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("learning_rate = 3e-3", "learning_rate = 2e-3"),
        ("`package:pocket/squad.json` (the same questions)", "SQuAD 2.0 dev set"),
    ],
    ids=["training", "evaluation data"],
)
def test_the_gate_takes_no_run_of_another_training_or_on_other_questions_for_it(
    old: str, new: str, run: Path, claimless: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in POCKET.read_text(encoding="utf-8")
    text = POCKET.read_text(encoding="utf-8").replace(old, new, 1)
    claimless.write_text(text, encoding="utf-8")
    assert main(["gate", str(claimless), "--results", str(tmp_path / "results")]) == 1
    assert "no finished run of its experiment" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["rule", "tolerance.f1", "claims"])
def test_what_a_card_claims_is_no_part_of_the_training(name: str) -> None:
    tolerance = {"f1": 2.0} if name == "tolerance.f1" else {}
    options = Options(rule="equivalence" if name == "rule" else None, tolerance=tolerance)
    change = ('"f1": 95.60 ± 2.11', '"f1": 95.61 ± 2.11') if name == "claims" else ("pocket", "pocket")
    other = plan_of(change, name="pocket", options=options)
    assert other != plan_of(name="pocket")
    assert training_of(other) == training_of(plan_of(name="pocket"))
    assert training_of(plan_of(name="pocket", options=Options(recipe="tinybert"))) != (training_of(other))


def test_a_teacher_that_claims_nothing_teaches_only_who_claims_nothing(
    command: list[str], tmp_path: Path, claimless: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = tmp_path / "pocket-teacher.md"
    teacher.write_text(teacher.read_text(encoding="utf-8").partition("## Performance")[0], encoding="utf-8")
    plain = without(command, "--teacher", "--student", "--masked-lm", "--glove", "--set", "--limit")
    plain[1] = str(POCKET)
    assert main([*plain, "--teacher", str(teacher), "--student", "random:pocket/student"]) == 2
    assert "pocket-teacher.md claims no number" in capsys.readouterr().err
    assert read_card(claimless).claims == ()
