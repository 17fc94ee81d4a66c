"""Fenced blocks of `key = value` and `"key": value`, as FARM and Haystack cards have them.

The stage is that of the nearest heading. A key that names a metric is a claim, every other key with `=` a setting,
with `:` only where we know it (code and JSON are full of colons). `± s` after a claim is its standard deviation.
"""

import math
import re
from collections.abc import Iterable

from harness.dialects.document import Document, Finding
from harness.dialects.names import is_setting, metric_of, setting_name, value_of
from harness.domain import Claim, Stated

NAME = "key_value_block"
_LINE = re.compile(r"""^\s*(?P<key>["'`]?[A-Za-z_][\w .-]{0,60}?["'`]?)\s*(?P<mark>[=:])\s*(?P<value>\S.{0,200})$""")
# The whole value must be a number: of "96,04" or "8534/11873" the first digits are no claim.
_NUMBER = re.compile(
    r"^(?P<raw>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*%?\s*(?:(?:±|\+/-)\s*(?P<spread>\d+(?:\.\d+)?))?\s*,?$"
)


def find(document: Document) -> Iterable[Finding]:
    for fence in document.fences:
        for line, text in fence.lines:
            match = _LINE.match(text)
            if match is None:
                continue
            claim = claim_of(match["key"], match["value"], line)
            if claim is not None:
                yield claim
            elif match["mark"] == "=" or is_setting(match["key"]):
                yield Stated(
                    key=match["key"].strip(),
                    name=setting_name(match["key"]),
                    value=value_of(match["value"]),
                    raw=match["value"].strip(),
                    section=document.section(line),
                    line=line,
                    dialect=NAME,
                )


def claim_of(key: str, value: str, line: int) -> Claim | None:
    """A claim where the key is a metric and the value a number, else None. Fractions become points."""
    metric, number = metric_of(key), _NUMBER.match(value.strip())
    if metric is None or number is None or not math.isfinite(float(number["raw"])):
        return None
    raw, (name, unit) = number["raw"], metric
    if unit == "points" and not 0 <= float(raw) <= 100:
        return None
    decimals = len(raw.partition(".")[2].lower().partition("e")[0])
    # A bounded metric printed at or below 1 is a fraction: one point of exact match is no result that anyone prints.
    is_fraction = unit == "points" and 0 < float(raw) <= 1
    scale = 100.0 if is_fraction else 1.0
    return Claim(
        metric=name,
        value=float(raw) * scale,
        unit=unit,
        decimals=max(0, decimals - 2) if is_fraction else decimals,
        raw=raw,
        line=line,
        dialect=NAME,
        spread=float(number["spread"]) * scale if number["spread"] else None,
    )
