"""Defaults of deepset Haystack 1.26.4, the last 1.x, where they are not those of 1.1.0.

Read from the released package farm-haystack 1.26.4. Stands for every release from 1.4.0, which mended the labels of a
context's last token (PR 2381). The losses, optimiser and schedule are those of 1.1.0.
"""

from collections.abc import Mapping

from harness.programs import haystack_1_1
from harness.programs.defaults import Default, Program

_NAME = "haystack 1.26.4"
_OTHER = {
    "last_token_labels": Default("exact", "modeling/data_handler/samples.py, mended in 1.4.0 by PR 2381"),
    "ranking": Default("confidence", "nodes/reader/farm.py 73, FARMReader(use_confidence_scores=True)"),
}


def _as_of_1_26(stage: str, settings: Mapping[str, Default]) -> Mapping[str, Default]:
    other = {**_OTHER, "num_train_epochs": Default(2, "nodes/reader/farm.py 390, FARMReader.train(n_epochs)")}
    names = [*_OTHER, "num_train_epochs"] if stage == "finetune" else _OTHER
    return {**settings, **{name: other[name] for name in names if name in settings}}


PROGRAM = Program(
    name=_NAME,
    stages={stage: _as_of_1_26(stage, settings) for stage, settings in haystack_1_1.PROGRAM.stages.items()},
    inert=haystack_1_1.PROGRAM.inert,
)
