"""Defaults of deepset FARM 0.8.0, whose question answering Haystack 1.x took over.

Read from the repository at its last release; files are below `farm/`, and `examples/question_answering.py` is what its
cards were made with. What is not listed here is as in Haystack 1.1.0, which has the same code.
"""

from collections.abc import Mapping

from harness.plan.defaults import haystack_1_1
from harness.plan.defaults.default import Default, Program

_OTHER = {
    "max_seq_length": Default(384, "examples/question_answering.py, SquadProcessor(max_seq_len)", "tokens"),
    "doc_stride": Default(128, "data_handler/processor.py, SquadProcessor(doc_stride)", "tokens"),
    "max_query_length": Default(64, "data_handler/processor.py, SquadProcessor(max_query_length)", "tokens"),
    "train_batch_size": Default(24, "examples/question_answering.py, batch_size", "rows"),
    "learning_rate": Default(3e-5, "examples/question_answering.py, initialize_optimizer(learning_rate)"),
    "warmup_ratio": Default(0.2, "examples/question_answering.py, schedule_opts warmup_proportion", "of all steps"),
    "weight_decay": Default(0.01, "modeling/optimization.py, initialize_optimizer, optimizer_opts"),
    "adam_epsilon": Default(1e-6, "transformers AdamW(eps), by modeling/optimization.py TransformersAdamW"),
    "adam_bias_correction": Default(False, "modeling/optimization.py, optimizer_opts correct_bias"),
}


def _as_in_farm(settings: Mapping[str, Default]) -> Mapping[str, Default]:
    shared = {
        name: Default(one.value, f"as haystack {haystack_1_1.VERSION} {one.symbol}", one.unit)
        for name, one in settings.items()
    }
    return {**shared, **{name: one for name, one in _OTHER.items() if name in settings}}


PROGRAM = Program(
    library="farm",
    version="0.8.0",
    stages={
        "run": {"seed": Default(42, "examples/question_answering.py, set_all_seeds")},
        "finetune": _as_in_farm(haystack_1_1.PROGRAM.stages["finetune"]),
        "evaluation": _as_in_farm(haystack_1_1.PROGRAM.stages["evaluation"]),
    },
    inert={},
)
