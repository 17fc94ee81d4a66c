"""Tables for a terminal of any width, plain when the output is no terminal."""

import io

from rich.console import Console
from rich.text import Text

from harness.domain import Card, Experiment, Setting, Stage
from harness.forecast import Forecast
from harness.reports.judged import print_ambiguities, print_deviations, print_findings, print_judgement
from harness.reports.subject import Subject
from harness.reports.tables import make_console, make_table, shown


def render(subject: Subject) -> str:
    stream = io.StringIO()
    console = make_console(stream)
    if subject.card is not None:
        _print_card(console, subject.card)
    if subject.experiment is not None and subject.judgement is None:
        _print_plan(console, subject.experiment)
    print_findings(console, subject.findings)
    if subject.forecast is not None:
        _print_forecast(console, subject.forecast)
    if subject.judgement is not None:
        print_judgement(console, subject, subject.judgement)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def _print_card(console: Console, card: Card) -> None:
    console.print(f"{card.path}  sha256 {card.sha256[:12]}")
    console.print(
        make_table(("fact", "value", "line"), [(f.name, f.value, str(f.line)) for f in card.facts], ("line",))
    )
    console.print()
    rows = [(s.section, s.key, s.raw, s.name, str(s.line)) for s in card.stated]
    console.print(make_table(("section", "setting", "value", "name", "line"), rows, ("line",)))
    console.print()
    rows_of_claims = [(c.metric, c.raw, c.unit, str(c.line)) for c in card.claims]
    console.print(make_table(("claim", "value", "unit", "line"), rows_of_claims, ("line",)))
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
        console.print(make_table(("setting", "value", "origin", "from"), rows))
    console.print()
    print_ambiguities(console, experiment)
    print_deviations(console, experiment)


def _heading(section: Stage) -> str:
    return f"{'' if section.name in ('run', 'augmentation', 'evaluation') else 'stage '}{section.name}"


def _where(setting: Setting) -> str:
    return f"{setting.source} · inert: {setting.inert}" if setting.inert else setting.source


def _print_forecast(console: Console, cost: Forecast) -> None:
    total = sum(cost.stage_tflop.values())
    console.print(
        f"\nestimate: {total:,.3g} TFLOP; about {_hours(cost.hours_v100)} on one V100 in fp32, "
        f"about {_hours(cost.hours_cpu)} on {cost.n_cpus} CPUs (assumed rates, not measured)"
    )


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:,.1f} min"
