"""Every setting of a stage and of the run, with its origin: overridden, else stated, else derived or assumed."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from harness import references
from harness.dialects.names import value_of
from harness.domain import Card, Deviation, Setting, Stage, Stated, Value
from harness.planning.draft import Draft, similar
from harness.programs import EVALUATIONS
from harness.programs.defaults import Default, Program

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CATEGORIES: Mapping[str, Literal["recipe", "evaluation", "data"]] = {
    "evaluation": "evaluation",
    "augmentation": "data",
}


def resolve_stage(draft: Draft, name: str, heading: str, program: Program) -> Stage:
    """Every setting of one stage: overridden, else stated, else assumed from the program's defaults."""
    defaults = program.stages[name]
    stated = _stated_for(draft.card, heading)
    for unknown in sorted(set(stated) - set(defaults) - {"seed"}):
        one = stated[unknown]
        if name == "evaluation" and any(unknown in other.stages[name] for other in EVALUATIONS.values()):
            what = f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: this protocol has no such setting"
            draft.ambiguities.append(what)
        else:
            draft.problems.append(f"unknown setting {one.key} ({draft.place(one.line)}){similar(one.name, defaults)}")
    settings = []
    for key, default in defaults.items():
        setting = resolve(draft, name, key, default, stated.get(key), program)
        settings.append(setting)
        if key == "soft_label_weight" and setting.inert is None and isinstance(setting.value, (int, float)):
            settings.append(_hard_label_weight(draft, name, setting))
    return Stage(name, tuple(settings))


def resolve_evaluation(draft: Draft, heading: str, program: Program) -> Stage:
    """The evaluation; another protocol than the program's own, by --set or by the card, brings its own defaults."""
    own, stated = program.stages["evaluation"]["protocol"], _stated_for(draft.card, heading).get("protocol")
    asked = draft.options.settings.get("evaluation.protocol", str(stated.value) if stated else None)
    if asked is None or asked not in EVALUATIONS or asked == own.value:
        return resolve_stage(draft, "evaluation", heading, program)
    other = EVALUATIONS[asked]
    defaults = {**other.stages["evaluation"], "protocol": own}
    return resolve_stage(draft, "evaluation", heading, Program(other.name, {"evaluation": defaults}, inert={}))


def _stated_for(card: Card, words: str) -> dict[str, Stated]:
    return {one.name: one for one in card.stated if words in one.section.lower()}


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
        return Setting(key, default.value, "assumed", f"{program.name} {default.symbol}", default.unit, inert)
    value = _as(default.value, stated.value)
    if value is None:
        what = f"{stated.key} = {stated.raw} ({draft.place(stated.line)})"
        draft.problems.append(f"{what}: expected {_kind(default.value)}")
    return Setting(key, value, "stated", f"card line {stated.line}", default.unit, inert)


def override(draft: Draft, stage: str, key: str, like: Value, usual: Value) -> Setting | None:
    """The setting given by --set, in the type of `like`, a departure from `usual` put on record; None without one."""
    typed = draft.options.settings.get(f"{stage}.{key}")
    if typed is None:
        return None
    value = _as(like, value_of(typed))
    if value is None:
        draft.problems.append(f"--set {stage}.{key}={typed}: expected {_kind(like)}")
    if value != _as(like, usual):
        category: Literal["recipe", "evaluation", "data"] = _CATEGORIES.get(stage, "recipe")
        draft.deviations.append(Deviation(category, f"{stage}.{key} {usual}", f"{stage}.{key} {typed}", True, "--set"))
    return Setting(key, value, "overridden", f"--set {stage}.{key}")


def _note_fixed(draft: Draft, stage: str, key: str, default: Default, stated: Stated, program: Program) -> None:
    """Puts on record that the card states what this program has no option for."""
    if _as(default.value, stated.value) != default.value:
        claimed = f"{stage}.{key} {stated.raw} (card line {stated.line})"
        why = f"{program.name} sets it itself: {default.symbol}"
        draft.deviations.append(Deviation("recipe", claimed, f"{stage}.{key} {default.value}", True, why))


def _as(like: Value, value: Value) -> Value:
    """The value in the type of a setting's default; None when it is not of that kind."""
    if isinstance(like, bool):
        return value if isinstance(value, bool) else None
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(like, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is type(like) else None


def _kind(like: Value) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}.get(type(like), "a value")


def _hard_label_weight(draft: Draft, stage: str, soft: Setting) -> Setting:
    """Haystack has one weight for both terms: the hard labels get what the soft ones leave."""
    rest = 1.0 - float(str(soft.value))
    typed = override(draft, stage, "hard_label_weight", 1.0, rest)
    if typed is not None:
        return typed
    return Setting("hard_label_weight", rest, "derived", f"1 - soft_label_weight ({soft.source}); haystack's weight")


def resolve_run(draft: Draft, recipe: str, program: Program) -> tuple[Setting, ...]:
    """What belongs to no single stage: models, data, seed, precision, limit."""
    options = draft.options
    settings = []
    if recipe != "finetune":
        settings.append(_model(draft, "teacher", options.teacher))
        settings.append(_check_of(draft, settings[-1]))
    else:
        given = {"--teacher": options.teacher is not None, "--check-teacher": options.check_teacher}
        draft.problems += [
            f"{name}: the recipe finetune has no teacher" for name, is_given in given.items() if is_given
        ]
    settings.append(_model(draft, "student", options.student))
    settings.append(_data(draft, "train_data", options.train, "--train FILE"))
    settings.append(_data(draft, "eval_data", options.eval, "--eval FILE"))
    if options.seed is not None:
        draft.deviations.append(Deviation("seed", "the card's seed", f"seed {options.seed}", True, "--seed"))
        settings.append(Setting("seed", options.seed, "overridden", "--seed"))
    else:
        settings.append(resolve(draft, "run", "seed", program.stages["run"]["seed"], _stated_seed(draft), program))
    settings.append(_precision(draft))
    settings.append(_published(draft))
    settings.append(_rule(draft))
    if options.limit is not None:
        if options.limit < 1:
            draft.problems.append(f"--limit {options.limit}: expected a positive number of questions")
        settings.append(Setting("limit", options.limit, "overridden", "--limit", "questions"))
        draft.deviations.append(
            Deviation("scope", "all questions", f"first {options.limit} questions", True, "--limit; judges nothing")
        )
    return tuple(settings)


def _stated_seed(draft: Draft) -> Stated | None:
    return next((one for one in draft.card.stated if one.name == "seed"), None)


def _model(draft: Draft, name: str, option: str | None) -> Setting:
    fact = draft.card.fact(name)
    if option is not None:
        if fact is not None and option != fact.value:
            draft.deviations.append(Deviation("recipe", f"{name} {fact.value}", f"{name} {option}", True, f"--{name}"))
        return Setting(name, option, "overridden", f"--{name}")
    if fact is None:
        draft.problems.append(f"{name}: {draft.card.path} states none; give --{name} ID|DIR|CARD")
        return Setting(name, None, "assumed", "")
    return Setting(name, fact.value, "stated", f"card line {fact.line}")


def _check_of(draft: Draft, teacher: Setting) -> Setting:
    """Whether the teacher must reach its own card's claims before anything is trained."""
    if str(teacher.value).endswith(".md"):
        return Setting("check_teacher", True, "derived", "the teacher is a card, which is run to its verdict first")
    if draft.options.check_teacher:
        return Setting("check_teacher", True, "overridden", "--check-teacher")
    why = "harness: whether the teacher reaches its own claim is not checked, unless --check-teacher"
    return Setting("check_teacher", False, "assumed", why)


def _data(draft: Draft, name: str, option: str | None, how: str) -> Setting:
    fact = draft.card.fact(name)
    if option is not None:
        if not Path(option).expanduser().is_file():
            draft.problems.append(f"{how.split()[0]} {option}: no such file")
        if fact is not None:
            draft.deviations.append(Deviation("data", f"{name}: {fact.value}", option, True, how.split()[0]))
        return Setting(name, option, "overridden", how)
    if fact is None:
        draft.problems.append(f"{name}: {draft.card.path} states none; give {how}")
        return Setting(name, None, "assumed", "")
    named = references.data_named(fact.value)
    if named is None:
        draft.problems.append(f"{name}: '{fact.value}' ({draft.place(fact.line)}) names no data we know; give {how}")
    return Setting(name, named, "derived", f"card line {fact.line}, '{fact.value}'")


def _published(draft: Draft) -> Setting:
    """The weights that the card speaks of, scored beside our own; None where they are not to be looked for."""
    option, fact = draft.options.published, draft.card.fact("model")
    if option is not None:
        return Setting("published", None if option == "none" else option, "overridden", "--published")
    if draft.options.limit is not None:
        return Setting("published", None, "derived", "--limit: part of the questions judges nothing")
    if fact is None or not _HUB_ID.fullmatch(fact.value):
        return Setting("published", None, "assumed", "the card names no model on the Hub; --published ID|DIR")
    return Setting("published", fact.value, "stated", f"card line {fact.line}")


def _rule(draft: Draft) -> Setting:
    if draft.options.rule is None:
        return Setting("rule", "tolerance", "assumed", "harness: the plain rule; --rule equivalence has error rates")
    return Setting("rule", draft.options.rule, "overridden", "--rule")


def _precision(draft: Draft) -> Setting:
    precision = draft.options.precision
    if precision == "fp32":
        return Setting("precision", "fp32", "assumed", "haystack 1.1.0 nodes/reader/farm.py 401, use_amp=None")
    draft.deviations.append(Deviation("precision", "fp32", precision, True, "--precision"))
    return Setting("precision", precision, "overridden", "--precision")
