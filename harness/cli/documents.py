"""What each command prints with --json, as types, and their JSON Schemas in `schemas/`, which a test holds to them.

    python -m harness.cli.documents

writes the schemas again. A document's `schema_version` is that of the records; it changes with any of these types.
"""

import dataclasses
import functools
import json
import operator
from collections.abc import Mapping
from pathlib import Path
from types import GenericAlias
from typing import Any, NotRequired, get_type_hints

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from harness.card.completeness import Completeness
from harness.card.forensics import Finding
from harness.card.lint import Lint
from harness.card.output_folder import Filled
from harness.cli.status import RunStatus
from harness.domain import Card, Deviation, Experiment, Measurement
from harness.fleet.fleets import FleetForecast
from harness.fleet.looks import Failure
from harness.fleet.oversight import FleetStatus
from harness.judge.audit import Audit
from harness.judge.diff import Comparison
from harness.judge.regression import Check, GateResult
from harness.plan.cost import Cost, Forecast
from harness.publish.model_card.machine_block import Block
from harness.publish.upload import Pushed
from harness.qa.protocol_matrix import Matrix, Row
from harness.record.compact import Change
from harness.record.environment import Environment
from harness.record.judgement import Estimate, GapDecomposition, Judgement, Rates, Verdict
from harness.record.store import SCHEMA_VERSION
from harness.report.badge import Badge
from harness.report.board import Entry

FOLDER = Path(__file__).parent / "schemas"
Fields = dict[str, Any]


def _like(kind: Any, name: str, *, without: tuple[str, ...] = (), **added: Any) -> Any:
    """A dataclass as it is printed: some fields left out, some worked out."""
    hints = get_type_hints(kind)
    fields = {one.name: hints[one.name] for one in dataclasses.fields(kind) if one.name not in without}
    return TypedDict(name, {**fields, **added})  # type: ignore[operator]


def _many(kind: Any) -> Any:
    return GenericAlias(list, (kind,))


def _either(*kinds: Any) -> Any:
    return functools.reduce(operator.or_, kinds)


def _document(title: str, /, **fields: Any) -> Any:
    return TypedDict(title, {"schema_version": int, **fields})  # type: ignore[operator]


_Completeness = _like(Completeness, "Completeness")
_Card = _like(Card, "Card", without=("text",), missing=list[str])
_Lint = _like(Lint, "Lint", without=("completeness",), completeness=_Completeness, score=int)
_Row = _like(Row, "Row", differences=dict[str, float], is_nearest=bool)
_Check = _like(Check, "Check", state=str, reason=str)
_Gated = _like(GateResult, "GateResult", without=("checks",), checks=_many(_Check), state=str)
_Audited = _like(Audit, "Audit", is_passed=bool)


class _File(TypedDict):
    path: str
    size: int
    sha256: str


class _OpenLine(TypedDict):
    line: int
    text: str


class _Shipped(TypedDict):
    name: str
    path: str
    claims: dict[str, str]


class _Updated(TypedDict):
    card: str
    baseline: str
    changes: dict[str, str]


# Of a plan and of what it came to: the parts that are not known to a command are left out.
_Subject: Fields = {
    "experiment": NotRequired[Experiment],
    "deviations": list[Deviation],
    "forecast": NotRequired[Forecast],
    "judgement": NotRequired[Judgement],
    "record": NotRequired[str],
    "was_there": bool,
    "measurements": NotRequired[list[Measurement]],
    "attributions": list[GapDecomposition],
    "operating": list[Rates],
    "findings": list[Finding],
    "cost": NotRequired[Cost],
}


class _CardOfFleet(TypedDict):
    card: str
    argument: str
    outcome: str | None
    exit_code: int
    folder: str | None
    runs: list[str]
    verdicts: list[Verdict]
    estimates: list[Estimate]
    failures: list[Failure]


_Plan = _document("Plan", **_Subject)
_Gate = _document("Gate", is_passed=bool, exit_code=int, counts=dict[str, int], cards=_many(_Gated))


class _Problem(TypedDict):
    kind: str
    exit_code: int
    message: str
    problems: NotRequired[list[str]]


DOCUMENTS: Mapping[str, Any] = {
    "parse": _document("Parse", card=NotRequired[_Card], cards=NotRequired[_many(_Card)]),
    "lint": _document("Lints", lints=_many(_Lint)),
    "plan": _Plan,
    "reproduce": _Plan,
    "verdict": _document("Verdict", **_Subject, is_as_recorded=NotRequired[bool]),
    "score": _document(
        "Score",
        **{**get_type_hints(Matrix), "rows": _many(_Row)},
        warning=str | None,
        record=NotRequired[str],
    ),
    "audit": _document("Audits", is_passed=bool, audits=_many(_Audited)),
    "gate": _either(_Gate, _document("Baselines", updated=list[_Updated])),
    "fleet": _either(
        _document("FleetForecast", **get_type_hints(FleetForecast)),
        _document("FleetReport", name=str, exit_code=int, usd=float | None, board=str, cards=list[_CardOfFleet]),
        _document("FleetStatus", **get_type_hints(FleetStatus)),
        _document("FleetText", text=str),
    ),
    "diff": _document("Comparison", **get_type_hints(Comparison)),
    "plot": _document("Plots", plots=list[str], left_out=list[str]),
    "card": _document("CardText", card=str, sha256=str, block=Block | None),
    "push": _document(
        "Push", repo=str, results_repo=str | None, outcome=str, files=list[_File], cleaned=list[str],
        licences=dict[str, str], card=str, pushed=Pushed | None, record_pushed=Pushed | None,
    ),
    "report": _document("Report", report=str, n_bytes=int),
    "board": _document("Board", entries=list[Entry]),
    "init": _document(
        "Template", card=str, score=int, filled=dict[str, Filled], to_fill_in=list[_OpenLine]
    ),
    "export": _document("Export", format=str, text=str),
    "compact": _document("Compacted", changes=list[Change]),
    "badge": _document("Badge", **get_type_hints(Badge), svg=str),
    "status": _document("Status", runs=list[RunStatus]),
    "cards": _document("Cards", cards=list[_Shipped]),
    "env": _like(Environment, "Environment", threads=int, schema_version=int),
    "completion": _document("Completion", shell=str, script=str),
    "schema": dict[str, Any],
    "error": _document("Failure", error=_Problem),
}  # fmt: skip


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of what a command prints, or of `error`; nothing that it does not name is printed."""
    schema = TypeAdapter(DOCUMENTS[name]).json_schema(mode="serialization")
    _close(schema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"harness {name} --json"}
    return {**head, "x-schema-version": SCHEMA_VERSION, **{key: schema[key] for key in schema if key != "title"}}


def _close(schema: Any) -> None:
    """Allow no other properties than those listed, at any depth; titles that repeat a name are dropped."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema["additionalProperties"] = False
            for one in schema["properties"].values():
                one.pop("title", None)
        for one in schema.values():
            _close(one)
    elif isinstance(schema, list):
        for one in schema:
            _close(one)


def schema_text(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(name), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in DOCUMENTS:
        (FOLDER / f"{name}.json").write_text(schema_text(name), encoding="utf-8")
