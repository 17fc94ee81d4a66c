"""How far seeds of one training lie apart before many of them were run: what every interval of a verdict begins with.

A plan names one of these, so that a record keeps the one it was planned with: a new measurement is a new name. Standard
deviations in points, by metric. `floor-2026-12` was measured: students of three layers on the 11,873 questions of the
SQuAD 2.0 dev set that score about what never answering does, runs of one training that differ in nothing but their
seed, pooled over trainings (results/README.md has them, and a test works the numbers out from the records). It holds
for cards like those alone. `answerable-2026-12` and `half-learned-2026-12` were measured in the same way, on students
of three layers and the 10,570 questions of the SQuAD 1.1 dev set, all of which have an answer: those that answer at
least half of what their teacher does, and the rest, whose seeds lie further apart; five seeds of each training. Each
holds for claims within the reach of its runs. `expected-2026-12` is for all others: an expectation, not measured. `df`
is how well a spread is known, so that an interval is as wide as so few runs make it. `expected`, `measured-2026-11` and
`answerable-2026-11` are what earlier plans name.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.card.never_answering import near
from harness.domain import Claim, Experiment


@dataclass(frozen=True, slots=True)
class Prior:
    """Spread of a seed in points, by metric, known as well as `df` degrees of freedom tell it."""

    spreads: Mapping[str, float]
    df: int
    is_measured: bool = False
    factor: float = 1.0  # of what every spread is taken for, the card's own too

    def of(self, claim: Claim) -> float | None:
        """The spread that is expected of a claim: what the card prints where that is more, or the claim is a loss.

        A card's own is never less than this one's: two lucky runs would narrow every interval to nothing. None of a
        loss without one: nobody knows how the losses of an unknown training spread.
        """
        known = self.spreads.get(claim.metric, 0.0) if claim.unit == "points" else 0.0
        return self.factor * max(claim.spread or 0.0, known) or None


_POINTS = ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1")
_MEASURED = {"exact": 0.84, "f1": 0.65, "HasAns_exact": 0.59, "HasAns_f1": 0.99, "NoAns_exact": 2.23, "NoAns_f1": 2.23}
_FIRST_ANSWERABLE = {"exact": 0.41, "f1": 0.4, "HasAns_exact": 0.41, "HasAns_f1": 0.4}
_LEARNED = {"exact": 0.36, "f1": 0.26, "HasAns_exact": 0.36, "HasAns_f1": 0.26}
_HALF_LEARNED = {"exact": 1.95, "f1": 2.44, "HasAns_exact": 1.95, "HasAns_f1": 2.44}
EXPECTED, AT_FLOOR = "expected-2026-12", "floor-2026-12"
ANSWERABLE, HALF_LEARNED = "answerable-2026-12", "half-learned-2026-12"
REACHED: Mapping[str, Mapping[str, tuple[float, float]]] = {  # lowest and highest score of the runs behind a spread
    ANSWERABLE: {"exact": (49.85, 50.83), "f1": (62.54, 63.23)},
    HALF_LEARNED: {"exact": (17.72, 29.42), "f1": (27.12, 41.21)},
}
_BEYOND = 5.0  # points outside, within which a spread is taken to hold
PRIORS: Mapping[str, Prior] = {
    "expected": Prior(dict.fromkeys(_POINTS, 0.35), df=4),
    "measured-2026-11": Prior(_MEASURED, df=3, is_measured=True),
    EXPECTED: Prior({**dict.fromkeys(_POINTS, 1.0), "exact": 0.5, "f1": 0.5}, df=3),
    AT_FLOOR: Prior(_MEASURED, df=3, is_measured=True),
    "answerable-2026-11": Prior(_FIRST_ANSWERABLE, df=5, is_measured=True),
    ANSWERABLE: Prior(_LEARNED, df=4, is_measured=True),
    HALF_LEARNED: Prior(_HALF_LEARNED, df=8, is_measured=True),
}
# How the scores of two seeds move together: correlations within the trainings of `floor-2026-12`, three degrees of
# freedom. Answering more often moves HasAns up and NoAns down. A test works them out from the records.
CORRELATIONS: Mapping[str, Mapping[str, float]] = {
    "exact": {"exact": 1.0, "f1": 0.993, "HasAns_exact": -0.929, "HasAns_f1": -0.935, "NoAns_exact": 0.995},
    "f1": {"exact": 0.993, "f1": 1.0, "HasAns_exact": -0.887, "HasAns_f1": -0.89, "NoAns_exact": 0.979},
    "HasAns_exact": {"exact": -0.929, "f1": -0.887, "HasAns_exact": 1.0, "HasAns_f1": 0.996, "NoAns_exact": -0.96},
    "HasAns_f1": {"exact": -0.935, "f1": -0.89, "HasAns_exact": 0.996, "HasAns_f1": 1.0, "NoAns_exact": -0.964},
    "NoAns_exact": {"exact": 0.995, "f1": 0.979, "HasAns_exact": -0.96, "HasAns_f1": -0.964, "NoAns_exact": 1.0},
}


def regime_of(claims: Sequence[Claim], floor: float | None) -> str:
    """The prior for a card that makes these claims on data on which never answering scores `floor`, None if unknown."""
    if near([one for one in claims if one.metric == "exact"], floor):
        return AT_FLOOR
    points = [one for one in claims if one.unit == "points"]
    if floor == 0 and points:
        for name, reached in REACHED.items():
            if all(_is_in_reach(claim, reached) for claim in points):
                return name
    return EXPECTED


def _is_in_reach(claim: Claim, reached: Mapping[str, tuple[float, float]]) -> bool:
    low, high = reached.get(claim.metric.removeprefix("HasAns_"), (math.inf, -math.inf))
    return low - _BEYOND <= claim.value <= high + _BEYOND


def prior_of(experiment: Experiment) -> Prior:
    """The prior that an experiment's plan names; raises KeyError for one that is none of these."""
    named = {one.name: str(one.value) for one in experiment.run.settings}
    return PRIORS[named.get("prior", "expected")]
