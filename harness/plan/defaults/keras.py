"""Defaults of a Keras training of transformers' TensorFlow models, as of 4.39 (early 2024).

Files: `examples/tensorflow/question-answering/run_qa.py` and Keras' own Adam. Cards of the Keras callback print the
optimiser as a nested dictionary, with a schedule where there is one: a plain number is a constant rate. Windows and
evaluation are those of run_qa.py for PyTorch.

Known not to match: PyTorch's AdamW adds epsilon after the bias correction, Keras' Adam before it.
"""

from harness.plan.defaults import trainer
from harness.plan.defaults.default import Default, Program

_FINETUNE = {
    **trainer.PROGRAM.stages["finetune"],
    "lr_schedule": Default("constant", "keras Adam(learning_rate), a number and no schedule"),
    "adam_epsilon": Default(1e-7, "keras Adam(epsilon)"),
    "max_grad_norm": Default(1e9, "keras Adam(global_clipnorm=None): none, as good as this"),
}

PROGRAM = Program(
    library="transformers keras",
    version="4.39",
    stages={
        "run": {"seed": Default(42, "training_args.py, TrainingArguments.seed")},
        "finetune": _FINETUNE,
        "evaluation": trainer.PROGRAM.stages["evaluation"],
    },
    inert={},
)
