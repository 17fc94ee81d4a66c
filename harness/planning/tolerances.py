"""How far each claim may be missed, fixed before anything is trained."""

import math

from harness.domain import Claim, Deviation, Setting
from harness.planning.draft import Draft

POINTS = 1.0
MAX_SPREAD = 3.0  # points; a card must not widen its own tolerance at will
SPREADS = 3.0  # a claim with a printed standard deviation is held to no less than this many of them


def tolerances(draft: Draft) -> list[Setting]:
    """One setting a claimed metric: as given, else 1 point, or 3 printed standard deviations where that is more."""
    claims = distinct(draft.card.claims)
    if not claims:
        draft.problems.append(f"{draft.card.path} claims no number that we measure: there is nothing to judge")
    for metric in draft.options.tolerance:
        if metric not in {claim.metric for claim in claims}:
            claimed = ", ".join(claim.metric for claim in claims) or "none"
            draft.problems.append(f"--tolerance {metric}: the card makes no such claim; claimed: {claimed}")
    return [_tolerance(draft, claim) for claim in claims]


def _tolerance(draft: Draft, claim: Claim) -> Setting:
    name, given = f"tolerance.{claim.metric}", draft.options.tolerance.get(claim.metric)
    if given is not None:
        if not 0 <= given < math.inf:
            draft.problems.append(f"--tolerance {claim.metric}={given}: must be a number from 0 up")
        usual = f"{claim.metric} within the usual tolerance"
        draft.deviations.append(Deviation("evaluation", usual, f"within {given:g}", False, "--tolerance"))
        return Setting(name, given, "overridden", "--tolerance", claim.unit)
    if claim.unit == "points" and claim.spread is not None and claim.spread > MAX_SPREAD:
        place = f"{claim.metric} ± {claim.spread:g} ({draft.place(claim.line)})"
        draft.problems.append(f"{place}: a spread above {MAX_SPREAD:g} points allows anything; give --tolerance")
    by_spread = SPREADS * claim.spread if claim.spread is not None else 0.0
    if claim.unit == "points" and by_spread <= POINTS:
        return Setting(name, POINTS, "assumed", "harness: 1.0 point for each metric", claim.unit)
    if by_spread == 0:
        place = draft.place(claim.line)
        draft.problems.append(f"{claim.metric} ({place}): a loss claimed without '± spread' needs --tolerance")
    return Setting(name, by_spread, "derived", f"{SPREADS:g} x the spread on card line {claim.line}", claim.unit)


def distinct(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """One claim a metric: the first; a second that differs is a conflict, which the plan reports."""
    first: dict[str, Claim] = {}
    for claim in claims:
        first.setdefault(claim.metric, claim)
    return tuple(first.values())
