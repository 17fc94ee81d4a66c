"""What a run came to, as text: claims against measurements, where a gap may come from, and under which conditions."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from harness.domain import Attribution, Deviation, Estimate, Experiment, Judgement, Measurement, Rates, Verdict
from harness.forensics import Finding
from harness.reports.subject import Subject
from harness.reports.tables import make_table

_COLOURS = {"reproduced": "green", "better": "green", "limited": "yellow", "inconclusive": "yellow"}
_SAID = {
    "reproduced": "REPRODUCED",
    "better": "BETTER THAN CLAIMED",
    "not_reproduced": "NOT REPRODUCED",
    "inconclusive": "INCONCLUSIVE",
    "unmeasured": "UNMEASURED",
    "limited": "LIMITED",
    "invalid": "INVALID",
}
_SEVERITIES = ("high", "medium", "low", "none")


def print_judgement(console: Console, subject: Subject, judgement: Judgement) -> None:
    columns = ("metric", "claimed", "measured", "difference", "tolerance", "verdict")
    console.print(make_table(columns, [_row(verdict) for verdict in judgement.verdicts], columns[1:5]))
    console.print()
    for line in (*_intervals(judgement), *_rates(subject.operating), *_hops(subject.attributions)):
        console.print(line)
    if subject.experiment is not None:
        print_ambiguities(console, subject.experiment)
        print_deviations(console, subject.experiment)
        console.print(_explained(subject.experiment, judgement))
    _print_conditions(console, judgement, subject.measurements or ())
    for flag in judgement.flags:
        console.print(Text(f"note: {flag}", style="yellow"))
    headline = f"{_SAID[judgement.outcome]}: {judgement.reason}"
    console.print(Text(headline, style=f"bold {_COLOURS.get(judgement.outcome, 'red')}"))
    if judgement.other is not None and judgement.outcome not in ("limited", "invalid"):
        said = f"{_SAID[judgement.other.outcome].lower()} ({judgement.other.reason})"
        console.print(f"decided by rule {judgement.rule}; rule {judgement.other.rule} says {said}")
    again = "finished before, shown again (--fresh repeats it): " if subject.was_there else ""
    console.print(f"record: {again}{subject.record}", soft_wrap=True)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """What the printed numbers themselves say, before anything is run; a test that cannot tell says nothing here."""
    for one in findings:
        if one.strength != "none":
            console.print(f"evidence, {one.strength}: {one.says}")


def print_ambiguities(console: Console, experiment: Experiment) -> None:
    for ambiguity in experiment.ambiguities:
        console.print(f"ambiguous: {ambiguity}")


def print_deviations(console: Console, experiment: Experiment) -> None:
    """The ledger of what differs from the card, most severe first."""
    for one in sorted(experiment.deviations, key=lambda one: _SEVERITIES.index(one.severity)):
        reason = f" ({one.reason})" if one.reason else ""
        console.print(f"deviation, {one.category}, {one.severity}: {one.claimed} -> {one.actual}{reason}")


def _row(verdict: Verdict) -> tuple[str | Text, ...]:
    digits = _digits(verdict.unit)
    measured = "-" if verdict.measured is None else f"{verdict.measured:.{digits}f}"
    difference = "-" if verdict.difference is None else f"{verdict.difference:+.{digits}f}"
    said = Text(_SAID[verdict.outcome].lower(), style=_COLOURS.get(verdict.outcome, "red"))
    tolerance = f"±{verdict.tolerance:.{digits}f}"
    return verdict.metric, f"{verdict.claimed:.{digits}f}", measured, difference, tolerance, said


def _digits(unit: str) -> int:
    return 2 if unit == "points" else 4


def _intervals(judgement: Judgement) -> Iterator[str]:
    """One line a claim: the interval of its difference, what it rests on, and whether more seeds would help."""
    units = {verdict.metric: verdict.unit for verdict in judgement.verdicts}
    for one in judgement.estimates:
        digits = _digits(units[one.metric])
        low, high = (f"{bound:+.{digits}f}" for bound in one.interval)
        yield f"{one.metric}: difference within [{low}, {high}] at 90 %, {_basis(one, digits)}; {_needed(one)}"


def _basis(one: Estimate, digits: int) -> str:
    n = len(one.values)
    if n == 1:
        return f"one seed and a prior spread of {one.prior:.{digits}f}"
    return (
        f"{n} seeds, their deviation {one.sd:.{digits}f}, with the prior {one.prior:.{digits}f} {one.spread:.{digits}f}"
    )


def _needed(one: Estimate) -> str:
    if one.seeds_needed is None:
        return "more seeds alone would not settle it"
    more = one.seeds_needed - len(one.values)
    return f"{more} more seed{'s' if more > 1 else ''} would settle it" if more > 0 else "settled"


def _rates(operating: Sequence[Rates]) -> Iterator[str]:
    """What these rules are worth at this number of seeds, for the claim whose spread makes them worst."""
    pairs = list(zip(operating[::2], operating[1::2], strict=True))
    if pairs:
        perfect, off = min(pairs, key=lambda pair: pair[0].reproduced)
        n = perfect.n_seeds
        yield (
            f"with {n} seed{'s' if n > 1 else ''} of this spread ({perfect.metric}), a perfect reproduction is called "
            f"so {perfect.reproduced:.0%} of the time by equivalence and {perfect.within_tolerance:.0%} by tolerance, "
            f"one off by the tolerance {off.reproduced:.0%} and {off.within_tolerance:.0%}"
        )


def _hops(attributions: Sequence[Attribution]) -> Iterator[str]:
    """Claim -> published weights -> our student, and the student's share of its teacher."""
    for one in attributions:
        if one.published is not None and one.training is not None:
            interval = one.training.interval
            said = f" [{interval[0]:+.2f}, {interval[1]:+.2f}] at 95 %" if interval else ""
            yield (
                f"{one.metric}: claim {one.claimed:.2f} -> published weights {one.published:.2f} "
                f"({one.published - one.claimed:+.2f}) -> our student {one.student:.2f} "
                f"({one.training.difference:+.2f}{said}; {one.training.gained} questions gained, "
                f"{one.training.lost} lost, p {one.training.p_value:.2g})"
            )
        if one.retention is not None:
            yield f"{one.metric}: the student keeps {one.retention:.1f} % of its teacher's {one.teacher:.2f}"


def _explained(experiment: Experiment, judgement: Judgement) -> str:
    """The sentence a reader needs: which departures from the card may stand behind a gap."""
    may = [one for one in experiment.deviations if one.may_explain_a_gap]
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
        names = [one.metric for one in scored]
        if claimed & set(names):
            console.print(f"scored as {signature}")
            continue
        means = {name: [one.value for one in scored if one.metric == name] for name in dict.fromkeys(names)}
        numbers = ", ".join(f"{name} {sum(values) / len(values):.2f}" for name, values in means.items())
        console.print(f"not judged: {numbers}; scored as {signature}")
