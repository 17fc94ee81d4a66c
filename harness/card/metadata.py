"""What the Hub would refuse of a card's metadata, each with its line: its own check comes only with a push.

The rules are those of the Hub's validation of YAML as its messages name them. The licences are those that its message
lists (huggingface_hub issue 4218, May 2026; one more since), a superset of those in its documentation
(huggingface/hub-docs, docs/hub/repositories-licenses.md). They are written in small letters.
"""

import re
from collections.abc import Iterator

import yaml

from harness.card.dialects.document import split_lines
from harness.card.dialects.header import Header, child, is_empty, items, read_header
from harness.domain import Card, Note

_LISTS = (
    "datasets",
    "language",
    "languages",
    "tags",
    "metrics",
    "base_model",
    "license",
    "library_name",
    "pipeline_tag",
)
_TEXTS = ("config", "split", "revision", "name", "type")
_TYPE = re.compile(r"(?:[\w-]+/)?[\w.-]+")
_LICENCES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c
ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openmdw-1.1
openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense
zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2
llama3.3 llama4 grok2-community gemma unknown other
"""
LICENCES = frozenset(_LICENCES.split())


def refused(card: Card) -> Iterator[Note]:
    """Every part of the front matter that the Hub would not take, in its order."""
    header = read_header(split_lines(card.text.removeprefix("\ufeff")))
    for key in _LISTS:
        yield from _texts(header, key)
    for item in items(header.node("license")):
        if _is_text(item) and item.value not in LICENCES:
            said = f"license {item.value!r:.60} is none that the Hub knows; give its identifier, or 'other' with"
            yield Note(f"{said} license_name and license_link", header.line(item))
    yield from _index(header)


def _texts(header: Header, key: str) -> Iterator[Note]:
    """Values of a key that are no text, alone or in a list."""
    node = header.node(key)
    inside = node.value if isinstance(node, yaml.SequenceNode) else []
    for number, item in enumerate(inside):
        if not _is_text(item):
            yield Note(f"{key}[{number}] {_found(item)}; the Hub takes text alone: quote it, or leave it out",
                       header.line(item))  # fmt: skip
    is_alone = isinstance(node, yaml.ScalarNode) and not is_empty(node)
    if node is not None and is_alone and not _is_text(node):
        yield Note(f"{key} {_found(node)}; the Hub takes text: quote it", header.line(node))


def _index(header: Header) -> Iterator[Note]:
    index = header.node("model-index")
    if index is None or is_empty(index):
        return
    if not isinstance(index, yaml.SequenceNode):
        yield Note("model-index is no list; the Hub takes a list of models with name and results", header.line(index))
        return
    for model in index.value:
        results = child(model, "results")
        if not isinstance(results, yaml.SequenceNode):
            yield Note("model-index has a model without a list of results", header.line(model))
            continue
        for result in results.value:
            yield from _result(header, result)


def _result(header: Header, result: yaml.Node) -> Iterator[Note]:
    if not _is_text(child(child(result, "task"), "type")):
        yield Note("model-index has a result without task.type", header.line(result))
    dataset = child(result, "dataset")
    for name in ("name", "type"):
        if child(dataset, name) is None:
            yield Note(f"model-index has a result without dataset.{name}", header.line(dataset or result))
    for name in _TEXTS:
        node = child(dataset, name)
        if node is not None and not _is_text(node):
            yield Note(f"model-index: dataset.{name} {_found(node)}; the Hub takes text: quote it", header.line(node))
    kind = child(dataset, "type")
    if _is_text(kind) and kind is not None and not _TYPE.fullmatch(kind.value):
        said = f"model-index: dataset.type {kind.value!r:.60} is no id of a data set (NAME or ORG/NAME)"
        yield Note(said, header.line(kind))
    for metric in items(child(result, "metrics")):
        value = child(metric, "value")
        if value is None or is_empty(value):
            yield Note("model-index has a metric without a value", header.line(value or metric))
        if not _is_text(child(metric, "type")):
            yield Note("model-index has a metric without type", header.line(metric))


def _is_text(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.ScalarNode) and str(node.tag).endswith(":str")


def _found(node: yaml.Node) -> str:
    if is_empty(node):
        return "is null"
    return f"is {node.value!r:.40}, no text" if isinstance(node, yaml.ScalarNode) else "is no text"
