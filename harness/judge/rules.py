"""Two rules over the same numbers. Both are always worked out; one decides.

`tolerance` (the default): a claim is reproduced when |mean - claim| <= tolerance. It has no error rate, and at the
margin it is a coin flip.
`equivalence`: reproduced when the 90 % interval of the difference lies inside the tolerance for every claim (two
one-sided tests at 5 %), not reproduced when at least one lies below it (Holm over the claims), better when none
reaches below it and at least one lies above it, else inconclusive.

Under both a score above the band is better than claimed; a loss outside it, on either side, is another run than the
claimed one. A claim that was not measured is never a pass, and a run on part of the questions judges nothing.

A card may claim the losses of first steps (`traces.py`). Where all of them are met, the run does what the card's did,
and a miss of the end alone by fewer than three seeds is inconclusive: the end of a training is a draw.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.card import loss_traces
from harness.domain import Claim, Measurement
from harness.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_NOT_REPRODUCED, EXIT_REPRODUCED
from harness.judge.estimate import ALPHA, estimate
from harness.plan.priors import EXPECTED, Prior
from harness.record.judgement import Estimate, Judgement, Opinion, Outcome, Rule, Verdict

SEEDS_FOR_AN_END = 3
_ROUNDING = 1e-9  # so that a difference of exactly the tolerance is inside it, whatever its last bit
_EXIT: Mapping[Outcome, int] = {
    "reproduced": EXIT_REPRODUCED,
    "measured": EXIT_REPRODUCED,
    "better": EXIT_REPRODUCED,
    "not_reproduced": EXIT_NOT_REPRODUCED,
    "inconclusive": EXIT_INCONCLUSIVE,
    "unmeasured": EXIT_NOT_REPRODUCED,
    "limited": EXIT_INVALID,
    "invalid": EXIT_INVALID,
}
Decided = tuple[Outcome, bool, str]  # what a rule comes to: outcome, whether the claim is no worse, and why
_SAID = {
    "not_reproduced": "outside tolerance",
    "unmeasured": "not measured",
    "inconclusive": "not decided by so few seeds",
    "better": "above the claim",
}


def judge(
    claims: Sequence[Claim],
    measurements: Sequence[Measurement],
    tolerances: Mapping[str, float],
    *,
    rule: Rule = "tolerance",
    limited: str | None = None,
    invalid: Sequence[str] = (),
    flags: Sequence[str] = (),
    churn: Mapping[str, float] | None = None,
    prior: Prior = EXPECTED,
) -> Judgement:
    """The verdict on every claim and on the card, from the measurements of one or several seeds.

    `limited` says why a run cannot judge the card, `invalid` which preconditions failed. `churn` is a floor for the
    spread of a seed, by metric (`estimate.churn_floor`), `prior` what is expected of it before any was run.
    """
    values = {claim.metric: [m.value for m in measurements if m.metric == claim.metric] for claim in claims}
    estimates = {
        claim.metric: estimate(
            claim,
            values[claim.metric],
            tolerance=tolerances[claim.metric],
            churn=(churn or {}).get(claim.metric, 0.0),
            prior=prior,
        )
        for claim in claims
        if values[claim.metric]
    }
    found = {name: _verdicts(name, claims, estimates, tolerances) for name in RULES}
    other: Rule = "equivalence" if rule == "tolerance" else "tolerance"
    n_seeds = len({one.seed for one in measurements})
    outcome, reason = _overall(found[rule], limited, invalid, n_seeds)
    opinion = Opinion(other, *_overall(found[other], limited, invalid, n_seeds))
    return Judgement(
        outcome=outcome,
        exit_code=_EXIT[outcome],
        rule=rule,
        reason=reason,
        verdicts=found[rule],
        estimates=tuple(estimates.values()),
        other=opinion,
        flags=tuple(flags),
    )


def _verdicts(
    rule: Rule, claims: Sequence[Claim], estimates: Mapping[str, Estimate], tolerances: Mapping[str, float]
) -> tuple[Verdict, ...]:
    verdicts = []
    for claim in claims:
        found, tolerance = estimates.get(claim.metric), tolerances[claim.metric]
        decided: Decided = ("unmeasured", False, "the run did not measure it")
        if found is not None and not math.isfinite(found.mean):
            decided = "not_reproduced", False, "what was measured is not a number"
        elif found is not None:
            decided = RULES[rule](claim, found, tolerance, len(claims))
        outcome, is_no_worse, reason = decided
        verdicts.append(
            Verdict(
                metric=claim.metric,
                claimed=claim.value,
                measured=found.mean if found else None,
                difference=found.difference if found else None,
                tolerance=tolerance,
                unit=claim.unit,
                outcome=outcome,
                reason=reason,
                rule=rule,
                is_no_worse=is_no_worse,
            )
        )
    return tuple(verdicts)


def _by_tolerance(claim: Claim, found: Estimate, tolerance: float, _: int) -> Decided:
    if abs(found.difference) <= tolerance + _ROUNDING:
        return "reproduced", True, "within the tolerance"
    is_above = found.difference > 0
    reason = f"{abs(found.difference):.4g} {'above' if is_above else 'below'} the claim, beyond the tolerance"
    is_better = is_above and claim.unit == "points"
    return "better" if is_better else "not_reproduced", is_better, reason


def _by_equivalence(claim: Claim, found: Estimate, tolerance: float, n_claims: int) -> Decided:
    if loss_traces.point_of(claim.metric) is not None:
        return _by_tolerance(claim, found, tolerance, n_claims)  # no draw: one seed says all
    if found.interval is None:
        return "inconclusive", False, "one seed, and nothing is known of how this number spreads"
    low, high = found.interval
    reason = f"the 90 % interval of the difference is [{low:+.4g}, {high:+.4g}]"
    if -tolerance < low and high < tolerance:
        return "reproduced", True, reason
    if low > tolerance and claim.unit == "points":
        return "better", True, reason
    smallest = found.p_below if claim.unit == "points" else min(found.p_below, found.p_above)
    if smallest < ALPHA / n_claims:  # the first step of Holm's procedure: one refused claim refuses the card
        return "not_reproduced", False, reason
    if low > -tolerance and claim.unit == "points":
        return "inconclusive", True, f"{reason}, which does not reach below the tolerance"
    return "inconclusive", False, reason


RULES: Mapping[Rule, Callable[[Claim, Estimate, float, int], Decided]] = {
    "tolerance": _by_tolerance,
    "equivalence": _by_equivalence,
}


def _where_left(left: Sequence[Verdict]) -> str:
    """At which step of which stage a run first was another than the card's; `left` are its misses, in order."""
    point = loss_traces.point_of(left[0].metric)
    if point is None:
        raise ValueError(f"{left[0].metric} is the loss of no step")
    what = "was not trained" if left[0].measured is None else f"left the card's losses by step {point.step}"
    return f"{point.stage} {what}: {', '.join(verdict.metric for verdict in left)}"


def _overall(
    verdicts: Sequence[Verdict], limited: str | None, invalid: Sequence[Any], n_seeds: int
) -> tuple[Outcome, str]:
    if invalid:
        return "invalid", "; ".join(invalid)
    if limited is not None:
        return "limited", f"{limited}: it judges nothing about the card"
    if not verdicts:
        return "measured", "the card claims no number"
    traced = [verdict for verdict in verdicts if loss_traces.point_of(verdict.metric) is not None]
    left = [verdict for verdict in traced if verdict.outcome != "reproduced"]
    if left:
        return "not_reproduced", _where_left(left)
    missed = [verdict.metric for verdict in verdicts if verdict.outcome == "not_reproduced"]
    if traced and missed and n_seeds < SEEDS_FOR_AN_END:
        said = f"the first steps are the card's, the end is not: {', '.join(missed)}"
        return "inconclusive", f"{said}; an end is a draw, --seeds {SEEDS_FOR_AN_END} decides"
    if any(verdict.outcome == "better" for verdict in verdicts) and all(verdict.is_no_worse for verdict in verdicts):
        return "better", f"{_SAID['better']}: {', '.join(v.metric for v in verdicts if v.outcome == 'better')}"
    for outcome in ("not_reproduced", "unmeasured", "inconclusive", "better"):
        metrics = [verdict.metric for verdict in verdicts if verdict.outcome == outcome]
        if metrics:
            return ("not_reproduced" if outcome == "unmeasured" else outcome), f"{_SAID[outcome]}: {', '.join(metrics)}"
    return "reproduced", "every claim within its tolerance"
