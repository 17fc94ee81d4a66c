"""Tables for a terminal of any width, plain when the output is no terminal."""

import io
import os
import shutil
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.completeness import completeness
from harness.domain import Card, Claim, Experiment, Judgement, Setting, Stage, Verdict
from harness.forecast import Forecast
from harness.lint import Lint
from harness.planning.augmentation import readings
from harness.reports.printable import printable
from harness.reports.subject import Subject

_COLOURS = {"reproduced": "green", "better": "green", "limited": "yellow"}
_NO_FACTS = ("tag", "metric", "task")  # the Hub's own sorting, shown in JSON
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
    for card in filter(None, (subject.card, *subject.cards)):
        _print_card(console, card)
    for one in subject.lints:
        _print_lint(console, one)
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
    console.print(f"{printable(card.path)}  sha256 {card.sha256[:12]}")
    facts = [(f.name, printable(f.value), str(f.line)) for f in card.facts if f.name not in _NO_FACTS]
    console.print(_table(("fact", "value", "line"), facts, ("line",)))
    console.print()
    rows = [(*map(printable, (s.section, s.key, s.raw, s.name)), str(s.line)) for s in card.stated]
    console.print(_table(("section", "setting", "value", "name", "line"), rows, ("line",)))
    console.print()
    columns = ("claim", "value", "unit", "of", "line")
    console.print(_table(columns, [_claim_row(claim) for claim in card.claims], ("line",)))
    for conflict in card.conflicts:
        values = printable(f"{conflict.what}: {' / '.join(conflict.values)}")
        console.print(f"conflict: {values} (lines {conflict.lines[0]} and {conflict.lines[1]})")
    for reading in readings(card):
        console.print(f"ambiguous: {printable(reading)}")
    console.print(f"missing: {printable(', '.join(completeness(card).missing)) or 'nothing that a re-run needs'}")
    for note in card.notes:
        console.print(f"note: {printable(note)}")
    console.print()


def _claim_row(claim: Claim) -> tuple[str, ...]:
    of = " ".join(filter(None, (claim.dataset, claim.split, f"({claim.subject})" if claim.subject else "")))
    return printable(claim.metric), claim.raw, claim.unit, printable(of), str(claim.line)


def _print_lint(console: Console, one: Lint) -> None:
    n_found = one.completeness.n_needed - len(one.completeness.missing)
    stated = f"{n_found} of {one.completeness.n_needed} things that a re-run needs are stated"
    console.print(f"{printable(one.path)}: {one.score} % complete, {stated}")
    for remark in one.remarks:
        if remark.kind != "missing":
            console.print(f"  {printable(one.path)}:{remark.line}: {remark.kind}: {printable(remark.text)}")
    missing = printable(", ".join(one.completeness.missing))
    console.print(f"  missing: {missing}" if missing else "  nothing is missing")


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
    if subject.signature:
        console.print(f"scored as {subject.signature}")
    headline = f"{_SAID[judgement.outcome]}: {judgement.reason}"
    console.print(Text(headline, style=f"bold {_COLOURS.get(judgement.outcome, 'red')}"))
    again = "finished before, shown again (--fresh repeats it): " if subject.was_there else ""
    console.print(f"record: {again}{subject.record}", soft_wrap=True)


def _verdict_row(verdict: Verdict) -> tuple[str | Text, ...]:
    digits = 2 if verdict.unit == "points" else 4
    measured = "-" if verdict.measured is None else f"{verdict.measured:.{digits}f}"
    difference = "-" if verdict.difference is None else f"{verdict.difference:+.{digits}f}"
    said = Text(_SAID[verdict.outcome].lower(), style=_COLOURS.get(verdict.outcome, "red"))
    tolerance = f"±{verdict.tolerance:.{digits}f}"
    return verdict.metric, f"{verdict.claimed:.{digits}f}", measured, difference, tolerance, said


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
