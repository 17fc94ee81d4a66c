"""How far seeds of one training lie apart before many of them were run: what every interval of a verdict begins with.

A plan names one of these, so that a record keeps the one it was judged by: a new measurement is a new name. Standard
deviations in points, by metric. `measured-2026-11` is of students of three layers on the 11,873 questions of the SQuAD
2.0 dev set, runs of one training that differ in nothing but their seed, pooled over trainings: results/README.md has
them, and a test works the numbers out from the records. `df` is what they were measured with, so that an interval is as
wide as so few runs make it. That other models spread alike is an expectation, and nothing more. `expected` is what was
taken before anything was measured, and holds for records that name none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.domain import Claim, Experiment


@dataclass(frozen=True, slots=True)
class Prior:
    """Spread of a seed in points, by metric, known as well as `df` degrees of freedom tell it."""

    spreads: Mapping[str, float]
    df: int

    def of(self, claim: Claim) -> float | None:
        """The spread that is expected of a claim: what the card prints where that is more, or the claim is a loss.

        A card's own is never less than this one's: two lucky runs would narrow every interval to nothing. None of a
        loss without one: nobody knows how the losses of an unknown training spread.
        """
        known = self.spreads.get(claim.metric, 0.0) if claim.unit == "points" else 0.0
        return max(claim.spread or 0.0, known) or None


_POINTS = ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1")
EXPECTED = Prior(dict.fromkeys(_POINTS, 0.35), df=4)
PRIORS: Mapping[str, Prior] = {
    "expected": EXPECTED,
    "measured-2026-11": Prior(
        {"exact": 0.84, "f1": 0.65, "HasAns_exact": 0.59, "HasAns_f1": 0.99, "NoAns_exact": 2.23, "NoAns_f1": 2.23},
        df=3,
    ),
}
CURRENT = "measured-2026-11"


def prior_of(experiment: Experiment) -> Prior:
    """The prior that an experiment's plan names; raises KeyError for one that is none of these."""
    named = {one.name: str(one.value) for one in experiment.run.settings}
    return PRIORS[named.get("prior", "expected")]
