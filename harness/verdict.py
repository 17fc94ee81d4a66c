"""Claims x measurements -> verdicts: the one place where tolerance is decided.

Rule `tolerance`: a claim is reproduced when |measured - claimed| <= tolerance. A score above the band is better than
claimed; a loss outside it, on either side, is another run than the claimed one. A claim that was not measured is never
a pass, and a run on part of the questions judges nothing.
"""

from collections.abc import Mapping, Sequence

from harness.domain import Claim, Judgement, Measurement, Outcome, Verdict
from harness.errors import EXIT_INVALID, EXIT_NOT_REPRODUCED, EXIT_REPRODUCED

RULE = "tolerance"
_ROUNDING = 1e-9  # so that a difference of exactly the tolerance is inside it, whatever its last bit
_EXIT: Mapping[Outcome, int] = {
    "reproduced": EXIT_REPRODUCED,
    "better": EXIT_REPRODUCED,
    "not_reproduced": EXIT_NOT_REPRODUCED,
    "unmeasured": EXIT_NOT_REPRODUCED,
    "limited": EXIT_INVALID,
    "invalid": EXIT_INVALID,
}


def judge(
    claims: Sequence[Claim],
    measurements: Sequence[Measurement],
    tolerances: Mapping[str, float],
    *,
    limited: str | None = None,
) -> Judgement:
    """The verdict on every claim and on the card; `limited` says why it cannot be judged by this run."""
    measured = {measurement.metric: measurement for measurement in measurements}
    verdicts = tuple(_verdict(claim, measured.get(claim.metric), tolerances[claim.metric]) for claim in claims)
    outcome, reason = _overall(verdicts, limited)
    return Judgement(outcome, _EXIT[outcome], RULE, reason, verdicts)


def _verdict(claim: Claim, measurement: Measurement | None, tolerance: float) -> Verdict:
    if measurement is None:
        return Verdict(
            claim.metric, claim.value, None, None, tolerance, claim.unit, "unmeasured", "the run did not measure it"
        )
    difference = measurement.value - claim.value
    outcome: Outcome = "not_reproduced"
    reason = f"{abs(difference):.4g} {'above' if difference > 0 else 'below'} the claim, beyond the tolerance"
    if abs(difference) <= tolerance + _ROUNDING:
        outcome, reason = "reproduced", "within the tolerance"
    elif difference > 0 and claim.unit == "points":
        outcome = "better"
    return Verdict(claim.metric, claim.value, measurement.value, difference, tolerance, claim.unit, outcome, reason)


def _overall(verdicts: Sequence[Verdict], limited: str | None) -> tuple[Outcome, str]:
    if limited is not None:
        return "limited", f"{limited}: it judges nothing about the card"
    if not verdicts:
        return "invalid", "the card claims no number"
    for outcome in ("not_reproduced", "unmeasured", "better"):
        metrics = [verdict.metric for verdict in verdicts if verdict.outcome == outcome]
        if metrics:
            words = {"not_reproduced": "outside tolerance", "unmeasured": "not measured", "better": "above the claim"}
            return ("not_reproduced" if outcome == "unmeasured" else outcome), f"{words[outcome]}: {', '.join(metrics)}"
    return "reproduced", "every claim within its tolerance"
