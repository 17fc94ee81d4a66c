"""The regenerated card: the original byte for byte where it is not ours, with what was measured set beside it.

Ours are a `model-index` of the measured numbers in the front matter and one section at the end (or where it was
before), each between marks that the card reader skips: a regenerated card plans the same experiment as the original.
"""

from harness.publish.model_card.eval_results import result_file
from harness.publish.model_card.machine_block import Block, experiment_hash, read_block
from harness.publish.model_card.render import Regenerated, index_entry, read, refused, render

__all__ = [
    "Block",
    "Regenerated",
    "experiment_hash",
    "index_entry",
    "read",
    "read_block",
    "refused",
    "render",
    "result_file",
]
