"""Facts of the YAML front matter: language, licence, data sets, base model."""

from collections.abc import Iterable

from harness.dialects.document import Document, Finding
from harness.domain import Fact

NAME = "front_matter"
_FACTS = {"language": "language", "license": "license", "datasets": "datasets", "base_model": "student"}


def find(document: Document) -> Iterable[Finding]:
    for key, name in _FACTS.items():
        value = document.front_matter.get(key)
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            yield Fact(name, str(item), _line_of(key, document), NAME)


def _line_of(key: str, document: Document) -> int:
    lines = enumerate(document.front_matter_lines, start=1)
    return next((number for number, text in lines if text.startswith(f"{key}:")), 1)
