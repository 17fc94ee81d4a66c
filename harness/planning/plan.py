"""The plan itself: recipe and program chosen, every section resolved, what is ambiguous or missing put on record."""

import dataclasses
import re
from collections.abc import Mapping

from harness.domain import Card, Deviation, Experiment, Setting, Stage
from harness.errors import PlanError
from harness.planning.checks import check_overrides, check_run, check_stage, note_conflicts
from harness.planning.draft import Draft, Options
from harness.planning.settings import resolve_run, resolve_stage
from harness.planning.tolerances import distinct, tolerances
from harness.programs import PROGRAMS

DEFAULT_PROGRAM = "haystack 1.1.0"

# Recipe -> its stages, and the words in a heading that say which stage a block of settings is for.
STAGES: Mapping[str, Mapping[str, str]] = {
    "tinybert": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "finetune": {"finetune": "hyperparameters"},
}
_EVALUATION_HEADING = "evaluation"
_AUGMENTED = re.compile(r"\bx\s*(\d+)\s+augmented", re.IGNORECASE)


def plan(card: Card, options: Options) -> Experiment:
    """The resolved experiment; raises PlanError listing every problem of card and options together."""
    draft = Draft(card, options)
    recipe, program = _choose_recipe(draft), _choose_program(draft)
    defaults = PROGRAMS[DEFAULT_PROGRAM]
    headings = STAGES.get(str(recipe.value), {})
    stages = tuple(resolve_stage(draft, name, heading, defaults) for name, heading in headings.items())
    stages = tuple(_with_augmentation(draft, stage) for stage in stages)
    evaluation = resolve_stage(draft, "evaluation", _EVALUATION_HEADING, defaults)
    run_settings = resolve_run(draft, str(recipe.value), defaults)
    allowed = tolerances(draft)
    run = Stage("run", (recipe, program, *run_settings, *allowed))
    check_overrides(draft, run, (*stages, evaluation))
    check_run(draft, run)
    for stage in (*stages, evaluation):
        check_stage(draft, stage)
    note_conflicts(draft)
    _note_evaluation_length(draft, stages, evaluation)
    _note_unused(draft, (*headings.values(), _EVALUATION_HEADING))
    if draft.problems:
        raise PlanError(draft.problems)
    return Experiment(
        name=card.name,
        card_path=card.path,
        card_sha256=card.sha256,
        recipe=str(recipe.value),
        program=str(program.value),
        run=run,
        stages=stages,
        evaluation=evaluation,
        claims=distinct(card.claims),
        ambiguities=tuple(draft.ambiguities),
        deviations=tuple(draft.deviations),
        declared_gpu=_words(card, "infrastructure"),
        declared_eval_data=_words(card, "eval_data"),
    )


def _words(card: Card, name: str) -> str | None:
    fact = card.fact(name)
    return fact.value if fact else None


def with_deviation(experiment: Experiment, deviation: Deviation | None) -> Experiment:
    """The same experiment with one more deviation on record."""
    if deviation is None:
        return experiment
    return dataclasses.replace(experiment, deviations=(*experiment.deviations, deviation))


def _choose_recipe(draft: Draft) -> Setting:
    """The named recipe, or the one whose stages the card's headings speak of."""
    named = draft.options.recipe
    if named is not None:
        if named not in STAGES:
            draft.problems.append(f"recipe {named!r} is not known; known: {', '.join(STAGES)}")
        draft.deviations.append(Deviation("recipe", "the recipe of the card's headings", named, True, "--recipe"))
        return Setting("recipe", named, "overridden", "--recipe")
    lines = {one.section.lower(): one.line for one in reversed(draft.card.stated)}
    for recipe, headings in STAGES.items():
        found = [[line for section, line in lines.items() if words in section] for words in headings.values()]
        if all(found):
            where = ", ".join(str(line) for line in sorted(line for lines_of_one in found for line in lines_of_one))
            return Setting("recipe", recipe, "derived", f"headings of the settings from card lines {where}")
    draft.problems.append(
        f"{draft.card.path} states no hyperparameters of a recipe we run; expected a fenced `key = value` block under "
        "headings for both distillation stages, or one under 'Hyperparameters'"
    )
    return Setting("recipe", None, "assumed", "")


def _choose_program(draft: Draft) -> Setting:
    """The library whose defaults fill what the card leaves out."""
    fact = draft.card.fact("framework")
    if fact is None:
        return Setting("program", DEFAULT_PROGRAM, "assumed", "harness: the only program it knows the defaults of")
    why = f"card line {fact.line} names {fact.value}; 1.1.0 is the first release with both distillation stages"
    return Setting("program", DEFAULT_PROGRAM, "derived", why)


def _with_augmentation(draft: Draft, stage: Stage) -> Stage:
    """Puts the card's words about augmented data on record, with the reading taken: only the intermediate stage's."""
    fact = draft.card.fact("train_data")
    match = _AUGMENTED.search(fact.value) if fact else None
    if fact is None or match is None or stage.name != "intermediate_layer":
        return stage
    draft.ambiguities.append(
        f"{draft.place(fact.line)}: '{fact.value}' is read as intermediate_layer on x{match[1]} augmented data and "
        "prediction_layer on plain data, as Haystack's own guide does it; the other reading is one merged set"
    )
    why = "this version has no augmentation step"
    claimed = f"{stage.name} on x{match[1]} augmented data (card line {fact.line})"
    draft.deviations.append(Deviation("data", claimed, f"{stage.name} on plain data", True, why))
    factor = Setting("augmentation_factor", int(match[1]), "stated", f"card line {fact.line}", "copies", inert=why)
    return Stage(stage.name, (*stage.settings, factor))


def _note_unused(draft: Draft, headings: tuple[str, ...]) -> None:
    """Settings under a heading that belongs to no stage are said to be unused, not dropped in silence."""
    for one in draft.card.stated:
        if one.name != "seed" and not any(words in one.section.lower() for words in headings):
            draft.ambiguities.append(
                f"{draft.place(one.line)}: {one.key} = {one.raw} is not used: '{one.section}' is no stage of "
                "this recipe"
            )


def _note_evaluation_length(draft: Draft, stages: tuple[Stage, ...], evaluation: Stage) -> None:
    """Haystack evaluates at the reader's own length, not at the one it trained with, unless told: a likely surprise."""
    length = next(setting for setting in evaluation.settings if setting.name == "max_seq_length")
    lengths = [stage.value("max_seq_length") for stage in stages]
    trained = {value for value in lengths if isinstance(value, int)}
    if length.origin == "assumed" and trained - {length.value}:
        draft.ambiguities.append(
            f"{draft.card.path} does not say at which length it was evaluated: {length.value} is the default of "
            f"{DEFAULT_PROGRAM}, whatever the training length ({', '.join(map(str, sorted(trained)))}); the other "
            f"reading is --set evaluation.max_seq_length={max(trained)}"
        )
