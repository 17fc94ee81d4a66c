"""Record files of earlier schema versions, in the shape of today; the files themselves stay as they are.

Schema 3 writes into every verdict the rule that it is by and whether the claim is no worse; schema 4 writes where a
setting is from, and which option asked for a deviation, as data. Before them these were words, which are read here and
nowhere else. Schema 5 judges by other rules: error rates are of whole cards, so those of before are left out. A further
change of shape is one more version and its step in `_STEPS`. A verdict has the version by whose rules it was made,
which may be later than that of its record.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from harness.domain import Source

OLDEST = 2  # the earliest schema version that is still read
_NO_WORSE = ", which does not reach below the tolerance"  # how schema 2 said so, in its reason alone
_CONCLUSIONS = ("verdict.json", "series.json")
_CARD_LINE = re.compile(r"card line (\d+)")
_OPTION = re.compile(r"(--[a-z-]+)(?: FILE| (\S+))?")
_DEFAULT = re.compile(
    r"(haystack|tinybert|transformers trainer|transformers run_qa|bert run_squad) (\w[\w.]*) (.+)", re.S
)
_LINES = re.compile(r"\blines? \[?(\d+(?:(?:,| and|, and) \d+)*)")

Step = Callable[[dict[str, Any]], dict[str, Any]]


def upgrade(name: str, raw: dict[str, Any], version: int) -> dict[str, Any]:
    """The JSON of the record file `name`, as schema `version` wrote it, in the shape of today."""
    for since, steps in sorted(_STEPS.items()):
        if version < since and name in steps:
            raw = steps[name](raw)
    return raw


def with_decision(verdict: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """One verdict with what decided it; schema 2 had it in the reason alone."""
    is_no_worse = verdict["outcome"] in ("reproduced", "better") or verdict["reason"].endswith(_NO_WORSE)
    return {"rule": rule, "is_no_worse": is_no_worse, **verdict}


def _with_decisions(raw: dict[str, Any]) -> dict[str, Any]:
    judgement = raw["judgement"]
    verdicts = [with_decision(one, judgement["rule"]) for one in judgement["verdicts"]]
    return {**raw, "judgement": {**judgement, "verdicts": verdicts}}


def source_of(words: str) -> Source:
    """Where a setting is from, as schemas before 4 said it."""
    if match := _CARD_LINE.fullmatch(words):
        return Source("card", lines=(int(match[1]),))
    if match := _OPTION.fullmatch(words):
        return Source("option", option=match[1], setting=match[2] or "")
    if match := _DEFAULT.fullmatch(words):
        return Source("default", library=match[1], version=match[2], symbol=match[3])
    found = _LINES.findall(words) if "card line" in words else ()
    return Source("rule", rule=words, lines=tuple(int(n) for lines in found for n in re.findall(r"\d+", lines)))


def _with_sources(raw: dict[str, Any]) -> dict[str, Any]:
    sections = {name: _section(raw[name]) for name in ("run", "evaluation", "augmentation")}
    return {
        **raw,
        **sections,
        "stages": [_section(one) for one in raw["stages"]],
        "deviations": [_with_option(one) for one in raw["deviations"]],
    }


def _section(raw: dict[str, Any] | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    return {**raw, "settings": [{**one, "source": asdict(source_of(one["source"]))} for one in raw["settings"]]}


def _with_option(deviation: dict[str, Any]) -> dict[str, Any]:
    """A deviation with the option that asked for it, which schemas before 4 began its reason with."""
    reason = deviation["reason"]
    option, _, reason = reason.partition("; ") if reason.startswith("--") else ("", "", reason)
    return {**deviation, "reason": reason, "option": option}


_STEPS: Mapping[int, Mapping[str, Step]] = {
    3: dict.fromkeys(_CONCLUSIONS, _with_decisions),
    4: {"experiment.json": _with_sources},
    5: dict.fromkeys(_CONCLUSIONS, lambda raw: {**raw, "operating": []}),
}
