"""A card's text with the structure that dialects need: front matter apart, headings and code blocks with their lines.

markdown-it says what is code and what is a heading; what it cannot know is that a card is damaged: a fence that is
never closed swallows the rest of the card, one that opens with a brace is code all the same, and a bold line alone is
a heading to whoever wrote it.
"""

import bisect
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.card.dialects.header import Header, read_header
from harness.card.dialects.own_names import hyphenated, own_names, tuned_names
from harness.card.dialects.paragraphs import Paragraph, paragraphs_of
from harness.domain import Claim, Fact, Note, Stated, Unread

Finding = Stated | Fact | Claim | Unread

_MAX_REPAIRS = 8  # unclosed fences; each costs another reading of the rest
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_OPENED_AGAIN = re.compile(r"^\s*(?:`{3,}|~{3,})\s*[A-Za-z{]")
_HASHES = re.compile(r"^\s{0,3}(#{1,6})[ \t]+(\S.*)$|^(#{2,6})([^#\s].*)$")
_BOLD = re.compile(r"^\s{0,3}(\*\*|__)(?P<text>[^*_|=].{0,78}?)(\*\*|__)\s*$")
_TAG = re.compile(r"^\s{0,3}<h([1-6])\b[^<>]{0,200}>(?P<text>[^<>]{1,200})</h\1>\s*$", re.IGNORECASE)
_PICTURE = re.compile(  # pictures, each with its skin, sex and joiners, before words that may be bold
    "^\\s{0,3}(?:[\U0001f300-\U0001faff\u2600-\u27bf\u2b50][\u2640\u2642\ufe0f\u200d]*){1,4}\\s*(?P<text>\\S.{2,62})$"
)
_YAML_LINE = re.compile(r"^[a-z_]{2,30}:(?:\s|$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A code block; `lines` are (line number, text), without the fences."""

    info: str
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Document:
    """`lines` are (line number from 1, text) of the body outside code blocks, comments blanked."""

    header: Header
    lines: tuple[tuple[int, str], ...]
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    notes: tuple[Note, ...]

    def sentences(self) -> Iterator[tuple[Paragraph, int, str]]:
        """Paragraphs that can say something, each with its text behind list marks and the place where that begins."""
        for paragraph in self.paragraphs:
            text = paragraph.text.lstrip("-*>•# ")
            if len(text) >= 6 and not text.startswith(("|", "<img", "![")):
                yield paragraph, len(paragraph.text) - len(text), text

    @functools.cached_property
    def _heading_lines(self) -> list[int]:
        return [heading.line for heading in self.headings]

    @functools.cached_property
    def _text_lines(self) -> list[int]:
        return [number for number, _ in self.lines]

    @functools.cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Text in which a sentence may go on in the next line; links keep their words alone in `prose`."""
        return tuple(paragraphs_of(self.lines, frozenset(self._heading_lines)))

    def section(self, line: int) -> str:
        """Text of the nearest heading above `line`, "" where there is none."""
        index = bisect.bisect_left(self._heading_lines, line)
        return self.headings[index - 1].text if index else ""

    def text(self, line: int) -> str:
        """A line of the body outside code, "" where there is none such."""
        index = bisect.bisect_left(self._text_lines, line)
        return self.lines[index][1] if index < len(self.lines) and self.lines[index][0] == line else ""

    def heading_above(self, line: int) -> str:
        """Text of the heading before the nearest one above `line`, "" where there is none."""
        index = bisect.bisect_left(self._heading_lines, line)
        return self.headings[index - 2].text if index > 1 else ""

    @functools.cached_property
    def own_names(self) -> frozenset[str]:
        """What the card calls its own model, as `plain_name` writes it."""
        code = (text for fence in self.fences for _, text in fence.lines)
        return own_names(self.header, self.title(), (text for _, text in self.lines), code)

    @functools.cached_property
    def row_names(self) -> frozenset[str]:
        """What a table may call this model: its own names, and what it began as where the text says so."""
        return self.own_names | self._tuned_names

    @functools.cached_property
    def told_names(self) -> frozenset[str]:
        """`row_names` without those that only code tells, which may have been copied from another card."""
        return own_names(self.header, self.title(), (text for _, text in self.lines), ()) | self._tuned_names

    @functools.cached_property
    def _tuned_names(self) -> frozenset[str]:
        return tuned_names(text for _, text in self.lines)

    @functools.cached_property
    def title_words(self) -> frozenset[str]:
        """Names with hyphens in the title, before it says how the model was made, such as `BERT-Tiny`."""
        return hyphenated(self.title())

    def title(self) -> str:
        return self.headings[0].text if self.headings else ""

    def sentence_before(self, line: int) -> str:
        """The nearest line of text above `line` in the same section, "" where there is none."""
        index = bisect.bisect_left(self._text_lines, line)
        above = bisect.bisect_left(self._heading_lines, line)
        floor = self._heading_lines[above - 1] if above else 0
        for number, text in reversed(self.lines[max(0, index - 6) : index]):
            if number <= floor:
                break
            if text.strip():
                return text.strip()
        return ""


def read_document(text: str) -> Document:
    """Splits the front matter off and parses the body."""
    lines = split_lines(text.removeprefix("\ufeff"))
    header = read_header(lines)
    notes = list(filter(None, (*header.notes, header.damage)))
    headings: list[Heading] = []
    fences: list[Fence] = []
    is_code = [False] * len(lines)
    start = header.end
    for repair in range(_MAX_REPAIRS + 1):
        cut = _read_body(lines, start, is_code, headings, fences, is_last=repair == _MAX_REPAIRS)
        if cut is None:
            break
        notes.append(Note(f"a code block that opens here is never closed; read to line {cut[1]}", cut[0] + 1))
        start = cut[1]
    outside = tuple(_without_comments((n + 1, lines[n]) for n in range(header.end, len(lines)) if not is_code[n]))
    known = {heading.line for heading in headings}
    headings += [Heading(n, found) for n, found in _pseudo_headings(outside) if n not in known]
    headings.sort(key=lambda heading: heading.line)
    return Document(header, outside, tuple(headings), tuple(fences), tuple(notes))


def split_lines(text: str) -> list[str]:
    """Lines as editors count them (splitlines() also breaks at form feeds and Unicode separators)."""
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@functools.cache
def _markdown() -> MarkdownIt:
    """Blocks alone: no dialect needs inline structure, and it costs most of the time."""
    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(["inline", "text_join"])
    return parser


def _read_body(
    lines: list[str], start: int, is_code: list[bool], headings: list[Heading], fences: list[Fence], *, is_last: bool
) -> tuple[int, int] | None:
    """Appends headings and code blocks from line index `start` on; returns (opens, ends) of a fence never closed."""
    # Form feeds and their like end a line for nobody but are blanks to Markdown; NUL it would replace.
    body = [_CONTROL.sub(" ", line) for line in lines[start:]]
    tokens = _markdown().parse("\n".join(body))
    for index, token in enumerate(tokens):
        if token.map is None:
            continue
        first, last = token.map[0] + start, token.map[1] + start
        if token.type == "heading_open":
            text = tokens[index + 1].content.strip()
            if token.markup in ("-", "=") and (_YAML_LINE.match(text) or "\n" in text or len(text) > 120):
                continue  # a paragraph or front matter with a rule below it
            headings.append(Heading(first + 1, _plain(text)))
        elif token.type == "fence":
            end = None if is_last else _mended_end(lines, first, last)
            _add_fence(lines, token, first, last if end is None else end, is_code, fences)
            if end is not None and end < last:
                return first, end
        elif token.type == "code_block":
            content = split_lines(token.content.removesuffix("\n"))
            if any(_HASHES.match(line) for line in content):
                continue
            is_code[first:last] = [True] * (last - first)
            fences.append(Fence("", tuple((first + 1 + n, line) for n, line in enumerate(content))))
    return None


def _add_fence(lines: list[str], token: Token, first: int, last: int, is_code: list[bool], fences: list[Fence]) -> None:
    is_code[first:last] = [True] * (last - first)
    inner = [(n + 1, lines[n]) for n in range(first + 1, last)]
    if inner and (_FENCE.match(inner[-1][1].lstrip("> ")) or not inner[-1][1].strip("`~ \t")):
        inner.pop()
    if inner and inner[-1][1].rstrip().endswith(("```", "~~~")):
        inner[-1] = (inner[-1][0], inner[-1][1].rstrip().rstrip("`~"))
    info = token.info.strip()
    if info.startswith(("{", "[")):  # a brace behind the fence is the first line of the code
        inner.insert(0, (first + 1, info))
        info = ""
    indent = min((len(text) - len(text.lstrip()) for _, text in inner if text.strip()), default=0)
    fences.append(Fence(info, tuple((n, text[indent:]) for n, text in inner)))


def _mended_end(lines: list[str], first: int, last: int) -> int | None:
    """The line index at which a fence from `first` should have ended, None where it is sound."""
    marker = lines[first].lstrip(" >\t")[:3]
    for n in range(first + 1, last - 1):
        if lines[n].rstrip().endswith(marker) and lines[n].strip("`~ \t") in ("}", "]", "},", ")"):
            return n + 1
    is_closed = last - 1 > first and lines[last - 1].lstrip(" >\t").startswith(marker)
    again = next((n for n in range(first + 1, last) if _OPENED_AGAIN.match(lines[n])), None)
    if is_closed and again is None:
        return None
    if not is_closed and last < len(lines):
        return None  # the end of a list item or a quote closes it
    is_script = re.match(r"\s*[`~]+\s*(?:py|bash|sh|shell|r\b)", lines[first], re.IGNORECASE) is not None
    for n in range(first + 1, min(last, again or last)):
        found = _HASHES.match(lines[n])
        if found and (len(found[1] or found[3]) > 1 or not (is_script or lines[n - 1].strip())):
            return n
    return again


def _pseudo_headings(outside: tuple[tuple[int, str], ...]) -> Iterator[tuple[int, str]]:
    """Lines that stand for a heading without being one to Markdown: bold alone, HTML, hashes without a blank."""
    previous = ""
    for number, text in outside:
        found = _HASHES.match(text)
        if found and found[3]:
            yield number, _plain(found[4])
        elif text.lstrip().startswith(("**", "__", "<")) or not text[:1].isascii():
            match = _BOLD.match(text) or _TAG.match(text) or (_PICTURE.match(text) if not previous.strip() else None)
            words = _plain(match["text"]) if match else ""
            if words and not words.endswith((".", ",")) and "**" not in words:
                yield number, words
        previous = text


def _plain(text: str) -> str:
    """A heading's text without closing hashes and emphasis around the whole of it."""
    text = text.strip().rstrip("#").rstrip()
    if len(text) > 4 and text.startswith("**") and text.endswith("**"):
        text = text[2:-2].strip()
    return text


def _without_comments(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """HTML comments are blanked: what they hold is not said."""
    is_inside = False
    for number, text in lines:
        if not is_inside and "<!--" not in text:
            yield number, text
            continue
        kept, rest = [], text
        while rest:
            before, mark, rest = rest.partition("-->" if is_inside else "<!--")
            if not is_inside:
                kept.append(before)
            if not mark:
                break
            is_inside = not is_inside
        yield number, "".join(kept)
