"""harness fleet CARD…, and harness fleet status|logs|cancel"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from harness.cli import plan as plan_command
from harness.cli.arguments import Parser
from harness.errors import PlanError
from harness.record import store
from harness.report.printable import printable

if TYPE_CHECKING:
    from harness.fleet.fleets import Order

VERBS = ("status", "logs", "cancel")
# Options of `harness reproduce` that a fleet decides by itself.
_NOT_HERE = ("--seeds", "--results", "--on", "--fresh", "--dry-run", "--json", "--quiet", "--engine-option")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    parser.usage = (
        "harness fleet CARD… [--seeds N|auto] [--on ENGINE[:WHERE]] [options] [--with OPTIONS…]\n"
        "       harness fleet FILE.toml [--dry-run]\n"
        "       harness fleet status|logs|cancel [NAME] [TASK]"
    )
    add(
        "what", nargs="*", metavar="CARD", help="cards, or one fleet.toml, or status, logs or cancel and a fleet's name"
    )
    add("--seeds", type=seeds_of, metavar="N|auto", help="seeds of each card (default: 1); auto: until decided")
    what = "local[:PROCESSES] (default), ray[:ADDRESS], slurm[:PARTITION|:local], hf-jobs[:FLAVOUR]"
    add("--on", metavar="ENGINE", help=what)
    add("--address", metavar="ADDRESS", help="of a Ray cluster, as in --on ray:ADDRESS")
    what = "an option of the engine, as in records=ORG/NAME; may be repeated"
    add("--engine-option", metavar="NAME=VALUE", action="append", default=[], help=what)
    add("--name", help="of the fleet (default: of its cards)")
    add("--results", type=Path, metavar="DIR", help="where records go (default: results); all workers share it")
    what = "of each run a time, as in 6h; of all together US dollars, as in 5usd"
    add("--budget", type=plan_command.budget_of, action="append", default=[], metavar="TIME|MONEY", help=what)
    add("--any-code", action="store_true", help="take workers and records of other versions of harness")
    add("--dry-run", action="store_true", help="plan and forecast, and stop")
    what = (
        "options of harness reproduce for every run, as in --with --precision bf16; all that follows is taken for one"
    )
    add("--with", dest="options", nargs=argparse.REMAINDER, default=[], metavar="OPTION", help=what)


def seeds_of(text: str) -> int | str:
    """A number of seeds, or auto: None says here that nothing was asked for."""
    return plan_command.seeds_of(text) or "auto"


def run(arguments: argparse.Namespace) -> int:
    """Exits with the worst code of all cards (`fleet/looks.py`): 130, 5, 2, 6, 4, 1, 3, 0 from the worst on."""
    if arguments.what and arguments.what[0] in VERBS:
        return _verb(arguments)
    order = _order_of(arguments)
    return run_order(arguments, order)


def run_order(arguments: argparse.Namespace, order: "Order") -> int:
    from harness.fleet import fleets, tables

    opened = fleets.open_fleet(order)
    try:
        if arguments.dry_run:
            forecast = fleets.forecast_of(opened)
            print(tables.forecast_json(forecast) if arguments.json else tables.forecast_text(forecast))
            fleets.refuse_over(forecast, order)
            return 0
        watch = _silent if arguments.quiet else _say
        report = fleets.run_fleet(opened, watch)
    finally:
        opened.engine.close()
    print(tables.report_json(report) if arguments.json else tables.report_text(report))
    return report.exit_code


def _say(line: str) -> None:
    print(printable(f"fleet: {line}"), file=sys.stderr, flush=True)


def _silent(line: str) -> None:
    pass


# --- what was asked for ---


def _order_of(arguments: argparse.Namespace) -> "Order":
    from harness.fleet import order_file

    given = order_file.read(arguments.what)
    cards = tuple(given.get("cards", arguments.what))
    if not cards:
        raise PlanError(["no card was given; give cards, or a fleet.toml that names them"])
    seeds = arguments.seeds if arguments.seeds is not None else given.get("seeds", 1)
    engine_options = {**given.get("engine", {}), **_engine_options(arguments)}
    budgets = arguments.budget or [_budget(one) for one in given.get("budget", [])]
    on = arguments.on or given.get("on", "local")
    if arguments.address is not None:
        if on.partition(":")[0] != "ray":
            raise PlanError([f"--address {arguments.address}: goes with --on ray"])
        on = f"ray:{arguments.address}"
    return order_of(
        cards,
        seeds=None if seeds == "auto" else seeds,
        on=on,
        options=(*given.get("options", ()), *arguments.options),
        results=arguments.results or Path(given.get("results", "results")),
        engine_options={name: str(value) for name, value in engine_options.items()},
        budgets=budgets,
        name=arguments.name or given.get("name"),
        is_any_code=arguments.any_code or given.get("any_code", False),
    )


def order_of(
    cards: tuple[str, ...],
    *,
    seeds: int | None,
    on: str,
    options: tuple[str, ...],
    results: Path,
    engine_options: dict[str, str],
    budgets: Sequence[Any] = (),
    name: str | None = None,
    is_any_code: bool = False,
) -> "Order":
    """What a fleet is to do; raises PlanError for options that are not those of a run."""
    from harness.fleet.fleets import Order
    from harness.fleet.tasks import Asked

    seconds = [one for one in budgets if isinstance(one, float)]
    dollars = [one.amount for one in budgets if not isinstance(one, float)]
    options = (*options, *(["--budget", f"{seconds[-1]:g}s"] if seconds else []))
    parsed = _parse_options(options)
    known = {"cards": cards, "options": options}
    asked = Asked(
        name=_checked_name(name) if name else _default_name(cards, known),
        cards=cards,
        seeds=seeds,
        results=results,
        options=options,
        run_options=_run_options(parsed),
        planned=plan_command.options_of(parsed),
        device=parsed.device,
        n_processes=_n_processes(parsed),
    )
    engine, _, where = on.partition(":")
    return Order(asked, engine, where, engine_options, dollars[-1] if dollars else None, is_any_code)


def _parse_options(options: tuple[str, ...]) -> argparse.Namespace:
    """Options behind --with as `harness reproduce` reads them."""
    wrong = [one for one in options if one.partition("=")[0] in _NOT_HERE]
    if wrong:
        raise PlanError([f"{one}: is no option of a fleet's runs; give it before --with" for one in wrong])
    parser = Parser(prog="harness reproduce", add_help=False)
    plan_command.add_arguments(parser)
    plan_command.add_run_options(parser)
    return parser.parse_args(["CARD", *options])


def _run_options(parsed: argparse.Namespace) -> tuple[str, ...]:
    """Those of them that say how to run: a teacher's run gets them too."""
    found: list[str] = []
    for name, default in (("device", None), ("deterministic", None), ("gradient_accumulation_steps", 1),
                          ("num_processes", 1), ("accelerate_config", None), ("checkpoint_steps", None),
                          ("checkpoint_minutes", 10.0)):  # fmt: skip
        value = getattr(parsed, name)
        found += [] if value == default else [f"--{name.replace('_', '-')}", str(value)]
    found += ["--budget", f"{parsed.budget:g}s"] if parsed.budget is not None else []
    return (*found, *(f"--{name}" for name in ("offline", "forecast") if getattr(parsed, name)))


def _n_processes(parsed: argparse.Namespace) -> int:
    """Processes of a run, each of which takes a GPU; a file of accelerate's says so by `num_processes`."""
    if parsed.accelerate_config is None:
        return int(parsed.num_processes)
    try:
        found = yaml.safe_load(parsed.accelerate_config.read_text(encoding="utf-8"))["num_processes"]
    except (OSError, yaml.YAMLError, LookupError, TypeError) as error:
        raise PlanError(
            [f"--accelerate-config {parsed.accelerate_config}: does not say num_processes ({error})"]
        ) from None
    if type(found) is not int or found < 1:
        raise PlanError([f"--accelerate-config {parsed.accelerate_config}: num_processes {found}: expected a number"])
    return found


def _default_name(cards: tuple[str, ...], known: dict[str, Any]) -> str:
    stem = Path(cards[0]).stem if len(cards) == 1 else f"{len(cards)}-cards"
    return f"{_plain(stem)}-{store.hash_of(known)[:8]}"


def _checked_name(name: str) -> str:
    if name != _plain(name) or not name.strip("."):
        raise PlanError([f"--name {name}: letters, digits, - _ and . alone"])
    return name


def _plain(text: str) -> str:
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in text)


def _engine_options(arguments: argparse.Namespace) -> dict[str, str]:
    return dict(plan_command.named_value("--engine-option", one) for one in arguments.engine_option)


def _budget(text: str) -> Any:
    try:
        return plan_command.budget_of(text)
    except argparse.ArgumentTypeError as error:
        raise PlanError([f"budget: {error}"]) from None


# --- status, logs, cancel ---


def _verb(arguments: argparse.Namespace) -> int:
    from harness.fleet import oversight, tables

    verb, *words = arguments.what
    results = arguments.results or Path("results")
    if len(words) > (2 if verb == "logs" else 1):
        raise PlanError(
            [f"harness fleet {verb}: takes {'a fleet and a task' if verb == 'logs' else 'one fleet'} at most"]
        )
    state = oversight.state_of(results, words[0] if words else None)
    if verb == "status":
        found = oversight.status_of(results, state)
        document, text = store.to_json(found), tables.status_text(found)
    elif verb == "logs":
        text = oversight.logs_of(results, state, words[1] if len(words) > 1 else None)
        document = {"text": text}
    else:
        text = oversight.cancel(results, state)
        document = {"text": text}
    whole = {"schema_version": store.SCHEMA_VERSION, **document}
    print(json.dumps(whole, indent=1, ensure_ascii=False) if arguments.json else text)
    return 0


def one_run(arguments: argparse.Namespace, options: tuple[str, ...]) -> int:
    """`harness reproduce CARD --on ENGINE`: a fleet of one card, on the seeds that were asked for."""
    engine_options = _engine_options(arguments)
    budgets = [] if arguments.budget is None else [arguments.budget]
    order = order_of(
        (arguments.card,), seeds=arguments.seeds, on=arguments.on, options=options, results=arguments.results,
        engine_options=engine_options, budgets=budgets,
    )  # fmt: skip
    return run_order(arguments, order)
