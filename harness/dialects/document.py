"""A card's text with the structure that dialects need: front matter apart, headings and fences with their lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from markdown_it import MarkdownIt

from harness.domain import Claim, Fact, Stated
from harness.errors import CardError

Finding = Stated | Fact | Claim


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A code block; `lines` are (line number, text), without the fences."""

    info: str
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """`lines` are (line number from 1, text) of the body outside code blocks."""

    front_matter: Mapping[str, Any]
    front_matter_lines: tuple[str, ...]
    lines: tuple[tuple[int, str], ...]
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]

    def section(self, line: int) -> str:
        """Text of the nearest heading above `line`, "" where there is none."""
        return next((heading.text for heading in reversed(self.headings) if heading.line < line), "")


def read_document(path: str, text: str) -> Document:
    """Splits the front matter off and parses the body; raises CardError for front matter that is not YAML."""
    lines = split_lines(text.removeprefix("\ufeff"))
    body_start = _front_matter_end(lines)
    front_matter = _load_front_matter(path, lines[1 : body_start - 1]) if body_start else {}
    tokens = MarkdownIt("commonmark").parse("\n".join(lines[body_start:]))
    headings, fences, in_code = [], [], set[int]()
    for index, token in enumerate(tokens):
        if token.map is None:
            continue
        first, last = token.map[0] + body_start, token.map[1] + body_start
        if token.type == "heading_open":
            headings.append(Heading(first + 1, tokens[index + 1].content.strip()))
        elif token.type in ("fence", "code_block"):
            in_code.update(range(first, last))
            offset = 2 if token.type == "fence" else 1
            content = split_lines(token.content.removesuffix("\n"))
            fences.append(Fence(token.info.strip(), tuple((first + offset + n, s) for n, s in enumerate(content))))
    outside = tuple((n + 1, lines[n]) for n in range(body_start, len(lines)) if n not in in_code)
    return Document(front_matter, tuple(lines[:body_start]), outside, tuple(headings), tuple(fences))


def split_lines(text: str) -> list[str]:
    """Lines as editors count them (splitlines() also breaks at form feeds and Unicode separators)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _front_matter_end(lines: list[str]) -> int:
    """Number of lines that the front matter takes, 0 when there is none or it is never closed."""
    if not lines or lines[0].strip() != "---":
        return 0
    return next((n + 1 for n in range(1, len(lines)) if lines[n].strip() == "---"), 0)


def _load_front_matter(path: str, lines: list[str]) -> Mapping[str, Any]:
    try:
        loaded = yaml.safe_load("\n".join(lines))
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise CardError(path, line, f"the front matter is not YAML ({getattr(error, 'problem', error)})") from error
    return loaded if isinstance(loaded, dict) else {}
