"""Defaults of transformers' question-answering example under its Trainer, as of 4.39 (early 2024).

Files are in examples/pytorch/question-answering/ and src/transformers/. The Trainer's cards print most of what it was
told; this is what it does where they are silent. Evaluation: the same example's, `run_qa`.

Compared with transformers 4.39.0 (training_args.py, trainer.py, modelcard.py): no value differed.
Known not to match: earlier versions took transformers' own AdamW unless told otherwise (the same rule in another order
of operations), and on several devices rows are repeated to fill the last batch.
"""

from harness.plan.defaults import run_qa
from harness.plan.defaults.default import Default, Program

_WINDOWS = {
    "max_seq_length": Default(384, "run_qa.py, DataTrainingArguments.max_seq_length", "tokens"),
    "doc_stride": Default(128, "run_qa.py, DataTrainingArguments.doc_stride", "tokens"),
    "doc_stride_is": Default("overlap", "run_qa.py, prepare_train_features, tokenizer(stride=doc_stride)"),
    "max_query_length": Default(0, 'run_qa.py, prepare_train_features, truncation="only_second": never cut'),
    "last_token_labels": Default("exact", "run_qa.py, prepare_train_features, by character offsets"),
}

_OPTIMISATION = {
    "train_batch_size": Default(8, "training_args.py, TrainingArguments.per_device_train_batch_size", "rows"),
    "lr_schedule": Default("linear", 'training_args.py, TrainingArguments.lr_scheduler_type="linear"'),
    "warmup_ratio": Default(0.0, "training_args.py, TrainingArguments.warmup_ratio", "of all steps"),
    "weight_decay": Default(0.0, "training_args.py, TrainingArguments.weight_decay"),
    "weight_decay_on": Default("matrices", "trainer.py, Trainer.get_decay_parameter_names: no bias, no LayerNorm"),
    "adam_beta1": Default(0.9, "training_args.py, TrainingArguments.adam_beta1"),
    "adam_beta2": Default(0.999, "training_args.py, TrainingArguments.adam_beta2"),
    "adam_epsilon": Default(1e-8, "training_args.py, TrainingArguments.adam_epsilon"),
    "adam_bias_correction": Default(True, "training_args.py, TrainingArguments.optim: torch.optim.AdamW"),
    "max_grad_norm": Default(1.0, "training_args.py, TrainingArguments.max_grad_norm"),
    "grad_clip": Default("global", "trainer.py, Trainer._inner_training_loop, clip_grad_norm_ over the whole model"),
    "dropout_off_after": Default(0, "trainer.py, Trainer.training_step, model.train() at each step", "steps, 0: never"),
}

_FINETUNE = {
    "num_train_epochs": Default(3.0, "training_args.py, TrainingArguments.num_train_epochs=3.0"),
    "learning_rate": Default(5e-5, "training_args.py, TrainingArguments.learning_rate"),
    "embeds_dropout_prob": Default(0.0, "models/bert/modeling_bert.py, BertForQuestionAnswering: none before the head"),
    "learned_logit_divisor": Default(
        False, "models/bert/modeling_bert.py, BertForQuestionAnswering has none", "", True
    ),
    "padding": Default("counted", "models/bert/modeling_bert.py, CrossEntropyLoss over all positions of a row"),
}

PROGRAM = Program(
    library="transformers trainer",
    version="4.39",
    stages={
        "run": {"seed": Default(42, "training_args.py, TrainingArguments.seed")},
        "finetune": {**_FINETUNE, **_OPTIMISATION, **_WINDOWS},
        "evaluation": run_qa.PROGRAM.stages["evaluation"],
    },
    inert={},
)
