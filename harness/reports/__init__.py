"""The shelf of reports: records as something a person or a program reads."""

from collections.abc import Callable, Mapping

from harness.reports import as_github, as_json, as_text
from harness.reports.subject import Subject

REPORTS: Mapping[str, Callable[[Subject], str]] = {
    "text": as_text.render,
    "json": as_json.render,
    "github": as_github.render,
}
