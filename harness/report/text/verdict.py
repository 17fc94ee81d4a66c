"""What a run came to, as text: claims against measurements, where a gap may come from, and under which conditions."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from harness.card.forensics import Finding
from harness.domain import Deviation, Experiment, Measurement
from harness.plan.cost import format_duration
from harness.record.judgement import Estimate, GapDecomposition, Judgement, PairedDifference, Rates
from harness.report.text.next_steps import next_steps
from harness.report.text.subject import ReportData
from harness.report.text.tables import FittedTable, make_table
from harness.report.verdict_rows import (
    VerdictRow,
    at_priors_text,
    number,
    outcome_text,
    rows_of_judgement,
    sentence,
)  # fmt: skip

_GREEN = ("reproduced", "within_tolerance", "better")
_YELLOW = ("limited", "inconclusive", "confounded", "not_judged")
NARROW = 90  # columns of a terminal in which the whole table does not fit
_OF_LOSS = ", mean over the last epoch"
_SEVERITIES = ("high", "medium", "low", "none")


def print_judgement(console: Console, subject: ReportData, judgement: Judgement) -> None:
    """One sentence, then the numbers; behind them, as details, where a gap may come from and the conditions."""
    said = f"{outcome_text(judgement.outcome).upper()}: {sentence(judgement, subject.operating)}"
    console.print(Text(said, style=f"bold {_colour(judgement.outcome)}"))
    console.print()
    if judgement.verdicts:
        console.print(_table(judgement, is_narrow=console.width < NARROW))
    else:
        console.print(_measured(subject.measurements or ()))
    console.print()
    console.print("details")
    if judgement.is_of_card:
        for line in (*_rules(judgement), *_intervals(judgement), *_rates(subject.operating)):
            console.print(line)
    for line in _hops(subject.attributions, subject.measurements or ()):
        console.print(line)
    if subject.experiment is not None:
        print_deviations(console, subject.deviations)
        console.print(_explained(subject.deviations, judgement))
        n = len(subject.experiment.ambiguities)
        if n:
            console.print(f"the card leaves {n} thing{'s' if n > 1 else ''} open; harness plan shows them")
    for line in _cost(subject):
        console.print(line)
    _print_conditions(console, judgement, subject.measurements or ())
    for flag in judgement.flags:
        console.print(Text(f"note: {flag}", style="yellow"))
    console.print()
    again = "finished before, shown again (--fresh repeats it): " if subject.was_there else ""
    console.print(f"record: {again}{subject.record}", soft_wrap=True)
    for command, what in next_steps(subject, judgement):
        console.print(f"next:   {command}  # {what}", soft_wrap=True)


def _cost(subject: ReportData) -> Iterator[str]:
    """What each stage was to take, and took."""
    if subject.cost is None:
        return
    for part in subject.cost["parts"]:
        took = subject.cost["actual_s"].get(part["name"])
        if took is not None:
            within = f"{format_duration(part['low'])} to {format_duration(part['high'])}"
            off = f" ({took / part['seconds'] - 1:+.0%})" if part["seconds"] else ""
            said = format_duration(part["seconds"])
            yield f"{part['name']}: forecast {said} ({within}), took {format_duration(took)}{off}"


def _colour(outcome: str) -> str:
    return "green" if outcome in _GREEN else "yellow" if outcome in _YELLOW else "red"


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """What the printed numbers themselves say, before anything is run."""
    for one in findings:
        console.print(f"evidence, {one.strength}: {one.says}")


def print_ambiguities(console: Console, experiment: Experiment) -> None:
    for ambiguity in experiment.ambiguities:
        console.print(f"ambiguous: {ambiguity}")


def print_deviations(console: Console, deviations: Sequence[Deviation]) -> None:
    """The ledger of what differs from the card, most severe first."""
    for one in sorted(deviations, key=_severity):
        why = f" ({one.why})" if one.why else ""
        console.print(f"deviation, {one.category}, {one.severity}: {one.claimed} -> {one.actual}{why}")


def _table(judgement: Judgement, *, is_narrow: bool) -> FittedTable:
    """A row a claim, with the 90 % interval of its difference and the number of seeds, where they fit."""
    columns: tuple[str, ...] = (
        "metric",
        "claimed",
        "measured",
        "difference",
        "allowed",
        "90 % interval",
        "seeds",
        "verdict",
    )
    estimates = {(one.metric, one.line): one for one in judgement.estimates}
    found = [estimates.get((one.metric, one.line)) for one in judgement.verdicts]
    rows = [_row(row, one) for row, one in zip(rows_of_judgement(judgement), found, strict=True)]
    if is_narrow:
        columns, rows = (*columns[:5], columns[7]), [(*row[:5], row[7]) for row in rows]
    return make_table(columns, rows, columns[1:-1])


def _measured(measurements: Sequence[Measurement]) -> FittedTable:
    """A row a metric that a card could claim, where it claims none."""
    found = {one.metric: one for one in measurements if one.metric in ("exact", "f1") or one.unit == "loss"}
    rows = [
        (one.metric, number(one.value, one.unit), f"seed {one.seed}{_OF_LOSS if one.unit == 'loss' else ''}")
        for one in found.values()
    ]
    return make_table(("metric", "measured", "of"), rows, ("measured",))


def _row(row: VerdictRow, estimate: Estimate | None) -> tuple[str | Text, ...]:
    numbers = (row.claimed, row.measured, row.difference, row.tolerance, " ".join(row.interval or ()))
    said = {"within tolerance": "within"}.get(row.outcome_text, row.outcome_text)  # so that names stay whole
    outcome = Text(said, style=_colour(row.outcome))
    return row.metric, *(one or "-" for one in numbers), _seeds(estimate), outcome


def _seeds(found: Estimate | None) -> str:
    return "-" if found is None else str(len(found.values))


def _rules(judgement: Judgement) -> Iterator[str]:
    """Which rule decides, what the other says, and whether that hangs on the spread that is expected of a seed."""
    if judgement.other is not None:
        said = f"{outcome_text(judgement.other.outcome)} ({judgement.other.reason})"
        yield f"decided by rule {judgement.rule}; rule {judgement.other.rule} says {said}"
    if judgement.at_priors and any(one.unit == "points" for one in judgement.verdicts):
        yield at_priors_text(judgement)


def _intervals(judgement: Judgement) -> Iterator[str]:
    """What the intervals rest on: one line for all claims."""
    units = {verdict.metric: verdict.unit for verdict in judgement.verdicts}
    spreads = [f"{one.metric} {number(one.spread, units[one.metric])}" for one in judgement.estimates if one.df]
    if spreads:
        n = len(judgement.estimates[0].values)
        basis = "the prior's, not measured here" if n == 1 else f"of {n} seeds, moderated by the prior"
        yield f"the intervals take a seed to spread by {', '.join(spreads)} ({basis})"
    open_ones = [one for one in judgement.estimates if one.seeds_needed != len(one.values)]
    needed = [f"{one.metric} {f'{one.seeds_needed} seeds' if one.seeds_needed else 'no number'}" for one in open_ones]
    if needed:
        yield f"seeds for the interval to lie inside or outside of what is allowed: {', '.join(needed)}"


def _rates(operating: Sequence[Rates]) -> Iterator[str]:
    """What these rules are worth for the whole card at this number of seeds."""
    if not operating:
        return
    perfect, off = operating
    looks = f"{perfect.looks[-1]} seed{'s' * (perfect.looks[-1] > 1)}"
    if len(perfect.looks) > 1:
        looks = f"{' or '.join(map(str, perfect.looks))} seeds, stopping at the first decision"
    yield (
        f"at {looks}, a perfect copy passes equivalence {perfect.reproduced:.0%} and tolerance "
        f"{perfect.within_tolerance:.0%} of the time; one worse by the tolerance {off.reproduced:.0%} and "
        f"{off.within_tolerance:.0%} ({', '.join(perfect.metrics)} together)"
    )


def _hops(attributions: Sequence[GapDecomposition], measurements: Sequence[Measurement]) -> Iterator[str]:
    """Claim -> published weights -> our student (of the first seed), and the student's share of its teacher."""
    seeds = list(dict.fromkeys(one.seed for one in measurements))
    ours = f"our student of seed {seeds[0]}" if len(seeds) > 1 else "our student"
    for one in attributions:
        if one.published is not None and one.training is not None:
            yield (
                f"{one.metric}: claim {one.claimed:.2f} -> published weights {one.published:.2f} "
                f"({one.published - one.claimed:+.2f}) -> {ours} {one.student:.2f} ({_gap(one.training)})"
            )
        if one.retention is not None and one.teacher is not None and one.teacher >= 1:
            yield f"{one.metric}: {ours} keeps {one.retention:.1f} % of its teacher's {one.teacher:.2f}"


def _gap(one: PairedDifference) -> str:
    interval = f", {one.interval[0]:+.2f} to {one.interval[1]:+.2f} at 95 %" if one.interval else ""
    flips = f"; {one.gained} questions gained, {one.lost} lost, p {one.p_value:.2g}" if one.metric == "exact" else ""
    return f"{one.difference:+.2f}{interval}{flips}"


def _explained(deviations: Sequence[Deviation], judgement: Judgement) -> str:
    """The sentence a reader needs: which departures from the card may stand behind a gap."""
    may = [one for one in deviations if one.may_explain_a_gap]
    if not may:
        return "nothing on record departs from the card in a way that explains a gap"
    named = ", ".join(one.actual for one in sorted(may, key=_severity)[:4]) + (", …" if len(may) > 4 else "")
    verb = "may explain the gap" if judgement.outcome == "not_reproduced" else "would have to be told apart from a gap"
    return f"{len(may)} deviation{'s' if len(may) > 1 else ''} {verb}: {named}"


def _severity(one: Deviation) -> int:
    return _SEVERITIES.index(one.severity)


def _print_conditions(console: Console, judgement: Judgement, measurements: Sequence[Measurement]) -> None:
    """Under which rules the claimed numbers were scored, and what the same answers come to under others."""
    claimed = {verdict.metric for verdict in judgement.verdicts}
    for signature in dict.fromkeys(one.signature for one in measurements if one.unit == "points"):
        scored = [one for one in measurements if one.signature == signature]
        names = list(dict.fromkeys(one.metric for one in scored))
        if claimed & set(names):
            console.print(f"scored as {signature}")
            continue
        means = {name: [one.value for one in scored if one.metric == name] for name in names}
        numbers = ", ".join(f"{name} {sum(values) / len(values):.2f}" for name, values in means.items())
        console.print(f"not judged, by {signature.rpartition('scorer:')[2]}: {numbers}")
