"""The machine block of a regenerated card: what was run and what it came to, written once and read back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.card import generated
from harness.domain import Experiment, Measurement
from harness.errors import CardError
from harness.record import store
from harness.record.judgement import Verdict
from harness.record.upgrade import with_decision

SCHEMA_VERSION = 1
_OPENS, _CLOSES = "```json harness", "```"


@dataclass(frozen=True, slots=True)
class Block:
    """`experiment` is the hash of what was run, by value; `runs` are the identities of the runs, one a seed.

    `verdicts` hold the claims with what was measured for each; `measurements` are all numbers, of all runs.
    """

    experiment: str
    card_sha256: str
    runs: tuple[str, ...]
    outcome: str
    rule: str
    verdicts: tuple[Verdict, ...]
    measurements: tuple[Measurement, ...]


def experiment_hash(experiment: Experiment) -> str:
    """Of what is run and what it is held against, by value alone: not where in which card it was said.

    So the original card and the regenerated one, whose lines are others, have one hash under the same options.
    """
    sections = {stage.name: stage.values() for stage in experiment.sections()}
    claims = [[claim.metric, claim.value, claim.unit, claim.decimals] for claim in experiment.claims]
    return store.hash_of(
        {"recipe": experiment.recipe, "program": experiment.program, "sections": sections, "claims": claims}
    )


def block_lines(block: Block) -> list[str]:
    """The block as a fence of a Markdown text; ASCII, and no line of it can end the fence."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **store.to_json(block)}, indent=1, allow_nan=False)
    return [_OPENS, *text.split("\n"), _CLOSES]


def read_block(text: str, path: str = "card") -> Block | None:
    """The block of a regenerated card, None for a card without one; raises CardError for one that is broken."""
    lines = [line.rstrip("\r\n") for line in generated.lines_of(text)]
    region = next((one for one in generated.regions(generated.lines_of(text)) if not one.is_header), None)
    inside: Sequence[str] = lines[region.first : region.last] if region is not None else ()
    if region is None or _OPENS not in inside:
        return None
    first = inside.index(_OPENS) + 1
    try:
        last = inside.index(_CLOSES, first)
        return _block(json.loads("\n".join(inside[first:last])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the block that `harness card` wrote is broken ({error}); write the card again"
        raise CardError(path, region.first + first, what) from error


def _block(plain: dict[str, Any]) -> Block:
    version = plain.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"it has schema version {version}, this harness reads {SCHEMA_VERSION}")
    return Block(
        **{
            **plain,
            "runs": tuple(plain["runs"]),
            "verdicts": tuple(Verdict(**with_decision(one, plain["rule"])) for one in plain["verdicts"]),
            "measurements": tuple(Measurement(**one) for one in plain["measurements"]),
        }
    )
