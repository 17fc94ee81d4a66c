"""A finished run against its card's claims and a committed baseline: pass, fail or unmeasured, metric by metric.

The card's side is the verdict, derived again. The regression rule against the baseline, whose own tolerance decides:

- a loss passes when |run - baseline| <= tolerance: a loss that falls away is another training too
- a score passes when run - baseline > -tolerance: not worse; better is no regression

It is a margin, not a test: a baseline keeps numbers, not answers, so the two are not paired question by question, and
no error rate is known. The tolerance is one of a single run, so make the baseline of the mean of a few: where it is
itself a run off to one side, little of the tolerance is left there. Where the baseline is another run's record, exact
and f1 are paired and tested (`verdict/noninferiority.py`), which may leave them inconclusive.

A run on part of the questions, a proxy, is held against a band of such runs alone: it may show a regression, and says
nothing about the card.

What cannot be compared is unmeasured, never a pass: no run, no baseline, a metric that one of the two lacks, another
signature, a baseline with a wider tolerance than the card's or one that the run is far above. What a rule or test
leaves open is inconclusive. A gate that nothing passes is not passed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.domain import Claim, Measurement, Unit
from harness.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_NOT_REPRODUCED, EXIT_REPRODUCED
from harness.judge.baseline import Baseline, Known
from harness.qa.signature import warning_of
from harness.record.judgement import Judgement, Verdict

# What a state that is neither pass nor fail does to the gate: `undecided` ends it with an exit code of its own, `warn`
# says it and lets the gate pass, `pass` says nothing of it.
On = Mapping[str, Literal["fail", "undecided", "warn", "pass"]]
FAR = 3.0  # tolerances above its baseline at which a score is of another evaluation, or the baseline was typed by hand
State = Literal["pass", "fail", "unmeasured", "inconclusive"]
_ORDER: tuple[State, ...] = ("fail", "unmeasured", "inconclusive")  # the worst first
_ROUNDING = 1e-9  # so that a loss that is off by exactly the tolerance is inside it, whatever its last bit


@dataclass(frozen=True, slots=True)
class Side:
    """What one metric comes to against the card, or against the baseline."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """One metric of one card. `line` is the claim's; a metric that only the baseline has makes no claim.

    `by_card` is None for a proxy, which is not held against the card.
    """

    metric: str
    unit: Unit
    line: int | None
    claimed: float | None
    tolerance: float | None
    measured: float | None
    baseline: float | None
    baseline_tolerance: float | None
    by_card: Side | None
    by_baseline: Side

    @property
    def state(self) -> State:
        return _worst([side.state for side in (self.by_card, self.by_baseline) if side is not None])

    @property
    def is_regression(self) -> bool:
        """Whether it fails by the baseline alone."""
        return self.state == "fail" and (self.by_card is None or self.by_card.state == "pass")

    @property
    def reason(self) -> str:
        """What the side that decides says; of both, where both do."""
        if self.by_card is None or self.by_card == self.by_baseline:
            return self.by_baseline.reason
        sides = (("card", self.by_card), ("baseline", self.by_baseline))
        return "; ".join(f"{name}: {side.reason}" for name, side in sides if side.state == self.state)


@dataclass(frozen=True, slots=True)
class GateResult:
    """One card at the gate. `problems` are preconditions that its run does not meet; `absent` says why there is no run.

    `path` is the card's file with the lines that the claims name, None where it is not at hand.
    """

    card: str
    path: str | None
    run: str | None
    baseline: str
    checks: tuple[Check, ...]
    problems: tuple[str, ...] = ()
    absent: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> State | Literal["invalid"]:
        if self.problems:
            return "invalid"
        if self.absent is not None or not self.checks:
            return "unmeasured"
        return _worst([check.state for check in self.checks])


def compare(
    claims: Sequence[Claim],
    judgement: Judgement | None,
    measurements: Sequence[Measurement],
    baseline: Baseline | None,
    why_none: str = "there is no run",
    *,
    is_proxy: bool = False,
) -> tuple[Check, ...]:
    """One check for each claim, in the card's order, then for each metric that only the baseline has.

    `judgement` is of these claims; None where no run can be judged, and then everything is unmeasured for `why_none`.
    """
    verdicts: Sequence[Verdict | None] = judgement.verdicts if judgement is not None else [None] * len(claims)
    known = baseline.metrics if baseline is not None else {}
    found = {one.metric: one for one in measurements}
    claimed = {claim.metric for claim in claims}
    widest = {one.metric: one.tolerance for one in verdicts if one is not None}

    def sides(metric: str) -> Side:
        if judgement is None:
            return Side("unmeasured", why_none)
        if baseline is None:
            return Side("unmeasured", "there is none; --update-baseline makes one")
        return against(known.get(metric), found.get(metric), None if is_proxy else widest.get(metric))

    by_card = [
        None if is_proxy else _by_card(one, judgement) if one and judgement else Side("unmeasured", why_none)
        for one in verdicts
    ]
    checks = [_check(claim, verdict, side, known.get(claim.metric), found.get(claim.metric), sides(claim.metric))
              for claim, verdict, side in zip(claims, verdicts, by_card, strict=True)]  # fmt: skip
    for metric, one in known.items():
        if metric not in claimed:
            measured = found.get(metric)
            gone = Side("unmeasured", "the card makes no such claim any more")
            checks.append(
                Check(metric, one.unit, None, None, None, measured.value if measured else None, one.value,
                      one.tolerance, gone, sides(metric))
            )  # fmt: skip
    return tuple(checks)


def against(known: Known | None, found: Measurement | None, widest: float | None = None) -> Side:
    """One measurement against one metric of a baseline, by the regression rule; `widest` is the card's tolerance."""
    if known is None:
        return Side("unmeasured", "the baseline has no such metric")
    if found is None:
        return Side("unmeasured", "the run did not measure it")
    if found.signature != known.signature:
        why = warning_of(known.signature, found.signature) or f"of {known.signature}, run {found.signature}"
        return Side("unmeasured", f"baseline and run are {why}")
    difference = found.value - known.value
    if widest is not None and known.tolerance > widest + _ROUNDING:
        wider = f"its tolerance of {known.tolerance:.4g} is wider than the card's {widest:.4g}"
        return Side("unmeasured", f"{wider}; --update-baseline makes it anew")
    if known.unit == "points" and difference > FAR * max(known.tolerance, known.spread or 0.0, 1.0):
        return Side(
            "unmeasured", f"{difference:+.4g} from {known.value:.6g}: of another evaluation, or no run's number"
        )
    if known.unit == "points":
        is_passed = difference >= -known.tolerance - _ROUNDING
    else:
        is_passed = abs(difference) <= known.tolerance + _ROUNDING
    seeds = "" if found.seed in known.seeds else f", seed {found.seed} against {', '.join(map(str, known.seeds))}"
    said = f"{difference:+.4g} from {known.value:.6g} ± {known.tolerance:.4g}{seeds}"
    return Side("pass", f"within tolerance, {said}") if is_passed else Side("fail", f"moved beyond tolerance, {said}")


def exit_code(gated: Sequence[GateResult], on: On) -> int:
    """The worst of all cards: an invalid run, else a failure, else what is left open; nothing passed is no pass."""
    if any(one.state == "invalid" for one in gated):
        return EXIT_INVALID
    states = {one.state for one in gated} | {check.state for one in gated for check in one.checks}
    meant = {on[state] for state in states if state in on}
    if "fail" in states or "fail" in meant:
        return EXIT_NOT_REPRODUCED
    is_any_passed = any(check.state == "pass" for one in gated for check in one.checks)
    return EXIT_REPRODUCED if is_any_passed and "undecided" not in meant else EXIT_INCONCLUSIVE


def counts(gated: Sequence[GateResult]) -> dict[str, int]:
    """How many metrics of all cards came to each state."""
    states = [check.state for one in gated for check in one.checks]
    found = {state: states.count(state) for state in ("pass", "fail", "unmeasured", "inconclusive")}
    return {state: n for state, n in found.items() if n or state != "inconclusive"}


def _check(
    claim: Claim,
    verdict: Verdict | None,
    by_card: Side | None,
    known: Known | None,
    found: Measurement | None,
    by_baseline: Side,
) -> Check:
    return Check(
        metric=claim.metric,
        unit=claim.unit,
        line=claim.line,
        claimed=claim.value,
        tolerance=verdict.tolerance if verdict else None,
        measured=found.value if found else None,
        baseline=known.value if known else None,
        baseline_tolerance=known.tolerance if known else None,
        by_card=by_card,
        by_baseline=by_baseline,
    )


def _by_card(verdict: Verdict, judgement: Judgement) -> Side:
    """A claim as the verdict has it; what the verdict over the whole card leaves open is open for each claim it holds
    for: all of a card whose evaluation is another, those outside their tolerance of one that asks for more seeds."""
    state = _STATES.get(verdict.outcome, "unmeasured")
    if judgement.outcome == "confounded" or (judgement.outcome == "inconclusive" and state == "fail"):
        return Side("inconclusive", judgement.reason)
    return Side(state, verdict.reason)


_STATES: Mapping[str, State] = {
    **dict.fromkeys(("reproduced", "within_tolerance", "better"), "pass"),
    "not_reproduced": "fail",
    "inconclusive": "inconclusive",
}


def _worst(states: Sequence[State]) -> State:
    return next((state for state in _ORDER if state in states), "pass")
