"""Tables for a terminal of any width, plain when the output is no terminal."""

import io
import os
import shutil
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.domain import Card, Experiment, Judgement, Measurement, Setting, Stage, Verdict
from harness.forecast import Forecast
from harness.reports.subject import Subject

_COLOURS = {"reproduced": "green", "better": "green", "limited": "yellow"}
_SAID = {
    "reproduced": "REPRODUCED",
    "better": "BETTER THAN CLAIMED",
    "not_reproduced": "NOT REPRODUCED",
    "unmeasured": "UNMEASURED",
    "limited": "LIMITED",
    "invalid": "INVALID",
}


def render(subject: Subject) -> str:
    stream = io.StringIO()
    console = _console(stream)
    if subject.card is not None:
        _print_card(console, subject.card)
    if subject.experiment is not None and subject.judgement is None:
        _print_plan(console, subject.experiment)
    if subject.forecast is not None:
        _print_forecast(console, subject.forecast)
    if subject.judgement is not None:
        _print_judgement(console, subject, subject.judgement)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def _console(stream: io.StringIO) -> Console:
    is_terminal = os.isatty(1) and "NO_COLOR" not in os.environ
    width = max(40, shutil.get_terminal_size((100, 24)).columns)
    return Console(file=stream, width=width, force_terminal=is_terminal, highlight=False, markup=False)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _print_card(console: Console, card: Card) -> None:
    console.print(f"{card.path}  sha256 {card.sha256[:12]}")
    console.print(_table(("fact", "value", "line"), [(f.name, f.value, str(f.line)) for f in card.facts], ("line",)))
    console.print()
    rows = [(s.section, s.key, s.raw, s.name, str(s.line)) for s in card.stated]
    console.print(_table(("section", "setting", "value", "name", "line"), rows, ("line",)))
    console.print()
    rows_of_claims = [(c.metric, c.raw, c.unit, str(c.line)) for c in card.claims]
    console.print(_table(("claim", "value", "unit", "line"), rows_of_claims, ("line",)))
    for conflict in card.conflicts:
        console.print(f"conflict: {conflict.what}: {' / '.join(conflict.values)} (lines {conflict.lines})")
    for note in card.notes:
        console.print(f"note: {note}")


def _print_plan(console: Console, experiment: Experiment) -> None:
    console.print(f"{experiment.name}: recipe {experiment.recipe}, as {experiment.program} ran it")
    for section in experiment.sections():
        console.print()
        console.print(Text(_heading(section), style="bold"))
        rows = [(s.name, f"{shown(s.value)} {s.unit}".strip(), s.origin, _where(s)) for s in section.settings]
        console.print(_table(("setting", "value", "origin", "from"), rows))
    console.print()
    _print_remarks(console, experiment)


def _heading(section: Stage) -> str:
    return f"{'' if section.name in ('run', 'augmentation', 'evaluation') else 'stage '}{section.name}"


def _where(setting: Setting) -> str:
    return f"{setting.source} · inert: {setting.inert}" if setting.inert else setting.source


def _print_remarks(console: Console, experiment: Experiment) -> None:
    for ambiguity in experiment.ambiguities:
        console.print(f"ambiguous: {ambiguity}")
    for deviation in experiment.deviations:
        gap = "may explain a gap" if deviation.may_explain_a_gap else "no effect on the recipe"
        reason = f" ({deviation.reason})" if deviation.reason else ""
        console.print(f"deviation, {deviation.category}: {deviation.claimed} -> {deviation.actual}; {gap}{reason}")


def _print_forecast(console: Console, cost: Forecast) -> None:
    total = sum(cost.stage_tflop.values())
    console.print(
        f"\nestimate: {total:,.3g} TFLOP; about {_hours(cost.hours_v100)} on one V100 in fp32, "
        f"about {_hours(cost.hours_cpu)} on {cost.n_cpus} CPUs (assumed rates, not measured)"
    )


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:,.1f} min"


def _print_judgement(console: Console, subject: Subject, judgement: Judgement) -> None:
    rows = [_verdict_row(verdict) for verdict in judgement.verdicts]
    columns = ("metric", "claimed", "measured", "difference", "tolerance", "verdict")
    console.print(_table(columns, rows, columns[1:5]))
    console.print()
    if subject.experiment is not None:
        _print_remarks(console, subject.experiment)
    _print_conditions(console, judgement, subject.measurements or ())
    headline = f"{_SAID[judgement.outcome]}: {judgement.reason}"
    console.print(Text(headline, style=f"bold {_COLOURS.get(judgement.outcome, 'red')}"))
    again = "finished before, shown again (--fresh repeats it): " if subject.was_there else ""
    console.print(f"record: {again}{subject.record}", soft_wrap=True)


def _print_conditions(console: Console, judgement: Judgement, measurements: Sequence[Measurement]) -> None:
    """Under which rules the claimed numbers were scored, and what the same answers come to under others."""
    claimed = {verdict.metric for verdict in judgement.verdicts}
    for signature in dict.fromkeys(one.signature for one in measurements if one.unit == "points"):
        scored = [one for one in measurements if one.signature == signature]
        if claimed & {one.metric for one in scored}:
            console.print(f"scored as {signature}")
            continue
        numbers = ", ".join(f"{one.metric} {one.value:.2f}" for one in scored)
        console.print(f"not judged: {numbers}; scored as {signature}")


def _verdict_row(verdict: Verdict) -> tuple[str | Text, ...]:
    digits = 2 if verdict.unit == "points" else 4
    measured = "-" if verdict.measured is None else f"{verdict.measured:.{digits}f}"
    difference = "-" if verdict.difference is None else f"{verdict.difference:+.{digits}f}"
    said = Text(_SAID[verdict.outcome].lower(), style=_COLOURS.get(verdict.outcome, "red"))
    tolerance = f"±{verdict.tolerance:.{digits}f}"
    return verdict.metric, f"{verdict.claimed:.{digits}f}", measured, difference, tolerance, said


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
