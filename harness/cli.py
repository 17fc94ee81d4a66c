"""The command line: arguments -> one call -> print -> exit code. stdout is the result, stderr is progress."""

import argparse
import errno
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import __version__, card, environment, launch, planning, store
from harness import lint as linting
from harness.domain import Card, Experiment
from harness.errors import (
    EXIT_BROKE,
    EXIT_INTERRUPTED,
    EXIT_NOT_REPRODUCED,
    EXIT_WRONG_USE,
    CardError,
    HarnessError,
    PlanError,
)
from harness.forecast import Forecast, Geometry, forecast, geometry_of
from harness.references import HUB_QUESTIONS, data_reference, model_reference
from harness.reports import REPORTS
from harness.reports.printable import printable
from harness.reports.subject import Subject

_BYTES_PER_QUESTION = 323  # of the official SQuAD 2.0 train file, for an estimate before a file is read


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors of ours become one message, everything else a traceback."""
    argv = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(argv, argparse.Namespace(argv=argv))
    logging.basicConfig(format="%(message)s", level=logging.ERROR if arguments.quiet else logging.WARNING)
    try:
        return int(arguments.handler(arguments))
    except HarnessError as error:
        if launch.is_main_process():
            print(f"harness: {error}", file=sys.stderr)
        launch.leave(error.exit_code)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_WRONG_USE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        where = error.filename or getattr(arguments, "results", "output")
        print(f"harness: {where}: {error.strerror}; free the space, or give --results DIR", file=sys.stderr)
        return EXIT_BROKE
    except KeyboardInterrupt:
        print("harness: interrupted; the same command goes on with the first unfinished stage", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harness", description="Does this model card hold up?", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    parse = commands.add_parser("parse", help="what a card states: facts, settings and claims, with line numbers")
    parse.add_argument("cards", type=Path, nargs="+", metavar="CARD")
    parse.set_defaults(handler=_parse)

    lint = commands.add_parser("lint", help="how much of what a re-run needs a card states, and what cannot be right")
    lint.add_argument("cards", type=Path, nargs="+", metavar="CARD")
    lint.add_argument("--min-score", type=int, default=0, metavar="N", help="exit with 1 below N percent (default: 0)")
    lint.add_argument("--github", action="store_true", help="annotations for a workflow on GitHub")
    lint.set_defaults(handler=_lint)

    plan = commands.add_parser("plan", help="the experiment a card describes, every setting with its origin")
    reproduce = commands.add_parser("reproduce", help="run the whole chain, from card to verdict")
    for command in (plan, reproduce):
        command.add_argument("card", type=Path)
        _add_plan_options(command)
    plan.set_defaults(handler=_plan)
    _add_run_options(reproduce)
    reproduce.set_defaults(handler=_reproduce)

    env = commands.add_parser("env", help="what this machine is")
    env.set_defaults(handler=_env)
    for command in (parse, lint, plan, reproduce, env):
        command.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
        command.add_argument("--quiet", action="store_true", help="no progress and no warnings on stderr")
        command.allow_abbrev = False
    return parser


def _add_plan_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--recipe", metavar="NAME", help="run another recipe than the card's headings imply")
    add("--teacher", metavar="ID|DIR|CARD", help="Hub id, local folder or another card, in place of the card's teacher")
    add("--student", metavar="ID|DIR|CARD", help="the same for the student's initial weights")
    add("--train", metavar="FILE", help="SQuAD-format training questions, in place of the card's data")
    add("--eval", metavar="FILE", help="SQuAD-format evaluation questions, in place of the card's data")
    add("--check-teacher", action="store_true", help="score the teacher first; refuse one below its own card")
    add("--masked-lm", metavar="ID|DIR", help="masked language model that augments the intermediate stage's data")
    add("--glove", metavar="FILE|none", help="GloVe vectors for it, as text; 'none' goes without (a deviation)")
    add("--seed", type=int, help="seed of order, dropout and initial weights (default: the library's)")
    add("--precision", choices=("fp32", "bf16", "fp16"), default="fp32", help="default: fp32")
    add("--limit", type=int, metavar="N", help="only the first N questions; the verdict is then LIMITED")
    add("--tolerance", metavar="METRIC=X,…", default="", help="allowed difference (default: 1.0 point a metric)")
    add(
        "--set",
        metavar="STAGE.NAME=VALUE",
        action="append",
        default=[],
        help="override one setting, as in prediction_layer.learning_rate=1e-4; may be repeated",
    )


def _add_run_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where records go (default: results)")
    add("--device", choices=("cpu",), help="stay on the CPU, however long it takes")
    add("--gradient-accumulation-steps", type=int, default=1, metavar="N", help="micro-batches a declared batch")
    add("--num-processes", type=int, default=1, metavar="N", help="processes that share each declared batch")
    add("--accelerate-config", type=Path, metavar="FILE", help="start through accelerate's launcher with this file")
    add("--fresh", action="store_true", help="a new run, even where this one is finished or begun")
    add("--dry-run", action="store_true", help="print the plan and stop")


def _parse(arguments: argparse.Namespace) -> int:
    cards, code = _read_all(arguments.cards)
    if len(arguments.cards) == 1 and cards:
        _print(arguments, Subject(card=cards[0]))
    elif cards or arguments.json:
        _print(arguments, Subject(cards=tuple(cards)))
    return code


def _lint(arguments: argparse.Namespace) -> int:
    cards, code = _read_all(arguments.cards)
    lints = tuple(linting.lint(one) for one in cards)
    report = "github" if arguments.github else "json" if arguments.json else "text"
    print(REPORTS[report](Subject(lints=lints)))
    if code:
        return code
    return EXIT_NOT_REPRODUCED if any(one.score < arguments.min_score for one in lints) else 0


def _read_all(paths: Sequence[Path]) -> tuple[list[Card], int]:
    """Every card that can be read; each of the others is one message, and the code is then that of wrong use."""
    cards, code = [], 0
    for path in paths:
        try:
            cards.append(card.read(path))
        except CardError as error:
            print(f"harness: {printable(str(error))}", file=sys.stderr)
            code = error.exit_code
    return cards, code


def _plan(arguments: argparse.Namespace) -> int:
    experiment = planning.plan(card.read(arguments.card), _options(arguments))
    _print(arguments, Subject(experiment=_with_declared_gpu(experiment), forecast=_rough_forecast(experiment)))
    return 0


def _reproduce(arguments: argparse.Namespace) -> int:
    if arguments.dry_run:
        return _plan(arguments)
    for name in ("gradient_accumulation_steps", "num_processes"):
        if getattr(arguments, name) < 1:
            raise PlanError([f"--{name.replace('_', '-')} {getattr(arguments, name)}: must be at least 1"])
    experiment = planning.plan(card.read(arguments.card), _options(arguments))
    if launch.is_wanted(arguments.num_processes, arguments.accelerate_config):
        return launch.relaunch(
            arguments.argv, arguments.num_processes, arguments.accelerate_config, on_cpu=arguments.device == "cpu"
        )
    # Here, because it loads torch and transformers, which no other command needs.
    from harness import pipeline
    from harness.reports.progress import make_watcher

    machine = pipeline.Machine(
        results=arguments.results,
        device=arguments.device,
        fresh=arguments.fresh,
        gradient_accumulation_steps=arguments.gradient_accumulation_steps,
    )
    watch = make_watcher(quiet=arguments.quiet)
    try:
        outcome = pipeline.reproduce(experiment, machine, watch)
    finally:
        watch.close()
    if launch.is_main_process():
        _print(
            arguments,
            Subject(
                experiment=outcome.experiment,
                judgement=outcome.judgement,
                record=str(outcome.folder),
                was_there=outcome.was_there,
                signature=store.read_signature(outcome.folder),
            ),
        )
    # A launcher takes any code but 0 for a crash, and a verdict is none.
    return 0 if launch.leave(outcome.judgement.exit_code) else outcome.judgement.exit_code


def _env(arguments: argparse.Namespace) -> int:
    described = store.to_json(environment.describe())
    if arguments.json:
        print(json.dumps(described, indent=1))
    else:
        for name, value in described.items():
            print(f"{name:10} {value if value not in (None, []) else '-'}")
    return 0


def _print(arguments: argparse.Namespace, subject: Subject) -> None:
    print(REPORTS["json" if arguments.json else "text"](subject))


def _options(arguments: argparse.Namespace) -> planning.Options:
    return planning.Options(
        recipe=arguments.recipe,
        teacher=arguments.teacher,
        student=arguments.student,
        train=arguments.train,
        eval=arguments.eval,
        check_teacher=arguments.check_teacher,
        masked_lm=arguments.masked_lm,
        glove=arguments.glove,
        seed=arguments.seed,
        precision=arguments.precision,
        limit=arguments.limit,
        tolerance=_tolerances(arguments.tolerance),
        settings=dict(_pair("--set", pair) for pair in arguments.set),
    )


def _pair(option: str, text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip() or not value.strip():
        raise PlanError([f"{option} {text}: expected NAME=VALUE"])
    return name.strip(), value.strip()


def _tolerances(text: str) -> dict[str, float]:
    tolerances = {}
    for part in filter(None, text.split(",")):
        name, value = _pair("--tolerance", part)
        try:
            tolerances[name] = float(value)
        except ValueError:
            raise PlanError([f"--tolerance {part}: {value!r} is no number"]) from None
    return tolerances


def _with_declared_gpu(experiment: Experiment) -> Experiment:
    deviation = environment.compare_gpu(experiment.declared_gpu, environment.find_gpus()[0])
    return planning.with_deviation(experiment, deviation)


def _rough_forecast(experiment: Experiment) -> Forecast | None:
    """An estimate from names, configurations and file sizes alone; None where they do not tell."""
    here = Path(experiment.card_path).parent
    run = {setting.name: setting for setting in experiment.run.settings}
    sizes: list[Geometry | None] = []
    for name in ("teacher", "student"):
        if name not in run:
            sizes.append(None)
            continue
        text, is_option = str(run[name].value), run[name].origin == "overridden"
        reference = model_reference(text, card_dir=here, is_option=is_option)
        config = reference.path / "config.json" if reference.path else None
        try:
            known = json.loads(config.read_text(encoding="utf-8")) if config and config.is_file() else None
        except ValueError:
            return None
        size = geometry_of(text, known)
        if size is None:
            return None
        sizes.append(size)
    text, is_option = str(run["train_data"].value), run["train_data"].origin == "overridden"
    path = data_reference(text, card_dir=here, is_option=is_option).path
    if path is not None and not path.is_file():
        return None
    n_questions = path.stat().st_size // _BYTES_PER_QUESTION if path else HUB_QUESTIONS.get(text, 0)
    if "limit" in run:
        n_questions = min(n_questions, int(str(run["limit"].value)))
    n_cpus = environment.n_cpus()
    return forecast(experiment, n_questions=n_questions, teacher=sizes[0], student=sizes[1], n_cpus=n_cpus)
