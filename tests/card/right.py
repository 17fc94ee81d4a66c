"""What a reader takes from a card, and that ours took the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from harness.domain import Card, Value

Scored = tuple[str, float, str | None, str | None]  # metric, value, data set, whose


@dataclass(frozen=True)
class Right:
    """What a reader takes from a card; a name that is not here is not looked at, `()` says that there is none."""

    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Value] | None = None
    claims: tuple[Scored, ...] | None = None
    section: str | None = None
    splits: tuple[str | None, ...] | None = None  # of the claims


def assert_read(found: Card, right: Right) -> None:
    for name, values in right.facts.items():
        assert tuple(fact.value for fact in found.facts if fact.name == name) == values, name
    for key, value in (right.settings or {}).items():
        stated = [one.value for one in found.stated if one.name == key]
        assert (stated[-1] if stated else None) == (pytest.approx(value) if isinstance(value, float) else value), key
    if right.claims is not None:
        assert [(one.metric, one.value, one.dataset, one.subject) for one in found.claims] == [
            (metric, pytest.approx(value), data, subject) for metric, value, data, subject in right.claims
        ]
    if right.splits is not None:
        assert tuple(one.split for one in found.claims) == right.splits
    if right.section is not None:
        assert {one.section for one in found.stated} == {right.section}
