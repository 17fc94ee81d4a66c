"""What a verdict's rows say, as text: every report draws from these, so that a number is formatted here alone.

JSON and JUnit, which programs read, keep the numbers themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.record.judgement import Estimate, GapDecomposition, Judgement, Rates, Verdict

if TYPE_CHECKING:  # a board has rows and no gate: it starts without the libraries of one
    from harness.judge.regression import Check

_WORDS = {"better": "better than claimed"}


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One claim, or one metric at the gate, and what it came to; None where there is no such number.

    `outcome` is the machine's word and `outcome_text` the reader's. `interval` are the ends of the 90 % interval of
    the difference; `sd` is of the `n_seeds` seeds, None for one. `published` is of the card's own weights.
    """

    metric: str
    claimed: str | None
    measured: str | None
    tolerance: str | None
    outcome: str
    outcome_text: str
    reason: str
    difference: str | None = None
    interval: tuple[str, str] | None = None
    sd: str | None = None
    n_seeds: int = 0
    published: str | None = None
    baseline: str | None = None


def rows_of_judgement(judgement: Judgement, attributions: Sequence[GapDecomposition] = ()) -> list[VerdictRow]:
    """List a row for each claim; where the run says nothing of the card, its outcome is that it was not judged."""
    estimates = {(one.metric, one.line): one for one in judgement.estimates}
    published = {one.metric: one.published for one in attributions}
    metrics = [one.metric for one in judgement.verdicts]
    return [
        _row(
            one,
            estimates.get((one.metric, one.line)),
            published.get(one.metric),
            name=one.metric if metrics.count(one.metric) == 1 else f"{one.metric} (line {one.line})",
            is_judged=judgement.is_of_card,
        )
        for one in judgement.verdicts
    ]


def sentence(judgement: Judgement, operating: Sequence[Rates] = ()) -> str:
    """Say what stands behind an outcome; within tolerance, what a copy worse by the tolerance would have come to."""
    worse = next((one for one in operating if one.gap < 0), None)
    if judgement.outcome != "within_tolerance" or worse is None:
        return judgement.reason
    chance = f"{worse.within_tolerance:.0%} of the time"
    return f"{judgement.reason}; a copy that is worse by the tolerance would be too {chance}"


def at_priors_text(judgement: Judgement) -> str:
    """Say what rule equivalence would come to if seeds spread otherwise than expected."""
    names = {0.5: "half", 2.0: "twice"}
    found = {one.outcome for one in judgement.at_priors}
    factors = [str(names.get(one.factor, one.factor)) for one in judgement.at_priors]
    if len(found) == 1:
        said = f"{outcome_text(found.pop())} at {' and at '.join(factors)}"
    else:
        each = zip(judgement.at_priors, factors, strict=True)
        said = " and ".join(f"{outcome_text(one.outcome)} at {factor}" for one, factor in each)
    return f"by rule equivalence {said} the spread that is expected of a seed"


def _row(
    verdict: Verdict, estimate: Estimate | None, published: float | None, *, name: str, is_judged: bool
) -> VerdictRow:
    unit = verdict.unit
    ends = estimate.interval if estimate is not None else None
    return VerdictRow(
        metric=name,
        claimed=number(verdict.claimed, unit),
        measured=_number(verdict.measured, unit),
        tolerance=tolerance_text(verdict.tolerance, unit),
        outcome=verdict.outcome if is_judged else "not_judged",
        outcome_text=outcome_text(verdict.outcome if is_judged else "not_judged"),
        reason=verdict.reason,
        difference=_number(verdict.difference, unit, "+"),
        interval=(number(ends[0], unit, "+"), number(ends[1], unit, "+")) if ends is not None else None,
        sd=_number(estimate.sd, unit) if estimate is not None else None,
        n_seeds=len(estimate.values) if estimate is not None else 0,
        published=_number(published, unit),
    )


def row_of_check(check: "Check") -> VerdictRow:
    """Make the row of one metric at the gate; what passes needs no reason."""
    return VerdictRow(
        metric=check.metric,
        claimed=_number(check.claimed, check.unit),
        measured=_number(check.measured, check.unit),
        tolerance=None if check.tolerance is None else tolerance_text(check.tolerance, check.unit),
        outcome=check.state,
        outcome_text=check.state,
        reason="" if check.state == "pass" else check.reason,
        baseline=_number(check.baseline, check.unit),
    )


def outcome_text(outcome: str) -> str:
    """Say an outcome in words."""
    return _WORDS.get(outcome, outcome.replace("_", " "))


def number(value: float, unit: str, sign: str = "") -> str:
    """Format a number: two decimals in points, four in what is no percentage; `sign` "+" shows the sign of each."""
    return f"{value:{sign}.{2 if unit == 'points' else 4}f}"


def loss_text(mean: float) -> str:
    """Format a loss or one of its terms as a verdict prints it, with three digits where that would leave none."""
    return f"{mean:.3g}" if 0 < abs(mean) < 1e-3 else number(mean, "loss")


def steps_text(first: int, last: int) -> str:
    """Say from which step to which."""
    return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"


def tolerance_text(tolerance: float, unit: str) -> str:
    return f"±{number(tolerance, unit)}"


def _number(value: float | None, unit: str, sign: str = "") -> str | None:
    return None if value is None else number(value, unit, sign)
