"""What no run could use: unknown names, values out of range, a card that contradicts itself."""

from harness.domain import Setting, Stage
from harness.plan import sources
from harness.plan.defaults import EVALUATIONS
from harness.plan.options import Draft, similar

_POSITIVE = ("train_batch_size", "eval_batch_size", "max_seq_length", "doc_stride", "max_answer_length", "n_best_size",
             "temperature", "learning_rate", "adam_epsilon", "max_grad_norm", "word_possibilities",
             "max_glove_words")  # fmt: skip
_NOT_NEGATIVE = ("num_train_epochs", "weight_decay", "hard_label_weight", "soft_label_weight", "seed", "factor",
                 "dropout_off_after", "max_query_length", "warmup_steps", "max_steps")  # fmt: skip
_SHARES = ("warmup_ratio", "embeds_dropout_prob", "adam_beta1", "adam_beta2")
_OWN_OPTIONS = {"augmentation.masked_lm": "masked-lm", "augmentation.glove": "glove"}
CHOICES = {
    "rule": ("tolerance", "equivalence"),
    "lr_schedule": (
        "LinearWarmup", "warmup_linear", "constant", "linear", "cosine", "cosine_with_restarts", "polynomial",
        "constant_with_warmup", "inverse_sqrt",
    ),
    "weight_decay_on": ("all", "matrices"),
    "grad_clip": ("global", "tensor"),
    "layer_map": ("uniform", "first", "last"),
    "attention_probs": ("after_dropout", "before_dropout"),
    "padding": ("counted", "masked", "dropped"),
    "start_end": ("summed", "averaged"),
    "doc_stride_is": ("step", "overlap"),
    "last_token_labels": ("v1.1", "exact"),
    "protocol": tuple(EVALUATIONS),
    "ranking": ("score", "confidence"),
}  # fmt: skip


def check_overrides(draft: Draft, run: Stage, stages: tuple[Stage, ...]) -> None:
    """Names after --set that are no active setting of a stage; those of the run have options of their own."""
    active = [f"{stage.name}.{s.name}" for stage in stages for s in stage.settings if s.inert is None]
    known = ["run.seed", *(name for name in active if name not in _OWN_OPTIONS)]
    inert = [f"{stage.name}.{s.name}" for stage in stages for s in stage.settings if s.inert is not None]
    own = {f"run.{setting.name}": setting.name.partition(".")[0].replace("_data", "") for setting in run.settings}
    own |= _OWN_OPTIONS
    for name in draft.options.settings:
        if name in inert:
            draft.problems.append(f"--set {name}: it has no effect in this stage (harness plan says why)")
        elif name not in known and name in own:
            draft.problems.append(f"--set {name}: give it as --{own[name]}")
        elif name not in known:
            draft.problems.append(f"--set {name}: no such setting{similar(name, known)}")


def check_section(draft: Draft, section: Stage) -> None:
    """Values that no run could use."""
    for setting in section.settings:
        _check_value(draft, section, setting)


def check_stage(draft: Draft, stage: Stage) -> None:
    """The same, and windows that never move past the question."""
    check_section(draft, stage)
    lengths = {name: stage.value(name) for name in ("max_seq_length", "doc_stride", "max_query_length")}
    if all(isinstance(value, int) for value in lengths.values()):
        room = lengths["max_seq_length"] - lengths["max_query_length"] - 3
        is_overlap = stage.value("doc_stride_is") == "overlap"
        if lengths["doc_stride"] > room - is_overlap:
            draft.problems.append(
                f"{stage.name}: windows of {room} context tokens (max_seq_length - max_query_length - 3) cannot "
                f"{'overlap' if is_overlap else 'step'} by doc_stride {lengths['doc_stride']} without "
                f"{'standing still' if is_overlap else 'leaving tokens out'}"
            )


def _check_value(draft: Draft, stage: Stage, setting: Setting) -> None:
    name, value = setting.name, setting.value
    where = f"{stage.name}.{name} = {value} ({sources.describe(setting.source)})"
    if name in CHOICES and value is not None and value not in CHOICES[name]:
        draft.problems.append(f"{where}: known are {', '.join(CHOICES[name])}")
    if not isinstance(value, (int, float)):
        return
    if name in _POSITIVE and not value > 0:
        draft.problems.append(f"{where}: must be above 0")
    if name in _NOT_NEGATIVE and value < 0:
        draft.problems.append(f"{where}: must not be negative")
    if name in _SHARES and not 0 <= value < 1:
        draft.problems.append(f"{where}: must be at least 0 and below 1")
    if name == "replace_probability" and not 0 <= value <= 1:
        draft.problems.append(f"{where}: must be from 0 to 1")
