"""harness lint CARD…"""

import argparse
from pathlib import Path

from harness.card import lint
from harness.cli.parse import CARD, read_all
from harness.errors import EXIT_NOT_REPRODUCED
from harness.record import store
from harness.report.text import REPORTS, as_sarif
from harness.report.text.subject import ReportData


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("cards", nargs="+", metavar="CARD", help=CARD)
    add("--min-score", type=int, default=0, metavar="N", help="exit with 1 below N percent (default: 0)")
    add("--sarif", type=Path, metavar="FILE", help="write the remarks as SARIF 2.1.0 too, for code scanning")
    add("--github", action="store_true", help="annotations for a workflow on GitHub")


def run(arguments: argparse.Namespace) -> int:
    cards, code = read_all(arguments.cards)
    lints = tuple(lint.lint(one) for one in cards)
    report = "github" if arguments.github else "json" if arguments.json else "text"
    if arguments.sarif is not None:
        store.write_text(arguments.sarif, as_sarif.render(ReportData(lints=lints)))
    if lints or report == "json":
        print(REPORTS[report](ReportData(lints=lints)))
    if code:
        return code
    return EXIT_NOT_REPRODUCED if any(one.score < arguments.min_score for one in lints) else 0
