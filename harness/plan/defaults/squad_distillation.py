"""Defaults of transformers' distillation example for SQuAD, run_squad_w_distillation.py, as of 3.0.2 (July 2020).

File: `examples/distillation/run_squad_w_distillation.py`. A teacher's span distributions and the gold labels, each by a
weight of its own: alpha_ce x T^2 x KL, averaged over start and end, and alpha_squad x the model's own loss. Windows,
optimiser and evaluation are those of run_squad.py, of which it is a copy. Options, loss and clipping were compared with
a later state, `examples/research_projects/distillation/` (huggingface/transformers@1001bb00bfee).

Known not to match: the teacher's logits are worked out once, in eval mode, as there; see `run_squad.py` for the rest.
"""

from harness.plan.defaults import run_squad
from harness.plan.defaults.default import Default, Program

_PREDICTION = {
    "num_train_epochs": Default(3.0, "run_squad_w_distillation.py --num_train_epochs"),
    "learning_rate": Default(5e-5, "run_squad_w_distillation.py --learning_rate"),
    "embeds_dropout_prob": Default(0.0, "models of transformers have none before the head"),
    "temperature": Default(2.0, "run_squad_w_distillation.py --temperature"),
    "soft_label_weight": Default(0.5, "run_squad_w_distillation.py --alpha_ce"),
    "hard_label_weight": Default(0.5, "run_squad_w_distillation.py --alpha_squad"),
    "start_end": Default("averaged", "run_squad_w_distillation.py train(), loss_ce = (loss_start + loss_end) / 2"),
    "learned_logit_divisor": Default(False, "models of transformers have none", "", True),
    "padding": Default("counted", "run_squad_w_distillation.py train(), KLDivLoss over all positions of a row"),
}

PROGRAM = Program(
    library="transformers run_squad_w_distillation",
    version="3.0.2",
    stages={
        "run": {"seed": Default(42, "run_squad_w_distillation.py --seed")},
        "prediction_layer": {**_PREDICTION, **run_squad.TRAINING},
        "evaluation": run_squad.EVALUATION,
    },
    inert={},
)
