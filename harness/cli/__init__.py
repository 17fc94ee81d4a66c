"""The shelf of commands: name -> the file with its help, its arguments, and what it does.

A command is `HELP`, `add_arguments(parser)` and `run(arguments) -> exit code`. What loads torch or a Hub client is
imported inside `run`, so that every other command starts at once.
"""

from collections.abc import Mapping
from types import ModuleType

from harness.cli import (
    audit,
    board,
    card,
    diff,
    env,
    gate,
    lint,
    parse,
    plan,
    plot,
    push,
    report,
    reproduce,
    score,
    verdict,
)

COMMANDS: Mapping[str, ModuleType] = {
    "parse": parse,
    "lint": lint,
    "plan": plan,
    "reproduce": reproduce,
    "score": score,
    "verdict": verdict,
    "audit": audit,
    "gate": gate,
    "diff": diff,
    "plot": plot,
    "card": card,
    "push": push,
    "report": report,
    "board": board,
    "env": env,
}
