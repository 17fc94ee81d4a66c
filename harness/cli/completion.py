"""harness completion SHELL"""

import argparse
import json

from harness.record.store import SCHEMA_VERSION

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=f"one of {', '.join(SHELLS)}")


def run(arguments: argparse.Namespace) -> int:
    """Prints a script that completes commands and options, of all commands as they are now."""
    import shtab  # here, as elsewhere: no other command needs it

    from harness.cli import COMMANDS
    from harness.cli.main import make_parser

    parser, _ = make_parser(set(COMMANDS))
    script = shtab.complete(parser, shell=arguments.shell)
    document = {"schema_version": SCHEMA_VERSION, "shell": arguments.shell, "script": script}
    print(json.dumps(document, indent=1, ensure_ascii=False) if arguments.json else script)
    return 0
