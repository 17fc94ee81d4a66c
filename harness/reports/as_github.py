"""Remarks on cards as GitHub's workflow commands, which annotate the card's own lines in a pull request."""

from harness.reports.subject import Subject

_LEVELS = {
    "conflict": "warning",
    "implausible": "warning",
    "missing": "warning",
    "evidence": "notice",
    "note": "notice",
}


def render(subject: Subject) -> str:
    return "\n".join(
        f"::{_LEVELS[remark.kind]} file={_property(one.path)},line={remark.line}::"
        + _data(f"{remark.kind}: {remark.text}")
        for one in subject.lints
        for remark in one.remarks
    )


def _data(text: str) -> str:
    """Escaped as the runner asks for, so that no text of a card can end the command or begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
