"""Which recipe a card's words imply, and which program's defaults fill what it leaves out."""

import re
from collections.abc import Mapping

from harness.domain import Card, Deviation, Setting, Source, Stated
from harness.plan import sources
from harness.plan.defaults import PROGRAMS, trainer
from harness.plan.options import Draft

# Recipe -> its stages, and the words in a heading that say which stage a block of settings is for; "" is the section
# that holds the settings of the card's only training. Two recipes with the same stages are variants of one method: the
# program that the card names decides, else the first.
STAGES: Mapping[str, Mapping[str, str]] = {
    "haystack": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "tinybert": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "finetune": {"finetune": ""},
}
# Recipe -> the programs that can fill in its settings, the usual one first.
PROGRAMS_OF: Mapping[str, tuple[str, ...]] = {
    "haystack": ("haystack 1.1.0", "haystack 1.26.4"),
    "tinybert": ("tinybert 0598f02",),
    "finetune": ("haystack 1.1.0", "haystack 1.26.4", trainer.PROGRAM.name),
}
_TWO_STAGES = ("intermediate", "prediction")
_CORE = {"learning_rate", "num_train_epochs", "train_batch_size"}
_NOT_THIS_TRAINING = re.compile(r"pre-?\s?train|^eval|usage|language model|mlm", re.IGNORECASE)
_EVALUATION = re.compile(r"^eval", re.IGNORECASE)
_OF_BOTH = {"max_seq_length", "doc_stride", "max_query_length", "eval_batch_size", "max_answer_length", "n_best_size"}
_OF_FARM = {"n_epochs", "max_seq_len", "embeds_dropout_prob", "base_LM_model", "warmup_proportion"}
_OF_TRAINER = {"num_train_epochs", "per_device_train_batch_size", "per_gpu_train_batch_size"}
_OF_TRANSFORMERS = ("transformers", "pytorch", "generated_from_trainer")
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
            draft.problems.append(f"recipe {named!r} is not known; known: {', '.join(STAGES)}")
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
    if _distils_in_one_stage(draft):
        return Setting("recipe", None, "assumed", sources.rule(""))
    draft.problems.append(
        f"{draft.card.path} states no hyperparameters of a recipe we run; expected a fenced `key = value` block under "
        "headings for both distillation stages, or one under 'Hyperparameters'"
    )
    return Setting("recipe", None, "assumed", sources.rule(""))


def _distils_in_one_stage(draft: Draft) -> bool:
    """Says so where a card's only block of settings is one of distillation: no recipe here has that stage alone."""
    block = settings_of(draft.card, "")
    signs = [one for one in block if one.name in ("soft_label_weight", "teacher", "temperature")]
    if not signs or draft.options.recipe is not None:
        return False
    draft.problems.append(
        f"{draft.place(signs[0].line)}: {signs[0].key} = {signs[0].raw} is of distillation, but '{signs[0].section}' "
        "is the only block of settings: the recipe haystack needs one under a heading for the intermediate layer and "
        "one for the prediction layer; --recipe finetune leaves the teacher out"
    )
    return True


def _implied(draft: Draft) -> Setting | None:
    fits: dict[str, list[int]] = {}
    for recipe, headings in STAGES.items():
        found = [settings_of(draft.card, words) for words in headings.values()]
        if all(found):
            fits[recipe] = sorted({of_one[0].line for of_one in found})
    if list(fits) == ["finetune"] and any(
        one.name in ("soft_label_weight", "teacher") for one in settings_of(draft.card, "")
    ):
        return None
    if not fits:
        return None
    fact = draft.card.fact("framework")
    variant = fact.value.lower().split()[0] if fact else ""
    recipe = variant if variant in fits else next(iter(fits))
    lines, words = fits[recipe], f"headings of the settings from card lines {', '.join(map(str, fits[recipe]))}"
    if fact and variant == recipe:
        lines, words = [*lines, fact.line], f"{words}, and line {fact.line} names {fact.value}"
    return Setting("recipe", recipe, "derived", sources.rule(words, *lines))


def _note_variant(draft: Draft, recipe: str) -> None:
    """A card of two distillation stages that names no program has two readings, which end at different losses."""
    others = [name for name, stages in STAGES.items() if stages == STAGES[recipe] and name != recipe]
    if others and draft.card.fact("framework") is None:
        draft.ambiguities.append(
            f"{draft.card.path} names no program whose losses it was made with: {recipe} is assumed, the other reading "
            f"is --recipe {others[0]}"
        )


def _made_by_transformers(card: Card) -> Source | None:
    """By what a card counts as made with transformers' own programs, None where nothing says so."""
    if any(fact.name == "framework" and fact.value.lower().startswith("haystack") for fact in card.facts):
        return None
    for fact in card.facts:
        named = fact.name == "framework" and fact.value.split()[0] in _OF_TRANSFORMERS
        if named or (fact.name == "tag" and fact.value in _OF_TRANSFORMERS[2:]):
            return sources.rule(f"card line {fact.line} says {fact.value}", fact.line)
    block = settings_of(card, "")
    command = next((one for one in block if one.dialect in ("shell", "call")), None)
    if command is None and not any(one.key in _OF_FARM for one in block):
        command = next((one for one in block if one.key in _OF_TRAINER), None)
    if command is None:
        return None
    return sources.rule(f"card line {command.line}: {command.key} is an option of transformers' programs", command.line)


def choose_program(draft: Draft, recipe: str) -> Setting:
    """The program whose defaults fill what the card leaves out; for Haystack, by the version that the card names."""
    usual, *later = PROGRAMS_OF.get(recipe, PROGRAMS_OF["haystack"])
    fact = draft.card.fact("framework")
    if recipe == "finetune":
        source = _made_by_transformers(draft.card)
        if source:
            return Setting("program", trainer.PROGRAM.name, "derived", source)
    if fact is None or fact.value.lower().split()[0] != PROGRAMS[usual].library:
        return Setting("program", usual, "assumed", sources.rule(f"the program that the recipe {recipe} follows"))
    version = _VERSION.search(fact.value)
    if version is None:
        why = f"card line {fact.line} names {fact.value}; 1.1.0 is the first release with both distillation stages"
        return Setting("program", usual, "derived", sources.rule(why, fact.line))
    is_mended = (int(version[1]), int(version[2])) >= _MENDED
    why = f"card line {fact.line} names {fact.value}; 1.4.0 mended the labels of a context's last token"
    return Setting("program", later[0] if is_mended and later else usual, "derived", sources.rule(why, fact.line))
