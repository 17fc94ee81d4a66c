"""harness reproduce CARD"""

import argparse
import sys

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
    plan_command.add_run_options(parser)


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
    if arguments.on is not None:
        return _elsewhere(arguments)
    plan_command.refuse_dollars(arguments.budget)
    if arguments.engine_option:
        raise PlanError(["--engine-option: goes with --on"])
    if arguments.offline:
        environment.go_offline()
    if arguments.dry_run:
        return _dry_run(arguments)
    _check_numbers(arguments)
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


def _check_numbers(arguments: argparse.Namespace) -> None:
    """Raises PlanError at an option that no run could keep to."""
    for name in ("gradient_accumulation_steps", "num_processes"):
        if getattr(arguments, name) < 1:
            raise PlanError([f"--{name.replace('_', '-')} {getattr(arguments, name)}: must be at least 1"])
    if (arguments.checkpoint_steps or 1) < 1 or not arguments.checkpoint_minutes > 0:
        raise PlanError(["--checkpoint-steps and --checkpoint-minutes must be above 0"])
    if arguments.num_processes > 1 and ":" in (arguments.device or ""):
        raise PlanError([f"--device {arguments.device}: several processes take a GPU each; leave the number out"])


# Of this command itself, not of the run: what a fleet decides. True: a value follows.
_NOT_OF_RUN = {"--on": True, "--engine-option": True, "--seeds": True, "--results": True, "--budget": True,
               "--dry-run": False, "--json": False, "--quiet": False}  # fmt: skip


def _elsewhere(arguments: argparse.Namespace) -> int:
    """Hands the run to a fleet of one card; its options go on as they were typed."""
    from harness.cli import fleet

    if arguments.fresh:
        raise PlanError(["--fresh: a run elsewhere goes on where it can; give other --results for another one"])
    words, options = list(arguments.argv[1:]), list[str]()
    words.remove(arguments.card)
    while words:
        word = words.pop(0)
        name, has_value = word.partition("=")[0], "=" in word
        if name not in _NOT_OF_RUN:
            options.append(word)
        elif _NOT_OF_RUN[name] and not has_value:
            words.pop(0)
    return fleet.one_run(arguments, tuple(options))
