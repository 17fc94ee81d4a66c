"""The YAML front matter of a card, with the line of every value; damage is noted, never repaired.

The loader builds its tree in C, so what could overflow or explode there is refused before: nesting, size, and aliases
(a few lines of them stand for gigabytes).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness.domain import Note

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MAX_CHARS = 256 * 1024
_MAX_DEPTH = 40
_MAX_NODES = 50_000
_FIELD = re.compile(r"^\s*(?:- )?[\"']?[A-Za-z_][\w.-]*[\"']?\s*:(?:\s|$)|^\s*- ")
_KNOWN = re.compile(
    r"(?:language|license|datasets|tags|thumbnail|metrics|pipeline_tag|library_name|base_model):(?:\s|$)"
)
_RULE = re.compile(r"^-{3,}\s*$")
_DEEP_LINE = re.compile(
    r"^\s{100}\s*(?:[-?](?:\s|$)|[\"']?[A-Za-z_][\w.-]{0,60}[\"']?\s*:(?:\s|$))|^(?:\s*[-?:]\s){20}"
)


@dataclass(frozen=True)
class Header:
    """`end` is the number of lines it takes, 0 where there is none; `root` is its YAML tree, with marks.

    `damage` says why nothing in it is read, where it is there and that is so.
    """

    mapping: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    end: int = 0
    first: int = 0
    root: yaml.MappingNode | None = None
    notes: tuple[Note, ...] = ()
    damage: Note | None = None

    def line(self, node: yaml.Node) -> int:
        """Line of the card on which a node begins."""
        return int(node.start_mark.line) + self.first + 2

    def node(self, *keys: str) -> yaml.Node | None:
        """The value of the first of `keys` that is there."""
        return next((found for key in keys for found in [child(self.root, key)] if found is not None), None)


def child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Value of a key of a mapping node, None where either is absent."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if isinstance(name, yaml.ScalarNode) and name.value == key), None)


def items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """The nodes of a list; a node that is no list is taken for a list of itself."""
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif node is not None and not is_empty(node):
        yield node


def is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def scalar(node: yaml.Node | None) -> str | None:
    """Text of a scalar as printed, None where it is none or null."""
    return node.value.strip() if isinstance(node, yaml.ScalarNode) and not is_empty(node) else None


def read_header(lines: list[str]) -> Header:
    """The front matter of a card's lines, empty where there is none."""
    first = next((n for n, text in enumerate(lines[:20]) if text.strip("\ufeff \t")), None)
    if first is not None and _KNOWN.match(lines[first]):
        return _unopened(lines, first)
    if (
        first is not None
        and len(lines) > first + 2
        and lines[first + 1].strip() == "---"
        and _KNOWN.match(lines[first + 2])
    ):
        first += 1  # a line of text that was pasted above the rule
    if first is None or not _RULE.match(lines[first]):
        return Header()
    after = next((text for text in lines[first + 1 : first + 40] if text.strip()), "")
    looks_like_yaml = _FIELD.match(after) is not None or _RULE.match(after) is not None
    close = next((n for n in range(first + 1, len(lines)) if _RULE.match(lines[n])), None)
    if close is None:
        said = Note("front matter is never closed; nothing in it is read as such", first + 1)
        return Header(damage=said if looks_like_yaml else None)
    inner = lines[first + 1 : close]
    mark = lines[first].strip()
    notes = (Note(f"front matter opens with {mark}", first + 1),) if mark != "---" else ()
    mapping, root, damage = _load("\n".join(inner), first)
    if damage is not None and not looks_like_yaml:
        return Header()  # a rule, some text, and another rule
    return Header(mapping, tuple(lines[: close + 1]), close + 1, first, root, notes, damage)


def _unopened(lines: list[str], first: int) -> Header:
    """Fields at the top of a card and a rule below them: front matter to its author, to nobody else."""
    close = next((n for n in range(first + 1, min(len(lines), first + 60)) if _RULE.match(lines[n])), None)
    inner = lines[first:close] if close is not None else []
    if len(inner) < 2 or not all(_FIELD.match(text) or text[:1] in ("", " ") for text in inner):
        return Header()
    mapping, root, damage = _load("\n".join(inner), first - 1)
    said = Note("the front matter has no opening ---; the Hub reads none of it", first + 1)
    return (
        Header()
        if damage
        else Header(mapping, tuple(lines[: len(inner) + first + 1]), len(inner) + first + 1, first - 1, root, (said,))
    )


def _load(text: str, first: int) -> tuple[Mapping[str, Any], yaml.MappingNode | None, Note | None]:
    line = first + 2
    if len(text) > _MAX_CHARS or _is_too_deep(text):
        return {}, None, Note("the front matter is too long or too deep to be one; nothing in it is read", line)
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}, None, None
        if not isinstance(root, yaml.MappingNode):
            return {}, None, Note("the front matter is no mapping of keys to values; nothing in it is read", line)
        if not _is_small(root):
            return {}, None, Note("the front matter's aliases stand for too much; nothing in it is read", line)
        loaded = loader.construct_document(root)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line += mark.line if mark else 0
        why = str(getattr(error, "problem", None) or error).splitlines()[0]
        return {}, None, Note(f"the front matter is not YAML ({why}); nothing in it is read", line)
    finally:
        loader.dispose()
    return {str(key): value for key, value in loaded.items()}, root, None


def _is_too_deep(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if mark in "[{" else max(0, depth - 1)
        if depth > _MAX_DEPTH:
            return True
    return any(_DEEP_LINE.match(line) for line in text.split("\n"))


def _is_small(root: yaml.Node) -> bool:
    """Whether the tree, aliases followed, has few enough nodes; an alias to itself never ends, so counting stops."""
    pending, n_seen = [root], 0
    while pending:
        node = pending.pop()
        n_seen += 1
        if n_seen > _MAX_NODES:
            return False
        if isinstance(node, yaml.MappingNode):
            pending.extend(one for pair in node.value for one in pair)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
    return True
