"""harness plan CARD, and the options that it shares with what runs a plan."""

import argparse
import math
import re
import sys
from pathlib import Path

from harness.card import lint
from harness.cli.arguments import DEVICE, device_name
from harness.cli.parse import CARD
from harness.cli.show import show
from harness.domain import Card, Deviation, Experiment
from harness.errors import BudgetError, PlanError
from harness.plan import presence
from harness.plan.claims import ORIGINS
from harness.plan.cost import Cost, Dollars, Forecast, refuse_over
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.sizes import rough_forecast, sizes_of
from harness.record import environment, store
from harness.report.text.subject import ReportData
from harness.run.cards import find_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("card", metavar="CARD", help=CARD)
    _add_experiment(parser.add_argument_group("experiment"))
    _add_judging(parser.add_argument_group("judging"))
    add = parser.add_argument_group("machine").add_argument
    add("--precision", choices=("fp32", "tf32", "bf16", "fp16"), help="default: as the card, else fp32")
    add("--device", type=device_name, metavar="DEVICE", help=DEVICE)
    add("--forecast", action="store_true", help="time a few of the run's own steps first, and say what they make of it")
    what = "refuse a run that would take longer than this (90s, 30m, 6h), and stop one that does, with a checkpoint"
    add("--budget", type=budget_of, metavar="TIME", help=what)
    add = parser.add_argument_group("records").add_argument
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where records go (default: results)")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """The options of `harness reproduce` beside these; a fleet reads them too, for its runs."""
    add = parser.add_argument_group("the run").add_argument
    add("--seeds", type=seeds_of, default=1, metavar="N|auto", help="judge the mean of N seeds; auto: until decided")
    what = "run it elsewhere, as a fleet of one card: hf-jobs[:FLAVOUR], ray, slurm"
    add("--on", metavar="ENGINE[:WHERE]", help=what)
    what = "an option of the engine, as in records=ORG/NAME; may be repeated"
    add("--engine-option", metavar="NAME=VALUE", action="append", default=[], help=what)
    add("--num-processes", type=int, default=1, metavar="N", help="processes that share each declared batch")
    add("--accelerate-config", type=Path, metavar="FILE", help="start through accelerate's launcher with this file")
    add("--gradient-accumulation-steps", type=int, default=1, metavar="N", help="micro-batches a declared batch")
    what = "keep a checkpoint after so many steps (default: by minutes alone)"
    add("--checkpoint-steps", type=int, metavar="N", help=what)
    what = "and after so many minutes (default: 10); a stopped or killed run goes on from the last"
    add("--checkpoint-minutes", type=float, default=10.0, metavar="X", help=what)
    add("--deterministic", choices=("strict",), help="refuse every operation that may differ from run to run")
    what = "show the run in a tracker while it trains, one run a seed (pip install 'card-harness[track]')"
    add("--track", choices=("trackio", "tensorboard", "wandb"), help=what)
    add("--offline", action="store_true", help="ask the Hub nothing: what it gave before, or an error")
    add("--fresh", action="store_true", help="a new run, even where this one is finished or begun")
    add("--dry-run", action="store_true", help="print the plan and stop")


def seeds_of(text: str) -> int | None:
    """A number of seeds, None for as many as it takes."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 1 up, or auto")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    refuse_dollars(arguments.budget)
    described, experiment, deviations = checked(arguments)
    return show_plan(arguments, described, experiment, deviations)


def checked(arguments: argparse.Namespace) -> tuple[Card, Experiment, tuple[Deviation, ...]]:
    """Card, plan, and how the questions of local files are read.

    Raises PlanError for what is not there, in this plan or in those of the cards that it begins with.
    """
    described = find_card(arguments.card)
    experiment = plan(described, options_of(arguments))
    deviations = presence.check_present(experiment, arguments.results)
    for path in presence.cards_of(experiment):
        from harness.run import teacher_cards  # here: it loads what judges runs

        if path.resolve() != Path(experiment.card_path).resolve():
            presence.check_present(teacher_cards.planned(path, experiment), arguments.results)
    return described, experiment, deviations


def show_plan(
    arguments: argparse.Namespace, described: Card, experiment: Experiment, deviations: tuple[Deviation, ...]
) -> int:
    cost = _measured_forecast(experiment, arguments) if arguments.forecast or arguments.budget else None
    subject = ReportData(
        experiment=experiment,
        deviations=(*experiment.deviations, *deviations, *_of_this_machine(experiment, arguments.device)),
        forecast=_rough_forecast(experiment) if cost is None else None,
        findings=lint.findings(described),
        cost=store.to_json(cost),
    )
    show(arguments, subject)
    try:
        if cost is not None:
            refuse_over(cost, arguments.budget)
    except BudgetError as error:  # said beside the plan, of which one document is printed, never two
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def refuse_dollars(budget: float | Dollars | None) -> None:
    if isinstance(budget, Dollars):
        raise PlanError([f"--budget {budget.amount:g}usd: money is spent with --on alone; here give a time"])


def budget_of(text: str) -> float | Dollars:
    """Seconds of a time such as 90s, 30m or 6h, or US dollars, as in 5usd."""
    if not text.endswith("usd"):
        return _seconds(text)
    amount = text.removesuffix("usd")
    if not re.fullmatch(r"\d+(\.\d+)?", amount) or not float(amount):
        raise argparse.ArgumentTypeError(f"{text}: expected an amount such as 5usd")
    return Dollars(float(amount))


def _seconds(text: str) -> float:
    """Seconds of a time such as 90s, 30m or 6h."""
    number, unit = text[:-1], text[-1:]
    factor = {"s": 1, "m": 60, "h": 3600}.get(unit)
    try:
        seconds = float(number) * factor if factor else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected a time such as 90s, 30m or 6h")
    return seconds


def _lines(text: str) -> tuple[int, ...]:
    """Line numbers of a card, such as 12,46."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text}: expected line numbers, as in 12,46")
    return tuple(dict.fromkeys(map(int, parts)))


def _measured_forecast(experiment: Experiment, arguments: argparse.Namespace) -> Cost:
    # Here, because it loads torch and transformers, which a plan does without.
    from harness.run import budget
    from harness.run.context import RunOptions, make_accelerator

    options = RunOptions(results=arguments.results, device=arguments.device)
    return budget.of_plan(experiment, options.results, make_accelerator(experiment, options))


def _add_experiment(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--recipe", metavar="NAME", help="run another recipe than the card's headings imply")
    what = "Hub id (ORG/NAME@REVISION pins it), folder or card, in its place; or a finished run of the teacher's card"
    add("--teacher", metavar="ID|DIR|CARD|RUN", help=what)
    add("--student", metavar="ID|DIR|CARD", help="Hub id, folder or card of the student's initial weights")
    add("--student-layers", metavar="N,N,…", help="begin with these of its layers alone, from 1, as in 2,4,6")
    add("--train", metavar="FILE|ID", help="SQuAD-format training questions, a file or ORG/NAME:SPLIT of the Hub")
    add("--eval", metavar="FILE|ID", help="the same for the evaluation questions, in place of the card's data")
    add("--repair-offsets", action="store_true", help="move answers that are not at their offset to where they stand")
    what = "share of the training questions, from 0 to 1, that may be dropped as unusable (default: 0.01)"
    add("--allow-dropped", type=float, metavar="SHARE", help=what)
    add("--masked-lm", metavar="ID|DIR", help="masked language model that augments the intermediate stage's data")
    add("--glove", metavar="FILE|none", help="GloVe vectors for it, as text; 'none' goes without (a deviation)")
    add("--seed", type=int, help="seed of order, dropout and initial weights (default: the library's)")
    add("--padding", choices=("count", "drop"), help="drop: padded positions leave every loss (default: as the card)")
    add("--limit", type=int, metavar="N", help="only the first N questions; the verdict is then LIMITED")
    add(
        "--set",
        metavar="STAGE.NAME=VALUE",
        action="append",
        default=[],
        help="override one setting, as in prediction_layer.learning_rate=1e-4; may be repeated",
    )


def _add_judging(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    what = "allowed difference (default: 1.0 point a metric, more where seeds spread by more than half a point)"
    add("--tolerance", metavar="METRIC=X,…", default="", help=what)
    add("--rule", choices=("tolerance", "equivalence"), help="what decides (default: tolerance; both are worked out)")
    add("--measure", action="store_true", help="run a card that claims no number yet: measured, not judged")
    what = "judge the numbers on these lines of the card alone, where it states several for one metric"
    add("--claims", type=_lines, metavar="LINE,…", help=what)
    add("--claims-from", choices=ORIGINS, help="judge those of the card's text, or of its model-index, alone")
    add("--published", metavar="ID|DIR|none", help="the card's own weights, scored beside ours (default: its model)")
    add("--check-teacher", action="store_true", help="score the teacher first; refuse one below its own card")


def options_of(arguments: argparse.Namespace) -> Options:
    return Options(
        recipe=arguments.recipe,
        teacher=arguments.teacher,
        student=arguments.student,
        student_layers=arguments.student_layers,
        train=arguments.train,
        eval=arguments.eval,
        check_teacher=arguments.check_teacher,
        published=arguments.published,
        rule=arguments.rule,
        masked_lm=arguments.masked_lm,
        glove=arguments.glove,
        is_measuring=arguments.measure,
        seed=arguments.seed,
        precision=arguments.precision,
        padding=arguments.padding,
        limit=arguments.limit,
        repair_offsets=arguments.repair_offsets,
        allow_dropped=arguments.allow_dropped,
        tolerance=_tolerances(arguments.tolerance),
        claims=arguments.claims,
        claims_from=arguments.claims_from,
        settings=dict(named_value("--set", one) for one in arguments.set),
    )


def named_value(option: str, text: str) -> tuple[str, str]:
    """The two parts of what an option was given as NAME=VALUE; raises PlanError where one is missing."""
    name, mark, value = text.partition("=")
    if not mark or not name.strip() or not value.strip():
        raise PlanError([f"{option} {text}: expected NAME=VALUE"])
    return name.strip(), value.strip()


def _tolerances(text: str) -> dict[str, float]:
    tolerances = {}
    for part in filter(None, text.split(",")):
        name, value = named_value("--tolerance", part)
        if name in tolerances:
            raise PlanError([f"--tolerance {text}: gives {name} twice"])
        try:
            tolerances[name] = float(value)
        except ValueError:
            raise PlanError([f"--tolerance {part}: {value!r} is no number"]) from None
    return tolerances


def _of_this_machine(experiment: Experiment, device: str | None) -> tuple[Deviation, ...]:
    """What sets this machine apart from the one that the card declares."""
    is_on_cpu = environment.stays_on_cpu(experiment.declared_gpu, device)
    deviation = environment.compare_gpu(experiment.declared_gpu, () if is_on_cpu else environment.find_gpus()[0])
    return () if deviation is None else (deviation,)


def _rough_forecast(experiment: Experiment) -> Forecast | None:
    """An estimate from names, configurations and file sizes alone; None where they do not tell."""
    sizes = sizes_of(experiment)
    return None if sizes is None else rough_forecast(experiment, sizes, environment.n_cpus())
