"""The shelf of reports: records as something a person or a program reads."""

from collections.abc import Callable, Mapping

from harness.report.text import as_github, as_json, terminal
from harness.report.text.subject import ReportData

REPORTS: Mapping[str, Callable[[ReportData], str]] = {
    "text": terminal.render,
    "json": as_json.render,
    "github": as_github.render,
}
