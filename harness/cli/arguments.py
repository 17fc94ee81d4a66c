"""The arguments of a command: groups of options, what an error says, and defaults from the environment and a file."""

import argparse
import difflib
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import DataError, UsageError

# Options that an environment variable (HARNESS_DEVICE) or a file (device = "cpu") may set once for all commands.
SETTABLE = (
    "results", "device", "offline", "quiet", "tolerance", "rule", "seeds", "budget", "baseline", "on-unmeasured",
    "on-inconclusive", "min-score",
)  # fmt: skip
DEVICE = "cpu, cuda, cuda:N or mps (default: a GPU if there is one, the CPU for a card made on one)"
_FILES = ("harness.toml", "pyproject.toml")
_OF_OPTION = re.compile(r"argument (?P<option>[^:]+): (?P<what>.*)", re.DOTALL)
_UNKNOWN = re.compile(r"invalid choice: '(?P<given>.*)' \(choose from (?P<known>.*)\)", re.DOTALL)


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal; an example keeps its lines."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=max(40, min(110, shutil.get_terminal_size().columns)))


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised as UsageError: one line, with what was meant or with the option's own help."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, "formatter_class": Help, **how})

    def error(self, message: str) -> NoReturn:
        found = _OF_OPTION.fullmatch(message)
        what = _with_suggestion(found["what"] if found else message)
        if found is None:
            raise UsageError(f"{self.prog}: {what}; `{self.prog} --help` lists its options")
        helps = {"/".join(one.option_strings) or one.metavar: one.help for one in self._actions}
        said = (helps.get(found["option"]) or "").replace("%%", "%")
        raise UsageError(f"{self.prog}: {found['option']}: {what}{f' [{said}]' if said else ''}")

    def refuse_unknown(self, given: Sequence[str]) -> NoReturn:
        """Raise UsageError for arguments that this command does not have, with the option that may be meant."""
        word = given[0].partition("=")[0]
        if not word.startswith("-"):
            self.error(f"{given[0]!r} is one argument too many")
        known = {name: one.help or "" for one in self._actions for name in one.option_strings}
        near = closest(word, known)
        meant = f"; did you mean {near} [{known[near].replace('%%', '%')}]?" if near else ""
        raise UsageError(f"{self.prog}: {word}: no such option{meant or f'; `{self.prog} --help` lists them'}")


def device_name(text: str) -> str:
    """Read the name of a device: cpu, cuda, cuda:N or mps; `gpu` is what `cuda` was called before."""
    found = re.fullmatch(r"(cpu|mps|cuda(?::\d+)?|gpu)", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: expected cpu, cuda, cuda:N or mps")
    return found[1].replace("gpu", "cuda")


def closest(word: str, known: Iterable[str]) -> str | None:
    """The name that a mistyped word is nearest to; None where none is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def _with_suggestion(what: str) -> str:
    found = _UNKNOWN.fullmatch(what)
    if found is None:
        return what
    known = [one.strip("' ") for one in found["known"].split(",")]
    near = closest(found["given"], known)
    return f"no {found['given']!r}; {f'did you mean {near}?' if near else 'expected ' + ' or '.join(known)}"


def set_defaults(parser: argparse.ArgumentParser, command: str, folder: Path, env: Mapping[str, str]) -> None:
    """Give a command's options the defaults of the environment, or else of the file in `folder`.

    `HARNESS_RESULTS=DIR` sets `--results`. A file is `harness.toml`, or the table [tool.harness] of `pyproject.toml`:
    keys for all commands, and tables for one, as [gate]. Raises DataError or UsageError naming what cannot be.
    """
    path, table = _table_of(folder)
    of_command = table.get(command, {})
    given = {name: (value, f"{path}, {name}") for name, value in {**_plain(table), **_plain(of_command)}.items()}
    for name in SETTABLE:
        variable = f"HARNESS_{name.upper().replace('-', '_')}"
        if env.get(variable):
            given[name] = (env[variable], variable)
    by_name = {option: one for one in parser._actions for option in one.option_strings}
    for name, (value, where) in given.items():
        action = by_name.get(f"--{name}")
        if action is not None:
            action.default = _value(parser, action, value, where)


def _table_of(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """The file that sets defaults, and what it says; every key of it is known."""
    for name in _FILES:
        path = folder / name
        if not path.is_file():
            continue
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            if name != _FILES[0]:
                continue  # another tool's to mend
            raise DataError(path, "", f"is no TOML: {error}") from None
        table = content if name == _FILES[0] else content.get("tool", {}).get("harness")
        if table is not None:
            _check_keys(path, table)
            return path, table
    return None, {}


def _check_keys(path: Path, table: Mapping[str, Any]) -> None:
    from harness.cli import COMMANDS

    for name, value in table.items():
        is_command = isinstance(value, dict)
        for key in value if is_command else (name,):
            if key not in SETTABLE or (is_command and name not in COMMANDS):
                wrong = name if is_command and name not in COMMANDS else key
                near = closest(wrong, (*SETTABLE, *COMMANDS))
                meant = f"; did you mean {near}?" if near else f"; known: {', '.join(SETTABLE)}"
                raise DataError(path, wrong, f"no such setting{meant}")


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if not isinstance(value, dict)}


def _value(parser: argparse.ArgumentParser, action: argparse.Action, value: Any, where: str) -> Any:
    """A default as the option itself would have read it."""
    if action.nargs == 0:  # a switch
        on = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(str(value).lower())
        if on is None:
            raise UsageError(f"{where}: expected true or false, not {value!r}")
        return on
    try:
        read = parser._get_value(action, str(value))
        parser._check_value(action, read)
    except argparse.ArgumentError as error:
        raise UsageError(f"{where}: {error.message} [{action.help}]") from None
    return read
