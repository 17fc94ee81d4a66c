"""The report of a finished run or series: one HTML file, the same bytes for the same record, data and matplotlib."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.report.html import measured, plots, provenance, questions
from harness.report.html.gather import gather
from harness.report.html.pages import render_page
from harness.report.plots.read_run import read_run
from harness.report.verdict_rows import at_priors_text, outcome_text, rows_of_judgement, sentence

_SEVERITIES = ("high", "medium", "low", "none")


def render(folder: Path, questions_file: Path | None = None) -> str:
    """Raises DataError for a folder that is no finished run, StoreError for a broken record.

    `questions_file` is the data that the run was scored on, where it is not where the plan found it.
    """
    found = gather(folder, questions_file)
    first = read_run(found.runs[0])
    judgement = found.conclusion.judgement
    return render_page(
        "report.html",
        title=f"{found.experiment.name}: {outcome_text(judgement.outcome)}",
        scripts=("theme.js", "report.js"),
        found=found,
        record=found.folder.resolve().name,
        sentence=sentence(judgement, found.conclusion.operating),
        at_priors=at_priors_text(judgement),
        rows=rows_of_judgement(judgement, found.conclusion.attributions),
        signatures=list(dict.fromkeys(one.signature for one in found.conclusion.measurements if one.unit == "points")),
        headline=measured.headline(found, first.stages),
        measured=measured.rows(found, first.stages),
        never_answering=measured.of_never_answering(found),
        passages=provenance.passages(found),
        not_in_card=provenance.not_in_card(found),
        origins=provenance.count_origins(found),
        plots=plots.draw(found, first),
        not_drawn=first.left_out,
        deviations=sorted(found.deviations, key=lambda one: _SEVERITIES.index(one.severity)),
        filters=questions.filters(found),
        columns=questions.columns(found),
        packed=questions.packed(found),
        environment=list(_leaves({name: one for name, one in found.environment.items() if name != "deviations"})),
        inputs=list(_leaves(found.inputs)),
    )


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """List what lies in nested JSON as pairs of a dotted name and a text."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list):
        yield path, ", ".join(map(str, tree)) or "none"
    else:
        yield path, "none" if tree is None else str(tree).lower() if isinstance(tree, bool) else str(tree)
