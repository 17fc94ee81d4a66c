"""harness audit RUN…"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from harness.errors import EXIT_INVALID, EXIT_REPRODUCED
from harness.record import store
from harness.record.folder import Run
from harness.record.read import require_distinct, seeds_of
from harness.report.text.tables import make_console, make_table

if TYPE_CHECKING:
    from harness.judge.audit import Audit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "folder of a finished run, or of a series of seeds"
    parser.add_argument("run_folders", type=Path, nargs="+", metavar="RUN", help=what)
    parser.add_argument("--eval", type=Path, metavar="FILE", help="its evaluation data, where that is not at hand")
    what = "sign the manifest with this private key of OpenSSH, once the audit has passed"
    parser.add_argument("--sign", type=Path, metavar="KEY", help=what)
    what = "require a signature of the manifest by this public key of OpenSSH (a .pub file)"
    parser.add_argument("--verify", type=Path, metavar="KEY", help=what)


def run(arguments: argparse.Namespace) -> int:
    """Exits with 4 where a check fails; signs only what has passed."""
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.judge import signing
    from harness.judge.audit import audit, audit_series

    records = [Run.open(folder) for folder in arguments.run_folders]
    require_distinct(records)
    signer = signing.read_public_key(arguments.verify) if arguments.verify else None
    done: list[Audit] = []
    runs: list[Run] = []
    for record in records:
        seeds = seeds_of(record)
        done += [audit(one, arguments.eval, signer) for one in seeds]
        done += [audit_series(record, seeds)] if record.has(store.SERIES) else []
        runs += seeds
    is_passed = all(one.is_passed for one in done)
    if arguments.json:
        audits = [{"is_passed": one.is_passed, **store.to_json(one)} for one in done]
        document = {"schema_version": store.SCHEMA_VERSION, "is_passed": is_passed, "audits": audits}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print("\n\n".join(to_text(one) for one in done))
        if len(records) > 1:
            failed = [str(one.run) for one in done if not one.is_passed]
            print(f"\n{len(done) - len(failed)} of {len(done)} passed", *failed, sep="; not ")
    for run in runs if arguments.sign and is_passed else ():
        print(f"signed: {signing.sign(run.folder, arguments.sign)}", file=sys.stderr)
    return EXIT_REPRODUCED if is_passed else EXIT_INVALID


def to_text(done: "Audit") -> str:
    console = make_console()
    rows = [
        (check.name, Text("FAILED", style="bold red") if check.problems else Text("passed", style="green"), check.says)
        for check in done.checks
    ]
    console.print(make_table(("check", "result", "what was checked"), rows))
    console.print()
    for check in done.checks:
        for problem in check.problems:
            console.print(f"{check.name}: {problem}")
    for what in done.not_covered:
        console.print(f"not covered: {what}")
    n_failed = sum(bool(check.problems) for check in done.checks)
    said = "PASSED: the record follows from itself" if done.is_passed else f"FAILED: {n_failed} of {len(rows)} checks"
    console.print(Text(said, style="bold green" if done.is_passed else "bold red"))
    console.print(f"record: {done.run}", soft_wrap=True)
    return console.text()
