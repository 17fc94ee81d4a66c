"""What a run is expected to take: on this machine from its own steps, on others from arithmetic alone."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.plan.cost import GPUS, format_duration
from harness.report.text.tables import make_table


def print_expected(console: Console, cost: Mapping[str, Any]) -> None:
    """`cost` is a run's forecast.json, or the same of a plan."""
    console.print()
    console.print(Text(f"forecast: {cost['device']}, {cost['threads']} threads, from its own steps", style="bold"))
    rows = [(one["name"], *map(format_duration, (one["seconds"], one["low"], one["high"]))) for one in cost["parts"]]
    whole = (sum(one[name] for one in cost["parts"]) for name in ("seconds", "low", "high"))
    rows.append(("all", *map(format_duration, whole)))
    console.print(make_table(("part", "time", "from", "to"), rows, ("time", "from", "to")))
    console.print()
    for line in _conditions(cost):
        console.print(line)
    tflop = sum(cost["tflop"].values())
    found = [(one, tflop / one.rate) for one in GPUS]
    others = [f"{one.name} {format_duration(took)}, {took * one.watts / 3.6e6:.3g} kWh" for one, took in found]
    console.print(f"elsewhere, from {tflop:,.3g} TFLOP and assumed rates, not measured: {'; '.join(others)}")


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.2g} GiB"


def _conditions(cost: Mapping[str, Any]) -> list[str]:
    tokens = ", ".join(f"{name} {n:.0f}" for name, n in cost["tokens"].items())
    micro = f"{cost['n_micro']} micro-batch{'es' * (cost['n_micro'] > 1)} a batch"
    n_rows = ", ".join(f"{stage} {n:,}" for stage, n in cost["n_rows"].items())
    return [
        f"rows: {n_rows}",
        f"tokens a row: {tokens}; {cost['share_of_padding']:.0%} of all positions are padding",
        f"{_gib(cost['peak_bytes'])} of memory at most, {_gib(cost['disk_bytes'])} of disk; {micro}",
    ]
