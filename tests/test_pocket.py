"""The pocket experiment end to end: the card holds up, and stops holding up when a fault is planted."""

from pathlib import Path

import pytest

from harness import card, planning
from harness.domain import Judgement
from harness.store import read_json
from tests import faults
from tests.measure_pocket import CARDS, run

ROOT = Path(__file__).parents[1]
IN_EVERY_RUN = ("intermediate learning rate /10", "labels shifted by one token")
# Its loss of 0.107 lies within the card's 0.142 ± 0.047: a fault that the probe is too blunt for.
UNNOTICED = ("layers mapped i to i",)


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    unnoticed = [pytest.mark.xfail(strict=True, reason="inside the tolerance of the loss")] if name in UNNOTICED else []
    return [*unnoticed, *([] if name in IN_EVERY_RUN else [pytest.mark.slow])]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def sound(results: Path) -> Judgement:
    return run("pocket", results, planning.Options()).judgement


def test_the_pocket_card_is_reproduced_teacher_first(sound: Judgement, results: Path) -> None:
    assert sound.outcome == "reproduced", sound
    assert sound.exit_code == 0
    (teacher,) = (results / "pocket-teacher").iterdir()
    assert read_json(teacher / "verdict.json")["judgement"]["outcome"] == "reproduced"


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in faults.FAULTS])
def test_a_planted_fault_is_not_reproduced(name: str, sound: Judgement, results: Path) -> None:
    fault = faults.FAULTS[name]
    with fault.planted():
        outcome = run("pocket", results, planning.Options(settings=fault.settings), fresh=True)
    assert sound.outcome == "reproduced"
    assert outcome.judgement.outcome == "not_reproduced", outcome.judgement


@pytest.mark.slow
def test_a_teacher_trained_on_shifted_labels_misses_its_card(tmp_path: Path) -> None:
    with faults.FAULTS["labels shifted by one token"].planted():
        outcome = run("pocket-teacher", tmp_path, planning.Options())
    assert outcome.judgement.outcome == "not_reproduced", outcome.judgement


@pytest.mark.parametrize("name", ["pocket", "pocket-teacher"])
def test_the_cards_claim_the_recorded_means_and_spreads(name: str) -> None:
    recorded = read_json(ROOT / "results" / "pocket" / "seeds.json")["summary"][name]
    claims = card.read(CARDS / f"{name}.md").claims
    assert len(claims) >= 3
    for claim in claims:
        assert recorded[claim.metric]["n"] >= 5
        assert claim.value == round(recorded[claim.metric]["mean"], claim.decimals)
        assert claim.spread == round(recorded[claim.metric]["sd"], claim.decimals)
