"""What is kept for the record under results/: every run passes its audit, and the page says what the records do."""

from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.cli.main import main
from harness.plan.claims import measured
from harness.plan.priors import AT_FLOOR, PRIORS
from harness.record import store
from tests import tell_minilm
from tests.conftest import SHARED

ROOT = Path(__file__).parents[1]
RUNS = sorted(path.parent for path in (ROOT / "results").glob(f"minilm-*/*/{store.VERDICT}"))


def test_there_are_records() -> None:
    assert {run.parent.name for run in RUNS} == {tell_minilm.TEACHER, tell_minilm.STUDENT}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_a_committed_record_follows_from_itself_and_its_answers_from_the_dev_set(run: Path) -> None:
    path = SHARED / "data" / "squad" / "dev-v2.0.rebuilt.json"
    golds = ["--eval", str(path)] if path.is_file() else []
    assert main(["audit", str(run), *golds]) == 0
    assert not list(run.rglob("*.safetensors"))


def test_the_page_is_what_the_records_say() -> None:
    printed = "\n".join(tell_minilm.page(tell_minilm.runs())) + "\n"
    assert (ROOT / "results" / "README.md").read_text(encoding="utf-8") == printed


@pytest.mark.parametrize(("name", "arm"), [(tell_minilm.TEACHER, "teacher"), (tell_minilm.STUDENT, "both")])
def test_the_cards_claim_what_was_measured_over_their_seeds(name: str, arm: str) -> None:
    claims = measured(read_card(ROOT / "cards" / f"{name}.md"))
    said = {one.metric: (f"{one.value:.2f}", None if one.spread is None else f"{one.spread:.2f}") for one in claims}
    found = tell_minilm.claims_of(tell_minilm.runs(), arm)
    assert said == {
        metric: (f"{mean:.2f}", None if spread is None else f"{spread:.2f}") for metric, (mean, spread) in found.items()
    }


def test_the_prior_of_every_verdict_is_what_the_records_say() -> None:
    prior, told = PRIORS[AT_FLOOR], tell_minilm.runs()
    found = {metric: tell_minilm.spread_of(metric, told) for metric in prior.spreads}
    assert dict(prior.spreads) == {metric: round(one.value, 2) for metric, one in found.items() if one}
    assert {one.df for one in found.values() if one} == {prior.df}


def test_the_gate_passes_on_the_records_without_running_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    runs = [str(one.folder) for one in tell_minilm.runs() if one.arm in ("teacher", "both")]
    cards = [f"cards/{name}.md" for name in (tell_minilm.TEACHER, tell_minilm.STUDENT)]
    assert main(["gate", *cards, *runs]) == 0
    assert f"{3 * (len(cards) + len(runs))} pass, 0 fail, 0 unmeasured" in capsys.readouterr().out


def test_the_three_seeds_are_judged_together_though_their_teacher_was_given_as_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    runs = [str(one.folder) for one in tell_minilm.runs() if one.arm == "both"]
    assert len(runs) == 3
    assert main(["verdict", *runs]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "WITHIN TOLERANCE: exact, f1, HasAns_f1 by 3 seeds; a copy that is worse by the tolerance would be" in said
    assert "not above what a model scores that never answers (50.07); HasAns_f1 is judged too" in said


@pytest.mark.parametrize("name", [tell_minilm.TEACHER, tell_minilm.STUDENT])
def test_a_regenerated_card_follows_from_its_record(name: str, tmp_path: Path) -> None:
    run = next(
        one.folder for one in tell_minilm.runs() if one.arm in ("teacher", "both") and one.folder.parent.name == name
    )
    assert main(["card", str(run), "--out", str(tmp_path / "card.md")]) == 0
    kept, made = (
        [line for line in path.read_bytes().splitlines() if not line.startswith(b"- Licence of the base model")]
        for path in (ROOT / "results" / "cards" / f"{name}.md", tmp_path / "card.md")
    )  # the licence of a package is only known where that is installed
    assert kept == made


def said_in(name: str) -> str:
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def test_the_readmes_say_what_the_records_do() -> None:
    said, told = said_in("cards/README.md"), tell_minilm.runs()
    f1 = {
        arm: tell_minilm.claims_of(told, arm)["f1"][0] for arm in ("teacher", "both", "prediction", "plain", "longer")
    }
    assert f"keeps {100 * f1['both'] / f1['teacher']:.0f} % of its teacher's f1" in said
    gaps = [f1["both"] - f1[arm] for arm in ("plain", "longer")]
    assert f"without distillation by {gaps[0]:.1f} points of f1 ({gaps[1]:.1f} where" in said
    assert f"Without the intermediate-layer stage its f1 is {f1['prediction']:.2f}" in said
    spreads = PRIORS[AT_FLOOR].spreads
    measured = f"**measured** at {spreads['exact']} points of exact and {spreads['f1']} of f1"
    assert measured in said_in("harness/judge/README.md")
    exact = tell_minilm.claims_of(told, "both")["exact"][0]
    assert f"exact {exact:.2f} and f1 {f1['both']:.2f} on the SQuAD 2.0 dev set" in said_in("README.md")
    assert f"exact ({exact:.2f}) and f1 ({f1['both']:.2f}) are below the 50.07" in said
