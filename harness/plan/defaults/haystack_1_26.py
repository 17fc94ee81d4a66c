"""Defaults of deepset Haystack 1.26.4, the last 1.x, where they are not those of 1.1.0.

Read from the released package farm-haystack 1.26.4. Taken for every card that names a release from 1.4.0 on, which
mended the labels of a context's last token (PR 2381). Losses, optimiser and schedule are those of 1.1.0.
Known not to match: plain fine-tuning there passes no segment ids (`modeling/training/base.py`, compute_loss), and as
many answers count as the data has, not six.
"""

from collections.abc import Mapping

from harness.plan.defaults import haystack_1_1
from harness.plan.defaults.default import Default, Program

_OTHER = {
    "last_token_labels": Default("exact", "modeling/data_handler/samples.py, mended in 1.4.0 by PR 2381"),
    "ranking": Default(
        "confidence", "nodes/reader/farm.py 73, FARMReader(use_confidence_scores=True), in eval_on_file"
    ),
}


def _as_of_1_26(settings: Mapping[str, Default]) -> Mapping[str, Default]:
    old = {
        name: Default(one.value, f"as haystack {haystack_1_1.VERSION} {one.symbol}", one.unit)
        for name, one in settings.items()
    }
    return {**old, **{name: one for name, one in _OTHER.items() if name in settings}}


PROGRAM = Program(
    library="haystack",
    version="1.26.4",
    stages={stage: _as_of_1_26(settings) for stage, settings in haystack_1_1.PROGRAM.stages.items()},
    inert=haystack_1_1.PROGRAM.inert,
)
