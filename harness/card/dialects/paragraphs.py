"""Sentences of a card: lines of text that go on in the next line, joined, with the lines that they stand on."""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NEW_LINE = re.compile(r"[-*+•>|#]\s|\*\*[^*]{1,60}:|\d{1,2}[.)]\s|[|<{`]|\*\*[^*]{1,60}\*\*\s*:|--|[A-Z][\w ]{1,30}: ")
_INLINE = re.compile(r"</?(?P<tag>b|i|u|em|strong|code|span|font)\b[^<>]{0,100}>", re.IGNORECASE)
_MARKS = {"b": "**", "strong": "**", "code": "`"}  # what Markdown has for a tag; other tags leave the words alone
_MAX_WRAPPED = 8  # lines to a sentence
MAX_PROSE = 150_000  # characters; the longest of several hundred cards has a third of it
_MAX_LINE = 3000  # characters of a line in which sentences are looked for


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that were wrapped over lines, joined by blanks; `starts` are the places where the lines begin."""

    text: str
    starts: tuple[int, ...]
    lines: tuple[int, ...]

    def line(self, place: int) -> int:
        """Line of the card on which a character of `text` stands."""
        return self.lines[bisect.bisect_right(self.starts, place) - 1]


def paragraphs_of(lines: Sequence[tuple[int, str]], headings: frozenset[int]) -> Iterator[Paragraph]:
    pending: list[tuple[int, str]] = []
    n_chars = 0
    for number, text in (*lines, (0, "")):
        n_chars += len(text)
        if n_chars > MAX_PROSE:
            return
        stripped = _without_tags(text.strip())
        is_new = (
            not stripped or number in headings or _NEW_LINE.match(stripped) is not None or len(pending) >= _MAX_WRAPPED
        )
        if pending and (is_new or pending[-1][0] in headings or number != pending[-1][0] + 1):
            yield _joined(pending)
            pending = []
        if stripped:
            pending.append((number, stripped[:_MAX_LINE]))


def _without_tags(text: str) -> str:
    """A line with Markdown's marks for HTML's tags around words, no blank inside links, percents not escaped."""
    text = text.replace("] (http", "](http").replace("\\%", "%")
    return _INLINE.sub(lambda tag: _MARKS.get(tag["tag"].lower(), ""), text) if "</" in text else text


def _joined(lines: list[tuple[int, str]]) -> Paragraph:
    starts, place = [], 0
    for _, text in lines:
        starts.append(place)
        place += len(text) + 1
    return Paragraph(" ".join(text for _, text in lines), tuple(starts), tuple(number for number, _ in lines))
