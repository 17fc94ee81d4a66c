"""Defaults of a Keras training of transformers' TensorFlow models, as of 4.39 (early 2024).

Files: `examples/tensorflow/question-answering/run_qa.py` and Keras' own Adam. Cards of the Keras callback print the
optimiser as a nested dictionary, with a schedule where there is one: a plain number is a constant rate. Windows and
evaluation are those of run_qa.py for PyTorch.

Compared with transformers 4.39.0 (optimization_tf.py, modeling_tf_utils.py, modelcard.py) and Keras 2.15.0 (adam.py).
Known not to match: PyTorch's AdamW adds epsilon after the bias correction, Keras' Adam before it; Keras trains without
the rows of an epoch that fill no batch (prepare_tf_dataset, drop_remainder).
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
