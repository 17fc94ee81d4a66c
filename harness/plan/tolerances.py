"""How far each claim may be missed, fixed before anything is trained."""

import math
from collections.abc import Sequence

from harness.card import loss_traces
from harness.card.never_answering import floor_of
from harness.domain import Claim, Deviation, Experiment, Setting
from harness.plan import sources
from harness.plan.options import Draft, similar
from harness.plan.priors import PRIORS, Prior, regime_of

POINTS = 1.0
WIDEST = 3.0  # points; a tolerance that is given and wider judges nothing, and no card may widen its own at will
SPREADS = 3.0  # a claim with a printed standard deviation is held to no less than this many of them
EXPECTED_SPREADS = 2.0  # and any score to no less than this many of what a seed is expected to spread by


def tolerances(draft: Draft, claims: Sequence[Claim], evaluated: str | None) -> list[Setting]:
    """One setting a claimed metric: as given, else 1 point, or more where a seed spreads by more than half a point.

    `evaluated` is the reference of the evaluation data. Two claims of one metric have the narrower tolerance of both.
    """
    if draft.options.is_measuring and claims:
        draft.problems.append(f"--measure: {draft.card.path} claims numbers, so it can be judged; leave the option out")
    if not claims and not draft.options.is_measuring:
        why = "there is nothing to judge; --measure runs it all the same, and judges nothing"
        draft.problems.append(f"{draft.card.path} claims no number that we measure: {why}")
    for metric in draft.options.tolerance:
        if metric not in {claim.metric for claim in claims}:
            known = similar(metric, (claim.metric for claim in claims))
            draft.problems.append(f"--tolerance {metric}: the card makes no such claim{known}")
    regime = regime_of(claims, floor_of(evaluated))
    narrowest: dict[str, Setting] = {}
    for claim in claims:
        found = _tolerance(draft, claim, PRIORS[regime])
        other = narrowest.setdefault(found.name, found)
        if isinstance(found.value, float) and isinstance(other.value, float) and found.value < other.value:
            narrowest[found.name] = found
    return [*narrowest.values(), *([_prior(claims, regime)] if claims else [])]


def tolerances_of(experiment: Experiment) -> dict[str, float]:
    """The tolerance of each claimed metric, in the claim's unit."""
    return {claim.metric: float(experiment.run.value(f"tolerance.{claim.metric}")) for claim in experiment.claims}


def _prior(claims: Sequence[Claim], regime: str) -> Setting:
    """What is expected of a seed's spread, by name, fixed with the tolerances."""
    prior = PRIORS[regime]
    points = dict.fromkeys(claim.metric for claim in claims if claim.unit == "points")
    said = ", ".join(f"{metric} {prior.spreads[metric]:g}" for metric in points) or "none of a loss"
    basis = "measured on students like this one" if prior.is_measured else "expected, not measured"
    words = f"harness: a seed spreads by {said} ({basis}), or as the card prints where more"
    return Setting("prior", regime, "assumed", sources.rule(words))


def _tolerance(draft: Draft, claim: Claim, prior: Prior) -> Setting:
    name, given = f"tolerance.{claim.metric}", draft.options.tolerance.get(claim.metric)
    if given is not None:
        if not 0 <= given < math.inf:
            draft.problems.append(f"--tolerance {claim.metric}={given}: must be a number from 0 up")
        usual = f"{claim.metric} within the usual tolerance"
        draft.deviations.append(Deviation("evaluation", usual, f"within {given:g}", False, option="--tolerance"))
        return Setting(name, given, "overridden", sources.option("--tolerance"), claim.unit)
    if loss_traces.point_of(claim.metric) is not None:
        words = f"harness: {100 * loss_traces.TOLERANCE:g} % of a loss that rounding has had no time to move"
        return Setting(name, loss_traces.TOLERANCE * abs(claim.value), "assumed", sources.rule(words), claim.unit)
    if claim.unit == "points" and claim.spread is not None and claim.spread > WIDEST:
        place = f"{claim.metric} ± {claim.spread:g} ({draft.place(claim.line)})"
        draft.problems.append(f"{place}: a spread above {WIDEST:g} points allows anything; give --tolerance")
    by_spread = SPREADS * claim.spread if claim.spread is not None else 0.0
    by_prior = EXPECTED_SPREADS * prior.spreads.get(claim.metric, 0.0) if claim.unit == "points" else 0.0
    if claim.unit == "points" and max(by_spread, by_prior) <= POINTS:
        return Setting(name, POINTS, "assumed", sources.rule("harness: 1.0 point for each metric"), claim.unit)
    if by_prior > by_spread:
        words = f"harness: {EXPECTED_SPREADS:g} x the {prior.spreads[claim.metric]:g} points that a seed spreads by"
        return Setting(name, round(by_prior, 2), "assumed", sources.rule(words), claim.unit)
    if by_spread == 0:
        place = draft.place(claim.line)
        draft.problems.append(f"{claim.metric} ({place}): a loss claimed without '± spread' needs --tolerance")
    source = sources.rule(f"{SPREADS:g} x the spread on card line {claim.line}", claim.line)
    return Setting(name, by_spread, "derived", source, claim.unit)
