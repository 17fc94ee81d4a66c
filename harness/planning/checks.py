"""What no run could use: unknown names, values out of range, a card that contradicts itself."""

from harness.domain import Stage
from harness.planning.draft import Draft, similar

_POSITIVE = ("train_batch_size", "eval_batch_size", "max_seq_length", "doc_stride", "max_query_length",
             "max_answer_length", "temperature", "learning_rate", "adam_epsilon", "max_grad_norm")  # fmt: skip
_CHOICES = {
    "lr_schedule": ("LinearWarmup",),
    "layer_map": ("uniform", "first", "last"),
    "last_token_labels": ("v1.1", "exact"),
    "protocol": ("haystack",),
}
_SHARES = ("warmup_ratio", "embeds_dropout_prob", "adam_beta1", "adam_beta2")


def check_overrides(draft: Draft, sections: tuple[Stage, ...]) -> None:
    known = [f"{section.name}.{setting.name}" for section in sections for setting in section.settings]
    for name in draft.options.settings:
        if name not in known:
            draft.problems.append(f"--set {name}: no such setting{similar(name, known)}")


def check_stage(draft: Draft, stage: Stage) -> None:
    """Values that no run could use: out of range, or windows that never move past the question."""
    for setting in stage.settings:
        value, where = setting.value, f"{stage.name}.{setting.name} = {setting.value} ({setting.source})"
        if setting.name in _POSITIVE and isinstance(value, (int, float)) and not value > 0:
            draft.problems.append(f"{where}: must be above 0")
        if setting.name in _SHARES and isinstance(value, (int, float)) and not 0 <= value < 1:
            draft.problems.append(f"{where}: must be at least 0 and below 1")
        if setting.name == "num_train_epochs" and isinstance(value, int) and value < 0:
            draft.problems.append(f"{where}: must not be negative")
        if setting.name in _CHOICES and value is not None and value not in _CHOICES[setting.name]:
            draft.problems.append(f"{where}: known are {', '.join(_CHOICES[setting.name])}")
    lengths = {name: stage.value(name) for name in ("max_seq_length", "doc_stride", "max_query_length")}
    if all(isinstance(value, int) for value in lengths.values()):
        room = lengths["max_seq_length"] - lengths["max_query_length"] - 3
        if lengths["doc_stride"] > room:
            draft.problems.append(
                f"{stage.name}: windows of {room} context tokens (max_seq_length - max_query_length - 3) cannot step "
                f"by doc_stride {lengths['doc_stride']} without leaving tokens out"
            )


def note_conflicts(draft: Draft) -> None:
    for conflict in draft.card.conflicts:
        first, second = conflict.lines
        said = f"{conflict.values[0]} (line {first}) and {conflict.values[1]} (line {second})"
        draft.problems.append(f"{draft.card.path} states {conflict.what} twice: {said}")
