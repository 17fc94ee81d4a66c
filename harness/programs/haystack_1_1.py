"""Defaults of deepset Haystack 1.1.0 (January 2022), the first release with both distillation stages.

Read from the source of tag v1.1.0; file names are below `haystack/`, numbers are lines.
"""

from harness.programs.defaults import Default, Program

_WINDOWS = {
    "max_seq_length": Default(256, "nodes/reader/farm.py 54, FARMReader(max_seq_len)", "tokens"),
    "doc_stride": Default(
        128, "modeling/data_handler/processor.py 367, SquadProcessor(doc_stride), the step between windows", "tokens"
    ),
    "max_query_length": Default(
        64, "modeling/data_handler/processor.py 368, SquadProcessor(max_query_length)", "tokens"
    ),
}

_OPTIMISATION = {
    "train_batch_size": Default(10, "nodes/reader/farm.py 391 and 496, student_batch_size", "rows"),
    "lr_schedule": Default("LinearWarmup", "modeling/model/optimization.py 233-254, get_scheduler"),
    "warmup_ratio": Default(0.2, "nodes/reader/farm.py 396 and 501, warmup_proportion", "of all steps"),
    "weight_decay": Default(0.01, "modeling/model/optimization.py 129, on every parameter"),
    "adam_beta1": Default(0.9, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "adam_beta2": Default(0.999, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "adam_epsilon": Default(1e-8, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "max_grad_norm": Default(1.0, "modeling/training/base.py 145, Trainer(max_grad_norm)"),
    "last_token_labels": Default(
        "v1.1", "modeling/data_handler/samples.py, offset_to_token_idx_vecorized (mended in 1.4.0)"
    ),
}

_HEAD_DROPOUT = Default(0.1, "modeling/conversion/transformers.py 83, embeds_dropout_prob")

_INTERMEDIATE = {
    "num_train_epochs": Default(5, "nodes/reader/farm.py 498, distil_intermediate_layers_from(n_epochs)"),
    "learning_rate": Default(5e-5, "nodes/reader/farm.py 499, distil_intermediate_layers_from(learning_rate)"),
    "layer_map": Default("uniform", "modeling/training/base.py 847, teacher block size"),
    "embeds_dropout_prob": _HEAD_DROPOUT,
    "temperature": Default(1.0, "nodes/reader/farm.py 514, distil_intermediate_layers_from(temperature)"),
}

_PREDICTION = {
    "num_train_epochs": Default(2, "nodes/reader/farm.py 393, distil_prediction_layer_from(n_epochs)"),
    "learning_rate": Default(3e-5, "nodes/reader/farm.py 394, distil_prediction_layer_from(learning_rate)"),
    "embeds_dropout_prob": _HEAD_DROPOUT,
    "temperature": Default(1.0, "nodes/reader/farm.py 409, distil_prediction_layer_from(temperature)"),
    "soft_label_weight": Default(0.5, "nodes/reader/farm.py 407, distillation_loss_weight"),
}

_FINETUNE = {
    "num_train_epochs": Default(1, "nodes/reader/farm.py, FARMReader.train(n_epochs)"),
    "learning_rate": Default(1e-5, "nodes/reader/farm.py, FARMReader.train(learning_rate)"),
    "embeds_dropout_prob": _HEAD_DROPOUT,
}

_EVALUATION = {
    **_WINDOWS,
    "protocol": Default("haystack", "nodes/reader/farm.py 727-768, FARMReader.eval_on_file"),
    "eval_batch_size": Default(50, "nodes/reader/farm.py 41, FARMReader(batch_size)", "rows"),
    "no_ans_boost": Default(0.0, "nodes/reader/farm.py 41-64, FARMReader(no_ans_boost)"),
    "max_answer_length": Default(1000, "modeling/model/prediction_head.py 403, max_answer_length", "tokens"),
}

PROGRAM = Program(
    name="haystack 1.1.0",
    stages={
        "run": {"seed": Default(42, "nodes/reader/farm.py 193, set_all_seeds")},
        "intermediate_layer": {**_INTERMEDIATE, **_OPTIMISATION, **_WINDOWS},
        "prediction_layer": {**_PREDICTION, **_OPTIMISATION, **_WINDOWS},
        "finetune": {**_FINETUNE, **_OPTIMISATION, **_WINDOWS},
        "evaluation": _EVALUATION,
    },
    inert={
        "intermediate_layer": {
            "temperature": "the trainer of this stage never receives it (nodes/reader/farm.py 571-582 to 245-263)",
            "embeds_dropout_prob": "it acts behind the hidden states that this stage compares, before the unused head",
        },
    },
)
