"""The command line: arguments -> one command -> exit code. stdout is the result, stderr is progress."""

import argparse
import errno
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from harness import __version__
from harness.cli import COMMANDS
from harness.errors import EXIT_BROKE, EXIT_INTERRUPTED, EXIT_WRONG_USE, HarnessError
from harness.report.printable import printable
from harness.run import launch
from harness.train import interrupts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors of ours become one message, everything else a traceback and 5."""
    argv = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser(argv).parse_args(argv, argparse.Namespace(argv=argv))
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain())
    logging.basicConfig(handlers=[handler], level=logging.ERROR if arguments.quiet else logging.WARNING)
    try:
        with interrupts.raised(), launch.counted():
            return int(arguments.run(arguments))
    except HarnessError as error:
        if launch.is_main_process():
            print(f"harness: {_plain(str(error))}", file=sys.stderr)
        launch.leave(error.exit_code)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_WRONG_USE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        where = error.filename or getattr(arguments, "results", "output")
        print(
            f"harness: {_plain(str(where))}: {error.strerror}; free the space, or give --results DIR", file=sys.stderr
        )
        return EXIT_BROKE
    except KeyboardInterrupt:
        if launch.is_main_process():
            print("harness: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        launch.leave(EXIT_INTERRUPTED)
        return EXIT_INTERRUPTED
    except Exception:  # ours to mend; never exit 1, which says "not reproduced"
        traceback.print_exc()
        print(
            f"harness: a fault of harness {__version__} itself: please report it, with the lines above", file=sys.stderr
        )
        launch.leave(EXIT_BROKE)
        return EXIT_BROKE


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _plain(super().format(record))


def _plain(text: str) -> str:
    """Text for a terminal, line by line: what a card or a file name holds is no command to it."""
    return "\n".join(map(printable, text.split("\n")))


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of all commands by name and help; only the one that `argv` calls is loaded, with its arguments."""
    parser = argparse.ArgumentParser(prog="harness", description="Does this model card hold up?", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    called = next((word for word in argv if not word.startswith("-")), None)
    for name, said in COMMANDS.items():
        one = commands.add_parser(name, help=said, allow_abbrev=False)
        if name == called:
            command = importlib.import_module(f"harness.cli.{name}")
            command.add_arguments(one)
            one.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
            one.add_argument("--quiet", action="store_true", help="no progress and no warnings on stderr")
            one.set_defaults(run=command.run)
    return parser
