"""The command line: arguments -> one command -> exit code. stdout is the result, stderr is progress."""

import argparse
import errno
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from harness import __version__
from harness.cli import COMMANDS, EXAMPLES
from harness.cli.arguments import Parser, set_defaults
from harness.errors import EXIT_BROKE, EXIT_INTERRUPTED, EXIT_WRONG_USE, HarnessError, UsageError
from harness.report.printable import printable, write_what_the_stream_can
from harness.run import launch
from harness.train import interrupts

_CLOSED_PIPE = 141  # as a shell reports a program whose reader has gone: 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors of ours become one message, everything else a traceback and 5."""
    argv = list(sys.argv[1:] if argv is None else argv)
    is_json = "--json" in argv
    write_what_the_stream_can(sys.stdout, is_json=is_json)
    write_what_the_stream_can(sys.stderr)
    try:
        with interrupts.raised(), launch.counted():
            code = _run(argv)
            sys.stdout.flush()
            return code
    except HarnessError as error:
        if launch.is_main_process():
            _tell(error, is_json=is_json)
        launch.leave(error.exit_code)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        where = error.filename or "output"
        _tell(HarnessError(f"{where}: {error.strerror}; free the space, or give --results DIR"), is_json=is_json)
        return EXIT_BROKE
    except KeyboardInterrupt:
        if launch.is_main_process():
            print("harness: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        launch.leave(EXIT_INTERRUPTED)
        return EXIT_INTERRUPTED
    except Exception:  # ours to mend; never exit 1, which says "not reproduced"
        traceback.print_exc()
        fault = f"a fault of harness {__version__} itself: please report it, with the lines above"
        _tell(HarnessError(fault), is_json=is_json)
        launch.leave(EXIT_BROKE)
        return EXIT_BROKE


def _run(argv: list[str]) -> int:
    if argv[:1] == ["help"]:
        argv = [*argv[1:2], "--help"]
    called = next((word for word in argv if not word.startswith("-")), None)
    parser, commands = make_parser({called} if called else set())
    if not argv:
        parser.print_help()
        return EXIT_WRONG_USE
    if called in commands:
        set_defaults(commands[called], called, Path.cwd(), os.environ)
    arguments, unknown = parser.parse_known_args(argv, argparse.Namespace(argv=argv))
    if unknown:
        commands[arguments.command].refuse_unknown(unknown)
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain())
    logging.basicConfig(handlers=[handler], level=logging.ERROR if arguments.quiet else logging.WARNING)
    return int(arguments.run(arguments))


def make_parser(called: set[str]) -> tuple[argparse.ArgumentParser, dict[str, Parser]]:
    """The parser of all commands by name and help; only those `called` are loaded, with their arguments."""
    parser = Parser(prog="harness", description="Does this model card hold up?", epilog=EPILOG)
    parser.add_argument("-V", "--version", action="version", version=f"harness {__version__}")
    shelf = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    made = {}
    for name, said in COMMANDS.items():
        one = made[name] = shelf.add_parser(
            name, help=said, description=f"{said[0].upper()}{said[1:]}.", epilog=f"example:\n  {EXAMPLES[name]}"
        )
        if name in called:
            command = importlib.import_module(f"harness.cli.{name}")
            command.add_arguments(one)
            group = one.add_argument_group("output")
            one.usage = one.usage or _usage(one)
            group.add_argument("--json", action="store_true", help="print one JSON document (harness schema COMMAND)")
            group.add_argument("--quiet", action="store_true", help="no progress and no warnings on stderr")
            one.set_defaults(run=command.run)
    return parser, made


def _usage(command: argparse.ArgumentParser) -> str:
    """What a command takes, with its options as one word: the help below lists them."""
    names = [
        f"[{one.metavar}]" if one.nargs == "?" else f"{one.metavar}…" if one.nargs == "+" else f"{one.metavar}"
        for one in command._get_positional_actions()
    ]
    return " ".join(("%(prog)s", *names, "[OPTIONS]"))


EPILOG = """\
harness help COMMAND says what a command takes. Exit codes: 0 as claimed, 1 not reproduced, 2 wrong use,
3 inconclusive, 4 judges nothing, 5 broke, 6 over the budget, 130 interrupted."""


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _plain(super().format(record))


def _plain(text: str) -> str:
    """Text for a terminal, line by line: what a card or a file name holds is no command to it."""
    return "\n".join(map(printable, text.split("\n")))


def _tell(error: HarnessError, *, is_json: bool) -> None:
    """One message on stderr; where JSON was asked for, the same as a document on stdout."""
    message = str(error) if isinstance(error, UsageError) else f"harness: {error}"
    print(_plain(message), file=sys.stderr)
    if is_json:
        from harness.record.store import SCHEMA_VERSION  # here: help does without what reads records

        what = {"kind": type(error).__name__, "exit_code": error.exit_code, "message": str(error)}
        problems = {"problems": list(error.problems)} if hasattr(error, "problems") else {}
        print(
            json.dumps({"schema_version": SCHEMA_VERSION, "error": {**what, **problems}}, indent=1, ensure_ascii=False)
        )
