"""Predictions to exact and f1 (official), and the shelf of protocols: span logits to predictions, pure numpy."""

from collections.abc import Mapping

from harness.scoring import haystack
from harness.scoring.protocol import Protocol

PROTOCOLS: Mapping[str, Protocol] = {"haystack": haystack.predict}
