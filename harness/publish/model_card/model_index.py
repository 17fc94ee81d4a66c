"""The front matter of a regenerated card: a `model-index` of what was measured, in place of one on the same data.

Never `verified`, and never a claim as if it were measured. The author's lines that ours stand for are kept in them,
commented out; the author's results on other data are carried over, their values as printed.

Known not to hold: what loads a card's metadata and saves it again (the Hub's own editor of metadata, for one) drops
YAML comments, and with them our marks; the index then reads as the card's own claims.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from harness.card import generated
from harness.card.dialects.document import split_lines
from harness.card.dialects.header import Header, child, items, read_header, scalar
from harness.card.references import data_named
from harness.errors import CardError

INDEX = "model-index"
_WIDE = 10**6  # no folding: a line is a value


def with_index(text: str, entry: Mapping[str, Any], data: str, path: str) -> str:
    """The card with `entry` in its index, and no other result on `data`; raises CardError where it cannot be added."""
    text = generated.restored(text)
    header = read_header(split_lines(text.removeprefix("\ufeff")))
    _check_sound(header, path)
    end = generated.line_end_of(text)
    lines = generated.lines_of(text)
    others, first, last = _others(header, data)
    index = yaml.safe_dump([dict(entry)], sort_keys=False, allow_unicode=True, width=_WIDE)
    kept = "".join(f"{generated.KEPT}{line}" for line in lines[first:last])
    mark = generated.HEADER_BEGIN if header.end else generated.HEADER_ADDED
    pairs = header.root.value if header.root is not None else []
    indent = " " * (pairs[0][0].start_mark.column if pairs else 0)
    index = textwrap.indent(f"{INDEX}:\n{others}{index}", indent)
    ours = f"{mark}{end}{kept}" + f"{index}{generated.HEADER_END}\n".replace("\n", end)
    if header.end:
        made = "".join([*lines[:first], ours, *lines[last:]])
    else:
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        made = f"{bom}---{end}{ours}---{end}{text.removeprefix(bom)}"
    _check_made(made, header, entry, path)
    return made


def _check_sound(header: Header, path: str) -> None:
    """What is damaged cannot be added to without changing what it says."""
    if header.damage is not None:
        raise CardError(path, None, f"{header.damage}; mend it, and the card can be written")


def _others(header: Header, data: str) -> tuple[str, int, int]:
    """The author's results on other data as YAML, and the line indices that the author's whole index takes."""
    pairs = header.root.value if header.root is not None else []
    found = next((n for n, (key, _) in enumerate(pairs) if key.value == INDEX), None)
    if found is None:
        return "", header.end - 1, header.end - 1
    lines = [header.line(key) - 1 for key, _ in pairs] + [header.end - 1]
    models = [one for model in items(pairs[found][1]) for one in _without(model, data)]
    text = ""
    if models:
        node = yaml.SequenceNode("tag:yaml.org,2002:seq", models, flow_style=False)
        text = yaml.serialize(node, Dumper=yaml.SafeDumper, width=_WIDE, allow_unicode=True)
    return text, lines[found], lines[found + 1]


def _without(model: yaml.Node, data: str) -> list[yaml.Node]:
    """A model of the index without its results on `data`, nothing where none is left."""
    results = [one for one in items(child(model, "results")) if not _is_on(one, data)]
    if not results or not isinstance(model, yaml.MappingNode):
        return []
    listed = yaml.SequenceNode("tag:yaml.org,2002:seq", results, flow_style=False)
    pairs = [(key, listed if key.value == "results" else value) for key, value in model.value]
    return [yaml.MappingNode(model.tag, pairs, flow_style=False)]


def _is_on(result: yaml.Node, data: str) -> bool:
    """Whether a result is on these data; one that names none cannot be told from them."""
    dataset = child(result, "dataset")
    names = [scalar(dataset), scalar(child(dataset, "type")), scalar(child(dataset, "name"))]
    said = [name for name in names if name]
    return not said or any(data in (name, data_named(name, "validation")) for name in said)


def _check_made(made: str, before: Header, entry: Mapping[str, Any], path: str) -> None:
    """Raises CardError unless the new front matter says the same and the index: one in braces takes no lines."""
    after = read_header(split_lines(made.removeprefix("\ufeff"))).mapping
    index = after.get(INDEX)
    is_same = {name: value for name, value in after.items() if name != INDEX} == {
        name: value for name, value in before.mapping.items() if name != INDEX
    }
    if not is_same or not isinstance(index, list) or index[-1] != entry:
        raise CardError(path, before.first + 2, "no index can be added to this front matter; write it a key a line")
