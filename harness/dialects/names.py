"""What keys and metrics are called in the field, by the spellings that cards use."""

import math

from harness.domain import Unit, Value

SETTINGS = {
    "batch_size": "train_batch_size",
    "train_batch_size": "train_batch_size",
    "n_epochs": "num_train_epochs",
    "num_epochs": "num_train_epochs",
    "num_train_epochs": "num_train_epochs",
    "max_seq_len": "max_seq_length",
    "max_seq_length": "max_seq_length",
    "learning_rate": "learning_rate",
    "lr": "learning_rate",
    "lr_schedule": "lr_schedule",
    "warmup_proportion": "warmup_ratio",
    "warmup_ratio": "warmup_ratio",
    "weight_decay": "weight_decay",
    "doc_stride": "doc_stride",
    "max_query_length": "max_query_length",
    "embeds_dropout_prob": "embeds_dropout_prob",
    "temperature": "temperature",
    "seed": "seed",
    "distillation_loss_weight": "soft_label_weight",
}

METRICS: dict[str, tuple[str, Unit]] = {
    "exact": ("exact", "points"),
    "exact_match": ("exact", "points"),
    "em": ("exact", "points"),
    "f1": ("f1", "points"),
    "hasans_exact": ("HasAns_exact", "points"),
    "hasans_f1": ("HasAns_f1", "points"),
    "noans_exact": ("NoAns_exact", "points"),
    "noans_f1": ("NoAns_f1", "points"),
    "intermediate_layer_loss": ("intermediate_layer_loss", "loss"),
    "prediction_layer_loss": ("prediction_layer_loss", "loss"),
    "finetune_loss": ("finetune_loss", "loss"),
}


def setting_name(key: str) -> str:
    """The field's term for a printed key; the key itself, in snake case, where it has no other name."""
    plain = key.strip().strip("\"'`").lower().replace("-", "_").replace(" ", "_")
    return SETTINGS.get(plain, plain)


def is_setting(key: str) -> bool:
    """True for a key that names a setting in some spelling we know."""
    return setting_name(key) in SETTINGS.values()


def metric_of(key: str) -> tuple[str, Unit] | None:
    """Metric and unit of a printed key, None when it names no metric we know."""
    return METRICS.get(key.strip().strip("\"'`").lower())


def value_of(raw: str) -> Value:
    """A printed value as a number or truth value where it is one, else the text without its quotes."""
    text = raw.strip().rstrip(",").strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for convert in (int, float):
        try:
            number = convert(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text.strip("\"'`")
