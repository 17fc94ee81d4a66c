"""The shelf of exports: a finished run's claims in a format that other judges take, by name.

An export is a function from what a regenerated card is made from to text. It holds no path and no host of this machine.
"""

from collections.abc import Callable, Mapping

from harness.publish.export import claim_records, hub, ro_crate
from harness.publish.model_card import Regenerated

FORMATS: Mapping[str, Callable[[Regenerated], str]] = {
    "claims.jsonl": claim_records.to_json_lines,
    "eval-results": hub.to_eval_results,
    "model-index": hub.to_model_index,
    "ro-crate": ro_crate.to_metadata,
}
