"""The card's words about augmented training data, and the settings of the step that makes it."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from harness.domain import Card, Deviation, Setting, Stage
from harness.plan import sources
from harness.plan.defaults.default import Program
from harness.plan.options import Draft
from harness.plan.settings import override, resolve

_AUGMENTED = re.compile(r"\bx\s*(\d+)\s+augmented", re.IGNORECASE)
STAGE = "intermediate_layer"  # the stage that runs on augmented data
WITHOUT = "none"


def resolve_augmentation(draft: Draft, stages: tuple[Stage, ...], program: Program) -> Stage | None:
    """The augmentation of the intermediate stage's data, None where the card speaks of none; both readings noted."""
    fact = draft.card.fact("train_data")
    match = _AUGMENTED.search(fact.value) if fact else None
    if fact is None or match is None or STAGE not in {stage.name for stage in stages}:
        _refuse_options(draft, "the card speaks of no augmented data that a stage of this recipe runs on")
        return None
    factor = override(draft, "augmentation", "factor", int(match[1]), int(match[1]))
    defaults = program.stages["augmentation"]
    settings = [resolve(draft, "augmentation", name, default, None, program) for name, default in defaults.items()]
    factor = factor or Setting("factor", int(match[1]), "stated", sources.card_line(fact.line), "copies")
    if factor.value == 0:
        _refuse_options(draft, "nothing is augmented (augmentation.factor is 0)")
        settings = [dataclasses.replace(setting, inert="nothing is augmented") for setting in settings]
        return Stage("augmentation", (factor, *settings))
    draft.ambiguities.extend(readings(draft.card))
    _note_readings(draft, fact.line, settings)
    return Stage("augmentation", (factor, *(_with_option(draft, setting) for setting in settings)))


def readings(card: Card) -> tuple[str, ...]:
    """Both readings of a card's line about augmented training data; () where it speaks of none."""
    fact = card.fact("train_data")
    match = _AUGMENTED.search(fact.value) if fact else None
    if fact is None or match is None:
        return ()
    return (
        f"{card.path}:{fact.line}: '{fact.value}' is read as {STAGE} on x{match[1]} augmented data and "
        "prediction_layer on plain data, as Haystack's own guide does it; the other reading is one merged set",
    )


def _options(draft: Draft) -> dict[str, str | None]:
    return {"masked_lm": draft.options.masked_lm, "glove": draft.options.glove}


def _refuse_options(draft: Draft, why: str) -> None:
    for name, given in _options(draft).items():
        if given is not None:
            draft.problems.append(f"--{name.replace('_', '-')} {given}: {why}")


def _with_option(draft: Draft, setting: Setting) -> Setting:
    """The masked language model and the GloVe file have options of their own."""
    given, option = _options(draft).get(setting.name), f"--{setting.name.replace('_', '-')}"
    if given is None:
        return setting
    if setting.name == "glove" and given != WITHOUT and not Path(given).expanduser().is_file():
        draft.problems.append(f"{option} {given}: no such file")
    if setting.name == "masked_lm" and (given.endswith(".md") or given.startswith("random:")):
        draft.problems.append(f"{option} {given}: expected a Hub id or a local folder")
    what = "augmented without GloVe: words of several pieces stay" if given == WITHOUT else f"{setting.name} {given}"
    draft.deviations.append(Deviation("data", f"{setting.name} {setting.value}", what, True, option=option))
    return Setting(setting.name, given, "overridden", sources.option(option))


def _note_readings(draft: Draft, line: int, settings: Sequence[Setting]) -> None:
    """What the card leaves open about its augmented data and no default can settle."""
    draft.ambiguities.append(
        f"{draft.place(line)}: the text of the augmented data cannot be had again, because the program that made it "
        "sets no seed; here it is drawn from the run's seed"
    )
    words = next(setting for setting in settings if setting.name == "word_possibilities")
    if words.origin == "assumed":
        draft.ambiguities.append(
            f"{draft.place(line)}: the card does not say how many words may stand for one: {words.value} is the "
            "default of the program's command line, 20 that of its function; the other reading is --set "
            "augmentation.word_possibilities=20"
        )
