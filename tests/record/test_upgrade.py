"""Records of schema 2 read in the shape of today: what they say in words becomes data, and says the same."""

from pathlib import Path

import pytest

from harness.domain import Source
from harness.plan.options import Options
from harness.plan.sources import describe
from harness.record import store
from harness.record.folder import Run
from harness.record.upgrade import source_of
from tests.plan.cards import plan_of

ROOT = Path(__file__).parents[2]
RECORDS = sorted(path.parent for path in (ROOT / "results").glob("*/*/experiment.json"))
OF_SCHEMA_2 = [run for run in RECORDS if store.read_json(run / "identity.json")["schema_version"] == 2]
CARD = "card line 42"
HEADINGS = "headings of the settings from card lines 27, 39, and line 21 names haystack"


def test_there_are_records_of_schema_2() -> None:
    assert OF_SCHEMA_2


@pytest.mark.parametrize("run", OF_SCHEMA_2, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_sources_and_deviations_of_a_committed_record_keep_their_words(run: Path) -> None:
    plain, experiment = store.read_json(run / "experiment.json"), Run.open(run).experiment
    stages = (plain["run"], *filter(None, [plain["augmentation"]]), *plain["stages"], plain["evaluation"])
    said = [one["source"] for stage in stages for one in stage["settings"]]
    found = [one.source for stage in experiment.sections() for one in stage.settings]
    assert [describe(one) for one in found] == said
    assert {"card", "option", "default", "rule"} == {one.kind for one in found}
    assert [one.why for one in experiment.deviations] == [one["reason"] for one in plain["deviations"]]


@pytest.mark.parametrize(
    ("said", "source"),
    [
        (CARD, Source("card", lines=(42,))),
        (HEADINGS, Source("rule", rule=HEADINGS, lines=(27, 39, 21))),
        ("card line 13, 'SQuAD 2.0'", Source("rule", rule="card line 13, 'SQuAD 2.0'", lines=(13,))),
        ("3 x the spread on card line 63", Source("rule", rule="3 x the spread on card line 63", lines=(63,))),
        ("card Overview", Source("rule", rule="card Overview")),
        ("--limit: part of the questions", Source("rule", rule="--limit: part of the questions")),
        ("--seed", Source("option", option="--seed")),
        ("--train FILE", Source("option", option="--train")),
        ("--set finetune.padding", Source("option", option="--set", setting="finetune.padding")),
        (
            "haystack 1.1.0 modeling/training/base.py 182, on line 3",
            Source("default", library="haystack", version="1.1.0", symbol="modeling/training/base.py 182, on line 3"),
        ),
        (
            "transformers trainer 4.39 trainer.py, Trainer",
            Source("default", library="transformers trainer", version="4.39", symbol="trainer.py, Trainer"),
        ),
    ],
)
def test_what_schema_2_said_is_read_as_data(said: str, source: Source) -> None:
    assert source_of(said) == source
    assert describe(source) == said


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(recipe="tinybert", seed=7, limit=5, precision="bf16", rule="equivalence", tolerance={"f1": 2.0}),
        Options(
            settings={"prediction_layer.hard_label_weight": "0.1", "evaluation.protocol": "run_qa"}, padding="drop"
        ),
    ],
)
def test_a_record_of_schema_2_is_found_by_the_plan_that_it_was_made_by(options: Options) -> None:
    settings = [one for stage in plan_of(options=options).sections() for one in stage.settings]
    assert [source_of(describe(one.source)) for one in settings] == [one.source for one in settings]
