"""What a run came to, claim by claim and over the whole card: the result of judging, as verdict.json holds it."""

from dataclasses import dataclass, field
from typing import Literal

from harness.domain import Measurement, Unit

Outcome = Literal[
    "reproduced", "within_tolerance", "better", "not_reproduced", "confounded", "inconclusive", "measured",
    "unmeasured", "limited", "invalid",
]  # fmt: skip
Rule = Literal["tolerance", "equivalence"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A claim against the mean of one or a few seeds, all in the claim's unit.

    `sd` is of the seeds themselves, None for one; `spread` is moderated by `prior`, the spread of a seed that was
    expected before (None: nobody knows, and the seeds speak alone), and has `df` degrees of freedom. `interval` is the
    90 % interval of `difference` (mean - claim), the claim's rounding included, None where the spread is unknown;
    `p_below` and `p_above` are the one-sided tests that it is truly below -tolerance or above +tolerance (small: it
    is). `seeds_needed` is until `interval` lies wholly inside or outside the tolerance if nothing else changed.
    """

    metric: str
    values: tuple[float, ...]
    mean: float
    sd: float | None
    prior: float | None
    spread: float
    df: int
    difference: float
    interval: tuple[float, float] | None
    p_below: float
    p_above: float
    seeds_needed: int | None  # None where no number of seeds would do
    line: int | None = None  # of the claim, as in its verdict


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one claim came to, by `rule`. `difference` is measured - claimed, in the claim's unit.

    `is_no_worse`: the claim is met or exceeded, or a score is undecided only because it may be above the claim.
    `line` is the claim's in its card: a card may claim two numbers for one metric.
    """

    metric: str
    claimed: float
    measured: float | None
    difference: float | None
    tolerance: float
    unit: Unit
    outcome: Outcome
    reason: str
    rule: Rule
    is_no_worse: bool
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the rule that does not decide says of the card."""

    rule: Rule
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class AtPrior:
    """What rule `equivalence` would say of the card if seeds were expected to spread `factor` times as far."""

    factor: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts under one rule, the exit code they end in, what the other rule says, and what another prior would.

    `flags` are to be known beside the outcome, such as published weights that were not found.
    """

    outcome: Outcome
    exit_code: int
    rule: Rule
    reason: str
    verdicts: tuple[Verdict, ...] = field(default=())
    estimates: tuple[Estimate, ...] = field(default=())
    other: Opinion | None = None
    flags: tuple[str, ...] = field(default=())
    at_priors: tuple[AtPrior, ...] = field(default=())

    @property
    def is_of_card(self) -> bool:
        """Whether it says something of the card's claims: a limited, invalid or only measured run does not."""
        return self.outcome not in ("limited", "invalid", "measured")


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Two sets of answers to the same questions, compared question by question.

    `difference` is second - first in points, `interval` its 95 % interval over paragraphs, None where the answers have
    no paragraphs. `gained` and `lost` count questions that only the second, or only the first, gets exactly right;
    `p_value` is McNemar's exact test of the two being as likely.
    """

    metric: str
    first: float
    second: float
    difference: float
    interval: tuple[float, float] | None
    gained: int
    lost: int
    p_value: float


@dataclass(frozen=True, slots=True)
class GapDecomposition:
    """Where the gap between a claim and our student comes from, all scored by us under one signature.

    claim -> published weights (the way of scoring, or other weights) -> our student (training). None: not to be had.
    `retention` is the student's share of the teacher's score, in percent: nearly free of the way of scoring.
    """

    metric: str
    claimed: float
    published: float | None
    teacher: float | None
    student: float
    training: PairedDifference | None
    retention: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """How often whole cards come to each outcome, by simulation, when two procedures are `gap` apart on average.

    `gap` counts tolerances: 0 is a perfect copy, -1 one that is worse by the tolerance in each of `metrics`. The shares
    are of cards whose claims are all met, or one of them refused, by rule `equivalence`; `within_tolerance` is of those
    that rule `tolerance` accepts. `looks`: the numbers of seeds after which rule `equivalence` is asked, until it
    decides; one number where that many are run in any case.
    """

    metrics: tuple[str, ...]
    gap: float
    looks: tuple[int, ...]
    reproduced: float
    not_reproduced: float
    inconclusive: float
    within_tolerance: float


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run, or several seeds of one card, came to.

    `measurements` of all runs, in the order of their seeds; `attributions` are of the first run; `operating` says how
    often the rules would be right and wrong at the spread and the number of seeds of this verdict.
    """

    judgement: Judgement
    measurements: tuple[Measurement, ...]
    attributions: tuple[GapDecomposition, ...]
    operating: tuple[Rates, ...]
