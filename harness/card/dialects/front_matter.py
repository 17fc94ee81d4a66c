"""Facts of the YAML front matter: language, licence, data sets, base model."""

from collections.abc import Iterable

from harness.card.dialects.document import Document, Finding
from harness.card.dialects.header import items, scalar
from harness.domain import Fact

NAME = "front_matter"
_FACTS = {
    "language": ("language", "languages"),
    "license": ("license", "licence"),
    "datasets": ("datasets", "dataset"),
    "student": ("base_model", "base_models"),
    "library": ("library_name",),
    "task": ("pipeline_tag",),
    "tag": ("tags",),
    "metric": ("metrics",),
}
# What templates leave where a fact should stand.
_PLACEHOLDERS = {"license", "licence", "none", "null", "tbd", "todo", "n/a", "more information needed", "[]"}


def find(document: Document) -> Iterable[Finding]:
    header = document.header
    for name, keys in _FACTS.items():
        node = header.node(*keys)
        for item in items(node):
            value = scalar(item)
            if value and value.lower() not in _PLACEHOLDERS:
                yield Fact(name, value, header.line(item), NAME)
