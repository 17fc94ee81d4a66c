"""Bold `**Key:** value` lines, the overview at the top of deepset's cards."""

import re
from collections.abc import Iterable

from harness.dialects.document import Document, Finding
from harness.domain import Fact

NAME = "overview"
_LINE = re.compile(r"^\s*(?:[-*]\s+)?\*\*(?P<key>[^*:]{1,60}?)\s*(?::\s*\*\*|\*\*\s*:)\s*(?P<value>\S.{0,500})$")
_FACTS = {
    "language model": "model",
    "base model": "student",
    "language": "language",
    "training data": "train_data",
    "eval data": "eval_data",
    "infrastructure": "infrastructure",
    "published": "published",
}
_MODEL = re.compile(r"[`\[]*(?P<name>[\w./:-]+)")  # a model's name, before the brackets and remarks that may follow


def find(document: Document) -> Iterable[Finding]:
    for line, text in document.lines:
        match = _LINE.match(text)
        name = _FACTS.get(match["key"].strip().lower()) if match else None
        if match is None or name is None:
            continue
        value = match["value"].strip()
        model = _MODEL.match(value) if name in ("model", "student") else None
        yield Fact(name, model["name"] if model else value, line, NAME)
