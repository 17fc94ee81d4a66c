"""Keys and values in JSON, Python dictionaries, their fragments, and calls with keyword arguments; damaged ones too.

No parser of JSON or Python would read what cards print: quotes are missing, braces are left out, numbers carry a
percent sign. This scanner goes from key to key and takes the value that follows; nothing is evaluated.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_KEY = re.compile(r"""\s*[-*]?\s*["'`]?(?P<key>[A-Za-z_][\w .@()/+#-]{0,60}?)["'`]?\s*(?P<mark>[=:])(?![=:/])\s*""")
_BARE = re.compile(r"""[^,\n{}\[\]()"'#]{1,200}""")
_STRING = re.compile(r""""[^"\n]{0,2000}"|'[^'\n]{0,2000}'|"[^"\n]{0,2000}|'[^'\n]{0,2000}""")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{1,20}){1,4}(?![\w.]*[\w\"'])")  # `71,877`: one value, not two
_SETTINGS = re.compile(r"(?:Config|Arguments|Args)$")  # a call in a call that holds settings of its own
_SKIP = re.compile(r"[^,\n{}\[\]()\"'#]+")
_BRACKETS = {"[": "]", "(": ")"}
_LONGEST_LIST = 2000


@dataclass(frozen=True, slots=True)
class Pair:
    """`key` is prefixed with the keys it is nested under, joined by dots."""

    key: str
    raw: str
    line: int
    mark: str


def read_pairs(lines: Sequence[tuple[int, str]]) -> Iterator[Pair]:
    """Every key with its value in a piece of code; comments are skipped, nested keys joined by a dot."""
    text = "\n".join(line for _, line in lines)
    numbers = [number for number, _ in lines]
    where, row, prefix = 0, 0, [""]
    pending = ""
    is_start = True
    while where < len(text):
        char = text[where]
        if char == "\n":
            row, where, is_start, pending = row + 1, where + 1, True, ""
        elif char == "#" and (where == 0 or text[where - 1] in " \t\n,"):
            where = _line_end(text, where)
        elif char in "{(":
            prefix.append(pending)
            pending, where, is_start = "", where + 1, True
        elif char in "})]":
            if len(prefix) > 1:
                prefix.pop()
            where += 1
        elif char in ",[":
            where, is_start = where + 1, True
        elif is_start and (match := _KEY.match(text, where)) is not None and "\n" not in match.group():
            end, raw = _value(text, match.end())
            key = match["key"].strip()
            if raw is None:
                pending = key
            else:
                yield Pair(".".join(filter(None, (*prefix[-2:], key))), raw, numbers[row], match["mark"])
            row += text.count("\n", where, end)
            where, is_start = end, False
        elif char in "\"'":
            found = _STRING.match(text, where)
            where, is_start = (found.end() if found else where + 1), False
        else:
            skipped = _SKIP.match(text, where)
            is_start = is_start and skipped is not None and not skipped.group().strip()
            where = skipped.end() if skipped and skipped.end() > where else where + 1


def _value(text: str, where: int) -> tuple[int, str | None]:
    """End and text of the value at `where`; None for the text where another level of keys begins."""
    if where >= len(text) or text[where] == "\n":
        return where, None
    char = text[where]
    if char == "{":
        return where, None
    if char in "\"'":
        found = _STRING.match(text, where)
        return (found.end(), found.group()) if found else (where + 1, None)
    if char in _BRACKETS:
        return _bracketed(text, where)
    found = _GROUPED.match(text, where) or _BARE.match(text, where)
    if found is None:
        return where, None
    raw = found.group()
    if found.end() < len(text) and text[found.end()] == "(":
        if _SETTINGS.search(raw):
            return found.end(), None
        end, inside = _bracketed(text, found.end())
        return end, f"{raw}{inside}" if inside is not None else raw
    return found.end(), raw.strip() or None


def _bracketed(text: str, where: int) -> tuple[int, str | None]:
    """A list, tuple or call from its opening bracket to its closing one; None where it holds keys or never ends."""
    depth = 0
    for n in range(where, min(len(text), where + _LONGEST_LIST)):
        if text[n] in "[(":
            depth += 1
        elif text[n] in "])":
            depth -= 1
            if depth == 0:
                return n + 1, " ".join(text[where : n + 1].split())
        elif text[n] == "{":
            return where + 1, None
    return where + 1, None


def _line_end(text: str, where: int) -> int:
    end = text.find("\n", where)
    return len(text) if end < 0 else end
