"""What `harness fleet` prints: the forecast, the table of cards, the state of a fleet."""

import json
import statistics
from collections.abc import Sequence
from typing import Any

from harness.fleet.fleets import FleetForecast, FleetReport
from harness.fleet.looks import CardResult
from harness.fleet.oversight import FleetStatus
from harness.plan.cost import format_duration
from harness.record import store
from harness.report.printable import printable
from harness.report.text.tables import make_console, make_table
from harness.report.verdict_rows import number, outcome_text


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> str:
    console = make_console()
    console.print(make_table(columns, rows, right))
    return console.text()


def forecast_text(found: FleetForecast) -> str:
    columns = ("card", "runs", "finished", "teachers", "memory", "machine", "a run", "all", "cost")
    rows = [
        (
            one.card,
            str(one.n_runs),
            str(one.n_done),
            str(one.n_teachers),
            "-" if one.device_bytes is None else f"{one.device_bytes / 2**30:.1f} GiB",
            one.machine,
            _time(one.run_s),
            _time(one.all_s),
            _money(one.usd),
        )
        for one in found.cards
    ]
    lines = [
        f"fleet {found.name} on {found.engine}: {found.at_once} at once"
        + (f", {found.n_threads} threads each" if found.n_threads else ""),
        _table(columns, rows, ("runs", "finished", "teachers", "a run", "all", "cost")),
        f"in all {_time(found.all_s)} of computing by arithmetic, {_money(found.usd)}",
    ]
    return "\n".join(lines)


def _time(seconds: float | None) -> str:
    return "unknown" if seconds is None else format_duration(seconds)


def _money(usd: float | None) -> str:
    return "-" if usd is None else f"${usd:.2f}"


def forecast_json(found: FleetForecast) -> str:
    return json.dumps({"schema_version": store.SCHEMA_VERSION, **store.to_json(found)}, indent=1, ensure_ascii=False)


def report_text(report: FleetReport) -> str:
    columns = ("card", "verdict", "metric", "claimed", "mean", "spread", "tol.", "seeds", "exit")
    rows = [row for one in report.cards for row in _rows(one)]
    lines = [_table(columns, rows, ("claimed", "mean", "spread", "tol.", "seeds", "exit"))]
    for one in report.cards:
        lines += [f"{one.argument}: {failure.task}: {printable(failure.says)}" for failure in one.failures]
    lines += [f"verdict of {one.card}: {one.folder}" for one in report.cards if one.folder is not None]
    lines += [f"spent: {_money(report.usd)}"] if report.usd is not None else []
    lines.append(f"board: {report.board}")
    return "\n".join(lines)


def _rows(one: CardResult) -> list[tuple[str, ...]]:
    """A line for each claim that is no step's loss; of a card without a verdict, or without such claims, one."""
    if one.conclusion is None:
        return [(one.card, "NO VERDICT", "-", "-", "-", "-", "-", str(len(one.runs)), str(one.exit_code))]
    judgement, rows = one.conclusion.judgement, list[tuple[str, ...]]()
    spreads = {(e.metric, e.line): e.sd for e in judgement.estimates}
    for verdict in (v for v in judgement.verdicts if v.unit != "loss"):
        sd = spreads.get((verdict.metric, verdict.line))
        rows.append(
            (
                verdict.metric,
                number(verdict.claimed, verdict.unit),
                "-" if verdict.measured is None else number(verdict.measured, verdict.unit),
                "-" if sd is None else number(sd, verdict.unit),
                number(verdict.tolerance, verdict.unit),
            )
        )
    rows = rows or [
        (name, "-", number(statistics.fmean(values), "points"),
         number(statistics.stdev(values), "points") if len(values) > 1 else "-", "-")
        for name in ("exact", "f1")
        if (values := [m.value for m in one.conclusion.measurements if m.metric == name])
    ]  # fmt: skip
    head = (one.card, outcome_text(judgement.outcome).upper())
    tail = (str(len(one.runs)), str(judgement.exit_code))
    return [
        (*(head if not place else ("", "")), *row, *(tail if not place else ("", ""))) for place, row in enumerate(rows)
    ]


def report_json(report: FleetReport) -> str:
    cards = [
        {
            "card": one.card,
            "argument": one.argument,
            "outcome": one.conclusion.judgement.outcome if one.conclusion else None,
            "exit_code": one.exit_code,
            "folder": None if one.folder is None else str(one.folder),
            "runs": [str(path) for path in one.runs],
            "verdicts": one.conclusion.judgement.verdicts if one.conclusion else (),
            "estimates": one.conclusion.judgement.estimates if one.conclusion else (),
            "failures": one.failures,
        }
        for one in report.cards
    ]
    document = {
        "schema_version": store.SCHEMA_VERSION,
        "name": report.name,
        "exit_code": report.exit_code,
        "usd": report.usd,
        "board": str(report.board),
        "cards": cards,
    }
    return json.dumps(store.to_json(document), indent=1, ensure_ascii=False)


def status_text(found: FleetStatus) -> str:
    rows = [(one.task, one.phase, str(one.number), printable(one.says or "-")) for one in found.tasks]
    lines = [f"fleet {found.name} on {found.engine}: {found.n_done} of {found.n_runs} runs finished"]
    if rows:
        lines.append(_table(("task", "job", "begun", "said"), rows, ("begun",)))
    lines.append("its driver is at work" if found.is_driven else f"no driver is at work; goes on with: {found.command}")
    return "\n".join(lines)
