"""Exports of a run's claims: whole records, and formats that their own libraries or specifications accept."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from harness.cli.export import FORMATS
from harness.cli.main import main
from harness.judge import verdict
from harness.publish import export
from harness.record import store
from harness.record.folder import Run
from tests.conftest import take_for
from tests.recorded import make_run


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of the pocket card on all of its questions."""
    results = tmp_path_factory.mktemp("results") / "pocket"
    runs = [make_run(results / f"20261123T10150{n}Z-aaaaaaaa", seed=40 + n, wrong=range(8 + n), limit=None)
            for n in range(2)]  # fmt: skip
    names = [one.name for one in runs]
    concluded = verdict.conclude([Run.open(run) for run in runs])
    folder = results / store.series_name(names)
    store.write_text(folder / store.SERIES, store.series_text(names, concluded, is_sequential=False))
    return folder


def exported(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["export", str(run), "--format", name]) == 0
    return capsys.readouterr().out


def test_the_command_offers_what_is_on_the_shelf() -> None:
    assert set(FORMATS) == set(export.FORMATS)


def test_a_line_of_json_a_claim_holds_all_that_it_rests_on(series: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in exported(series, "claims.jsonl", capsys).splitlines()]
    judgement = Run.open(series).conclusion.judgement
    assert [line["metric"] for line in lines] == [one.metric for one in judgement.verdicts]
    for line, one, estimate in zip(lines, judgement.verdicts, judgement.estimates, strict=True):
        assert (line["claimed"], line["measured"], line["outcome"]) == (one.claimed, one.measured, one.outcome)
        assert (line["rule"], line["tolerance"], line["seeds"]) == (one.rule, one.tolerance, [40, 41])
        assert (line["interval"], line["sd"]) == (list(estimate.interval or ()), estimate.sd)
        assert (line["judges"], line["card_outcome"]) == (judgement.is_of_card, judgement.outcome)
        assert line["values"] == list(estimate.values)
    provenance = lines[0]["provenance"]
    assert provenance["signature"].startswith("squad2|n:240|")
    assert provenance["begun"] == ["2026-11-23T10:15:00Z", "2026-11-23T10:15:01Z"]
    assert provenance["identities"] == [store.read_json(series.parent / name / "identity.json")["identity"]
                                        for name in provenance["runs"]]  # fmt: skip
    assert provenance["line"] == judgement.verdicts[0].line


@pytest.fixture
def of_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was scored on a data set of the Hub."""
    take_for(monkeypatch, "package:pocket/squad.json")
    return make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa", limit=None, eval_data="org/squad:validation")


def test_community_evaluations_load_with_the_hubs_own_library(of_hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judgement = store.read_json(of_hub / "verdict.json")["judgement"]
    assert judgement["outcome"] not in ("limited", "invalid")
    loaded = parse_eval_result_entries(yaml.safe_load(exported(of_hub, "eval-results", capsys)))
    claimed = {one["metric"]: one for one in judgement["verdicts"]}
    assert [one.task_id for one in loaded] == ["exact_match", "f1"]
    exact = loaded[0]
    assert exact.dataset_id == "org/squad"
    assert exact.value == round(claimed["exact"]["measured"], 4)
    assert exact.date == "2026-11-23T10:15:00Z"
    assert f"the card claims {claimed['exact']['claimed']:.2f}" in str(exact.notes)
    assert exact.verify_token is None


def test_what_is_no_data_set_of_the_hub_or_judges_nothing_is_refused(
    series: Path, of_hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(series), "--format", "eval-results"]) == 2
    assert "which is no data set of the Hub; use --format claims.jsonl" in capsys.readouterr().err
    limited = make_run(of_hub.parent / "20261123T101501Z-bbbbbbbb", eval_data="org/squad:validation")
    assert main(["export", str(limited), "--format", "eval-results"]) == 2
    assert "is limited" in capsys.readouterr().err


def test_the_index_loads_with_the_hubs_own_library(series: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = ModelCard(f"---\n{exported(series, 'model-index', capsys)}---\n")
    found = {one.metric_type: one for one in card.data.eval_results or ()}
    measured = Run.open(series).conclusion.judgement.verdicts[0].measured or 0.0
    assert found["exact_match"].metric_value == round(measured, 4)
    assert found["exact_match"].metric_args["seeds"] == [40, 41]
    assert found["f1"].task_type == "question-answering"


@pytest.mark.parametrize("is_series", [True, False])
def test_a_crate_names_what_is_there_and_nothing_else(
    is_series: bool, series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = series if is_series else series.parent / "20261123T101500Z-aaaaaaaa"
    document = json.loads(exported(run, "ro-crate", capsys))
    assert document["@context"] == "https://w3id.org/ro/crate/1.2/context"
    entities = {one["@id"]: one for one in document["@graph"]}
    assert len(entities) == len(document["@graph"])
    assert set(referenced(document["@graph"])) <= {*entities, "https://w3id.org/ro/crate/1.2"}
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert (descriptor["about"], descriptor["conformsTo"]["@id"]) == ({"@id": "./"}, "https://w3id.org/ro/crate/1.2")
    assert {"name", "description", "datePublished", "license"} <= set(root)  # RO-Crate 1.2, root data entity
    actions = [entities[one["@id"]] for one in root["mentions"]]
    assert len(actions) == (2 if is_series else 1)
    for action in actions:  # Process Run Crate 0.5: what an action has to have
        assert action["@type"] == "CreateAction"
        assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
        assert action["object"]
        assert action["result"]
    files = [one for one in entities.values() if one["@type"] == "File"]
    assert {one["@id"] for one in root["hasPart"]} == {one["@id"] for one in files}
    for one in files:
        path = (series.parent if is_series else run) / one["@id"]
        assert store.sha256_of(path) == one["sha256"]


def referenced(thing: Any) -> list[str]:
    """Every `@id` that stands alone, and so refers."""
    if isinstance(thing, list):
        return [name for one in thing for name in referenced(one)]
    if not isinstance(thing, dict):
        return []
    return [thing["@id"]] if set(thing) == {"@id"} else [name for one in thing.values() for name in referenced(one)]


@pytest.mark.parametrize("name", FORMATS[::2])
def test_no_export_tells_where_it_was_made(
    name: str, series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    assert main(["export", str(series), "--format", name, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert str(series.parents[1]) not in out.read_text(encoding="utf-8")
    assert main(["audit", str(series.parent / "20261123T101500Z-aaaaaaaa"), "--quiet"]) == 0
