"""Records and cards that would pass if a verdict only compared numbers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.card.references import SQUAD2
from harness.cli.main import main
from harness.judge import conditions, verdict
from harness.judge.paired import decompose
from harness.plan.options import Options
from harness.plan.tolerances import tolerances_of
from harness.qa import registered, squad
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Judgement
from tests.conftest import QUESTIONS, SHARED, take_for
from tests.plan.cards import plan_of
from tests.recorded import POCKET, make_run


def judged(run: Path) -> Judgement:
    return verdict.conclude([Run.open(run)]).judgement


def card_claiming(tmp_path: Path, exact: float, f1: float) -> Path:
    """The pocket card with these numbers in place of its own."""
    lines = POCKET.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(('"exact"', '"f1"', '"prediction_layer_loss"'))]
    at = next(n for n, line in enumerate(kept) if line.startswith("## Performance"))
    path = tmp_path / "pocket.md"
    path.write_text("".join(kept[: at + 1]) + f'```\n"exact": {exact}\n"f1": {f1}\n```\n', encoding="utf-8")
    return path


# --- a model that never answers ---

FLOOR = 100 * 109 / 240  # of the pocket questions


@pytest.mark.parametrize("claimed", [45.0 + 3.0, 40.0, 71.9])
def test_a_model_that_never_answers_is_invalid_whatever_it_scores(tmp_path: Path, claimed: float) -> None:
    run = make_run(
        tmp_path / "r" / "pocket" / "x", limit=None, is_silent=True,
        described=card_claiming(tmp_path, claimed, claimed),
    )  # fmt: skip
    found = judged(run)
    assert (found.outcome, found.exit_code) == ("invalid", 4)
    assert "seed 42 hardly ever answers, which alone scores 45.42" in found.reason
    assert main(["gate", str(run), "--baseline", str(tmp_path / "none")]) == 4


def test_a_card_that_claims_just_that_is_met_by_it_and_is_told_so(tmp_path: Path) -> None:
    card = card_claiming(tmp_path, round(FLOOR, 2), round(FLOOR, 2))
    found = judged(make_run(tmp_path / "r" / "pocket" / "x", limit=None, is_silent=True, described=card))
    assert found.outcome == "within_tolerance"
    (said,) = [flag for flag in found.flags if "never answers" in flag]
    assert said.endswith("the card claims no HasAns_f1, which would tell them apart")


@pytest.mark.parametrize(("claimed", "is_told"), [(FLOOR + 0.9, True), (FLOOR - 5, True), (FLOOR + 1.5, False)])
def test_a_claim_that_lies_near_the_score_of_silence_is_told_so(tmp_path: Path, claimed: float, is_told: bool) -> None:
    card = card_claiming(tmp_path, claimed, claimed)
    found = judged(make_run(tmp_path / "r" / "pocket" / "x", limit=None, described=card))
    assert any("scores that never answers (45.42)" in flag for flag in found.flags) == is_told


def test_plan_and_lint_tell_a_card_at_the_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low = plan_of(('"exact": 71.87736882001179', '"exact": 50.9'))
    assert any("scores 50.07 on this data; the card claims no HasAns_f1" in one for one in low.ambiguities)
    assert not any("never answers" in one for one in plan_of().ambiguities)
    main(["lint", "cards/minilm-3l-squad2.md"])
    assert "a model that never answers scores 50.07 on this data" in " ".join(capsys.readouterr().out.split())


# --- other data ---


def test_data_are_told_by_their_questions_and_answers_not_by_their_number() -> None:
    experiment = plan_of(options=Options(eval=str(QUESTIONS)))
    content = registered.REGISTERED[f"{SQUAD2}:validation"].content
    assert conditions.limited(experiment, {"sha256": "0", "content": content}, 11_873) is None
    why = conditions.limited(experiment, {"sha256": "0", "content": "another"}, 11_873)
    assert why == "evaluated on 11,873 questions that are not SQuAD 2.0's dev set, by ids and gold answers"
    from_hub = plan_of()  # the name alone does not make it that either
    assert conditions.limited(from_hub, {"revision": "main", "content": "another"}, 11_873) == why


def test_swapped_questions_of_the_right_number_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_for(monkeypatch, "package:pocket/squad.json")
    run = make_run(tmp_path / "pocket" / "x", limit=None)
    assert judged(run).outcome == "within_tolerance"
    edit(run / "inputs.json", lambda plain: plain["eval_data"].update(sha256="0" * 64, content="invented"))
    found = judged(run)
    assert (found.outcome, found.exit_code) == ("limited", 4)
    assert "240 questions that are not the pocket questions" in found.reason


def test_the_content_of_data_is_the_same_in_another_order_and_another_file() -> None:
    paragraphs = list(squad.read_squad(QUESTIONS))
    whole = registered.content_of(paragraphs)
    turned = [replace(one, title="", questions=one.questions[::-1]) for one in reversed(paragraphs)]
    assert registered.content_of(turned) == whole
    first = paragraphs[0].questions[0]
    for changed in (replace(first, id="other"), replace(first, answers=(squad.Answer("other words", 0),))):
        others = (changed, *paragraphs[0].questions[1:])
        assert registered.content_of([replace(paragraphs[0], questions=others), *paragraphs[1:]]) != whole


def test_the_registered_dev_set_is_the_real_one() -> None:
    path = SHARED / "data" / "squad" / "dev-v2.0.rebuilt.json"
    if not path.is_file():
        pytest.skip("the reference data are not part of the repository")
    known = registered.REGISTERED[f"{SQUAD2}:validation"]
    assert registered.content_of(squad.read_squad(path)) == known.content
    assert store.sha256_of(path) in known.files


# --- published weights that miss the claim ---


@pytest.mark.parametrize(("published", "is_confounded"), [(0.4, False), (0.6, True), (-3.0, True)])
def test_weights_that_miss_their_own_claim_confound_whatever_training_gives(
    tmp_path: Path, published: float, is_confounded: bool
) -> None:
    rows = Run.open(make_run(tmp_path / "pocket" / "x", limit=None)).evaluation.answers
    exact = 100 * sum(one.exact for one in rows) / len(rows)
    found = decompose("exact", exact - published, rows, published=rows, teacher=None, seed=0)
    why = conditions.confounded([found], {"exact": 1.0})
    assert (why is not None) == is_confounded
    assert why is None or f"the published weights score {published:+.2f} in exact here" in why


# --- tolerances ---


@pytest.mark.parametrize(("given", "outcome"), [(3.0, "within_tolerance"), (3.01, "limited"), (1e9, "limited")])
def test_a_tolerance_that_was_given_and_is_wider_than_three_points_judges_nothing(
    tmp_path: Path, given: float, outcome: str
) -> None:
    run = make_run(
        tmp_path / "r" / "pocket" / "x", limit=None, tolerance={"exact": given, "f1": 3.0},
        described=card_claiming(tmp_path, 99.0, 99.0),
    )  # fmt: skip
    assert judged(run).outcome == outcome
    if outcome == "limited":
        assert f"--tolerance exact={given:g} is above 3 points" in judged(run).reason


def test_a_tolerance_that_is_given_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(POCKET), "--tolerance", "exact=1,exact=2"]) == 2
    assert "--tolerance exact=1,exact=2: gives exact twice" in capsys.readouterr().err


def test_two_claims_of_one_metric_have_the_narrower_tolerance() -> None:
    claim = '"f1": 76.36111895973675'
    experiment = plan_of((claim, f'{claim}\n```\n```\n"f1": 78 ± 0.9'))
    assert [one.raw for one in experiment.claims if one.metric == "f1"] == ["76.36111895973675", "78"]
    assert tolerances_of(experiment)["f1"] == 1.0


# --- runs that count twice ---


def edit(path: Path, change: Callable[[Any], None]) -> None:
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    store.write_json(path, plain)


def test_copied_answers_under_another_seed_are_no_second_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, copy, other = (
        make_run(tmp_path / name / "pocket" / name, limit=None, seed=seed, wrong=wrong)
        for name, seed, wrong in (("a", 42, (1, 6)), ("b", 43, (1, 6)), ("c", 44, (1, 7)))
    )
    found = verdict.conclude([Run.open(first), Run.open(copy)]).judgement
    assert (found.outcome, found.reason) == (
        "invalid", "seeds 42 and 43 have the same answer to every question: one is a copy",
    )  # fmt: skip
    assert verdict.conclude([Run.open(first), Run.open(other)]).judgement.outcome == "within_tolerance"
    assert main(["verdict", str(first), str(other)]) == 0
    assert "by 2 seeds" in capsys.readouterr().out
    assert main(["verdict", str(first), str(first)]) == 2
    baseline = ["--baseline", str(tmp_path / "new"), "--update-baseline"]
    for runs, said in (
        ([first, first], "is given twice"),
        ([first, copy], "has the answers of"),
        ([first, make_run(tmp_path / "d" / "pocket" / "d", limit=None, wrong=(3,))], "seeds 42, 42: each seed counts"),
    ):
        assert main(["gate", *map(str, runs), *baseline]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    assert main(["gate", str(first), str(other), *baseline]) == 0


def test_few_questions_may_be_answered_alike_by_two_seeds(tmp_path: Path) -> None:
    """Eight questions are no fingerprint; the margins over no answer are, and a toy's are all the same."""
    runs = [Run.open(make_run(tmp_path / f"{seed}" / "pocket" / "x", seed=seed)) for seed in (42, 43)]
    assert verdict.conclude(runs).judgement.outcome == "invalid"
    rows = runs[1].folder / "evaluation" / "per_question.jsonl"
    rows.write_text(rows.read_text().replace('"span_over_null": 0.25', '"span_over_null": 0.75'))
    assert verdict.conclude([runs[0], Run.open(runs[1].folder)]).judgement.outcome == "limited"


def test_seeds_that_other_runs_of_the_teacher_taught_are_judged_together(tmp_path: Path) -> None:
    def run_of(seed: int, wrong: int) -> Path:
        run = make_run(tmp_path / f"{seed}" / "pocket" / "x", limit=None, seed=seed, wrong=(wrong,))
        own = store.to_json(Run.open(run).experiment.run["seed"])
        setting = {**own, "name": "teacher_run", "value": f"results/teacher/{seed}", "origin": "overridden"}
        edit(run / "experiment.json", lambda plain: plain["run"]["settings"].append(setting))
        edit(run / "inputs.json", lambda plain: plain.update(teacher={"model.safetensors": f"{seed}"}))
        return run

    found = verdict.conclude([Run.open(run_of(seed, n)) for n, seed in enumerate((42, 43, 44))]).judgement
    assert found.outcome == "within_tolerance"
    assert "these 3 seeds were distilled from 3 different runs of the teacher" in found.flags
