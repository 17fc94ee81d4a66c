"""What of a card is ours: the marks around what `harness card` writes, and the card as it reads without that.

In the front matter the marks are YAML comments, in the body HTML comments. Lines of the author's that ours stand for
are kept inside the marks, commented out, so that no claim is lost and every byte can be given back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN = "<!-- harness: reproduction begins; written by `harness card`, replaced by it, not read as the card's own -->"
END = "<!-- harness: reproduction ends -->"
HEADER_BEGIN = "# harness: measured numbers begin; written by `harness card`, not read as the card's own"
HEADER_ADDED = "# harness: measured numbers begin, in a front matter that was not there; written by `harness card`"
HEADER_END = "# harness: measured numbers end"
KEPT = "#~ "  # before a line of the author's that ours stand for

_ENDS = {BEGIN: END, HEADER_BEGIN: HEADER_END, HEADER_ADDED: HEADER_END}
_LINE = re.compile(r"[^\r\n]*(?:\r\r\n|\r\n|\n|\r)|[^\r\n]+\Z")
_LINE_END = re.compile(r"\r\r\n|\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Region:
    """Line indices `first` (the mark that opens) to `last` (the one that closes), both of ours."""

    first: int
    last: int
    mark: str

    @property
    def is_header(self) -> bool:
        return self.mark != BEGIN


def lines_of(text: str) -> list[str]:
    """Lines with their ends, as editors count them."""
    return _LINE.findall(text)


def line_end_of(text: str) -> str:
    """The line end a card is written with: its first one."""
    found = _LINE_END.search(text)
    return found.group() if found else "\n"


def regions(lines: list[str]) -> Iterator[Region]:
    """What stands between two marks; one that is never closed opens nothing."""
    first, mark = 0, None
    for n, line in enumerate(lines):
        said = line.strip("\r\n")
        if said in _ENDS:
            first, mark = n, said
        elif mark is not None and said == _ENDS[mark]:
            yield Region(first, n, mark)
            mark = None


def without_ours(text: str) -> str:
    """The card as its author wrote it, every line in its place: ours are blank, those kept in them are back."""
    if not any(mark in text for mark in _ENDS):
        return text
    lines = lines_of(text)
    for region in regions(lines):
        for n in range(region.first, region.last + 1):
            line = lines[n]
            lines[n] = line[len(KEPT) :] if _is_kept(line, region) else line[len(line.rstrip("\r\n")) :]
    return "".join(lines)


def restored(text: str) -> str:
    """The card with the author's own front matter, to the byte; the body is as it is."""
    lines = lines_of(text)
    region = next((one for one in regions(lines) if one.is_header), None)
    if region is None:
        return text
    first, last = region.first, region.last + 1
    if region.mark == HEADER_ADDED:
        return text[: text.index("---")] + "".join(lines[last + 1 :])
    kept = [line[len(KEPT) :] for line in lines[first:last] if _is_kept(line, region)]
    return "".join([*lines[:first], *kept, *lines[last:]])


def _is_kept(line: str, region: Region) -> bool:
    return region.is_header and line.startswith(KEPT)
