"""Tables for a terminal of any width, plain when the output is no terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.card.completeness import completeness
from harness.card.lint import Lint
from harness.domain import Card, Claim, Deviation, Experiment, Setting, Stage
from harness.plan.cost import Forecast
from harness.plan.sources import describe
from harness.report.printable import printable
from harness.report.text.cost import print_expected
from harness.report.text.subject import ReportData
from harness.report.text.tables import make_console, make_table, shown
from harness.report.text.verdict import print_ambiguities, print_deviations, print_findings, print_judgement

_NO_FACTS = ("tag", "metric", "task")  # the Hub's own sorting, shown in JSON


def render(subject: ReportData) -> str:
    console = make_console()
    for card in filter(None, (subject.card, *subject.cards)):
        _print_card(console, card)
    for one in subject.lints:
        _print_lint(console, one)
    if subject.experiment is not None and subject.judgement is None:
        _print_plan(console, subject.experiment, subject.deviations)
    print_findings(console, subject.findings)
    if subject.forecast is not None:
        _print_forecast(console, subject.forecast)
    if subject.cost is not None and subject.judgement is None:
        print_expected(console, subject.cost)
    if subject.judgement is not None:
        print_judgement(console, subject, subject.judgement)
    return console.text()


def _print_card(console: Console, card: Card) -> None:
    # Here, because it loads all that reads cards, which a verdict is shown without.
    from harness.plan.augmentation import readings

    console.print(f"{printable(card.path)}  sha256 {card.sha256[:12]}")
    facts = [(f.name, printable(f.value), str(f.line)) for f in card.facts if f.name not in _NO_FACTS]
    console.print(make_table(("fact", "value", "line"), facts, ("line",)))
    console.print()
    rows = [(*map(printable, (s.section, s.key, s.raw, s.name)), str(s.line)) for s in card.stated]
    console.print(make_table(("section", "setting", "value", "name", "line"), rows, ("line",)))
    console.print()
    columns = ("claim", "value", "unit", "of", "line")
    console.print(make_table(columns, [_claim_row(claim) for claim in card.claims], ("line",)))
    for one in card.unread:
        console.print(printable(f"unread: {one.metric} = {one.raw} {one.reason} (line {one.line})"))
    for conflict in card.conflicts:
        values = printable(f"{conflict.what}: {' / '.join(conflict.values)}")
        console.print(f"conflict: {values} (lines {conflict.lines[0]} and {conflict.lines[1]})")
    for reading in readings(card):
        console.print(f"ambiguous: {printable(reading)}")
    console.print(f"missing: {printable(', '.join(completeness(card).missing)) or 'nothing that a re-run needs'}")
    for note in card.notes:
        console.print(f"note: {printable(str(note))}")
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


def _print_plan(console: Console, experiment: Experiment, deviations: Sequence[Deviation]) -> None:
    console.print(f"{experiment.name}: recipe {experiment.recipe}, as {experiment.program} ran it")
    for section in experiment.sections():
        console.print()
        console.print(Text(_heading(section), style="bold"))
        rows = [(s.name, f"{shown(s.value)} {s.unit}".strip(), s.origin, _where(s)) for s in section.settings]
        console.print(make_table(("setting", "value", "origin", "from"), rows))
    console.print()
    print_ambiguities(console, experiment)
    print_deviations(console, deviations)


def _heading(section: Stage) -> str:
    return f"{'' if section.name in ('run', 'augmentation', 'evaluation') else 'stage '}{section.name}"


def _where(setting: Setting) -> str:
    source = describe(setting.source)
    return f"{source} · inert: {setting.inert}" if setting.inert else source


def _print_forecast(console: Console, cost: Forecast) -> None:
    total = sum(cost.stage_tflop.values())
    console.print(
        f"\nestimate: {total:,.3g} TFLOP; about {_hours(cost.hours_v100)} on one V100 in fp32, "
        f"about {_hours(cost.hours_cpu)} on {cost.n_cpus} CPUs (assumed rates, not measured)"
    )


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:,.1f} min"
