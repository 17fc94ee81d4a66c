"""harness reproduce CARD"""

import argparse
import sys
from pathlib import Path

from harness.card import lint
from harness.cli import plan as plan_command
from harness.cli.show import show, subject_of
from harness.errors import PlanError
from harness.plan import presence
from harness.plan.experiment import plan
from harness.record import environment
from harness.record.folder import Run
from harness.report.printable import printable
from harness.run import launch
from harness.run.cards import find_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    plan_command.add_arguments(parser)
    add = parser.add_argument_group("the run").add_argument
    add("--seeds", type=_seeds, default=1, metavar="N|auto", help="judge the mean of N seeds; auto: until decided")
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


def _seeds(text: str) -> int | None:
    """A number of seeds, None for as many as it takes."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 1 up, or auto")
    return int(text)


def _dry_run(arguments: argparse.Namespace) -> int:
    """The plan, once all that lies on this machine is known to fit together."""
    described, experiment, deviations = plan_command.checked(arguments)
    kinds = {reference.kind for reference in presence.folders_of(experiment).values()}
    if kinds - {"random"}:  # what ships with us fits, and torch takes seconds to load
        from harness.run import preflight
        from harness.train.models import loading

        loading.silence_library_logging()
        deviations += preflight.check_local(experiment)
    return plan_command.show_plan(arguments, described, experiment, deviations)


def run(arguments: argparse.Namespace) -> int:
    if arguments.offline:
        environment.go_offline()
    if arguments.dry_run:
        return _dry_run(arguments)
    for name in ("gradient_accumulation_steps", "num_processes"):
        if getattr(arguments, name) < 1:
            raise PlanError([f"--{name.replace('_', '-')} {getattr(arguments, name)}: must be at least 1"])
    if (arguments.checkpoint_steps or 1) < 1 or not arguments.checkpoint_minutes > 0:
        raise PlanError(["--checkpoint-steps and --checkpoint-minutes must be above 0"])
    if arguments.num_processes > 1 and ":" in (arguments.device or ""):
        raise PlanError([f"--device {arguments.device}: several processes take a GPU each; leave the number out"])
    described, options = find_card(arguments.card), plan_command.options_of(arguments)
    experiment = plan(described, options)
    if launch.is_wanted(arguments.num_processes, arguments.accelerate_config):
        on_cpu = environment.stays_on_cpu(experiment.declared_gpu, arguments.device)
        return launch.relaunch(arguments.argv, arguments.num_processes, arguments.accelerate_config, on_cpu=on_cpu)
    # Here, because it loads torch and transformers, which no other command needs.
    from harness.run import seeds, tracking
    from harness.run.context import RunOptions
    from harness.train.engine.checkpoint import Cadence
    from harness.train.progress import make_watcher

    run_options = RunOptions(
        results=arguments.results,
        device=arguments.device,
        fresh=arguments.fresh,
        gradient_accumulation_steps=arguments.gradient_accumulation_steps,
        cadence=Cadence(arguments.checkpoint_steps, arguments.checkpoint_minutes),
        is_strict=arguments.deterministic == "strict",
        is_forecast=arguments.forecast,
        budget_s=arguments.budget,
        track=arguments.track,
    )
    if arguments.track is not None:
        tracking.check_installed(arguments.track)

    if launch.is_main_process() and not arguments.quiet:
        for finding in lint.findings(described):
            print(printable(f"evidence, {finding.strength}: {finding.says}"), file=sys.stderr)
    watch = make_watcher(quiet=arguments.quiet)
    try:
        outcome = seeds.reproduce_card(described, options, arguments.seeds, run_options, watch)
    finally:
        watch.close()
    if launch.is_main_process():
        show(
            arguments,
            subject_of(outcome.experiment, outcome.conclusion, Run.open(outcome.folder), was_there=outcome.was_there),
        )
    # A launcher takes any code but 0 for a crash, and a verdict is none.
    return 0 if launch.leave(outcome.judgement.exit_code) else outcome.judgement.exit_code
