"""harness parse CARD…"""

import argparse
import sys
from collections.abc import Sequence

from harness.cli.show import show
from harness.domain import Card
from harness.errors import CardError, HubError
from harness.report.printable import printable
from harness.report.text.subject import ReportData
from harness.run.cards import find_card

CARD = "a card's path, the name of one that ships (harness cards), or ORG/NAME[@REVISION] of a model on the Hub"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cards", nargs="+", metavar="CARD", help=CARD)


def run(arguments: argparse.Namespace) -> int:
    cards, code = read_all(arguments.cards)
    if len(arguments.cards) == 1 and cards:
        show(arguments, ReportData(card=cards[0]))
    elif cards or arguments.json:
        show(arguments, ReportData(cards=tuple(cards)))
    return code


def read_all(names: Sequence[str]) -> tuple[list[Card], int]:
    """Every card that can be read; each of the others is one message, and the code is then that of wrong use.

    Raises the error where it is the only one and there is no card.
    """
    cards, errors = [], list[CardError | HubError]()
    for name in names:
        try:
            cards.append(find_card(name))
        except (CardError, HubError) as error:
            errors.append(error)
    if len(errors) == 1 and not cards:
        raise errors[0]
    for one in errors:
        print(f"harness: {printable(str(one))}", file=sys.stderr)
    return cards, errors[-1].exit_code if errors else 0
