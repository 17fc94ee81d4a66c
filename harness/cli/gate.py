"""harness gate RUN|CARD…"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.arguments import DEVICE, device_name
from harness.cli.parse import CARD
from harness.errors import EXIT_INVALID, EXIT_NOT_REPRODUCED, EXIT_REPRODUCED, PlanError, StoreError
from harness.record import store
from harness.report.printable import printable
from harness.train.progress import make_watcher

if TYPE_CHECKING:
    from harness.judge.baseline import Baseline
    from harness.judge.regression import GateResult, On

    Admitted = Sequence[tuple[GateResult, Baseline | None, Baseline | None]]

MOST_ANNOTATIONS = 10  # that a workflow shows of one kind for a step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add, folder = parser.add_argument, Path("results")
    add("subjects", nargs="+", metavar="RUN|CARD", help=f"a finished run's folder, or {CARD}")
    what = "a .json file, a folder that holds <card>.json (default: results/baseline), or a run to be no worse than"
    add("--baseline", type=Path, default=folder / "baseline", metavar="FILE|DIR|RUN", help=what)
    add("--results", type=Path, default=folder, metavar="DIR", help="where runs of cards are (default: results)")
    what = "run the experiment of cards that bring all of it along, such as the pocket card; never a larger one"
    add("--run", action="store_true", dest="is_run_wanted", help=what)
    add("--device", type=device_name, metavar="DEVICE", help=f"with --run: {DEVICE}")
    add("--on-unmeasured", choices=("fail", "warn"), default="fail", help="what is unmeasured (default: fail)")
    what = "what a rule or a test leaves open (default: undecided, which ends with 3)"
    add("--on-inconclusive", choices=("undecided", "fail", "warn", "pass"), default="undecided", help=what)
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML: a case for each card and metric")
    add("--summary", type=Path, metavar="FILE", help="write a Markdown summary (default: $GITHUB_STEP_SUMMARY, if set)")
    add("--github", action="store_true", help=f"annotations on the cards' own lines, at most {MOST_ANNOTATIONS}")
    add(
        "--update-baseline",
        action="store_true",
        help="show what would change, then make these runs, or the mean of several of one card, the baseline; of runs "
        "on part of the questions, of five seeds or more, their band",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exits with 0 where the gate is passed, 1 where it fails, 3 undecided, 4 where a run is invalid."""
    _check_use(arguments)
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.judge import regression
    from harness.run import gate as gating
    from harness.run import gate_input

    candidates = [gate_input.read(one, arguments.baseline) for one in arguments.subjects]
    gate_input.check_distinct(candidates)
    if arguments.baseline.suffix == ".json" and len({one.name for one in candidates}) > 1:
        raise PlanError([f"--baseline {arguments.baseline}: one file is the baseline of one card; give a folder"])
    watch = make_watcher(quiet=arguments.quiet)
    try:
        asked = gating.GateOptions(arguments.results, watch if arguments.is_run_wanted else None, arguments.device)
        admitted = [(*gating.admit(one, asked), one.baseline) for one in candidates]
    finally:
        watch.close()
    gated = [one for one, _, _ in admitted]
    if arguments.update_baseline:
        return _update(admitted, as_json=arguments.json)
    code = regression.exit_code(gated, _on(arguments))
    _report(arguments, gated, code)
    return code


def _check_use(arguments: argparse.Namespace) -> None:
    problems = []
    if arguments.update_baseline and (arguments.junit or arguments.summary or arguments.github):
        problems.append("--update-baseline judges nothing: leave --junit, --summary and --github out")
    if arguments.update_baseline and store.is_finished(arguments.baseline):
        problems.append(f"--baseline {arguments.baseline}: is a run, whose record stays as it is; give a file")
    if arguments.device and not arguments.is_run_wanted:
        problems.append("--device goes with --run")
    if problems:
        raise PlanError(problems)


def _on(arguments: argparse.Namespace) -> "On":
    return {"unmeasured": arguments.on_unmeasured, "inconclusive": arguments.on_inconclusive}


def _report(arguments: argparse.Namespace, gated: "Sequence[GateResult]", code: int) -> None:
    from harness.report.text import as_junit, as_markdown
    from harness.report.text import gate as as_gate

    on = _on(arguments)
    if arguments.json:
        print(as_gate.to_json_text(gated, code))
    elif arguments.github:
        token = secrets.token_hex(16)  # between the two no line is a command to the workflow, whatever a card says
        print(f"::stop-commands::{token}\n{as_gate.to_text(gated, code)}\n::{token}::")
    else:
        print(as_gate.to_text(gated, code))
    lines = list(as_gate.annotations(gated, on)) if arguments.github else []
    for line in lines[:MOST_ANNOTATIONS]:
        print(line, file=sys.stderr if arguments.json else sys.stdout)
    if arguments.junit is not None:
        store.write_text(arguments.junit, as_junit.render(gated, on))
    left_out = max(0, len(lines) - MOST_ANNOTATIONS)
    _write_summary(arguments.summary, as_markdown.render(gated, code, n_not_annotated=left_out))


def _write_summary(path: Path | None, text: str) -> None:
    """To the file that was asked for, whole; else behind what other commands of a workflow's step have written."""
    of_workflow = os.environ.get("GITHUB_STEP_SUMMARY")
    if path is not None:
        store.write_text(path, text)
    elif of_workflow:
        try:
            with Path(of_workflow).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise StoreError(f"{of_workflow}: cannot be written ({error.strerror}); give --summary FILE") from error


def _update(admitted: "Admitted", *, as_json: bool) -> int:
    """Shows what changes, then writes every baseline, or none: each whole, after all were found to be sound."""
    from harness.judge.baseline import PROXY, band_of, baseline_text, changes, mean_of

    refused = [f"{one.card}: {why}" for one, _, _ in admitted for why in (*one.problems, one.absent) if why]
    if refused:
        for line in refused:
            print(f"harness: {printable(line)}", file=sys.stderr)
        print("harness: no baseline was written", file=sys.stderr)
        return EXIT_INVALID if any(one.problems for one, _, _ in admitted) else EXIT_NOT_REPRODUCED
    found = []
    for path in dict.fromkeys(one.baseline for one, _, _ in admitted):
        of_card = [(made, old) for one, made, old in admitted if one.baseline == path and made is not None]
        made_of = [made for made, _ in of_card]
        new = band_of(made_of) if made_of[0].card.endswith(PROXY) else mean_of(made_of)
        found.append((path, new, dict(changes(of_card[0][1], new))))
    if as_json:
        cards = [{"card": new.card, "baseline": path, "changes": moved} for path, new, moved in found]
        print(json.dumps({"schema_version": store.SCHEMA_VERSION, "updated": cards}, indent=1, ensure_ascii=False))
    for path, new, moved in found:
        if not as_json:
            runs = ", ".join(source.run for source in new.runs)
            print(f"card {printable(new.card)}, baseline {printable(path)}, from {printable(runs)}")
            for metric, said in moved.items():
                print(f"  {printable(metric)}: {printable(said)}")
            print("  written" if moved else "  the same numbers: left as it is", flush=True)
        if moved:
            store.write_text(Path(path), baseline_text(new))
    return EXIT_REPRODUCED
