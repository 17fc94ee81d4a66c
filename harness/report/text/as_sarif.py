"""Remarks on cards as SARIF 2.1.0, which code scanning shows on the card's own lines.

Format: OASIS, Static Analysis Results Interchange Format 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0).
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.card.lint import Lint, Remark
from harness.report.text.subject import ReportData

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# By kind of remark: SARIF's level, and what the rule says of a card.
RULES: Mapping[str, tuple[str, str]] = {
    "conflict": ("warning", "The card says one thing twice, differently."),
    "implausible": ("warning", "The card states a number that cannot be."),
    "unread": ("warning", "The card gives a value that is no one number, and claims nothing by it."),
    "metadata": ("warning", "The Hub would refuse the card's front matter."),
    "evidence": ("note", "What the digits of the card's numbers say of how they were made."),
    "note": ("note", "Something to know of the card."),
    "missing": ("note", "The card leaves out what a re-run needs."),
}


def render(subject: ReportData) -> str:
    """One run of the linter over all cards that were read."""
    names = list(RULES)
    rules = [
        {"id": name, "name": name, "shortDescription": {"text": said}, "defaultConfiguration": {"level": level}}
        for name, (level, said) in RULES.items()
    ]
    driver = {"name": "harness lint", "semanticVersion": __version__, "rules": rules}
    results = [_result(one, remark, names) for one in subject.lints for remark in one.remarks]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1, ensure_ascii=False)


def _result(one: Lint, remark: Remark, names: list[str]) -> dict[str, Any]:
    """The fingerprint is of what is said, not of where: a line that moves is no new finding."""
    uri = _uri(one.path)
    said = hashlib.sha256("\0".join((uri, remark.kind, remark.text)).encode("utf-8", "replace")).hexdigest()
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": max(1, remark.line)}}
    return {
        "ruleId": remark.kind,
        "ruleIndex": names.index(remark.kind),
        "level": RULES[remark.kind][0],
        "message": {"text": remark.text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"remark/v1": said},
    }


def _uri(path: str) -> str:
    """Relative to the folder that the command ran in, which is the repository's root in CI; else a file's address."""
    whole, here = Path(path).resolve(), Path.cwd()
    return quote(whole.relative_to(here).as_posix()) if whole.is_relative_to(here) else whole.as_uri()
