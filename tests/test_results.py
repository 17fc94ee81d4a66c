"""What is kept for the record under results/: every run passes its audit, and the page says what the records do."""

import re
from pathlib import Path

import pytest
from scipy.stats import f as f_distribution

from harness.card.read import read_card
from harness.cli.main import main
from harness.plan.claims import measured
from harness.plan.priors import ANSWERABLE, AT_FLOOR, HALF_LEARNED, PRIORS, REACHED
from harness.qa import official_squad
from harness.qa.squad import read_squad
from harness.record import compact, store
from tests.conftest import SHARED
from tests.minilm.page import page
from tests.minilm.records import (
    BOTH,
    BOTH_OTHER,
    IN_FP32,
    LAST_LAYERS,
    PAIRED,
    PLAIN,
    PLAIN_FIRST,
    PREDICTION,
    SQUAD1,
    SQUAD2,
    TEACHER,
    TENTH,
    Pair,
    claims_of,
    half_learned,
    in_spreads,
    kept_of,
    mean_of,
    of_arm,
    of_same_seeds,
    of_student,
    runs,
    spread_of,
)

ROOT = Path(__file__).parents[1]
RUNS = sorted(path.parent for path in (ROOT / "results").glob(f"minilm-*/*/{store.VERDICT}"))
PAIRS = (SQUAD1, SQUAD2)
DEV2 = SHARED / "data" / "squad" / "dev-v2.0.rebuilt.json"
CLAIMED = {SQUAD1.data: ("exact", "f1"), SQUAD2.data: ("exact", "f1", "HasAns_f1")}
by_data = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.data)


def test_there_are_records() -> None:
    assert {run.parent.name for run in RUNS} >= {name for pair in PAIRS for name in (pair.teacher, pair.student)}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_a_committed_record_follows_from_itself_and_its_answers_from_the_dev_set(run: Path) -> None:
    golds = ["--eval", str(DEV2)] if DEV2.is_file() and "squad2" in run.parent.name else []
    assert main(["audit", str(run), *golds]) == 0
    assert not list(run.rglob("*.safetensors"))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_a_committed_record_is_compact(run: Path) -> None:
    assert not [path.name for path in run.rglob("*") if path.name in (compact.ANSWERS, compact.LOSSES)]


@pytest.mark.skipif(not DEV2.is_file(), reason="the reference data are not here")
def test_answers_to_squad_1_score_as_recorded_where_squad_2_has_the_same_gold_answers() -> None:
    paragraphs = list(read_squad(DEV2))
    texts = {one.id: [answer.text for answer in one.answers] for part in paragraphs for one in part.questions}
    for run in runs(SQUAD1):
        rows = [row for row in run.rows if texts.get(row.id)]
        given = {row.id: row.prediction for row in rows}
        scores = official_squad.score_under("1.1", [(row.id, texts[row.id]) for row in rows], given)
        assert len(scores) == 5_928
        again = [(one.exact, one.f1) for one in scores]
        assert again == [(row.exact, row.f1) for row in rows]


def test_the_page_is_what_the_records_say() -> None:
    assert (ROOT / "results" / "README.md").read_text(encoding="utf-8") == "\n".join(page()) + "\n"


@pytest.mark.parametrize("arm", [TEACHER, BOTH])
@by_data
def test_the_cards_claim_what_was_measured_over_their_seeds(pair: Pair, arm: str) -> None:
    claims = measured(read_card(ROOT / "cards" / f"{pair.teacher if arm == TEACHER else pair.student}.md"))
    said = {one.metric: (f"{one.value:.2f}", None if one.spread is None else f"{one.spread:.2f}") for one in claims}
    assert said == {
        metric: (f"{mean:.2f}", None if spread is None else f"{spread:.2f}")
        for metric, (mean, spread) in claims_of(runs(pair), arm, CLAIMED[pair.data]).items()
    }


@pytest.mark.parametrize("pair", [*PAIRS, PAIRED], ids=lambda pair: pair.student)
def test_every_training_has_a_name_on_the_page(pair: Pair) -> None:
    assert {one.arm for one in runs(pair)} <= {TEACHER, TENTH, *pair.arms, *pair.ablations}


def arms_behind(name: str) -> frozenset[str]:
    """Which of the SQuAD 1.1 student's trainings a prior was measured on: those of five seeds, half-learned or not."""
    half, found = half_learned(runs(SQUAD1)), runs(SQUAD1)
    of_five = {arm for arm in of_student(found) if len(of_arm(found, arm)) == 5}
    return frozenset(of_five & half if name == HALF_LEARNED else of_five - half)


@pytest.mark.parametrize("name", [AT_FLOOR, ANSWERABLE, HALF_LEARNED])
def test_the_measured_priors_are_what_the_records_say(name: str) -> None:
    prior = PRIORS[name]
    pair, arms = (SQUAD2, None) if name == AT_FLOOR else (SQUAD1, arms_behind(name))
    found = {metric: spread_of(metric, runs(pair), arms) for metric in prior.spreads}
    assert dict(prior.spreads) == {metric: round(one.value, 2) for metric, one in found.items() if one}
    assert {one.df for one in found.values() if one} == {prior.df}


def test_the_judge_tells_the_measured_priors() -> None:
    floor, learned, half = (PRIORS[name].spreads for name in (AT_FLOOR, ANSWERABLE, HALF_LEARNED))
    measured = f"students like ours: exact {floor['exact']:.2f}, f1 {floor['f1']:.2f} near the score of never answering"
    answerable = f"{learned['exact']:.2f}, {learned['f1']:.2f} where all questions have answers"
    rest = f"half-learned {half['exact']:.2f}, {half['f1']:.2f}"
    assert f"{measured}; {answerable}; {rest}" in said_in("harness/judge/README.md")


def test_a_prior_reaches_as_far_as_the_scores_it_was_measured_on() -> None:
    for name, reached in REACHED.items():
        for metric, reach in reached.items():
            found = [one.scores[metric] for one in runs(SQUAD1) if one.arm in arms_behind(name)]
            assert reach == (round(min(found), 2), round(max(found), 2))


@pytest.mark.parametrize("metric", ["exact", "f1"])
def test_seeds_of_half_learned_students_lie_further_apart_than_chance_tells(metric: str) -> None:
    """By the F test of two variances, with an error of 1 %: why their spreads are not pooled with the others'."""
    half, learned = (spread_of(metric, runs(SQUAD1), arms_behind(name)) for name in (HALF_LEARNED, ANSWERABLE))
    assert half is not None
    assert learned is not None
    assert f_distribution.sf((half.value / learned.value) ** 2, half.df, learned.df) < 0.01


@pytest.mark.parametrize("metric", ["exact", "f1"])
def test_a_student_trained_in_bf16_agrees_with_its_twin_in_fp32_within_a_spread(metric: str) -> None:
    (twin,) = of_arm(runs(SQUAD1), IN_FP32)
    same = of_same_seeds(of_arm(runs(SQUAD1), BOTH_OTHER), [twin])
    gap = in_spreads(metric, runs(SQUAD1), [twin], same)
    assert gap is not None
    assert abs(gap) < 1


@by_data
def test_the_gate_passes_on_the_records_without_running_anything(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    given = [str(one.folder) for one in runs(pair) if one.arm in (TEACHER, BOTH)]  # beside those the cards have
    cards = [f"cards/{name}.md" for name in (pair.teacher, pair.student)]
    assert main(["gate", *cards, *given]) == 0
    n = len(CLAIMED[pair.data]) * (len(cards) + len(given))
    assert f"{n} pass, 0 fail, 0 unmeasured" in capsys.readouterr().out


@by_data
def test_the_seeds_are_judged_together_though_their_teacher_was_given_as_a_run(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    given = [str(one.folder) for one in of_arm(runs(pair), BOTH)]
    assert len(given) >= 2
    assert main(["verdict", *given]) == 0
    said = " ".join(capsys.readouterr().out.split())
    claimed = ", ".join(CLAIMED[pair.data])
    assert f"WITHIN TOLERANCE: {claimed} by {len(given)} seeds; a copy that is worse by the tolerance would be" in said
    is_near = "not above what a model scores that never answers (50.07); HasAns_f1 is judged too" in said
    assert is_near == (pair is SQUAD2)


@pytest.mark.parametrize("arm", [TEACHER, BOTH])
@by_data
def test_a_regenerated_card_follows_from_its_record(pair: Pair, arm: str, tmp_path: Path) -> None:
    run = of_arm(runs(pair), arm)[0].folder
    assert main(["card", str(run), "--out", str(tmp_path / "card.md")]) == 0
    kept, made = (
        [line for line in path.read_bytes().splitlines() if not line.startswith(b"- Licence of the base model")]
        for path in (ROOT / "results" / "cards" / f"{run.parent.name}.md", tmp_path / "card.md")
    )  # the licence of a package is only known where that is installed
    assert kept == made


def said_in(name: str) -> str:
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("arm", [TEACHER, BOTH])
@by_data
def test_the_readme_of_the_cards_says_with_how_many_seeds_a_model_was_trained(pair: Pair, arm: str) -> None:
    words = ("one seed", "two seeds", "three seeds", "four seeds", "five seeds")[len(of_arm(runs(pair), arm)) - 1]
    name = pair.teacher if arm == TEACHER else pair.student
    row = re.search(rf"^\| \[{name}\.md\].*$", (ROOT / "cards" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert row
    assert row[0].endswith(f"; {words} |")
    made = "fine-tuned on" if arm == TEACHER else "a real student of three layers | distilled from it in both stages;"
    assert f"| {made} " in row[0]


def test_the_readmes_say_what_the_records_of_squad_1_do() -> None:
    said, found = said_in("cards/README.md"), runs(SQUAD1)
    exact, f1 = ({arm: mean_of(name, of_arm(found, arm)) for arm in (BOTH, PLAIN)} for name in ("exact", "f1"))
    kept, teacher = kept_of(found, of_arm(found, BOTH)), of_arm(found, TEACHER)[0].scores
    assert f"keeps {kept:.0f} % of its teacher's f1 ({f1[BOTH]:.2f} of {teacher['f1']:.2f})" in said
    begun = mean_of("f1", of_arm(found, PLAIN_FIRST))
    assert f"for as many steps it reaches {f1[PLAIN]:.2f}, and {begun:.2f} where it begins as the first three" in said
    control, last = (mean_of("f1", of_arm(found, arm)) for arm in (BOTH_OTHER, LAST_LAYERS))
    assert f"last three layers in place of every second one, it has {control - last:.1f} points of f1 less" in said
    told = f"reaches exact {exact[BOTH]:.2f} and f1 {f1[BOTH]:.2f} on the SQuAD 1.1 dev set, its teacher "
    assert f"{told}{teacher['exact']:.2f} and {teacher['f1']:.2f}" in said_in("README.md")


def test_the_readmes_say_what_the_records_of_squad_2_do() -> None:
    said, found = said_in("cards/README.md"), runs(SQUAD2)
    f1 = {arm: mean_of("f1", of_arm(found, arm)) for arm in (TEACHER, *SQUAD2.arms)}
    assert f"keeps {kept_of(found, of_arm(found, BOTH)):.0f} % of its teacher's f1 and" in said
    gaps = [f1[BOTH] - f1[f"plain, {n} epochs"] for n in (2, 4)]
    assert f"without distillation by {gaps[0]:.1f} points of f1 ({gaps[1]:.1f} where" in said
    assert f"Without the intermediate-layer stage its f1 is {f1[PREDICTION]:.2f}" in said
    exact = mean_of("exact", of_arm(found, BOTH))
    assert f"exact {exact:.2f} and f1 {f1[BOTH]:.2f}" in said_in("README.md")
    (lifted,) = of_arm(runs(PAIRED), BOTH)
    assert f"it reaches exact {lifted.scores['exact']:.2f} and f1 {lifted.scores['f1']:.2f}" in said
    assert f"exact ({exact:.2f}) and f1 ({f1[BOTH]:.2f}) are below the 50.07" in said
