"""What settings are called in the field, by the spellings that cards use; the value of a setting in its own terms."""

import functools
import re
from collections.abc import Mapping

from harness.card.dialects import translations
from harness.card.dialects.values import cleaned, leading_number, parse_value, value_of
from harness.domain import Stated

# Name in the field's terms -> other spellings, in snake case. A name is always a spelling of itself.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "train_batch_size": (
        "batch_size", "per_device_train_batch_size", "per_gpu_train_batch_size", "training_batch_size", "bs", "batch",
        "bacth_size", "batchsize", "train_bs", "batch_size_per_device", "per_device_batch_size",
        "batch_sizes", "batch_size_train", "train_batchsize", "bsz",
    ),
    "eval_batch_size": (
        "per_device_eval_batch_size", "per_gpu_eval_batch_size", "evaluation_batch_size", "valid_batch_size",
        "test_batch_size", "validation_batch_size",
    ),
    "total_train_batch_size": ("total_batch_size", "effective_batch_size", "global_batch_size"),
    "total_eval_batch_size": (),
    "num_train_epochs": (
        "n_epochs", "num_epochs", "epochs", "number_of_epochs", "total_epochs", "training_epochs", "train_epochs",
        "number_of_training_epochs", "num_epoch", "nb_epochs", "max_epochs", "number_epochs",
        "no_of_epochs", "epoch_num",
        "n_epoch", "num_of_epochs",
    ),
    "max_steps": ("training_steps", "train_steps", "num_train_steps", "total_steps", "number_of_training_steps",
                  "steps"),
    "max_seq_length": (
        "max._sequence_length",
        "max_seq_len", "max_sequence_length", "maximum_sequence_length", "max_length_sequence", "max_length", "max_len",
        "sequence_length", "seq_len", "seq_length", "max_input_length", "max_source_length", "maximum_length",
        "input_length", "max_sequence_len",
    ),
    "max_target_length": ("max_output_length",),
    "learning_rate": (
        "lr", "learn_rate", "learningrate", "learning_rates", "initial_learning_rate", "peak_learning_rate", "max_lr",
        "body_learning_rate", "optimizer_params.lr", "optim_params.lr", "initial_lr", "base_lr", "max_learning_rate",
        "peak_lr", "leraning_rate", "learing_rate", "learning_rate_adam", "starting_learning_rate",
    ),
    "head_learning_rate": (),
    "lr_schedule": (
        "lr_scheduler_type", "lr_scheduler", "scheduler", "schedule", "learning_rate_schedule",
        "learning_rate_scheduler",
        "lr_schedule_type", "scheduler_type", "learning_rate_decay_schedule", "learning_rate_scheduler_type",
    ),
    "warmup_ratio": ("warmup_proportion", "lr_scheduler_warmup_ratio", "warm_up_ratio", "warmup_prop"),
    "warmup_steps": (
        "lr_scheduler_warmup_steps", "num_warmup_steps", "warmup", "warm_up_steps", "lr_warmup", "warmup_updates",
        "warm_up", "lr_warmup_steps", "n_warmup_steps", "learning_rate_warmup_steps",
    ),
    "weight_decay": ("wd", "weight_decay_rate", "decay", "l2_weight", "weightdecay"),
    "optimizer": ("optim", "optimiser", "optimizer_class", "optimizer_type", "optimizer_name"),
    "adam_beta1": ("beta_1", "beta1"),
    "adam_beta2": ("beta_2", "beta2"),
    "adam_betas": ("betas", "optimizer_params"),
    "adam_epsilon": ("epsilon", "eps", "adam_eps"),
    "max_grad_norm": ("clip_norm", "global_clipnorm", "gradient_clipping", "grad_clip", "gradient_clip",
                      "clip_grad_norm", "max_gradient_norm"),
    "gradient_accumulation_steps": (
        "grad_acc_steps", "grad_accumulation_steps", "gradient_accumulation", "accumulation_steps",
        "grad_accum_steps", "accumulate_grad_batches", "accum_grad", "gradient_accumulation_step",
    ),
    "doc_stride": ("document_stride", "stride"),
    "max_query_length": ("max_question_length",),
    "max_answer_length": ("max_ans_length",),
    "n_best_size": ("n_best",),
    "no_ans_boost": (),
    "null_score_diff_threshold": (),
    "dropout": ("dropout_rate", "dropout_prob", "hidden_dropout_prob", "dropout_probability"),
    "attention_dropout": ("attention_probs_dropout_prob",),
    "embeds_dropout_prob": (),
    "label_smoothing": ("label_smoothing_factor",),
    "temperature": ("distillation_temperature",),
    "soft_label_weight": ("distillation_loss_weight", "alpha_ce"),
    "hard_label_weight": ("alpha_squad",),
    "seed": ("random_seed", "manual_seed", "rng_seed"),
    "fp16": ("use_amp", "mixed_precision", "mixed_precision_training", "training_precision", "amp", "bf16"),
    "fp16_opt_level": ("amp_opt_level",),
    "distributed_type": (),
    "num_devices": ("n_gpu", "num_gpus", "nproc_per_node"),
    "evaluation_strategy": ("eval_strategy",),
    "evaluation_steps": ("eval_steps",),
    "gradient_checkpointing": (),
    "base_model": (
        "base_lm_model", "model_name_or_path", "mlm_checkpoint", "pretrained_model_name_or_path", "pretrained_model",
        "base_checkpoint", "model_checkpoint", "pretrained_model_name", "pretrain_model", "base_model_name",
    ),
    "teacher": ("teacher_model", "teacher_name_or_path", "teacher_model_name_or_path"),
    "do_lower_case": ("lower_case",),
    "version_2_with_negative": (), "dataset_name": (), "dataset_config_name": (),
    "loss": ("loss_function",),
    "num_labels": (),
    "lora_r": (), "lora_alpha": (), "lora_dropout": (),
    "num_iterations": (), "sampling_strategy": (), "steps_per_epoch": (), "early_stopping_patience": (),
}  # fmt: skip
SETTINGS: Mapping[str, str] = {
    spelling: name
    for name, spellings in _SPELLINGS.items()
    for spelling in (name, *spellings, *translations.SETTINGS.get(name, ()))
}
# Known names that are words of everyday language too: settings only where settings are expected.
_WEAK = {
    "batch", "steps", "stride", "decay", "epsilon", "eps", "loss", "schedule", "scheduler", "temperature", "teacher",
    "warmup", "dropout", "optimizer_params", "betas", "wd", "bs", "amp", "n_best", "base_model", "warm_up", "epochs",
    "num_labels", "max_length", "max_len", "sequence_length", "input_length", "mini_batch_size", "lower_case", "seed",
    "pretrained_model", "num_iterations", "optimizer", "optim",
}  # fmt: skip
_NUMERIC = frozenset(
    [
        "train_batch_size",
        "eval_batch_size",
        "num_train_epochs",
        "max_seq_length",
        "learning_rate",
        "warmup_ratio",
        "warmup_steps",
        "weight_decay",
        "doc_stride",
        "max_query_length",
        "max_steps",
        "gradient_accumulation_steps",
        "max_grad_norm",
        "dropout",
        "seed",
    ]
)
_SHARES = {"warmup_steps", "warmup_ratio", "weight_decay", "dropout", "label_smoothing", "embeds_dropout_prob"}
_OPTIMIZER = re.compile(r"^Adam\w{0,10}\s*[:=]\s*(?P<value>\d\S{0,20})$")  # `learning_rate = AdamW: 1e-5`
_PLACEHOLDER = re.compile(
    r"^(?:\[?(?:todo|tbd|fill in|more information needed|n/?a)\]?|<(?:fill|your|insert|todo|value)[^<>]{0,40}>)\.?$",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[\s_-]+")
# What stands among settings and tells how a training went, and on what.
NO_SETTING = re.compile(
    r"\b(?:hardware|gpus?|device|time|duration|method|parameters|params|samples|selection)\b", re.IGNORECASE
)
_UNIT = re.compile(r"\s*\((?:s|steps?|epochs?|tokens?|lr|bs|ratio|max|min|initial|per[^()]{0,20})\)\s*$", re.IGNORECASE)
_OPTION = re.compile(r"^[^()]{2,40}\(`?(?P<option>[a-z]+(?:_[a-z]+)+)`?\)$")  # `Stride (`doc_stride`)`
_EARLY = re.compile(r"^(?:(?:the|used|total|final|training|model|optimal|best)[\s_]+)(?=\S)", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)  # a card repeats its keys, in a long table a hundred thousand times
def plain_key(key: str) -> str:
    """A printed key in snake case, without quotes, emphasis and a unit in brackets."""
    text = _OPTION.sub(r"\g<option>", _UNIT.sub("", key.strip().strip("\"'`*_ :").replace("\\_", "_")))
    return _NOT_WORD.sub("_", text.strip().lower()).strip("_")


def setting_name(key: str) -> str:
    """The field's term for a printed key; the key itself, in snake case, where it has no other name."""
    plain = plain_key(key)
    return SETTINGS.get(plain) or SETTINGS.get(_EARLY.sub("", plain), plain)


def is_setting(key: str, *, strong: bool = False) -> bool:
    """True for a key that names a setting in some spelling we know; `strong` leaves out words of everyday language."""
    plain = plain_key(key)
    return (plain in SETTINGS or _EARLY.sub("", plain) in SETTINGS) and not (strong and plain in _WEAK)


def settings_of(key: str, raw: str) -> list[tuple[str, str]]:
    """The settings of a key that names several, with their values: `Epochs / batch size`, `2 / 16`; else none."""
    keys, values = (re.split(r"\s*/\s*", text.strip()) for text in (key, raw))
    return list(zip(keys, values, strict=True)) if len(keys) == len(values) > 1 and all(map(is_setting, keys)) else []


def is_placeholder(raw: str) -> bool:
    """True for what a template leaves where a value should stand."""
    return _PLACEHOLDER.match(raw.strip()) is not None


def state(key: str, raw: str, section: str, line: int, dialect: str) -> Stated:
    """A setting as printed, with its name in the field's terms and its value."""
    name, printed = setting_name(key), cleaned(raw)
    value, is_grid = parse_value(printed)
    if isinstance(value, str) and name in _NUMERIC:
        optimizer = _OPTIMIZER.match(printed)
        number = value_of(optimizer["value"]) if optimizer else leading_number(printed)
        value = value if number is None else number
    if name in _SHARES and printed.endswith("%") and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = value / 100  # `warmup: 6 %`
    if name == "warmup_steps" and isinstance(value, float) and 0 < value < 1:
        name = "warmup_ratio"  # the Trainer prints the ratio under the name of the steps
    if name == "fp16" and str(value).lower() == "native amp":
        value = True  # the Trainer's words for its own mixed precision, which is fp16 unless bf16 is printed
    key = key.strip().strip("\"'`*").strip()
    return Stated(key, name, value, printed, section, line, dialect, is_grid)
