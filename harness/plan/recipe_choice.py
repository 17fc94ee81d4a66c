"""Which recipe a card's words imply, and which program's defaults fill what it leaves out."""

import re
from collections.abc import Mapping

from harness.domain import Card, Deviation, Setting, Stated
from harness.plan import sources
from harness.plan.defaults import PROGRAMS, farm, keras, run_squad, squad_distillation, trainer
from harness.plan.options import Draft, similar
from harness.plan.program_signs import made_with

# Recipe -> its stages, and the words in a heading that say which stage a block of settings is for; "" is the section
# that holds the settings of the card's only training. Two recipes with the same stages are variants of one method: the
# program that the card names decides, else the first. `prediction` is the second stage alone.
STAGES: Mapping[str, Mapping[str, str]] = {
    "haystack": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "tinybert": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "prediction": {"prediction_layer": ""},
    "finetune": {"finetune": ""},
}
# Recipe -> the programs that can fill in its settings, the usual one first.
PROGRAMS_OF: Mapping[str, tuple[str, ...]] = {
    "haystack": ("haystack 1.1.0", "haystack 1.26.4"),
    "tinybert": ("tinybert 0598f02",),
    "prediction": ("haystack 1.1.0", "haystack 1.26.4", squad_distillation.PROGRAM.name),
    "finetune": (
        "haystack 1.1.0",
        "haystack 1.26.4",
        *(one.PROGRAM.name for one in (farm, trainer, run_squad, keras)),
    ),
}
_TWO_STAGES = ("intermediate", "prediction")
_CORE = {"learning_rate", "num_train_epochs", "train_batch_size"}
_NOT_THIS_TRAINING = re.compile(r"pre-?\s?train|^eval|usage|language model|mlm", re.IGNORECASE)
_EVALUATION = re.compile(r"^eval", re.IGNORECASE)
_OF_BOTH = {
    "max_seq_length", "doc_stride", "max_query_length", "eval_batch_size", "max_answer_length", "n_best_size",
    "version_2_with_negative",
}  # fmt: skip
_OF_DISTILLATION = ("soft_label_weight", "teacher", "temperature")
_INTERMEDIATE_TOO = re.compile(r"\bintermediate[- ]layers?\b", re.IGNORECASE)
_MENDED = (1, 4)  # the Haystack release from which on the labels of a context's last token are right
_VERSION = re.compile(r"(\d+)\.(\d+)")


def settings_of(card: Card, words: str) -> tuple[Stated, ...]:
    """What a card states for the stage that `words` in a heading stand for."""
    section = None if words else training_section(card)
    return tuple(one for one in card.stated if (words in one.section.lower() if words else one.section == section))


def settings_of_evaluation(card: Card) -> tuple[Stated, ...]:
    """What a card states under a heading for its evaluation, else in the command that trains and evaluates at once."""
    headed = tuple(one for one in card.stated if _EVALUATION.match(one.section))
    command = [one for one in settings_of(card, "") if one.dialect == "shell"]
    if headed or not any(one.name == "do_train" for one in command):
        return headed
    return tuple(one for one in command if one.name in _OF_BOTH)


def training_section(card: Card) -> str | None:
    """The section with the settings of the card's only training: one called hyperparameters, else the fullest."""
    names: dict[str, set[str]] = {}
    for one in card.stated:
        is_stage = any(words in one.section.lower() for words in _TWO_STAGES)
        if not is_stage and not _NOT_THIS_TRAINING.search(one.section):
            names.setdefault(one.section, set()).add(one.name)
    found = {section: len(known & _CORE) for section, known in names.items() if known & _CORE}
    if not found:
        return next((section for section in names if "hyperparameters" in section.lower()), None)
    return max(found, key=lambda section: ("hyperparam" in section.lower(), found[section]))


def choose_recipe(draft: Draft) -> Setting:
    """The recipe that was asked for, or the one that the card's headings and the program it names imply."""
    implied, named = _implied(draft), draft.options.recipe
    if named is not None:
        if named not in STAGES:
            draft.problems.append(f"recipe {named!r} is not known{similar(named, STAGES)}")
        if implied is None or implied.value != named:
            claimed = (
                f"{implied.value} ({sources.describe(implied.source)})"
                if implied
                else "the recipe of the card's headings"
            )
            draft.deviations.append(Deviation("recipe", claimed, named, True, option="--recipe"))
        return Setting("recipe", named, "overridden", sources.option("--recipe"))
    if implied is not None:
        _note_variant(draft, str(implied.value))
        return implied
    draft.problems.append(
        f"{draft.card.path} states no hyperparameters of a recipe we run; expected a fenced `key = value` block under "
        "headings for both distillation stages, or one under 'Hyperparameters'"
    )
    return Setting("recipe", None, "assumed", sources.rule(""))


def _implied(draft: Draft) -> Setting | None:
    fits = _fitting(draft)
    if not fits:
        return None
    fact = draft.card.fact("framework")
    variant = fact.value.lower().split()[0] if fact else ""
    recipe = variant if variant in fits else next(iter(fits))
    lines, words = fits[recipe], f"headings of the settings from card lines {', '.join(map(str, fits[recipe]))}"
    if fact and variant == recipe:
        lines, words = [*lines, fact.line], f"{words}, and line {fact.line} names {fact.value}"
    if recipe == "prediction":
        words = f"card line {lines[0]} is of distillation, and one block of settings is of one stage"
    return Setting("recipe", recipe, "derived", sources.rule(words, *lines))


def _fitting(draft: Draft) -> dict[str, list[int]]:
    """The recipes that the card's blocks of settings fit, the likeliest first, with the lines that say so."""
    fits = {}
    for recipe, headings in STAGES.items():
        found = [settings_of(draft.card, words) for words in headings.values()]
        if all(found):
            fits[recipe] = sorted({of_one[0].line for of_one in found})
    signs = [one.line for one in settings_of(draft.card, "") if one.name in _OF_DISTILLATION]
    if not signs:
        fits.pop("prediction", None)
    elif "prediction" in fits and "haystack" not in fits:
        fits = {"prediction": signs}
        if _distils_both(draft):
            _note_one_block(draft, signs[0])
            fits = {"haystack": signs}
    return fits


def _distils_both(draft: Draft) -> bool:
    """Whether the text speaks of the intermediate layer too, and the block does not begin after that stage."""
    student, own = draft.card.fact("student"), draft.card.fact("model")
    names = [one.value.lower().rpartition("/")[2] for one in (student, own) if one is not None]
    begins_after = student is not None and own is not None and names[0].startswith(names[1])
    return _INTERMEDIATE_TOO.search(draft.card.text) is not None and not begins_after


def _note_one_block(draft: Draft, line: int) -> None:
    draft.ambiguities.append(
        f"{draft.place(line)}: one block of settings for two stages, so both have it; the other reading is --recipe "
        "prediction"
    )


def blocks_of(draft: Draft, headings: Mapping[str, str]) -> dict[str, tuple[Stated, ...]]:
    """What the card states for each stage; its only block of settings for all of them where no heading names one.

    A training of one stage that was asked of a card of two has what the card states for the second: the same head is
    trained there on the same questions, so the two differ in nothing but the method.
    """
    card = draft.card
    blocks = {stage: settings_of(card, words) for stage, words in headings.items()}
    if any(blocks.values()):
        return blocks
    only = settings_of(card, "")
    if not only and len(headings) == 1:
        (stage,), only = headings, settings_of(card, "prediction")
        if only:
            _note_one_of_two(draft, stage, only[0].line)
    return dict.fromkeys(headings, only)


def _note_one_of_two(draft: Draft, stage: str, line: int) -> None:
    epochs = [one.value for words in _TWO_STAGES for one in settings_of(draft.card, words)
              if one.name == "num_train_epochs" and isinstance(one.value, int | float)]  # fmt: skip
    both = f"; --set {stage}.num_train_epochs={sum(epochs):g} trains for as many as both stages" if epochs else ""
    what = f"{draft.place(line)}: {stage} alone has the settings of the card's prediction layer, its epochs too{both}"
    draft.ambiguities.append(what)


def _note_variant(draft: Draft, recipe: str) -> None:
    """A card of two distillation stages that names no program has two readings, which end at different losses."""
    others = [name for name, stages in STAGES.items() if stages == STAGES[recipe] and name != recipe]
    if others and draft.card.fact("framework") is None:
        draft.ambiguities.append(
            f"{draft.card.path} names no program whose losses it was made with: {recipe} is assumed, the other reading "
            f"is --recipe {others[0]}"
        )


def choose_program(draft: Draft, recipe: str) -> Setting:
    """The program whose defaults fill what the card leaves out; for Haystack, by the version that the card names."""
    usual, *later = PROGRAMS_OF.get(recipe, PROGRAMS_OF["haystack"])
    fact = draft.card.fact("framework")
    made = made_with(draft.card, settings_of(draft.card, ""))
    if made is not None and made[0] in PROGRAMS_OF.get(recipe, ()):
        return Setting("program", made[0], "derived", made[1])
    if fact is None or fact.value.lower().split()[0] != PROGRAMS[usual].library:
        return Setting("program", usual, "assumed", sources.rule(f"the program that the recipe {recipe} follows"))
    version = _VERSION.search(fact.value)
    if version is None:
        why = f"card line {fact.line} names {fact.value}; 1.1.0 is the first release with both distillation stages"
        return Setting("program", usual, "derived", sources.rule(why, fact.line))
    is_mended = (int(version[1]), int(version[2])) >= _MENDED
    why = f"card line {fact.line} names {fact.value}; 1.4.0 mended the labels of a context's last token"
    return Setting("program", later[0] if is_mended and later else usual, "derived", sources.rule(why, fact.line))
