"""Record files of earlier schema versions, in the shape of today; the files themselves stay as they are.

Schema 3 writes into every verdict the rule that it is by and whether the claim is no worse. A further change of shape
is one more version: its step in `_STEPS`, and in `written_as` where an audit derives the file again, byte for byte.
"""

from collections.abc import Callable, Mapping
from typing import Any

OLDEST = 2  # the earliest schema version that is still read
_NO_WORSE = ", which does not reach below the tolerance"  # how schema 2 said so, in its reason alone
_DECISION = ("rule", "is_no_worse")

Step = Callable[[dict[str, Any]], dict[str, Any]]


def upgrade(name: str, raw: dict[str, Any], version: int) -> dict[str, Any]:
    """The JSON of the record file `name`, as schema `version` wrote it, in the shape of today."""
    for since, steps in sorted(_STEPS.items()):
        if version < since and name in steps:
            raw = steps[name](raw)
    return raw


def written_as(name: str, plain: dict[str, Any], version: int) -> dict[str, Any]:
    """The JSON of the derived file `name` in the shape that schema `version` wrote; the inverse of `upgrade`."""
    if version >= 3 or name not in _STEPS[3]:
        return plain
    judgement = plain["judgement"]
    verdicts = [{key: value for key, value in one.items() if key not in _DECISION} for one in judgement["verdicts"]]
    return {**plain, "judgement": {**judgement, "verdicts": verdicts}}


def with_decision(verdict: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """One verdict with what decided it; schema 2 had it in the reason alone."""
    is_no_worse = verdict["outcome"] in ("reproduced", "better") or verdict["reason"].endswith(_NO_WORSE)
    return {"rule": rule, "is_no_worse": is_no_worse, **verdict}


def _with_decisions(raw: dict[str, Any]) -> dict[str, Any]:
    judgement = raw["judgement"]
    verdicts = [with_decision(one, judgement["rule"]) for one in judgement["verdicts"]]
    return {**raw, "judgement": {**judgement, "verdicts": verdicts}}


_STEPS: Mapping[int, Mapping[str, Step]] = {3: {"verdict.json": _with_decisions, "series.json": _with_decisions}}
