"""One record a claim: what the card says, what was measured, by which rule they were held together, and where from.

A card that claims nothing gives a record each for exact and f1, without a claim.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from harness import __version__
from harness.domain import Measurement
from harness.publish import privacy
from harness.publish.model_card import Regenerated
from harness.record import store
from harness.record.judgement import Estimate, Verdict
from harness.record.parts import Fingerprint
from harness.record.read import begun

SCHEMA_VERSION = 1
_MAIN = ("exact", "f1")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a record rests on: `runs` and `identities` are one a seed, `signature` says how it was scored."""

    card: str
    card_sha256: str
    line: int | None
    recipe: str
    program: str
    data: str
    data_fingerprint: Fingerprint
    signature: str | None
    runs: tuple[str, ...]
    identities: tuple[str, ...]
    begun: tuple[str, ...]
    device: str
    harness: str
    code_sha256: str | None


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """Numbers in `unit`; `measured` is the mean of `values`, one a seed; `interval` is of the difference, at 90 %.

    `outcome` is the claim's, `card_outcome` that of the whole card. `judges` is False where the run says nothing of the
    card: it is limited, invalid, or the card claims nothing.
    """

    metric: str
    unit: str
    claimed: float | None
    measured: float | None
    difference: float | None
    tolerance: float | None
    n: int | None
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    sd: float | None
    interval: tuple[float, float] | None
    rule: str | None
    outcome: str
    reason: str
    card_outcome: str
    judges: bool
    provenance: Provenance


def records_of(made: Regenerated) -> list[ClaimRecord]:
    """List a record for each claim, in the card's order."""
    judgement = made.concluded.judgement
    estimates = {(one.metric, one.line): one for one in judgement.estimates}
    claimed = [_of_claim(made, one, estimates.get((one.metric, one.line))) for one in judgement.verdicts]
    return claimed or list(_measured(made))


def to_json_lines(made: Regenerated) -> str:
    """Write a line of JSON a claim, each with its schema version."""
    lines = ({"schema_version": SCHEMA_VERSION, **store.to_json(one)} for one in records_of(made))
    return "".join(json.dumps(privacy.clean_json(one), ensure_ascii=False) + "\n" for one in lines)


def _of_claim(made: Regenerated, one: Verdict, estimate: Estimate | None) -> ClaimRecord:
    judgement = made.concluded.judgement
    found = _of(made, one.metric)
    return ClaimRecord(
        metric=one.metric,
        unit=one.unit,
        claimed=one.claimed,
        measured=one.measured,
        difference=one.difference,
        tolerance=one.tolerance,
        n=found[0].n if found else None,
        seeds=tuple(each.seed for each in found),
        values=tuple(each.value for each in found),
        sd=estimate.sd if estimate else None,
        interval=estimate.interval if estimate else None,
        rule=one.rule,
        outcome=one.outcome if judgement.is_of_card else judgement.outcome,
        reason=one.reason if judgement.is_of_card else judgement.reason,
        card_outcome=judgement.outcome,
        judges=judgement.is_of_card,
        provenance=_provenance(made, one.line, found),
    )


def _measured(made: Regenerated) -> Iterator[ClaimRecord]:
    judgement = made.concluded.judgement
    for metric in _MAIN:
        found = _of(made, metric)
        if found:
            values = tuple(one.value for one in found)
            yield ClaimRecord(
                metric=metric,
                unit=found[0].unit,
                claimed=None,
                measured=sum(values) / len(values),
                difference=None,
                tolerance=None,
                n=found[0].n,
                seeds=tuple(one.seed for one in found),
                values=values,
                sd=None,
                interval=None,
                rule=None,
                outcome=judgement.outcome,
                reason=judgement.reason,
                card_outcome=judgement.outcome,
                judges=False,
                provenance=_provenance(made, None, found),
            )


def _of(made: Regenerated, metric: str) -> list[Measurement]:
    return [one for one in made.concluded.measurements if one.metric == metric]


def _provenance(made: Regenerated, line: int | None, found: list[Measurement]) -> Provenance:
    first, experiment = made.runs[0], made.experiment
    return Provenance(
        card=experiment.name,
        card_sha256=experiment.card_sha256,
        line=line,
        recipe=experiment.recipe,
        program=experiment.program,
        data=str(experiment.run.value("eval_data")),
        data_fingerprint=first.inputs.eval_data,
        signature=found[0].signature if found else None,
        runs=tuple(one.folder.resolve().name for one in made.runs),
        identities=tuple(one.identity.identity for one in made.runs),
        begun=tuple(begun(one) for one in made.runs),
        device=first.environment.device,
        harness=__version__,
        code_sha256=first.environment.machine.code.get("harness"),
    )
