"""Which recipe a card's words imply, and which program's defaults fill what it leaves out."""

import re
from collections.abc import Mapping

from harness.domain import Deviation, Setting
from harness.planning.draft import Draft

# Recipe -> its stages, and the words in a heading that say which stage a block of settings is for. Two recipes with
# the same stages are flavours of one method: the program that the card names decides, else the first.
STAGES: Mapping[str, Mapping[str, str]] = {
    "haystack": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "tinybert": {"intermediate_layer": "intermediate", "prediction_layer": "prediction"},
    "finetune": {"finetune": "hyperparameters"},
}
# Recipe -> the programs that can fill in its settings, the usual one first.
PROGRAMS_OF: Mapping[str, tuple[str, ...]] = {
    "haystack": ("haystack 1.1.0", "haystack 1.26.4"),
    "tinybert": ("tinybert 0598f02",),
    "finetune": ("haystack 1.1.0", "haystack 1.26.4"),
}
_MENDED = (1, 4)  # the Haystack release from which on the labels of a context's last token are right
_VERSION = re.compile(r"(\d+)\.(\d+)")


def choose_recipe(draft: Draft) -> Setting:
    """The recipe that was asked for, or the one that the card's headings and the program it names imply."""
    implied, named = _implied(draft), draft.options.recipe
    if named is not None:
        if named not in STAGES:
            draft.problems.append(f"recipe {named!r} is not known; known: {', '.join(STAGES)}")
        if implied is None or implied.value != named:
            claimed = f"{implied.value} ({implied.source})" if implied else "the recipe of the card's headings"
            draft.deviations.append(Deviation("recipe", claimed, named, True, "--recipe"))
        return Setting("recipe", named, "overridden", "--recipe")
    if implied is not None:
        _note_flavour(draft, str(implied.value))
        return implied
    draft.problems.append(
        f"{draft.card.path} states no hyperparameters of a recipe we run; expected a fenced `key = value` block under "
        "headings for both distillation stages, or one under 'Hyperparameters'"
    )
    return Setting("recipe", None, "assumed", "")


def _implied(draft: Draft) -> Setting | None:
    lines = {one.section.lower(): one.line for one in reversed(draft.card.stated)}
    fits = {}
    for recipe, headings in STAGES.items():
        found = [[line for section, line in lines.items() if words in section] for words in headings.values()]
        if all(found):
            fits[recipe] = ", ".join(str(line) for line in sorted(line for of_one in found for line in of_one))
    if not fits:
        return None
    fact = draft.card.fact("framework")
    flavour = fact.value.lower().split()[0] if fact else ""
    recipe = flavour if flavour in fits else next(iter(fits))
    said = f", and line {fact.line} names {fact.value}" if fact and flavour == recipe else ""
    return Setting("recipe", recipe, "derived", f"headings of the settings from card lines {fits[recipe]}{said}")


def _note_flavour(draft: Draft, recipe: str) -> None:
    """A card of two distillation stages that names no program has two readings, which end at different losses."""
    others = [name for name, stages in STAGES.items() if stages == STAGES[recipe] and name != recipe]
    if others and draft.card.fact("framework") is None:
        draft.ambiguities.append(
            f"{draft.card.path} names no program whose losses it was made with: {recipe} is assumed, the other reading "
            f"is --recipe {others[0]}"
        )


def choose_program(draft: Draft, recipe: Setting) -> Setting:
    """The program whose defaults fill what the card leaves out; for Haystack, by the version that the card names."""
    usual, *later = PROGRAMS_OF.get(str(recipe.value), PROGRAMS_OF["haystack"])
    fact = draft.card.fact("framework")
    if fact is None or not usual.startswith(fact.value.lower().split()[0]):
        return Setting("program", usual, "assumed", f"the program that the recipe {recipe.value} follows")
    version = _VERSION.search(fact.value)
    if version is None:
        why = f"card line {fact.line} names {fact.value}; 1.1.0 is the first release with both distillation stages"
        return Setting("program", usual, "derived", why)
    is_mended = (int(version[1]), int(version[2])) >= _MENDED
    why = f"card line {fact.line} names {fact.value}; 1.4.0 mended the labels of a context's last token"
    return Setting("program", later[0] if is_mended and later else usual, "derived", why)
