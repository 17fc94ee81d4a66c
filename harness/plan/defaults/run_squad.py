"""Defaults of transformers' question-answering example before the Trainer, run_squad.py, as of 3.0.2 (July 2020).

Files are `examples/question-answering/run_squad.py` and `src/transformers/data/`. Its command lines are known by
`per_gpu_train_batch_size`; later releases keep it under `examples/legacy/question-answering`, with which every option
below was compared (huggingface/transformers@015bfeb86891, which has torch's AdamW by then).

Known not to match: it takes an answer's text from joined word pieces (`get_final_text`), where we cut it out of the
context as run_qa.py does, which every tokenizer allows; its AdamW is transformers' own (the same rule in another order
of operations); it multiplies per_gpu_train_batch_size by the GPUs it sees, which is done here where the card says how
many trained; its own scorer, `squad_evaluate`, puts the rules of 2.0 to SQuAD 1.1 too, which differ where a gold answer
normalises to nothing.
"""

from harness.plan.defaults import run_qa, trainer
from harness.plan.defaults.default import Default, Program

_WINDOWS = {
    "max_seq_length": Default(384, "run_squad.py --max_seq_length", "tokens"),
    "doc_stride": Default(128, "run_squad.py --doc_stride", "tokens"),
    "doc_stride_is": Default("step", "data/processors/squad.py, squad_convert_example_to_features"),
    "max_query_length": Default(64, "run_squad.py --max_query_length", "tokens"),
    "last_token_labels": Default("exact", "data/processors/squad.py, _improve_answer_span"),
}

_OPTIMISATION = {
    "train_batch_size": Default(8, "run_squad.py --per_gpu_train_batch_size", "rows"),
    "lr_schedule": Default("linear", "run_squad.py train(), get_linear_schedule_with_warmup", "", True),
    "warmup_ratio": Default(0.0, "run_squad.py --warmup_steps", "of all steps"),
    "weight_decay": Default(0.0, "run_squad.py --weight_decay"),
    "weight_decay_on": Default("matrices", "run_squad.py train(), no_decay: bias, LayerNorm.weight", "", True),
    "adam_beta1": Default(0.9, "optimization.py, AdamW(betas)", "", True),
    "adam_beta2": Default(0.999, "optimization.py, AdamW(betas)", "", True),
    "adam_epsilon": Default(1e-8, "run_squad.py --adam_epsilon"),
    "adam_bias_correction": Default(True, "optimization.py, AdamW(correct_bias)", "", True),
    "max_grad_norm": Default(1.0, "run_squad.py --max_grad_norm"),
    "grad_clip": Default("global", "run_squad.py train(), clip_grad_norm_ over the whole model", "", True),
    "dropout_off_after": Default(0, "run_squad.py train(), model.train() at each step", "steps, 0: never", True),
}

_FINETUNE = {
    **trainer.PROGRAM.stages["finetune"],
    "num_train_epochs": Default(3.0, "run_squad.py --num_train_epochs"),
    "learning_rate": Default(5e-5, "run_squad.py --learning_rate"),
}

EVALUATION = {
    **run_qa.PROGRAM.stages["evaluation"],
    **{name: one for name, one in _WINDOWS.items() if name != "last_token_labels"},
    "protocol": Default("run_qa", "data/metrics/squad_metrics.py, compute_predictions_logits"),
    "eval_batch_size": Default(8, "run_squad.py --per_gpu_eval_batch_size", "rows"),
    "n_best_size": Default(20, "run_squad.py --n_best_size", "candidates"),
    "max_answer_length": Default(30, "run_squad.py --max_answer_length", "tokens"),
    "null_score_diff_threshold": Default(0.0, "run_squad.py --null_score_diff_threshold"),
}

TRAINING = {**_OPTIMISATION, **_WINDOWS}

PROGRAM = Program(
    library="transformers run_squad",
    version="3.0.2",
    stages={
        "run": {"seed": Default(42, "run_squad.py --seed")},
        "finetune": {**_FINETUNE, **TRAINING},
        "evaluation": EVALUATION,
    },
    inert={},
)
