"""What is printed with --json follows its schema, and the schemas that ship are those of the types."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import COMMANDS, documents
from harness.cli.main import main
from harness.qa.squad import read_squad
from tests.conftest import QUESTIONS
from tests.recorded import ROOT, make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    results = tmp_path_factory.mktemp("documents") / "results"
    return (
        make_run(results / "pocket" / "20261123T101500Z-aaaaaaaa"),
        make_run(results / "pocket" / "20261123T101600Z-bbbbbbbb", wrong=(1, 2, 3), seed=7),
    )


def test_every_command_has_a_schema_that_is_the_one_of_its_types() -> None:
    assert set(documents.DOCUMENTS) == {*COMMANDS, "error"}
    assert {path.stem for path in documents.FOLDER.glob("*.json")} == set(documents.DOCUMENTS)
    for name in documents.DOCUMENTS:
        told = (documents.FOLDER / f"{name}.json").read_text(encoding="utf-8")
        assert told == documents.schema_text(name), f"{name}: run python -m harness.cli.documents"


@pytest.mark.parametrize(
    "command",
    [
        "parse CARD", "parse CARD CARD", "lint CARD", "plan CARD", "reproduce CARD --dry-run", "verdict RUN",
        "verdict RUN OTHER", "audit RUN", "diff RUN OTHER", "card RUN", "report RUN --out OUT/report.html",
        "board --results RESULTS", "status --results RESULTS", "cards", "env", "gate RUN --baseline OUT",
        "gate RUN --baseline OUT --update-baseline", "schema plan", "completion bash", "plan none.md", "plan",
        "push RUN --repo org/name --dry-run --accept-license --allow-verdict", "plot RUN --out OUT",
        "score --predictions ANSWERS --eval QUESTIONS", "badge RUN", "compact --expand RUN",
        "fleet CARD --seeds 2 --dry-run --results OUT/fleet",
        "export RUN --format ro-crate", "init OUT/card",
    ],
)  # fmt: skip
def test_what_a_command_prints_follows_its_schema(
    command: str, runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tmp_path / "answers.json"
    asked = [question for one in read_squad(QUESTIONS) for question in one.questions]
    answers.write_text(json.dumps({one.id: "" for one in asked}), encoding="utf-8")
    places = {
        "RUN": runs[0], "OTHER": runs[1], "OUT": tmp_path, "CARD": ROOT / "cards" / "pocket.md",
        "RESULTS": runs[0].parents[1], "QUESTIONS": QUESTIONS, "ANSWERS": answers,
    }  # fmt: skip
    words = [str(places.get(word, word)) for word in command.replace("OUT/", f"{tmp_path}/").split()]
    main([*words, "--json"])
    document = json.loads(capsys.readouterr().out)
    name = "error" if "error" in document else words[0]
    _check(document, name)
    if words[0] != "schema":
        assert document["schema_version"] == documents.SCHEMA_VERSION


def _check(document: Any, name: str) -> None:
    schema = json.loads((documents.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "more": 1} if name != "schema" else [], schema)
