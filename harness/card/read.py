"""Bytes to card: the dialects' findings merged, what is said twice differently told apart."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.card import generated
from harness.card.dialects import DIALECTS
from harness.card.dialects.document import Document, Finding, read_document, split_lines
from harness.card.dialects.names import is_setting
from harness.card.dialects.own_names import is_family
from harness.card.dialects.paragraphs import MAX_PROSE
from harness.domain import Card, Claim, Conflict, Fact, Note, Stated, Unread
from harness.errors import CardError

MAX_BYTES = 4 * 1024 * 1024  # the longest of 32,300 collected cards is far below; more is no card
MAX_LINES = 10_000  # so that no text takes longer than a second or two to read
_MOJIBAKE = re.compile("[ÂÃâ][\x80-\xbf\u20ac\u2122\u0153\u201c\u201d]")
_MAX_NOTES = 20
_OF_MODELS = {"base_model": "student", "teacher": "teacher"}  # settings that name a model state a fact as well
# Options of commands that name data: a data set of the Hub, or a file.
_OF_DATA = {
    "dataset_name": "train_data", "train_file": "train_data",
    "predict_file": "eval_data", "validation_file": "eval_data",
}  # fmt: skip
_OF_OPTIONS = ("shell", "bullets", "key_value_block")  # dialects in which a program's options are printed
_FILE = re.compile(r"(?:^|/)(?P<name>[\w-][\w.-]*\.(?:jsonl?|csv|tsv|txt|parquet))$")
_SPLIT_ALONE = re.compile(
    r"(?:an? |the )?(?:dev(?:elopment)?|test|valid(?:ation)?|eval(?:uation)?)(?: ?(?:set|split|data ?set|data))?", re.I
)
_MODEL = re.compile(r"[A-Za-z0-9][^\s$(){}]{2,150}(?<!\.py)(?<!\.json)$")
_PLACEHOLDER = re.compile(r"[A-Z]+(?:_[A-Z]+)+")  # `YOUR_BASE_MODEL`
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+|[a-z0-9]+(?:[-_][\w.]+)+|.*[\d_].*")  # `org/name`, `roberta-base`
_SQUAD = re.compile(r"squad\s*_?(?:dataset\s*)?v?\s*_?\s*(?P<version>[12])?")


def read_card(path: Path) -> Card:
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
        raise _too_large(path)
    return card_of(path, data)


def card_of(path: Path, data: bytes) -> Card:
    """Card of the bytes that were read from `path`; raises CardError where they are none."""
    if len(data) > MAX_BYTES:
        raise _too_large(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CardError(path, line, f"byte {error.start} is not UTF-8; save the card as UTF-8") from error
    return parse(path, text, hashlib.sha256(data).hexdigest())


def _too_large(path: Path) -> CardError:
    return CardError(path, None, f"is larger than {MAX_BYTES // 2**20} MiB; a model card is a page of text")


def parse(path: Path, text: str, sha256: str) -> Card:
    """Card of a text that was read from `path`; raises CardError for a text too long to be one."""
    if text.count("\n") + text.count("\r") > MAX_LINES:
        raise CardError(path, None, f"has more than {MAX_LINES} lines; a model card is a page of text")
    document = read_document(generated.without_ours(text))
    findings: list[Finding] = [finding for dialect in DIALECTS for finding in dialect(document)]
    stated = tuple(_distinct_stated(findings))
    claims = tuple(_distinct_claims(findings))
    unread = {(one.line, one.metric): one for one in reversed(findings) if isinstance(one, Unread)}
    facts = tuple(_distinct_facts(findings, stated))
    return Card(
        name=path.stem,
        path=str(path),
        sha256=sha256,
        text=text,
        front_matter=document.header.mapping,
        facts=facts,
        stated=stated,
        claims=claims,
        conflicts=(*_setting_conflicts(stated), *_claim_conflicts(claims), *_fact_conflicts(facts)),
        notes=(*document.notes, *_encoding_notes(text), *_notes_of(document, stated), *_marked_notes(text)),
        unread=tuple(unread[place] for place in sorted(unread)),
    )


def _distinct_stated(findings: Iterable[Finding]) -> list[Stated]:
    """By line; what two dialects read off one line counts once, and a sentence that repeats a block adds nothing."""
    found = sorted((f for f in findings if isinstance(f, Stated)), key=lambda one: one.line)
    first: dict[tuple[int, str, str], Stated] = {}
    for one in found:
        first.setdefault((one.line, one.name, one.raw), one)
    blocks = [one for one in first.values() if one.dialect != "prose_numbers"]
    said = {(one.name, one.value) for one in blocks} | {(one.name, one.line) for one in blocks}
    return [
        one
        for one in first.values()
        if one.dialect != "prose_numbers" or not said & {(one.name, one.value), (one.name, one.line)}
    ]


def _distinct_claims(findings: Iterable[Finding]) -> list[Claim]:
    """By line; a number that a list or a block prints is not read a second time as part of a sentence."""
    found = sorted((f for f in findings if isinstance(f, Claim)), key=lambda one: one.line)
    blocks = {(claim.line, claim.raw) for claim in found if claim.dialect != "prose_numbers"}
    first: dict[tuple[int, str, float, str | None], Claim] = {}
    dialects: dict[tuple[int, str, float], str] = {}  # a row may have one number for two data sets, in one dialect
    for claim in found:
        if claim.dialect != "prose_numbers" or (claim.line, claim.raw) not in blocks:
            place = (claim.line, claim.metric, claim.value)
            if dialects.setdefault(place, claim.dialect) == claim.dialect:
                first.setdefault((*place, claim.dataset), claim)
    return list(first.values())


def _distinct_facts(findings: list[Finding], stated: Iterable[Stated]) -> Iterator[Fact]:
    """In the order of the dialects; a model that a setting names before those of sentences, data of options last."""
    found = [f for f in findings if isinstance(f, Fact)]
    named = [
        Fact(_OF_MODELS[one.name], one.value.strip("'\""), one.line, one.dialect)
        for one in stated
        if one.name in _OF_MODELS
        and isinstance(one.value, str)
        and _MODEL.match(one.value.strip("'\""))
        and not _PLACEHOLDER.fullmatch(one.value)
    ]
    # The "language model" of an overview is the base model only where nothing says so more plainly.
    models = {fact.value for fact in found if fact.name == "model"}
    weak = [f for f in found if f.name == "student" and f.dialect == "overview" and f.value in models]
    # A split alone, `the dev set`, says less than the name of a file.
    weak_data = [fact for fact in found if fact.name == "eval_data" and _SPLIT_ALONE.fullmatch(fact.value)]
    found = [fact for fact in found if fact not in weak and fact not in weak_data]
    split = next((n for n, fact in enumerate(found) if fact.dialect == "prose"), len(found))
    files = [
        Fact(_OF_DATA[one.name], data, one.line, one.dialect)
        for one in stated
        if one.name in _OF_DATA and one.dialect in _OF_OPTIONS and (data := _data_of(one)) is not None
    ]
    seen = set[tuple[str, str]]()
    # A setting such as `base_LM_model = "SciBERT"` says less than a sentence with a name on the Hub.
    firm = [fact for fact in named if fact.name != "student" or _HUB_NAME.fullmatch(fact.value)]
    vague = [fact for fact in named if fact not in firm]
    said = sorted([*found[split:], *vague] if vague else found[split:], key=_vagueness)
    for fact in (*found[:split], *firm, *said, *weak, *files, *weak_data):
        if (fact.name, fact.value) not in seen:
            seen.add((fact.name, fact.value))
            yield fact


def _data_of(one: Stated) -> str | None:
    """What an option of a command names: the file without its folders, else a data set; None for a bare variable."""
    file = _FILE.search(one.raw)
    if file:
        return file["name"]
    return one.raw if one.name == "dataset_name" and "$" not in one.raw else None


def _vagueness(fact: Fact) -> int:
    """Of a base model in words: `SciBERT` may be any of several, `BERT` any of many, a name on the Hub is one."""
    return 0 if fact.name != "student" or "/" in fact.value else 2 if is_family(fact.value) else 1


def _setting_conflicts(stated: Iterable[Stated]) -> Iterable[Conflict]:
    first: dict[tuple[str, str], Stated] = {}
    for one in stated:
        if not is_setting(one.key) or one.raw.lower() in ("none", "null") or "$" in one.raw:
            continue
        other = first.setdefault((one.section, one.name), one)
        if other.value != one.value and "prose_numbers" not in (one.dialect, other.dialect):
            what = f"{one.name} under '{one.section}'"
            yield Conflict(what, (other.raw, one.raw), (other.line, one.line))


def _claim_conflicts(claims: Iterable[Claim]) -> Iterable[Conflict]:
    """This model's own numbers for one metric and data set, from two places.

    A table, a list or an index that has several numbers for a metric tells them apart in words that are not read here:
    only what stands once in each place is compared. A place that names no data is taken to speak of the one that is
    named elsewhere.
    """
    places: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in claims:
        if claim.subject is None and claim.unit != "count":
            place = claim.dialect if claim.dialect != "key_value_block" else f"{claim.dialect} {claim.split or ''}"
            places.setdefault((claim.metric, same_data(claim.dataset), place), []).append(claim)
    first: dict[tuple[str, str], Claim] = {}
    n_sets = Counter(metric for metric, data in {(metric, data) for metric, data, _ in places} if data)
    for (metric, data, _), found in sorted(places.items(), key=lambda item: item[1][0].line):
        if len({claim.value for claim in found}) > 1 and found[0].dialect != "key_value_block":
            continue
        if not data and n_sets[metric] > 1:
            continue
        key = (metric, data if n_sets[metric] > 1 else "")
        for claim in found:
            other = first.setdefault(key, claim)
            if not are_one_number(other, claim) and _may_be_one(claim.split, other.split):
                yield Conflict(claim.metric, (other.raw, claim.raw), (other.line, claim.line))


def are_one_number(one: Claim, two: Claim) -> bool:
    """Whether two printed numbers are no more apart than rounding, or cutting off, the longer one explains."""
    short, long = sorted((one, two), key=lambda claim: claim.decimals)
    unit, excess = 10.0**-short.decimals, long.value - short.value
    return abs(excess) <= 0.5 * unit * (1 + 1e-9) or 0 <= excess < unit


def _may_be_one(one: str | None, two: str | None) -> bool:
    """Whether two names of a split may be the same: nothing said, or both of them words for the held-out questions."""
    held_out = {None, "dev", "validation", "valid", "eval", "evaluation"}
    return one == two or one is None or two is None or {one, two} <= held_out


def same_data(name: str | None) -> str:
    """A data set's name without what cards write differently: case, blanks, split, version in words."""
    plain = re.sub(
        r"\b(?:dev|test|validation|eval(?:uation)?|set|the|split|dataset|data|english)\b", "", (name or "").lower()
    )
    match = _SQUAD.search(plain)
    if match:
        return f"squad{match['version'] or ''}"
    return re.sub(r"[^a-z0-9]+", "", plain)


def _fact_conflicts(facts: Iterable[Fact]) -> Iterable[Conflict]:
    """A teacher, base model or licence that is given twice, differently; a name with and without its owner is one."""
    first: dict[str, Fact] = {}
    for fact in facts:
        if fact.name not in ("teacher", "student", "license"):
            continue
        other = first.setdefault(fact.name, fact)
        one, two = (re.sub(r"[^a-z0-9]+", "", f.value.lower().rpartition("/")[2]) for f in (other, fact))
        if one not in two and two not in one and _is_a_name(other.value) and _is_a_name(fact.value):
            name = "base model" if fact.name == "student" else fact.name
            yield Conflict(name, (other.value, fact.value), (other.line, fact.line))


def _is_a_name(value: str) -> bool:
    return " " not in value.strip()


def _encoding_notes(text: str) -> Iterator[Note]:
    if text.startswith("\ufeff"):
        yield Note("begins with a byte order mark", 1)
    if "\x00" in text:
        yield Note("holds a NUL character", text[: text.index(chr(0))].count(chr(10)) + 1)
    n_notes = 0
    for number, line in enumerate(split_lines(text), start=1):
        match = _MOJIBAKE.search(line)
        if match:
            n_notes += 1
            if n_notes <= _MAX_NOTES:
                yield Note(f"{match.group()!r} looks like UTF-8 read as Latin-1 once; kept as it is", number)
    if n_notes > _MAX_NOTES:
        yield Note(f"{n_notes - _MAX_NOTES} more lines look like UTF-8 read as Latin-1 once")


def _marked_notes(text: str) -> Iterator[Note]:
    for region in generated.regions(generated.lines_of(text)):
        yield Note(f"lines {region.first + 1} to {region.last + 1}: written by harness; nothing in them is read")


def _notes_of(document: Document, stated: Iterable[Stated]) -> Iterator[Note]:
    """Grids: a list of what was tried is not what this model was made with."""
    for one in stated:
        if one.is_grid:
            yield Note(f"{one.key} = {one.raw} is a grid; the card does not say which value this model has", one.line)
    if sum(len(text) for _, text in document.lines) > MAX_PROSE:
        yield Note(f"sentences are read in the first {MAX_PROSE} characters alone; a model card is a page of text")
    if not document.headings and not document.header.mapping and not stated:
        yield Note("no front matter, no heading and no setting: this may be no model card")
