"""Defaults of deepset Haystack 1.1.0 (January 2022), the first release with both distillation stages.

Read from the source of tag v1.1.0; file names are below `haystack/`, numbers are lines.
"""

from harness.plan.defaults.default import Default, Program

VERSION = "1.1.0"

_WINDOWS = {
    "max_seq_length": Default(256, "nodes/reader/farm.py 54, FARMReader(max_seq_len)", "tokens"),
    "doc_stride": Default(128, "modeling/data_handler/processor.py 367, SquadProcessor(doc_stride)", "tokens"),
    "doc_stride_is": Default("step", "modeling/data_handler/samples.py 123-162, between the starts of two windows"),
    "max_query_length": Default(
        64, "modeling/data_handler/processor.py 368, SquadProcessor(max_query_length)", "tokens"
    ),
}

_OPTIMISATION = {
    "train_batch_size": Default(10, "nodes/reader/farm.py 391 and 496, student_batch_size", "rows"),
    "lr_schedule": Default("LinearWarmup", "modeling/model/optimization.py 233-254, get_scheduler"),
    "warmup_ratio": Default(0.2, "nodes/reader/farm.py 396 and 501, warmup_proportion", "of all steps"),
    "weight_decay": Default(0.01, "modeling/model/optimization.py 129"),
    "weight_decay_on": Default("all", "modeling/model/optimization.py 129-131, one group with every parameter"),
    "adam_beta1": Default(0.9, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "adam_beta2": Default(0.999, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "adam_epsilon": Default(1e-8, "modeling/model/optimization.py 182, torch.optim.AdamW"),
    "adam_bias_correction": Default(True, "modeling/model/optimization.py 182, torch's AdamW ignores correct_bias"),
    "max_grad_norm": Default(1.0, "modeling/training/base.py 145, Trainer(max_grad_norm)"),
    "grad_clip": Default("global", "modeling/training/base.py 377-381, clip_grad_norm_ over the whole model"),
    "dropout_off_after": Default(
        0, "nodes/reader/farm.py 387 and 492, dev_filename=None; with one, 300 (evaluate_every)", "steps, 0: never"
    ),
    "last_token_labels": Default(
        "v1.1", "modeling/data_handler/samples.py, offset_to_token_idx_vecorized (mended in 1.4.0)"
    ),
}

# Two quirks of every loss: positions that are padding count as all others, and the head learns a divisor of its logits.
_PADDING = Default(
    "counted", "modeling/training/base.py 862-889 and prediction_head.py, no mask in any mean or softmax"
)
_DIVISOR = Default(True, "modeling/model/prediction_head.py, QuestionAnsweringHead.temperature_for_confidence")
_HEAD_DROPOUT = Default(0.1, "modeling/conversion/transformers.py 83, embeds_dropout_prob")

_INTERMEDIATE = {
    "num_train_epochs": Default(5, "nodes/reader/farm.py 498, distil_intermediate_layers_from(n_epochs)"),
    "learning_rate": Default(5e-5, "nodes/reader/farm.py 499, distil_intermediate_layers_from(learning_rate)"),
    "layer_map": Default("uniform", "modeling/training/base.py 847, teacher block size"),
    "attention_probs": Default("after_dropout", "modeling/training/base.py 862-876, the maps transformers returns"),
    "padding": _PADDING,
    "embeds_dropout_prob": _HEAD_DROPOUT,
    "temperature": Default(1.0, "nodes/reader/farm.py 514, distil_intermediate_layers_from(temperature)"),
}

_PREDICTION = {
    "num_train_epochs": Default(2, "nodes/reader/farm.py 393, distil_prediction_layer_from(n_epochs)"),
    "learning_rate": Default(3e-5, "nodes/reader/farm.py 394, distil_prediction_layer_from(learning_rate)"),
    "embeds_dropout_prob": _HEAD_DROPOUT,
    "temperature": Default(1.0, "nodes/reader/farm.py 409, distil_prediction_layer_from(temperature)"),
    "soft_label_weight": Default(0.5, "nodes/reader/farm.py 407, distillation_loss_weight"),
    "start_end": Default("summed", "modeling/training/base.py 711-720, batchmean over start and end together"),
    "learned_logit_divisor": _DIVISOR,
    "padding": _PADDING,
}

_FINETUNE = {
    "num_train_epochs": Default(2, "nodes/reader/farm.py 313, FARMReader.train(n_epochs)"),
    "learning_rate": Default(1e-5, "nodes/reader/farm.py 314, FARMReader.train(learning_rate)"),
    "embeds_dropout_prob": _HEAD_DROPOUT,
    "learned_logit_divisor": _DIVISOR,
    "padding": _PADDING,
}

_AUGMENTATION = {
    "word_possibilities": Default(5, "utils/augment_squad.py 226, the command line; 20 in the function (181)", "words"),
    "replace_probability": Default(0.4, "utils/augment_squad.py 182 and 227"),
    "masked_lm": Default("bert-base-uncased", "utils/augment_squad.py 180"),
    "glove": Default("glove.42B.300d", "utils/augment_squad.py 44-55"),
    "max_glove_words": Default(100_000, "utils/augment_squad.py 44-55, lines read", "words"),
}

_EVALUATION = {
    **_WINDOWS,
    "protocol": Default("haystack", "nodes/reader/farm.py 727-768, FARMReader.eval_on_file"),
    "eval_batch_size": Default(50, "nodes/reader/farm.py 41, FARMReader(batch_size)", "rows"),
    "no_ans_boost": Default(0.0, "nodes/reader/farm.py 41-64, FARMReader(no_ans_boost)"),
    "max_answer_length": Default(1000, "modeling/model/prediction_head.py 403, max_answer_length", "tokens"),
    "ranking": Default("score", "modeling/model/prediction_head.py 693-766, reduce_preds (1.26.4: by confidence)"),
    "last_token_labels": Default(
        "v1.1", "modeling/data_handler/samples.py, offset_to_token_idx_vecorized (mended in 1.4.0)"
    ),
}

PROGRAM = Program(
    library="haystack",
    version=VERSION,
    stages={
        "run": {"seed": Default(42, "nodes/reader/farm.py 193, set_all_seeds")},
        "intermediate_layer": {**_INTERMEDIATE, **_OPTIMISATION, **_WINDOWS},
        "prediction_layer": {**_PREDICTION, **_OPTIMISATION, **_WINDOWS},
        "finetune": {**_FINETUNE, **_OPTIMISATION, **_WINDOWS},
        "augmentation": _AUGMENTATION,
        "evaluation": _EVALUATION,
    },
    inert={
        "intermediate_layer": {
            "temperature": "the trainer of this stage never receives it (nodes/reader/farm.py 571-582 to 245-263)",
            "embeds_dropout_prob": "it acts behind the hidden states that this stage compares, before the unused head",
            "last_token_labels": "the losses of this stage read no labels",
        },
    },
)
