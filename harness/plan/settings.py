"""Every setting of a stage and of the run, with its origin: overridden, else stated, else derived or assumed."""

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.card import references
from harness.card.dialects.names import is_setting
from harness.card.dialects.values import Parsed, value_of
from harness.domain import Deviation, Setting, Source, Stage, Stated, Value
from harness.plan import sources
from harness.plan.card_settings import completed
from harness.plan.data_reading import reading_settings
from harness.plan.datasets import data_settings
from harness.plan.defaults import EVALUATIONS
from harness.plan.defaults.default import Default, Program
from harness.plan.options import Draft, similar

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CATEGORIES: Mapping[str, Literal["recipe", "evaluation", "data", "seed"]] = {
    "evaluation": "evaluation",
    "augmentation": "data",
}

# What a card may state that changes a training and that no recipe here can do.
_CHANGES_TRAINING = {
    "warmup_steps", "max_steps", "optimizer", "dropout", "attention_dropout", "label_smoothing", "fp16",
    "gradient_accumulation_steps", "total_train_batch_size", "num_devices",
}  # fmt: skip
_NO_CHANGE = ("0", "0.0", "false", "none", "null", "-1", "adamw", "adam", "1", "adamw_torch", "adamw_hf")
# Where files lie, what is run and how often it is written down: not settings of a training.
NOT_TRAINING = {
    "do_train", "do_eval", "do_predict", "train_file", "predict_file", "data_dir", "output_dir", "save_steps",
    "threads",
    "logging_steps", "logging_dir", "overwrite_output_dir", "overwrite_cache", "run_name", "save_strategy", "report_to",
    "evaluation_strategy", "evaluation_steps", "save_total_limit", "base_model", "model_type", "eval_batch_size",
    "dataset_name", "dataset_config_name", "tokenizer_name", "push_to_hub", "logging_strategy", "distributed_type",
    "total_eval_batch_size", "teacher", "do_lower_case", "version_2_with_negative", "load_best_model_at_end",
}  # fmt: skip


def resolve_stage(draft: Draft, name: str, block: Sequence[Stated], program: Program) -> Stage:
    """Every setting of one stage: overridden, else stated, else assumed from the program's defaults."""
    defaults = program.stages[name]
    stated, worked_out = completed(block, defaults)
    for unknown in sorted(set(stated) - set(defaults) - {"seed"}):
        one = stated[unknown]
        if name == "evaluation" and any(unknown in other.stages[name] for other in EVALUATIONS.values()):
            what = f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: this protocol has no such setting"
            draft.ambiguities.append(what)
        else:
            _note_unknown(draft, name, one, defaults)
    settings = []
    for key, default in defaults.items():
        setting = resolve(draft, name, key, default, stated.get(key), program)
        if key in worked_out and setting.origin == "stated":
            setting = dataclasses.replace(setting, origin="derived", source=worked_out[key])
        settings.append(setting)
        if key == "soft_label_weight" and setting.inert is None and isinstance(setting.value, (int, float)):
            settings.append(_hard_label_weight(draft, name, setting))
    return Stage(name, tuple(settings))


def _note_unknown(draft: Draft, stage: str, one: Stated, defaults: Mapping[str, Default]) -> None:
    """A misspelt setting is a problem; one that is none of this stage's is put on record."""
    if not is_setting(one.key) and difflib.get_close_matches(one.name, defaults, n=1, cutoff=0.8):
        draft.problems.append(f"unknown setting {one.key} ({draft.place(one.line)}){similar(one.name, defaults)}")
    elif _is_bf16(one):
        pass  # a setting of the run
    elif one.name in _CHANGES_TRAINING and str(one.value).lower() not in _NO_CHANGE:
        claimed = f"{stage}: {one.key} = {one.raw} (card line {one.line})"
        draft.deviations.append(Deviation("recipe", claimed, "not done", True, "no recipe here has this setting"))
    elif one.name not in NOT_TRAINING:
        draft.ambiguities.append(f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: no setting of {stage}")


def resolve_evaluation(draft: Draft, block: Sequence[Stated], program: Program) -> Stage:
    """The evaluation; another protocol than the program's own, by --set or by the card, brings its own defaults."""
    own = program.stages["evaluation"]["protocol"]
    stated = next((str(one.value) for one in block if one.name == "protocol"), None)
    asked = draft.options.settings.get("evaluation.protocol", stated)
    if asked is None or asked not in EVALUATIONS or asked == own.value:
        return resolve_stage(draft, "evaluation", block, program)
    other = EVALUATIONS[asked]
    defaults = {**other.stages["evaluation"], "protocol": own}
    return resolve_stage(
        draft, "evaluation", block, dataclasses.replace(other, stages={"evaluation": defaults}, inert={})
    )


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
    settings: list[Setting] = []
    if recipe != "finetune":
        settings.extend(_teacher(draft))
        settings.append(_check_of(draft, settings[0]))
    else:
        given = {"--teacher": options.teacher is not None, "--check-teacher": options.check_teacher}
        draft.problems += [
            f"{name}: the recipe finetune has no teacher" for name, is_given in given.items() if is_given
        ]
    settings.append(_model(draft, "student", options.student))
    settings.extend(_student_layers(draft))
    settings.extend(data_settings(draft, program))
    settings.extend(reading_settings(draft))
    if options.seed is not None:
        draft.deviations.append(Deviation("seed", "the card's seed", f"seed {options.seed}", True, option="--seed"))
        settings.append(Setting("seed", options.seed, "overridden", sources.option("--seed")))
    else:
        settings.append(resolve(draft, "run", "seed", program.stages["run"]["seed"], _stated_seed(draft), program))
    settings.append(_precision(draft))
    settings.append(_published(draft))
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


def _model(draft: Draft, name: str, given: str | None) -> Setting:
    fact, option = draft.card.fact(name), f"--{name}"
    if given is not None:
        if fact is not None and references.unpinned(given) != fact.value:
            claimed, actual = f"{name} {fact.value}", f"{name} {given}"
            draft.deviations.append(Deviation("recipe", claimed, actual, True, option=option))
        return Setting(name, given, "overridden", sources.option(option))
    if fact is None:
        draft.problems.append(f"{name}: {draft.card.path} states none; give {option} ID|DIR|CARD")
        return Setting(name, None, "assumed", sources.rule(""))
    return Setting(name, fact.value, "stated", sources.card_line(fact.line))


def _teacher(draft: Draft) -> Iterator[Setting]:
    """The teacher; where a finished run is given and the card's own teacher is a card, which run of it to take."""
    option, fact = draft.options.teacher, draft.card.fact("teacher")
    if option is None or not references.is_run(option):
        yield _model(draft, "teacher", option)
        return
    if fact is None or not fact.value.endswith(".md"):
        what = "is a run, and the card's teacher is no card that it could be a run of"
        draft.problems.append(f"--teacher {option}: {what}; give the folder of its student")
    yield _model(draft, "teacher", None)
    what = "a finished run of its card, of whatever seed and code"
    claimed = "the teacher that the run's own seed makes"
    draft.deviations.append(Deviation("seed", claimed, what, True, option="--teacher"))
    yield Setting("teacher_run", Path(option).as_posix(), "overridden", sources.option("--teacher"))


def _student_layers(draft: Draft) -> Iterator[Setting]:
    """Which layers of its model the student begins with; none where it begins with all of them."""
    fact, option = draft.card.fact("student_layers"), draft.options.student_layers
    if option is not None:
        plain = ", ".join(part.strip() for part in option.split(","))
        if not all(part.isdecimal() and int(part) > 0 for part in plain.split(", ")):
            draft.problems.append(f"--student-layers {option}: expected numbers of layers from 1, as in 2,4,6")
        if fact is None or fact.value != plain:
            claimed = f"layers {fact.value}" if fact else "all layers"
            draft.deviations.append(Deviation("recipe", claimed, f"layers {plain}", True, option="--student-layers"))
        yield Setting("student_layers", plain, "overridden", sources.option("--student-layers"))
    elif fact is not None and draft.options.student is None:
        yield Setting("student_layers", fact.value, "stated", sources.card_line(fact.line))


def _check_of(draft: Draft, teacher: Setting) -> Setting:
    """Whether the teacher must reach its own card's claims before anything is trained."""
    if str(teacher.value).endswith(".md"):
        why = "the teacher is a card, which is run to its verdict first"
        return Setting("check_teacher", True, "derived", sources.rule(why))
    if draft.options.check_teacher:
        return Setting("check_teacher", True, "overridden", sources.option("--check-teacher"))
    why = "harness: whether the teacher reaches its own claim is not checked, unless --check-teacher"
    return Setting("check_teacher", False, "assumed", sources.rule(why))


def _published(draft: Draft) -> Setting:
    """The weights that the card speaks of, scored beside our own; None where they are not to be looked for."""
    option, fact = draft.options.published, draft.card.fact("model")
    if option is not None:
        return Setting("published", None if option == "none" else option, "overridden", sources.option("--published"))
    if draft.options.limit is not None:
        return Setting("published", None, "derived", sources.rule("--limit: part of the questions judges nothing"))
    if fact is None or not _HUB_ID.fullmatch(fact.value):
        why = "the card names no model on the Hub; --published ID|DIR"
        return Setting("published", None, "assumed", sources.rule(why))
    return Setting("published", fact.value, "stated", sources.card_line(fact.line))


def _rule(draft: Draft) -> Setting:
    if draft.options.rule is None:
        why = "harness: the plain rule; --rule equivalence has error rates"
        return Setting("rule", "tolerance", "assumed", sources.rule(why))
    return Setting("rule", draft.options.rule, "overridden", sources.option("--rule"))


def _precision(draft: Draft) -> Setting:
    given, stated = draft.options.precision, next(filter(_is_bf16, draft.card.stated), None)
    usual = "fp32" if stated is None else "bf16"
    if given is not None and given != usual:
        draft.deviations.append(Deviation("precision", usual, given, True, option="--precision"))
        return Setting("precision", given, "overridden", sources.option("--precision"))
    if stated is not None:
        return Setting("precision", usual, "stated", sources.card_line(stated.line))
    symbol = "nodes/reader/farm.py 401, use_amp=None"
    return Setting("precision", usual, "assumed", Source("default", library="haystack", version="1.1.0", symbol=symbol))


def _is_bf16(one: Stated) -> bool:
    """Whether a card says that it was trained in bfloat16, as `mixed_precision = bf16` or `bf16 = True`."""
    if one.name != "fp16":
        return False
    return str(one.value).lower() == "bf16" or ("bf16" in one.key.lower() and one.value is True)
