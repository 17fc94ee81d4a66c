"""Two rules over the same numbers. Both are always worked out; one decides.

`tolerance` (the default): a claim is within tolerance when |mean - claim| <= tolerance. It has no error rate, and at
the margin it is a coin flip, so it does not say "reproduced".
`equivalence`: reproduced when, over at least three seeds, the 90 % interval of the difference lies inside the tolerance
for every claim (two one-sided tests at 5 %), not reproduced when at least one lies below it (Holm over the claims),
better when none reaches below it and at least one lies above it, else inconclusive.

Under both a score above the tolerance is better than claimed, but one far above it (`FAR` tolerances and `FAR` spreads
of a seed) is of another evaluation, other data or another model: not reproduced. A loss outside its tolerance, on
either side, is another run than the claimed one. A claim that was not measured is never a pass, and a run on part of
the questions judges nothing.

A card may claim the losses of first steps (`card/loss_traces.py`). Where all of them are met, the run does what the
card's did: with the end within tolerance the card is reproduced by one seed, and a miss of the end alone by fewer than
three seeds is inconclusive, because the end of a training is a draw.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.card import loss_traces
from harness.domain import Claim, Measurement
from harness.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_NOT_REPRODUCED, EXIT_REPRODUCED
from harness.judge.estimate import ALPHA, FEWEST, estimate
from harness.plan.priors import EXPECTED, PRIORS, Prior
from harness.record.judgement import AtPrior, Estimate, Judgement, Opinion, Outcome, Rule, Verdict

SEEDS_FOR_AN_END = 3
FAR = 3.0
OTHER_PRIORS = (0.5, 2.0)  # multiples of the prior for which a verdict says what it would be
_ROUNDING = 1e-9  # so that a difference of exactly the tolerance is inside it, whatever its last bit
_EXIT: Mapping[Outcome, int] = {
    "reproduced": EXIT_REPRODUCED,
    "within_tolerance": EXIT_REPRODUCED,
    "measured": EXIT_REPRODUCED,
    "better": EXIT_REPRODUCED,
    "not_reproduced": EXIT_NOT_REPRODUCED,
    "confounded": EXIT_INCONCLUSIVE,
    "inconclusive": EXIT_INCONCLUSIVE,
    "unmeasured": EXIT_NOT_REPRODUCED,
    "limited": EXIT_INVALID,
    "invalid": EXIT_INVALID,
}
Decided = tuple[Outcome, bool, str]  # what a rule comes to: outcome, whether the claim is no worse, and why
Judged = tuple[Claim, Estimate | None, float]  # a claim, what was measured of it, and its tolerance
_SAID = {
    "not_reproduced": "outside tolerance",
    "unmeasured": "not measured",
    "inconclusive": "not decided by so few seeds",
    "better": "above the claim",
}
_FAR_SAID = "another evaluation, other data or another model; look at the signature, the data and the weights"


def judge(
    claims: Sequence[Claim],
    measurements: Sequence[Measurement],
    tolerances: Mapping[str, float],
    *,
    rule: Rule = "tolerance",
    limited: str | None = None,
    invalid: Sequence[str] = (),
    confounded: str | None = None,
    flags: Sequence[str] = (),
    churn: Mapping[str, float] | None = None,
    prior: Prior = PRIORS[EXPECTED],
    alpha: float = ALPHA,
) -> Judgement:
    """The verdict on every claim and on the card, from the measurements of one or several seeds.

    `limited` says why a run cannot judge the card, `invalid` which preconditions failed, `confounded` why a difference
    would not be the training's. `churn` is a floor for the spread of a seed, by metric (`estimate.churn_floor`),
    `prior` what is expected of it before any was run, `alpha` the error of each one-sided test of rule `equivalence`.
    """
    values = {claim.metric: [m.value for m in measurements if m.metric == claim.metric] for claim in claims}
    n_seeds = len({one.seed for one in measurements})

    def judged_at(expected: Prior) -> list[Judged]:
        found = []
        for claim in claims:
            tolerance, floor = tolerances[claim.metric], (churn or {}).get(claim.metric, 0.0)
            of_claim = values[claim.metric]
            estimated = (
                estimate(claim, of_claim, tolerance=tolerance, churn=floor, prior=expected, alpha=alpha)
                if of_claim
                else None
            )
            found.append((claim, estimated, tolerance))
        return found

    def come_to(by: Rule, judged: Sequence[Judged]) -> tuple[tuple[Verdict, ...], Outcome, str]:
        verdicts = _verdicts(by, judged, alpha)
        return verdicts, *_overall(verdicts, limited, invalid, confounded, n_seeds)

    judged = judged_at(prior)
    verdicts, outcome, reason = come_to(rule, judged)
    other: Rule = "equivalence" if rule == "tolerance" else "tolerance"
    return Judgement(
        outcome=outcome,
        exit_code=_EXIT[outcome],
        rule=rule,
        reason=reason,
        verdicts=verdicts,
        estimates=tuple(found for _, found, _ in judged if found is not None),
        other=Opinion(other, *come_to(other, judged)[1:]),
        flags=tuple(flags),
        at_priors=tuple(
            AtPrior(factor, come_to("equivalence", judged_at(replace(prior, factor=factor)))[1])
            for factor in OTHER_PRIORS
        ),
    )


def _verdicts(rule: Rule, judged: Sequence[Judged], alpha: float) -> tuple[Verdict, ...]:
    verdicts = []
    for claim, found, tolerance in judged:
        decided: Decided = ("unmeasured", False, "the run did not measure it")
        if found is not None and not math.isfinite(found.mean):
            decided = "not_reproduced", False, "what was measured is not a number"
        elif found is not None and is_far_above(claim, found, tolerance):
            decided = "not_reproduced", False, f"{found.difference:.4g} far above the claim: {_FAR_SAID}"
        elif found is not None:
            decided = RULES[rule](claim, found, tolerance, alpha / len(judged))
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
                line=claim.line,
            )
        )
    return tuple(verdicts)


def is_far_above(claim: Claim, found: Estimate, tolerance: float) -> bool:
    """Whether a score is so far above its claim that something else was evaluated than what the card speaks of."""
    return claim.unit == "points" and found.difference > FAR * max(tolerance, found.spread) + _ROUNDING


def _by_tolerance(claim: Claim, found: Estimate, tolerance: float, _: float) -> Decided:
    if abs(found.difference) <= tolerance + _ROUNDING:
        is_step = loss_traces.point_of(claim.metric) is not None  # no draw: one seed says all
        return "reproduced" if is_step else "within_tolerance", True, "within the tolerance"
    is_above = found.difference > 0
    reason = f"{abs(found.difference):.4g} {'above' if is_above else 'below'} the claim, beyond the tolerance"
    is_better = is_above and claim.unit == "points"
    return "better" if is_better else "not_reproduced", is_better, reason


def _by_equivalence(claim: Claim, found: Estimate, tolerance: float, alpha: float) -> Decided:
    if loss_traces.point_of(claim.metric) is not None:
        return _by_tolerance(claim, found, tolerance, alpha)
    if found.interval is None:
        return "inconclusive", False, "one seed, and nothing is known of how this number spreads"
    low, high = found.interval
    reason = f"the 90 % interval of the difference is [{low:+.4g}, {high:+.4g}]"
    if -tolerance < low and high < tolerance:
        if len(found.values) < FEWEST:
            return "inconclusive", True, f"{reason}, of fewer than {FEWEST} seeds"
        return "reproduced", True, reason
    if low > tolerance and claim.unit == "points":
        return "better", True, reason
    smallest = found.p_below if claim.unit == "points" else min(found.p_below, found.p_above)
    if smallest < alpha:  # the first step of Holm's procedure: one refused claim refuses the card
        return "not_reproduced", False, reason
    if low > -tolerance and claim.unit == "points":
        return "inconclusive", True, f"{reason}, which does not reach below the tolerance"
    return "inconclusive", False, reason


# By name: a claim, what was measured, its tolerance and the error of one test, to what the claim comes to.
RULES: Mapping[Rule, Callable[[Claim, Estimate, float, float], Decided]] = {
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
    verdicts: Sequence[Verdict],
    limited: str | None,
    invalid: Sequence[Any],
    confounded: str | None,
    n_seeds: int,
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
    if confounded is not None:
        return "confounded", confounded
    missed = [verdict for verdict in verdicts if verdict.outcome == "not_reproduced"]
    if traced and missed and n_seeds < SEEDS_FOR_AN_END:
        said = f"the first steps are the card's, the end is not: {_names(missed)}"
        return "inconclusive", f"{said}; an end is a draw, --seeds {SEEDS_FOR_AN_END} decides"
    if any(verdict.outcome == "better" for verdict in verdicts) and all(verdict.is_no_worse for verdict in verdicts):
        return "better", f"{_SAID['better']}: {_names([one for one in verdicts if one.outcome == 'better'])}"
    far = [one for one in missed if one.unit == "points" and (one.difference or 0.0) > 0]
    if far and len(far) == len(missed):
        return "not_reproduced", f"far above the claim: {_names(far)}: {_FAR_SAID}"
    for outcome in ("not_reproduced", "unmeasured", "inconclusive", "better"):
        found = [verdict for verdict in verdicts if verdict.outcome == outcome]
        if found:
            return ("not_reproduced" if outcome == "unmeasured" else outcome), f"{_SAID[outcome]}: {_names(found)}"
    if traced:
        return "reproduced", "the first steps are the card's, and every other claim is within its tolerance"
    within = [verdict for verdict in verdicts if verdict.outcome == "within_tolerance"]
    seeds = f"{n_seeds} seed{'s' * (n_seeds != 1)}"
    if within:
        return "within_tolerance", f"{_names(verdicts)} by {seeds}"
    return "reproduced", f"{_names(verdicts)}: over {seeds} every interval lies within its tolerance"


def _names(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(dict.fromkeys(verdict.metric for verdict in verdicts))
