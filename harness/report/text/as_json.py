"""One JSON document with a schema version."""

import json

from harness.card.completeness import completeness
from harness.record.store import SCHEMA_VERSION, to_json
from harness.report.text.subject import ReportData


def render(subject: ReportData) -> str:
    parts = {name: value for name, value in to_json(subject).items() if value is not None}
    if subject.experiment is None:  # cards alone
        parts = {name: value for name, value in parts.items() if name in ("card", "cards", "lints")}
    for name in ("cards", "lints"):
        if not parts.get(name):
            parts.pop(name, None)
    for card, known in zip((subject.card, *subject.cards), (parts.get("card"), *parts.get("cards", ())), strict=True):
        if card is not None and known is not None:
            del known["text"]
            known["missing"] = list(completeness(card).missing)
    for lint, known in zip(subject.lints, parts.get("lints", ()), strict=True):
        known["score"] = lint.score
    return json.dumps({"schema_version": SCHEMA_VERSION, **parts}, indent=1, ensure_ascii=False, default=str)
