"""The options of `harness reproduce`, which a fleet reads too: for its runs."""

import argparse
from pathlib import Path

from harness.cli import plan as plan_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    plan_command.add_arguments(parser)
    _add_run_options(parser)


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--gradient-accumulation-steps", type=int, default=1, metavar="N", help="micro-batches a declared batch")
    add("--num-processes", type=int, default=1, metavar="N", help="processes that share each declared batch")
    add("--accelerate-config", type=Path, metavar="FILE", help="start through accelerate's launcher with this file")
    what = "keep a checkpoint after so many steps (default: by minutes alone)"
    add("--checkpoint-steps", type=int, metavar="N", help=what)
    what = "and after so many minutes (default: 10); a stopped or killed run goes on from the last"
    add("--checkpoint-minutes", type=float, default=10.0, metavar="X", help=what)
    add("--deterministic", choices=("strict",), help="refuse every operation that may differ from run to run")
    add("--seeds", type=_seeds, default=1, metavar="N|auto", help="judge the mean of N seeds; auto: until decided")
    add("--offline", action="store_true", help="ask the Hub nothing: what it gave before, or an error")
    add("--fresh", action="store_true", help="a new run, even where this one is finished or begun")
    add("--dry-run", action="store_true", help="print the plan and stop")
    add(
        "--on", metavar="ENGINE[:WHERE]", help="run it elsewhere, as a fleet of one card: hf-jobs[:FLAVOUR], ray, slurm"
    )
    what = "an option of the engine, as in records=ORG/NAME; may be repeated"
    add("--engine-option", metavar="NAME=VALUE", action="append", default=[], help=what)


def _seeds(text: str) -> int | None:
    """A number of seeds, None for as many as it takes."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 1 up, or auto")
    return int(text)
