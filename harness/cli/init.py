"""harness init [FOLDER]"""

import argparse
import json
from pathlib import Path

from harness.card import lint
from harness.card.output_folder import Filled, read_output
from harness.card.read import read_card
from harness.card.template import Template, make_template
from harness.errors import PlanError
from harness.record import environment, store
from harness.report.printable import printable

NAME = "README.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help=f"where {NAME} goes (default: here)")
    what = "a training's output folder, whose settings and scores are filled in; nothing in it is run or unpickled"
    add("--from", dest="output", type=Path, metavar="DIR", help=what)
    add("--distilled", action="store_true", help="with a teacher and the two stages of TinyBERT's distillation")


def run(arguments: argparse.Namespace) -> int:
    path = arguments.folder / NAME
    if path.exists():
        raise PlanError([f"{path}: is there already; give another folder, as in `harness init my-card`"])
    found = {} if arguments.output is None else read_output(arguments.output)
    named = arguments.folder.resolve().name or "my-model"
    made = make_template(named, found | _of_this_machine(), is_distilled=arguments.distilled)
    store.write_text(path, made.text)
    score = lint.lint(read_card(path)).score
    if arguments.json:
        document = {
            "schema_version": store.SCHEMA_VERSION,
            "card": str(path),
            "score": score,
            "filled": store.to_json(dict(found)),
            "to_fill_in": [{"line": line, "text": text} for line, text in made.open_lines],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print("\n".join(_text(path, made, found, score)))
    return 0


def _of_this_machine() -> dict[str, Filled]:
    """The machine that it is written on; where the training ran on another, the line says so no better than a guess."""
    gpus = environment.find_gpus()[0]
    return {"infrastructure": Filled(f"{len(gpus)}x {gpus[0]}", "this machine")} if gpus else {}


def _text(path: Path, made: Template, found: dict[str, Filled], score: int) -> list[str]:
    lines = [f"{path}: {score} % of what a re-run needs has its line"]
    lines += [f"  {term} = {printable(one.value)}, from {one.source}" for term, one in found.items()]
    lines += [f"to fill in, {len(made.open_lines)} lines:"]
    lines += [f"  {path}:{number}: {printable(text.strip())}" for number, text in made.open_lines]
    return [*lines, f"then: harness lint {path}"]
