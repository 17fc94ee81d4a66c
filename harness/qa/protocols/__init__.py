"""Predictions to scores (official, token_index), and the shelf of protocols: span logits to predictions, pure numpy."""

import inspect
from collections.abc import Mapping

from harness.qa.protocols import haystack, official_bert, run_qa
from harness.qa.protocols.interface import Protocol

PROTOCOLS: Mapping[str, Protocol] = {
    "haystack": haystack.predict,
    "run_qa": run_qa.predict,
    "official-bert": official_bert.predict,
}


def settings_of(protocol: str) -> tuple[str, ...]:
    """The names of a protocol's own settings: the keyword arguments of its function."""
    parameters = inspect.signature(PROTOCOLS[protocol]).parameters.values()
    return tuple(one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY)
