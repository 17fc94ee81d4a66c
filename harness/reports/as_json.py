"""One JSON document with a schema version."""

import json

from harness.reports.subject import Subject
from harness.store import SCHEMA_VERSION, to_json


def render(subject: Subject) -> str:
    parts = {name: value for name, value in to_json(subject).items() if value is not None}
    if "card" in parts:
        del parts["card"]["text"]
    return json.dumps({"schema_version": SCHEMA_VERSION, **parts}, indent=1, ensure_ascii=False, default=str)
