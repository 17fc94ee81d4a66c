"""harness schema COMMAND"""

import argparse

from harness.cli import COMMANDS

_ERROR = "error"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "a command, or `error`: what any of them prints where it fails"
    parser.add_argument("name", metavar="COMMAND", choices=(*COMMANDS, _ERROR), help=what)


def run(arguments: argparse.Namespace) -> int:
    """Prints the schema of a command's JSON as it ships with this package."""
    from importlib.resources import files  # here, as elsewhere: no other command needs it

    path = files("harness.cli") / "schemas" / f"{arguments.name}.json"
    print(path.read_text(encoding="utf-8"), end="")
    return 0
