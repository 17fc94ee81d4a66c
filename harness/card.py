"""Bytes to card: the dialects' findings merged, what is said twice differently told apart."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from harness.dialects import DIALECTS
from harness.dialects.document import Finding, read_document, split_lines
from harness.domain import Card, Claim, Conflict, Fact, Stated
from harness.errors import CardError

MAX_BYTES = 4 * 1024 * 1024  # the longest of 32,300 collected cards is far below; more is no card
_MOJIBAKE = re.compile("[ÂÃâ][\x80-\xbf\u20ac\u2122\u0153\u201c\u201d]")


def read(path: Path) -> Card:
    """Reads and parses a card; raises CardError when it is no readable card. Nothing is repaired or guessed."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except FileNotFoundError as error:
        raise CardError(path, None, "no such card; give the path of a model card in Markdown") from error
    except IsADirectoryError as error:
        raise CardError(path, None, "is a directory; give the card itself, such as README.md in it") from error
    except OSError as error:
        raise CardError(path, None, f"cannot be read ({error.strerror})") from error
    if data is None:
        raise CardError(path, None, f"is larger than {MAX_BYTES // 2**20} MiB; a model card is a page of text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CardError(path, line, f"byte {error.start} is not UTF-8; save the card as UTF-8") from error
    return parse(path, text, hashlib.sha256(data).hexdigest())


def parse(path: Path, text: str, sha256: str) -> Card:
    """Card of a text that was read from `path`."""
    document = read_document(str(path), text)
    findings: list[Finding] = [finding for dialect in DIALECTS for finding in dialect(document)]
    stated = tuple(sorted((f for f in findings if isinstance(f, Stated)), key=lambda s: s.line))
    claims = tuple(sorted((f for f in findings if isinstance(f, Claim)), key=lambda c: c.line))
    return Card(
        name=path.stem,
        path=str(path),
        sha256=sha256,
        text=text,
        front_matter=document.front_matter,
        facts=tuple(f for f in findings if isinstance(f, Fact)),
        stated=stated,
        claims=claims,
        conflicts=(*_setting_conflicts(stated), *_claim_conflicts(claims)),
        notes=tuple(_encoding_notes(text)),
    )


def _setting_conflicts(stated: Iterable[Stated]) -> Iterable[Conflict]:
    first: dict[tuple[str, str], Stated] = {}
    for one in stated:
        other = first.setdefault((one.section, one.name), one)
        if other.value != one.value:
            what = f"{one.name} under '{one.section}'"
            yield Conflict(what, (other.raw, one.raw), (other.line, one.line))


def _claim_conflicts(claims: Iterable[Claim]) -> Iterable[Conflict]:
    first: dict[str, Claim] = {}
    for claim in claims:
        other = first.setdefault(claim.metric, claim)
        half_unit = 0.5 * 10.0 ** -min(claim.decimals, other.decimals)
        if abs(other.value - claim.value) > half_unit:
            yield Conflict(claim.metric, (other.raw, claim.raw), (other.line, claim.line))


def _encoding_notes(text: str) -> Iterable[str]:
    for number, line in enumerate(split_lines(text), start=1):
        match = _MOJIBAKE.search(line)
        if match:
            yield f"line {number}: {match.group()!r} looks like UTF-8 read as Latin-1 once; kept as it is"
