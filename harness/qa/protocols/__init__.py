"""Predictions to scores (official, token_index), and the shelf of protocols: span logits to predictions, pure numpy."""

import inspect
from collections.abc import Mapping
from typing import Any

from harness.domain import Stage
from harness.qa.protocols import haystack, official_bert, run_qa
from harness.qa.protocols.interface import Protocol

PROTOCOLS: Mapping[str, Protocol] = {
    "haystack": haystack.predict,
    "run_qa": run_qa.predict,
    "official-bert": official_bert.predict,
}


def settings_of(protocol: str) -> tuple[str, ...]:
    """The names of a protocol's own settings: the keyword arguments of its function that have no default."""
    return tuple(name for name, one in _keywords(protocol).items() if one.default is one.empty)


def arguments_of(protocol: str, settings: Stage) -> dict[str, Any]:
    """The values of an evaluation's settings that its protocol takes; those with a default where they are there."""
    return {name: settings.value(name) for name in _keywords(protocol) if name in settings}


def _keywords(protocol: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(PROTOCOLS[protocol]).parameters
    return {name: one for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY}
