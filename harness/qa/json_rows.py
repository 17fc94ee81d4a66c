"""A JSON file of questions as a stream of its outermost items, in whichever of the usual forms it was written.

An object with a list `data`, a list, or one object after another (JSON lines); UTF-8, -16 or -32, with a byte order
mark or without. Nothing is held but the item in hand.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson

from harness.errors import DataError
from harness.qa.file_kinds import HEAD, archive_of, kind_of
from harness.qa.json_depth import DEEPEST, Shallow

EXPECTED = "expected a SQuAD-format file"


def rows_of(path: Path) -> Iterator[tuple[str, Any]]:
    """Each item with its place, such as data[3]; raises DataError for what is no JSON, or is no list of items."""
    try:
        with path.open("rb") as stream:
            inside = _inside(path, _plain(path, stream))
        with path.open("rb") as stream:
            name = {"data.item": "data", "item": ""}.get(inside, "row ")
            items = ijson.items(_plain(path, stream), inside, use_float=True, multiple_values=inside == "")
            for number, item in enumerate(items):
                yield f"{name}[{number}]" if inside else f"row {number + 1}", item
    except ijson.JSONError as error:
        said = str(error).strip()
        if "invalid bytes in UTF8" in said:
            raise DataError(path, "", f"is neither UTF-8 nor -16 nor -32; save it as UTF-8; {EXPECTED}") from error
        raise DataError(path, "", f"is not valid JSON ({said.splitlines()[0]}){_hint(said)}; {EXPECTED}") from error
    except UnicodeError as error:
        where = f"byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise DataError(
            path, where, "is not UTF-8, or has half of a surrogate pair; expected a SQuAD-format file"
        ) from error
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); give an existing SQuAD-format file") from error


def _plain(path: Path, stream: BinaryIO) -> Any:
    """The file as UTF-8 without a byte order mark; raises DataError for what is no text, and while it is read for one
    that is nested too deeply."""
    head = stream.read(HEAD)
    known = kind_of(head) or archive_of(head)
    if known is not None:
        raise DataError(path, "", f"is {known}; {EXPECTED}")
    if len(head) < HEAD and not head.strip():
        raise DataError(path, "", f"is empty; fetch it again; {EXPECTED}")
    stream.seek(0)
    encoding = json.detect_encoding(head[:4])
    if encoding == "utf-8-sig":
        stream.seek(len(codecs.BOM_UTF8))
    elif encoding != "utf-8":
        stream = cast(BinaryIO, codecs.EncodedFile(stream, "utf-8", encoding))
    return Shallow(stream, lambda: _refuse(path))


def _refuse(path: Path) -> None:
    raise DataError(path, "", f"is nested more than {DEEPEST} levels deep; {EXPECTED}")


def _inside(path: Path, stream: Any) -> str:
    """Where the items are: in the list `data`, in the outermost list, or one after another."""
    events = ijson.parse(stream, use_float=True, multiple_values=True)
    _, first, _ = next(events, ("", "", None))
    if first == "start_array":
        return "item"
    if first != "start_map":
        raise DataError(path, "", f"is {'empty' if not first else 'JSON, but no questions'}; {EXPECTED}")
    for prefix, event, _ in events:
        if (prefix, event) == ("data", "start_array"):
            return "data.item"
        if (prefix, event) == ("", "end_map"):
            break
    return ""


def _hint(said: str) -> str:
    """What a parser's message, with the piece of text that it shows, comes of most often."""
    if "premature EOF" in said:
        return "; the file ends before its JSON does: it was cut, fetch it again"
    if "NaN" in said or "Infinity" in said:
        return "; NaN and Infinity, which pandas writes, are no JSON: write null in their place"
    return ""
