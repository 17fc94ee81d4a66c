"""The gate as JUnit XML: a test suite for each card, in it a case for its preconditions and one for each metric.

A failed metric is a failure, an invalid run an error. What is unmeasured or inconclusive is a failure where it fails
the gate, and skipped where it does not, so that the file never says otherwise than the exit code.
"""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.judge.regression import Check, GateResult, On
from harness.report.printable import printable
from harness.report.verdict_rows import row_of_check

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBERS = ("claimed", "tolerance", "measured", "baseline", "baseline_tolerance")


def render(gated: Sequence[GateResult], on: On) -> str:
    whole = Element("testsuites", name="harness gate")
    for one in gated:
        suite = SubElement(whole, "testsuite", name=_plain(one.card))
        _add_preconditions(suite, one, on)
        for check in one.checks:
            _add_check(suite, one, check, on)
    for part in (*whole, whole):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            part.set(name, str(sum(1 for _ in part.iter(tag))))
    indent(whole)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(whole, encoding="unicode") + "\n"


def _add_preconditions(suite: Element, one: GateResult, on: On) -> None:
    case = _case(suite, one, "preconditions", 1)
    properties = SubElement(case, "properties")
    for name, text in (("run", one.run), ("baseline", one.baseline)):
        if text is not None:
            SubElement(properties, "property", name=name, value=_plain(text))
    if one.problems:
        _add_result(case, "error", "invalid", "; ".join(one.problems))
    elif one.absent is not None:
        _add_result(case, "failure" if on["unmeasured"] == "fail" else "skipped", "unmeasured", one.absent)
    if one.notes:
        SubElement(case, "system-out").text = "\n".join(map(_plain, one.notes))


def _add_check(suite: Element, one: GateResult, check: Check, on: On) -> None:
    row = row_of_check(check)
    case = _case(suite, one, row.metric, check.line)
    properties = SubElement(case, "properties")
    for name in _NUMBERS:
        value = getattr(check, name)
        if value is not None:
            SubElement(properties, "property", name=name, value=repr(value))
    SubElement(properties, "property", name="unit", value=_plain(check.unit))
    if check.state == "fail":
        _add_result(case, "failure", "regression" if check.is_regression else "not reproduced", row.reason)
    elif check.state in on:
        _add_result(case, "failure" if on[check.state] == "fail" else "skipped", check.state, row.reason)


def _case(suite: Element, one: GateResult, name: str, line: int | None) -> Element:
    case = SubElement(suite, "testcase", classname=_plain(f"harness.gate.{one.card}"), name=_plain(name))
    if one.path is not None and line is not None:
        case.set("file", _plain(one.path))
        case.set("line", str(line))
    return case


def _add_result(case: Element, tag: str, kind: str, text: str) -> None:
    SubElement(case, tag, type=kind, message=_plain(text)).text = _plain(text)


def _plain(text: str) -> str:
    """Without what XML 1.0 has no way to write; the writer escapes the rest."""
    return _NOT_XML.sub("\ufffd", printable(text))
