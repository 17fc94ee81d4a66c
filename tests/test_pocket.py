"""The pocket experiment end to end: the card holds up, and stops holding up when a fault is planted."""

from pathlib import Path

import pytest

from harness.card import loss_traces
from harness.card.read import read_card
from harness.card.references import PACKAGE, model_reference
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record.judgement import Judgement
from harness.record.store import read_json, sha256_of
from tests import faults
from tests.measure_pocket import CARDS, CONDITIONS, HELD_OUT, SEEDS, STEPS, claims_of, run

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "results" / "pocket"
NAMES = {"pocket": "runs.json", "pocket-teacher": "teacher.json"}
IN_EVERY_RUN = ("prediction stage skipped",)  # the shortest of them; each of the others trains for a minute


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in IN_EVERY_RUN else [pytest.mark.slow]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def sound(results: Path) -> Judgement:
    return run("pocket", results, Options()).judgement


def test_the_pocket_card_is_reproduced(sound: Judgement) -> None:
    assert sound.outcome == "reproduced", sound
    assert sound.exit_code == 0


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in faults.FAULTS])
def test_a_planted_fault_is_not_reproduced_and_named(name: str, sound: Judgement, results: Path) -> None:
    fault = faults.FAULTS[name]
    with fault.planted():
        outcome = run("pocket", results, Options(settings=fault.settings), fresh=True)
    assert sound.outcome == "reproduced"
    assert outcome.judgement.outcome == "not_reproduced", outcome.judgement
    assert outcome.judgement.reason.startswith(f"{fault.shows_in} "), outcome.judgement.reason


@pytest.mark.slow
def test_the_teachers_card_is_reproduced_and_misses_with_shifted_labels(tmp_path: Path) -> None:
    assert run("pocket-teacher", tmp_path, Options()).judgement.outcome == "reproduced"
    with faults.FAULTS["labels shifted by one token"].planted():
        outcome = run("pocket-teacher", tmp_path, Options(), fresh=True)
    assert outcome.judgement.outcome == "not_reproduced", outcome.judgement


# --- what the cards claim, and the runs that it is from ---


@pytest.mark.parametrize("name", NAMES)
def test_a_card_claims_what_its_runs_make_of_it(name: str) -> None:
    made = claims_of(read_json(RECORDED / NAMES[name]))
    claims = {claim.metric: (claim.value, claim.spread) for claim in read_card(CARDS / f"{name}.md").claims}
    assert claims == made


def test_every_recorded_run_lies_within_the_claims() -> None:
    """Over threads, instruction sets and seeds; the first steps are those of the card's own seed.

    The claims are from the first half; the other half, of other seeds, was run when they stood.
    """
    experiment = plan(read_card(CARDS / "pocket.md"), Options())
    rows = [row for name in ("runs.json", "held_out.json") for row in read_json(RECORDED / name)["runs"]]
    assert [(row["seed"], row["condition"]) for row in rows] == [
        (s, c) for s in (*SEEDS, *HELD_OUT) for c in CONDITIONS
    ]
    assert len(rows) == 60
    for claim in experiment.claims:
        tolerance = experiment.run.value(f"tolerance.{claim.metric}")
        held = [row for row in rows if loss_traces.point_of(claim.metric) is None or row["seed"] == SEEDS[0]]
        assert len(held) >= len(CONDITIONS)
        assert all(abs(row[claim.metric] - claim.value) <= tolerance for row in held), claim.metric


@pytest.mark.parametrize("name", NAMES)
def test_first_steps_differ_between_conditions_by_a_tenth_of_the_tolerance_at_most(name: str) -> None:
    rows = [row for row in read_json(RECORDED / NAMES[name])["runs"] if row["seed"] == SEEDS[0]]
    assert {row["condition"].get("ONEDNN_MAX_CPU_ISA") for row in rows} == {None, "AVX2", "AVX512_CORE"}
    names = [metric for metric in rows[0] if loss_traces.point_of(metric)]
    assert len(names) == sum(len(STEPS[stage]) for stage in {loss_traces.point_of(metric).stage for metric in names})  # type: ignore[union-attr]
    for metric in names:
        values = [row[metric] for row in rows]
        assert max(values) - min(values) <= 0.1 * loss_traces.TOLERANCE * min(values), metric


def test_every_fault_on_record_was_noticed_in_its_first_steps() -> None:
    recorded = read_json(RECORDED / "faults.json")
    for name, fault in faults.FAULTS.items():
        assert recorded[name]["outcome"] == "not_reproduced", name
        assert recorded[name]["reason"].startswith(f"{fault.shows_in} "), name


def test_the_models_that_ship_are_those_that_the_card_names_and_small() -> None:
    described = read_card(CARDS / "pocket.md")
    size = 0
    for name in ("teacher", "student"):
        fact = described.fact(name)
        assert fact is not None
        reference = model_reference(fact.value, card_dir=CARDS, is_option=False)
        assert reference.path == PACKAGE / "pocket" / name
        weights = reference.path / "model.safetensors"
        assert reference.revision == sha256_of(weights)
        size += weights.stat().st_size
    assert size < 2**20
