"""Every setting of a stage and of the run, with its origin: overridden, else stated, else derived or assumed."""

import dataclasses
import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from harness.card.dialects.names import is_setting
from harness.card.dialects.values import Parsed, value_of
from harness.domain import Card, Deviation, Setting, Source, Stage, Stated, Value
from harness.plan import sources
from harness.plan.card_settings import completed, with_devices, with_epochs
from harness.plan.data_reading import reading_settings
from harness.plan.datasets import data_settings
from harness.plan.defaults import EVALUATIONS, WITHOUT_NO_ANSWERS
from harness.plan.defaults.default import Default, Program
from harness.plan.models import models_of, published
from harness.plan.options import Draft, similar

_CATEGORIES: Mapping[str, Literal["recipe", "evaluation", "data", "seed"]] = {
    "evaluation": "evaluation",
    "augmentation": "data",
}

# What a card may state that changes a training and that no recipe here can do.
_CHANGES_TRAINING = {
    "optimizer", "dropout", "attention_dropout", "label_smoothing", "load_best_model_at_end",
    "gradient_accumulation_steps", "total_train_batch_size", "num_devices",
}  # fmt: skip
_NO_CHANGE = ("0", "0.0", "false", "none", "null", "-1", "adamw", "adam", "1", "adamw_torch", "adamw_hf")
# Settings that a stage has only where the card, or an option, states them: what each takes the place of.
_OPTIONAL = {"warmup_steps": "warmup_ratio", "max_steps": "num_train_epochs"}
_FULL = ("false", "no", "none", "null", "0", "fp32", "float32", "o0", "off", "n/a", "")
_WHY_NOT = {"load_best_model_at_end": "the last weights are kept, not those that did best on the evaluation data"}
_SMOOTHS_NOTHING = ("transformers trainer",)  # programs that ignore label smoothing in question answering
# Where files lie, what is run and how often it is written down: not settings of a training.
NOT_TRAINING = {
    "do_train", "do_eval", "do_predict", "train_file", "predict_file", "data_dir", "output_dir", "save_steps",
    "threads",
    "logging_steps", "logging_dir", "overwrite_output_dir", "overwrite_cache", "run_name", "save_strategy", "report_to",
    "evaluation_strategy", "evaluation_steps", "save_total_limit", "base_model", "model_type", "eval_batch_size",
    "dataset_name", "dataset_config_name", "tokenizer_name", "push_to_hub", "logging_strategy", "distributed_type",
    "total_eval_batch_size", "teacher", "do_lower_case", "version_2_with_negative",
}  # fmt: skip


def resolve_stage(draft: Draft, name: str, block: Sequence[Stated], program: Program) -> Stage:
    """Every setting of one stage: overridden, else stated, else assumed from the program's defaults."""
    defaults = program.stages[name]
    block = with_epochs(with_devices(block, draft.card), draft.card, program.library)
    stated, worked_out = completed(block, defaults)
    optional = [] if name == "evaluation" else list(_optional(draft, name, stated))
    for unknown in sorted(set(stated) - set(defaults) - {"seed", *_OPTIONAL}):
        one = stated[unknown]
        if name == "evaluation" and any(unknown in other.stages[name] for other in EVALUATIONS.values()):
            what = f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: this protocol has no such setting"
            draft.ambiguities.append(what)
        else:
            _note_unknown(draft, name, one, program)
    settings = []
    for key, default in defaults.items():
        setting = resolve(draft, name, key, default, stated.get(key), program)
        if key in worked_out and setting.origin == "stated":
            setting = dataclasses.replace(setting, origin="derived", source=worked_out[key])
        before = next((one.name for one in optional if _OPTIONAL[one.name] == key), None)
        if before is not None and setting.inert is None:
            setting = dataclasses.replace(setting, inert=f"{before} goes before it")
        settings.append(setting)
        if "hard_label_weight" in defaults:
            continue
        if key == "soft_label_weight" and setting.inert is None and isinstance(setting.value, (int, float)):
            settings.append(_hard_label_weight(draft, name, setting))
    return Stage(name, (*settings, *optional))


def _optional(draft: Draft, stage: str, stated: Mapping[str, Stated]) -> Iterator[Setting]:
    """The settings that not every stage has, where the card or an option gives them; 0 and less mean: not given."""
    for name in _OPTIONAL:
        one = stated.get(name)
        default = Default(0, "", "steps")
        is_given = one is not None and isinstance(one.value, (int, float)) and one.value > 0
        typed = override(draft, stage, name, 0, one.value if one is not None and is_given else None)
        if typed is not None:
            yield dataclasses.replace(typed, unit="steps")
        elif one is not None and (is_given or not isinstance(one.value, (int, float))):
            value = _as(default.value, one.value)
            if value is None:
                draft.problems.append(f"{one.key} = {one.raw} ({draft.place(one.line)}): expected a whole number")
            yield Setting(name, value, "stated", sources.card_line(one.line), "steps")


def _note_unknown(draft: Draft, stage: str, one: Stated, program: Program) -> None:
    """A misspelt setting is a problem; one that is none of this stage's is put on record."""
    defaults = program.stages[stage]
    if not is_setting(one.key) and difflib.get_close_matches(one.name, defaults, n=1, cutoff=0.8):
        draft.problems.append(f"unknown setting {one.key} ({draft.place(one.line)}){similar(one.name, defaults)}")
    elif one.name == "fp16":
        pass  # a setting of the run
    elif one.name == "label_smoothing" and program.library in _SMOOTHS_NOTHING:
        why = "the Trainer smooths what its inputs call labels (trainer.py, compute_loss), and these have none"
        draft.ambiguities.append(f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: {why}")
    elif one.name in _CHANGES_TRAINING and str(one.value).lower() not in _NO_CHANGE:
        claimed = f"{stage}: {one.key} = {one.raw} (card line {one.line})"
        why = _WHY_NOT.get(one.name, "no recipe here has this setting")
        draft.deviations.append(Deviation("recipe", claimed, "not done", True, why))
    elif one.name not in NOT_TRAINING:
        draft.ambiguities.append(f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: no setting of {stage}")


def resolve_evaluation(draft: Draft, block: Sequence[Stated], program: Program) -> Stage:
    """The evaluation; another protocol than the program's own, by --set or by the card, brings its own defaults."""
    own = program.stages["evaluation"]["protocol"]
    stated = next((str(one.value) for one in block if one.name == "protocol"), None)
    asked = draft.options.settings.get("evaluation.protocol", stated)
    if asked is not None and asked in EVALUATIONS and asked != own.value:
        defaults = {**EVALUATIONS[asked].stages["evaluation"], "protocol": own}
        program = dataclasses.replace(EVALUATIONS[asked], stages={"evaluation": defaults}, inert={})
    stage = resolve_stage(draft, "evaluation", block, program)
    if stage.get("protocol") not in WITHOUT_NO_ANSWERS:
        return stage
    return dataclasses.replace(stage, settings=(*stage.settings, *_no_answers(draft, block)))


def _no_answers(draft: Draft, block: Sequence[Stated]) -> Iterator[Setting]:
    """Whether a question may go unanswered, where the card or an option says so; else it follows from the data."""
    name = "version_2_with_negative"
    one = next((one for one in reversed(block) if one.name == name), None)
    value = None if one is None else bool(one.value) if one.value in (0, 1) else _as(True, one.value)
    typed = override(draft, "evaluation", name, True, True if value is None else value)
    if typed is not None:
        yield typed
    elif one is not None:
        if value is None:
            draft.problems.append(f"{one.key} = {one.raw} ({draft.place(one.line)}): expected true or false")
        yield Setting(name, value, "stated", sources.card_line(one.line))


def resolve(draft: Draft, stage: str, key: str, default: Default, stated: Stated | None, program: Program) -> Setting:
    """One setting: overridden, else stated, else assumed; a fixed one is the program's own whatever is stated."""
    inert = program.inert.get(stage, {}).get(key)
    usual = stated.value if stated and not default.is_fixed else default.value
    typed = override(draft, stage, key, default.value, usual)
    if typed is not None:
        return dataclasses.replace(typed, unit=default.unit, inert=inert)
    if stated is None or default.is_fixed:
        if stated is not None:
            _note_fixed(draft, stage, key, default, stated, program)
        return Setting(key, default.value, "assumed", program.source(default), default.unit, inert)
    value = _as(default.value, stated.value)
    if value is None:
        what = f"{stated.key} = {stated.raw} ({draft.place(stated.line)})"
        grid = f", not a grid; choose one with --set {stage}.{key}=VALUE" if stated.is_grid else ""
        draft.problems.append(f"{what}: expected {_kind(default.value)}{grid}")
    return Setting(key, value, "stated", sources.card_line(stated.line), default.unit, inert)


def override(draft: Draft, stage: str, key: str, like: Value, usual: Parsed) -> Setting | None:
    """The setting given by --set, in the type of `like`, a departure from `usual` put on record; None without one."""
    typed = draft.options.settings.get(f"{stage}.{key}")
    if typed is None:
        return None
    value = _as(like, value_of(typed))
    if value is None:
        draft.problems.append(f"--set {stage}.{key}={typed}: expected {_kind(like)}")
    if value != _as(like, usual):
        category = "seed" if (stage, key) == ("run", "seed") else _CATEGORIES.get(stage, "recipe")
        claimed, actual = f"{stage}.{key} {usual}", f"{stage}.{key} {typed}"
        draft.deviations.append(Deviation(category, claimed, actual, True, option="--set"))
    return Setting(key, value, "overridden", sources.option("--set", f"{stage}.{key}"))


def _note_fixed(draft: Draft, stage: str, key: str, default: Default, stated: Stated, program: Program) -> None:
    """Puts on record that the card states what this program has no option for."""
    if _as(default.value, stated.value) != default.value:
        claimed = f"{stage}.{key} {stated.raw} (card line {stated.line})"
        why = f"{program.name} sets it itself: {default.symbol}"
        draft.deviations.append(Deviation("recipe", claimed, f"{stage}.{key} {default.value}", True, why))


def _as(like: Value, value: Parsed) -> Value:
    """The value in the type of a setting's default; None when it is not of that kind."""
    if isinstance(like, bool):
        return value if isinstance(value, bool) else None
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(like, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is type(like) and not isinstance(value, tuple) else None


def _kind(like: Value) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}.get(type(like), "a value")


def _hard_label_weight(draft: Draft, stage: str, soft: Setting) -> Setting:
    """Haystack has one weight for both terms: the hard labels get what the soft ones leave."""
    rest = 1.0 - float(str(soft.value))
    typed = override(draft, stage, "hard_label_weight", 1.0, rest)
    if typed is not None:
        return typed
    words = f"1 - soft_label_weight ({sources.describe(soft.source)}); haystack's weight"
    return Setting("hard_label_weight", rest, "derived", sources.rule(words, *soft.source.lines))


def resolve_run(draft: Draft, recipe: str, program: Program) -> tuple[Setting, ...]:
    """What belongs to no single stage: models, data, seed, precision, limit."""
    options = draft.options
    settings = models_of(draft, recipe)
    settings.extend(data_settings(draft, program))
    settings.extend(reading_settings(draft))
    if options.seed is not None:
        draft.deviations.append(Deviation("seed", "the card's seed", f"seed {options.seed}", True, option="--seed"))
        settings.append(Setting("seed", options.seed, "overridden", sources.option("--seed")))
    else:
        settings.append(resolve(draft, "run", "seed", program.stages["run"]["seed"], _stated_seed(draft), program))
    settings.append(_precision(draft))
    settings.append(published(draft))
    settings.append(_rule(draft))
    if options.limit is not None:
        if options.limit < 1:
            draft.problems.append(f"--limit {options.limit}: expected a positive number of questions")
        settings.append(Setting("limit", options.limit, "overridden", sources.option("--limit"), "questions"))
        actual = f"first {options.limit} questions"
        draft.deviations.append(
            Deviation("scope", "all questions", actual, True, reason="judges nothing", option="--limit")
        )
    return tuple(settings)


def _stated_seed(draft: Draft) -> Stated | None:
    return next((one for one in draft.card.stated if one.name == "seed"), None)


def _rule(draft: Draft) -> Setting:
    if draft.options.rule is None:
        why = "harness: the plain rule; --rule equivalence has error rates"
        return Setting("rule", "tolerance", "assumed", sources.rule(why))
    return Setting("rule", draft.options.rule, "overridden", sources.option("--rule"))


def _precision(draft: Draft) -> Setting:
    given, stated = draft.options.precision, _stated_precision(draft.card)
    usual = "fp32" if stated is None else stated[0]
    if given is not None and given != usual:
        draft.deviations.append(Deviation("precision", usual, given, True, option="--precision"))
        return Setting("precision", given, "overridden", sources.option("--precision"))
    if stated is not None:
        return Setting("precision", usual, "stated", sources.card_line(stated[1]))
    symbol = "nodes/reader/farm.py 401, use_amp=None"
    return Setting("precision", usual, "assumed", Source("default", library="haystack", version="1.1.0", symbol=symbol))


def _stated_precision(card: Card) -> tuple[str, int] | None:
    """The half precision that a card says it was trained in, and the line; None for fp32 and where it says nothing."""
    for one in card.stated:
        word = str(one.value).lower()
        if one.name == "fp16" and word not in _FULL:
            is_bf16 = "bf16" in word or "bfloat16" in word or "bf16" in one.key.lower()
            return ("bf16" if is_bf16 else "fp16"), one.line
    return None
