"""harness parse CARD…"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.card.read import read_card
from harness.cli.show import show
from harness.domain import Card
from harness.errors import CardError
from harness.report.printable import printable
from harness.report.text.subject import ReportData


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cards", type=Path, nargs="+", metavar="CARD")


def run(arguments: argparse.Namespace) -> int:
    cards, code = read_all(arguments.cards)
    if len(arguments.cards) == 1 and cards:
        show(arguments, ReportData(card=cards[0]))
    elif cards or arguments.json:
        show(arguments, ReportData(cards=tuple(cards)))
    return code


def read_all(paths: Sequence[Path]) -> tuple[list[Card], int]:
    """Every card that can be read; each of the others is one message, and the code is then that of wrong use."""
    cards, code = [], 0
    for path in paths:
        try:
            cards.append(read_card(path))
        except CardError as error:
            print(f"harness: {printable(str(error))}", file=sys.stderr)
            code = error.exit_code
    return cards, code
