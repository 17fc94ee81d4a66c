"""Remarks on cards as GitHub's workflow commands, which annotate the card's own lines in a pull request."""

from harness.report.text.subject import ReportData

_LEVELS = {
    "conflict": "warning",
    "implausible": "warning",
    "unread": "warning",
    "metadata": "warning",
    "missing": "warning",
    "evidence": "notice",
    "note": "notice",
}


def render(subject: ReportData) -> str:
    return "\n".join(
        annotation(_LEVELS[remark.kind], one.path, remark.line, f"{remark.kind}: {remark.text}")
        for one in subject.lints
        for remark in one.remarks
    )


def annotation(level: str, path: str | None, line: int, text: str) -> str:
    """One workflow command; without a path it stands beside the run as a whole."""
    place = "" if path is None else f" file={_property(path)},line={line}"
    return f"::{level}{place}::{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the runner asks for, so that no text of a card can end the command or begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
