"""harness plot RUN…"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.domain import Experiment
from harness.errors import DataError, StoreError
from harness.record import store
from harness.record.folder import Run
from harness.record.read import seeds_of
from harness.report.verdict_rows import outcome_text

if TYPE_CHECKING:
    from harness.report.plots.layout import Page
    from harness.report.plots.read_run import PlotData


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders of one card, or of a series")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the plots go (default: plots in the first RUN)")


def run(arguments: argparse.Namespace) -> int:
    # Here and below, because plots load numpy, scipy and matplotlib, which no other command needs at its start.
    from harness.report.plots import layout
    from harness.report.plots.read_run import check_comparable, read_run

    runs = [read_run(one) for given in arguments.runs for one in seeds_of(Run.open(given))]
    check_comparable(runs)
    out = arguments.out or arguments.runs[0] / "plots"
    left_out = [what for one in runs for what in one.left_out]
    written = [path for stem, page in _pages(runs, left_out) for path in layout.write_page(out, stem, page)]
    if not written:
        raise DataError(arguments.runs[0], "", "nothing to plot: " + "; ".join(left_out))
    if arguments.json:
        plots = [str(path) for path in written]
        print(json.dumps({"schema_version": store.SCHEMA_VERSION, "plots": plots, "left_out": left_out}, indent=1))
    else:
        for path in written:
            print(path)
        for what in left_out:
            print(f"not plotted: {what}")
    return 0


def _pages(runs: "Sequence[PlotData]", left_out: list[str]) -> "Iterator[tuple[str, Page]]":
    """Each page with the name of its files; those of a single run carry its name where there are several."""
    from harness.report.plots import articles, losses
    from harness.run.find import as_claimed_now

    finished = [one for one in runs if store.is_finished(one.folder)]
    if finished:
        several = f"-of-{len(finished)}-run{'s' * (len(finished) > 1)}" if len(runs) > 1 else ""
        try:
            claimed = as_claimed_now(finished[0].record, None)
            if claimed.claims:
                yield f"claims{several}", _claims(finished, claimed)
            else:
                left_out.append(f"claims of {finished[0].folder.name}: the card claims no number")
        except StoreError as error:
            left_out.append(f"claims: {error}")
    for number, one in enumerate(runs, start=1):
        is_alone = sum(other.folder.name == one.folder.name for other in runs) == 1
        suffix = "" if len(runs) == 1 else f"-{one.folder.name}" if is_alone else f"-{one.folder.name}-{number}"
        for curve in one.stages:
            name = re.sub(r"[^\w.-]", "_", curve.stage)
            yield f"loss-{name}{suffix}", losses.plot(curve, f"{one.conditions}, seed {one.seed}.")
        if one.answers:
            conditions = f"{one.conditions}, seed {one.seed}. Scored as {one.signature}."
            yield f"articles{suffix}", articles.plot(one.answers, conditions)


def _claims(runs: "Sequence[PlotData]", claimed: Experiment) -> "Page":
    """The claims of a run as it was judged; of several, and of one that was only measured, as the card has them now."""
    from harness.judge import verdict as conclusion
    from harness.report.plots import claims

    records = [one.record for one in runs]
    is_judged = len(runs) == 1 and runs[0].experiment.claims
    found = records[0].conclusion if is_judged else conclusion.conclude(records, claimed=claimed)
    judged = {verdict.metric for verdict in found.judgement.verdicts}
    scored = dict.fromkeys(f"{m.signature} (n={m.n:,})" for m in found.measurements if m.metric in judged)
    seeds = " ".join(str(one.seed) for one in runs)
    judgement = found.judgement
    conditions = (
        f"{runs[0].conditions}, seed{'s' * (len(runs) > 1)} {seeds}. By rule {judgement.rule} "
        f"{outcome_text(judgement.outcome)}: {judgement.reason}. Scored as {'; '.join(scored) or 'nothing'}."
    )
    published = {one.metric: one.published for one in found.attributions if one.published is not None}
    return claims.plot(judgement, found.measurements, conditions, published)
