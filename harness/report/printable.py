"""Text of cards as a terminal may show it: what would move the cursor or change colours is shown as its code."""

import codecs
import io
import json
import unicodedata
from typing import TextIO

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_KEPT = "\u200d"  # joins the parts of one picture


def printable(text: str) -> str:
    """The text with control and format characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _HIDDEN else repr(char)[1:-1] for char in text
    )


# What text reports use beyond ASCII, for streams that cannot say it.
_PLAIN = {"±": "+-", "…": "...", "·": "-", "–": "-", "—": "-", "×": "x", "→": "->", "≥": ">=", "≤": "<=", "−": "-"}


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    given = error.object[error.start : error.end]
    said = (_PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode() for char in given)
    return "".join(said), error.end


def _as_json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error("harness.plain", _in_plain_letters)
codecs.register_error("harness.json", _as_json_escapes)


def write_what_the_stream_can(stream: TextIO, *, is_json: bool = False) -> None:
    """Make a stream write what its encoding has no letters for: in plain letters, or as the escapes of JSON."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="harness.json" if is_json else "harness.plain")
