"""How far each claim may be missed, fixed before anything is trained."""

import math
from collections.abc import Sequence

from harness.card import loss_traces, references
from harness.domain import Card, Claim, Deviation, Setting
from harness.plan import sources
from harness.plan.options import Draft
from harness.plan.priors import CURRENT, PRIORS

# The official scorer's names, and the losses of our own stages.
MEASURED = {
    "exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1",
    "intermediate_layer_loss", "prediction_layer_loss", "finetune_loss",
}  # fmt: skip
POINTS = 1.0
MAX_SPREAD = 3.0  # points; a card must not widen its own tolerance at will
SPREADS = 3.0  # a claim with a printed standard deviation is held to no less than this many of them


def tolerances(draft: Draft) -> list[Setting]:
    """One setting a claimed metric: as given, else 1 point, or 3 printed standard deviations where that is more."""
    claims = judged(draft)
    if draft.options.is_measuring and claims:
        draft.problems.append(f"--measure: {draft.card.path} claims numbers, so it can be judged; leave the option out")
    if not claims and not draft.options.is_measuring:
        why = "there is nothing to judge; --measure runs it all the same, and judges nothing"
        draft.problems.append(f"{draft.card.path} claims no number that we measure: {why}")
    for metric in draft.options.tolerance:
        if metric not in {claim.metric for claim in claims}:
            claimed = ", ".join(claim.metric for claim in claims) or "none"
            draft.problems.append(f"--tolerance {metric}: the card makes no such claim; claimed: {claimed}")
    return [_tolerance(draft, claim) for claim in claims] + [_prior(claims)] * bool(claims)


def _prior(claims: Sequence[Claim]) -> Setting:
    """What is expected of a seed's spread, by name, fixed with the tolerances."""
    points = [claim.metric for claim in claims if claim.unit == "points"]
    said = ", ".join(f"{metric} {PRIORS[CURRENT].spreads[metric]:g}" for metric in points) or "none of a loss"
    words = f"harness: a seed spreads by {said}, or as the card prints where more"
    return Setting("prior", CURRENT, "assumed", sources.rule(words))


def judged(draft: Draft) -> tuple[Claim, ...]:
    """The claims that this run can judge: a step's loss is one seed's, the card's, and no other seed has it."""
    claims, seed = measured(draft.card), draft.options.seed
    if seed is None or str(seed) in {one.raw for one in draft.card.stated if one.name == "seed"}:
        return claims
    return tuple(claim for claim in claims if loss_traces.point_of(claim.metric) is None)


def _tolerance(draft: Draft, claim: Claim) -> Setting:
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
    if claim.unit == "points" and claim.spread is not None and claim.spread > MAX_SPREAD:
        place = f"{claim.metric} ± {claim.spread:g} ({draft.place(claim.line)})"
        draft.problems.append(f"{place}: a spread above {MAX_SPREAD:g} points allows anything; give --tolerance")
    by_spread = SPREADS * claim.spread if claim.spread is not None else 0.0
    if claim.unit == "points" and by_spread <= POINTS:
        return Setting(name, POINTS, "assumed", sources.rule("harness: 1.0 point for each metric"), claim.unit)
    if by_spread == 0:
        place = draft.place(claim.line)
        draft.problems.append(f"{claim.metric} ({place}): a loss claimed without '± spread' needs --tolerance")
    source = sources.rule(f"{SPREADS:g} x the spread on card line {claim.line}", claim.line)
    return Setting(name, by_spread, "derived", source, claim.unit)


def measured(card: Card) -> tuple[Claim, ...]:
    """The claims that a run can judge: this model's own, on the card's evaluation data, one a metric, the first.

    A second that differs is a conflict, which the plan reports. A claim that names no data is on the card's own.
    """
    fact = card.fact("eval_data")
    evaluated = references.data_named(fact.value, "validation") if fact else None
    own = [claim for claim in card.claims if _is_measured(claim.metric) and claim.subject is None]
    named = {claim.dataset for claim in own if claim.dataset}
    first: dict[str, Claim] = {}
    for claim in own:
        is_elsewhere = claim.dataset is not None and len(named) > 1 and evaluated is not None
        if is_elsewhere and references.data_named(str(claim.dataset), "validation") != evaluated:
            continue
        first.setdefault(claim.metric, claim)
    return tuple(first.values())


def _is_measured(metric: str) -> bool:
    return metric in MEASURED or loss_traces.point_of(metric) is not None
