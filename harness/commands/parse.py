"""harness parse CARD"""

import argparse
from pathlib import Path

from harness import card
from harness.commands.show import show
from harness.reports.subject import Subject

HELP = "what a card states: facts, settings and claims, with line numbers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("card", type=Path)


def run(arguments: argparse.Namespace) -> int:
    show(arguments, Subject(card=card.read(arguments.card)))
    return 0
