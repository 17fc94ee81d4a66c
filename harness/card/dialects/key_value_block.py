"""Blocks of `key = value` and `"key": value`, in a fence or without one, as FARM, Haystack and result files have them.

The stage is that of the nearest heading. A block in which a quality is printed is a result: its other numbers are
counts and thresholds of the same evaluation. Else a key with `=` is a setting, one with `:` where the block holds a
setting that we know (code and JSON are full of colons). `± s` after a claim is its standard deviation.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.card.dialects import context
from harness.card.dialects.codes import kind_of
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.metrics import claim_of, is_metric, metric_of
from harness.card.dialects.names import is_setting, plain_key, state
from harness.card.dialects.pairs import Pair, read_pairs
from harness.domain import Claim, Unit

NAME = "key_value_block"
_LINE = re.compile(
    r"""^\s*(?P<key>["'`]?[^\W\d][\w ./-]{0,60}?(?:\([^()=:]{1,60}\))?["'`]?)\s*(?P<mark>[=:])(?![=/])\s*"""
    r"""(?P<value>\S.{0,300})$"""
)
_SEVERAL = re.compile(r"\s*[,;]\s*(?=[A-Za-z][\w ]{1,30}\s?[=:])")  # `lr=3e-5, batch_size=16`
_SPACED = re.compile(
    r"^\s*(?P<key>[^\W\d][^\W\d ]*(?:[ _][^\W\d ]+){0,4})\s+(?:[-–—] )?(?P<value>\d[\w.-]{0,12}?)\s*[.,]?\s*\\?$"
)  # `learning rate 5e-5,`, `epochs - 3.`
_SET = re.compile(r"^\s*(?P<split>[A-Z]\w{2,12}) [Ss]et\s*:?\s*$")
_BRACED = re.compile(r"""^\s*[{\[]|^\s*["'][^"'\n]{1,60}["']?\s*:|[{]""")
_BARE_LINE = re.compile(
    r"^\s*\{?[\"'`]?(?P<key>[^\W\d][\w .-]{0,40}?(?:\([^()=:]{1,30}\))?)[\"'`]?\s*"
    r"(?P<mark>[=:])(?![=/])\s*(?P<value>[^\s=].{0,200})$"
)
# `84.4 (against 82.5 for the base model)`
_AGAINST = re.compile(r"\((?:against|vs\.?|versus|compared (?:to|with)) (?P<value>\d+\.\d+)\s?%? (?:for|of|by|in) ")
_ARRAY = re.compile(r"(?:np\.|numpy\.)?array\(\[(?P<items>[\d.,eE+ -]{1,2000})\](?:, dtype=\w+)?\)$")
_WHOLE = re.compile(r"[^.]*(?:\.0)?")
_STATE_KEYS = {"global_step", "total_flos", "is_hyper_param_search", "best_model_checkpoint", "log_history"}
_NO_PAIR = ("|", "-", "*", ">")  # those are other dialects'
_OF_A_RUN = {
    "epoch", "runtime", "eval_runtime", "train_runtime", "start", "end", "score", "eval_mem_cpu_alloc_delta", "step",
    "samples_per_second", "eval_samples_per_second", "eval_steps_per_second", "train_samples_per_second", "iter",
    "train_steps_per_second", "total_time_in_seconds", "latency_in_seconds",
}  # fmt: skip


def find(document: Document) -> Iterable[Finding]:
    for fence in document.fences:
        if kind_of(fence) == "data":
            yield from _of_block(document, fence.lines)
    for block in _unfenced(document):
        yield from _of_block(document, block, is_fenced=False)


def _of_block(document: Document, lines: Sequence[tuple[int, str]], *, is_fenced: bool = True) -> Iterator[Finding]:
    pairs = list(_pairs(lines))
    is_state = any(plain_key(pair.key) in _STATE_KEYS for pair in pairs)
    is_result = any(_is_result(pair) for pair in pairs) and not is_state
    n_settings = sum(1 for pair in pairs if is_setting(pair.key))
    about = context.of(document, lines[0][0]) if lines and (is_result or is_state) else context.NONE
    splits = {line: match["split"].lower() for line, text in lines if (match := _SET.match(text[:80])) is not None}
    for pair in pairs:
        if is_result and (array := _ARRAY.match(pair.raw)) is not None:
            yield from _of_array(pair, array["items"], about)
        elif is_result or is_state:
            split = next((splits[line] for line in sorted(splits, reverse=True) if line < pair.line), about.split)
            unit: Unit | None = (
                "count"
                if (is_result and plain_key(pair.key) not in _OF_A_RUN and "_mem_" not in pair.key)
                or plain_key(pair.key) == "epoch"
                else None
            )
            if is_setting(pair.key, strong=True) or (is_setting(pair.key) and metric_of(pair.key) is None):
                yield state(pair.key, pair.raw, document.section(pair.line), pair.line, NAME)
                continue
            claim = claim_of(
                pair.key.rpartition(".")[2], pair.raw, pair.line, NAME, unit=None if is_state else unit,
                dataset=about.dataset, split=split, subject=about.subject,
            )  # fmt: skip
            is_count = isinstance(claim, Claim) and claim.unit == "count"
            other = _AGAINST.search(pair.raw) if isinstance(claim, Claim) else None
            if other:
                found = claim_of(pair.key, other["value"], pair.line, NAME, dataset=about.dataset, subject="other")
                yield from () if found is None else (found,)
            if claim is not None and (not is_count or claim.metric == "epoch" or _WHOLE.fullmatch(claim.raw)):
                yield claim
        elif is_setting(pair.key) if pair.mark == ":" and n_settings == 0 else (is_fenced or is_setting(pair.key)):
            if "." in pair.key and not is_setting(pair.key) and n_settings == 0:
                continue  # a tree of keys of which none is known
            yield state(pair.key, pair.raw, document.section(pair.line), pair.line, NAME)


def _of_array(pair: Pair, items: str, about: context.About) -> Iterator[Finding]:
    """One claim a number of a numpy array: scores of the classes, of which none is the model's own `f1`."""
    for n, item in enumerate(items.split(",")):
        claim = claim_of(pair.key, item.strip(), pair.line, NAME, dataset=about.dataset, split=about.split)
        if isinstance(claim, Claim):
            yield dataclasses.replace(claim, metric=f"{claim.metric}[{n}]")


def _is_result(pair: Pair) -> bool:
    key = pair.key.rpartition(".")[2]
    return is_metric(key) and claim_of(key, pair.raw, pair.line, NAME) is not None


def _pairs(lines: Sequence[tuple[int, str]]) -> Iterator[Pair]:
    """Line by line where a value runs to the end of its line, else by the scanner of dictionaries."""
    if any(_BRACED.search(text[:400]) for _, text in lines):
        yield from read_pairs(lines)
        return
    for line, text in lines:
        if text.lstrip().startswith(("#", "//", "export ")):
            continue
        match = _LINE.match(text.rstrip()[:400])
        if match is None and (spaced := _spaced(text)) is not None:
            yield Pair(spaced["key"], spaced["value"], line, "=")
        if match is None:
            continue
        value = match["value"].partition(" #")[0]
        several = _SEVERAL.split(f"{match['key']}{match['mark']}{value}")
        if len(several) > 1 and all(is_setting(re.split("[=:]", one)[0]) for one in several):
            yield from read_pairs([(line, ", ".join(several))])
            continue
        yield Pair(match["key"].strip(), value.strip(), line, match["mark"])


def _spaced(text: str) -> re.Match[str] | None:
    """A line with a setting, a blank or a dash, and a number."""
    match = _SPACED.match(text[:80])
    return match if match and is_setting(match["key"], strong=" - " not in text) else None


def _unfenced(document: Document) -> Iterator[list[tuple[int, str]]]:
    """Runs of lines outside code that are pairs of a known name and a value, and dictionaries on a single line."""
    block: list[tuple[int, str]] = []
    for line, text in document.lines:
        plain = text.strip().strip("`").lstrip("-*> ").strip()
        match = _BARE_LINE.match(text[:300]) if text[:80].strip() and not text.lstrip().startswith(_NO_PAIR) else None
        if match is None and _spaced(text) is not None:
            block.append((line, text))
            continue
        is_pair = match is not None and (
            plain.startswith(('"', "'"))
            or is_metric(match["key"])
            or is_setting(match["key"], strong=match["mark"] == ":")
            or (bool(block) and match["mark"] == "=" and " " not in match["key"].strip())
        )
        if is_pair:
            block.append((line, text))
            continue
        if not text.strip() and block:
            continue
        if block:
            yield block
            block = []
        is_code = text.lstrip().startswith("`")  # a fence that opens and closes on one line is none to Markdown
        if plain.startswith("{") and plain.count(":") > (0 if is_code else 1) and len(plain) < 4000:
            yield [(line, plain)]
    if block:
        yield block
