"""What a report is about: a card, its plan and, after a run, what it came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.domain import Card, Deviation, Experiment, Measurement
from harness.record.judgement import GapDecomposition, Judgement, Rates

if TYPE_CHECKING:  # what reads cards and makes plans is not loaded to show a verdict
    from harness.card.forensics import Finding
    from harness.card.lint import Lint
    from harness.plan.cost import Forecast


@dataclass(frozen=True, slots=True)
class ReportData:
    """The parts that are None are not known to this command; `record` is the run's folder."""

    card: Card | None = None
    cards: tuple[Card, ...] = ()
    lints: "tuple[Lint, ...]" = ()
    experiment: Experiment | None = None
    deviations: tuple[Deviation, ...] = ()  # of the plan, and of the machine
    forecast: "Forecast | None" = None
    judgement: Judgement | None = None
    record: str | None = None
    was_there: bool = False
    measurements: tuple[Measurement, ...] | None = None
    attributions: tuple[GapDecomposition, ...] = ()
    operating: tuple[Rates, ...] = ()
    findings: "tuple[Finding, ...]" = ()
    cost: Mapping[str, Any] | None = None  # a run's forecast.json
