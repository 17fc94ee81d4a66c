"""How a card names the program that it was made with: by its script, by its options, by its words and its tags."""

import re
from collections.abc import Sequence

from harness.domain import Card, Source, Stated
from harness.plan import sources
from harness.plan.defaults import farm, keras, run_squad, squad_distillation, trainer

_SCRIPTS = (
    (re.compile(r"\brun_squad_w_distillation\.py\b"), squad_distillation.PROGRAM),
    (re.compile(r"\brun_(?:qa|squad_trainer)\w*\.py\b"), trainer.PROGRAM),
    (re.compile(r"\brun_squad\w*\.py\b"), run_squad.PROGRAM),
)
_OF_FARM = {"n_epochs", "max_seq_len", "embeds_dropout_prob", "base_LM_model", "warmup_proportion"}
_OF_RUN_SQUAD = {"per_gpu_train_batch_size"}  # the Trainer's own is per_device_train_batch_size
_OF_TRAINER = {"num_train_epochs", "per_device_train_batch_size"}
_OF_DISTILLATION = {"teacher_name_or_path", "alpha_ce", "alpha_squad"}
_OF_TRANSFORMERS = ("transformers", "pytorch", "generated_from_trainer")
_OF_KERAS = ("tensorflow", "generated_from_keras_callback")
_WITH_FARM = re.compile(r"\b(?:with|using|in|through|used) (?:deepset's )?\[?FARM\b")


def made_with(card: Card, block: Sequence[Stated]) -> tuple[str, Source] | None:
    """Name of the program whose defaults fill the gaps of `block`, and by what; None where nothing names one.

    Haystack is not looked for: which of its versions is meant depends on more (`recipe_choice.py`).
    """
    if any(fact.name == "framework" and fact.value.lower().startswith("haystack") for fact in card.facts):
        return None
    lines = card.text.splitlines()
    for number, line in enumerate(lines, start=1):
        for script, program in _SCRIPTS:
            match = script.search(line)
            if match:
                return program.name, sources.rule(f"card line {number} runs {match[0]}", number)
    return _by_option(block, _OF_DISTILLATION, squad_distillation.PROGRAM.name) or _by_words(card, block)


def _is_part(one: Stated) -> bool:
    return isinstance(one.value, float) and not one.value.is_integer()


def _by_option(block: Sequence[Stated], keys: set[str], program: str) -> tuple[str, Source] | None:
    one = next((one for one in block if one.key in keys), None)
    if one is None:
        return None
    why = f"card line {one.line}: {one.key} is an option of transformers' programs"
    return program, sources.rule(why, one.line)


def _by_words(card: Card, block: Sequence[Stated]) -> tuple[str, Source] | None:
    for signs, program in ((_OF_KERAS, keras.PROGRAM), (_OF_TRANSFORMERS, trainer.PROGRAM)):
        for fact in card.facts:
            is_framework = fact.name == "framework" and fact.value.split()[0].lower() in signs
            if is_framework or (fact.name == "tag" and fact.value in signs):
                return program.name, sources.rule(f"card line {fact.line} says {fact.value}", fact.line)
    old = _by_option(block, _OF_RUN_SQUAD, run_squad.PROGRAM.name)
    if old is not None:
        return old
    if any(one.key in _OF_FARM for one in block):
        said = next(
            ((n, match) for n, line in enumerate(card.text.splitlines(), 1) if (match := _WITH_FARM.search(line))), None
        )
        return (farm.PROGRAM.name, sources.rule(f"card line {said[0]} says '{said[1][0]}'", said[0])) if said else None
    part = next((one for one in block if one.name == "num_train_epochs" and _is_part(one)), None)
    if part is not None:
        why = f"card line {part.line}: of all programs here the Trainer alone has {part.raw} epochs"
        return trainer.PROGRAM.name, sources.rule(why, part.line)
    called = {one.key for one in block if one.dialect in ("shell", "call")}
    return _by_option(block, called or _OF_TRAINER, trainer.PROGRAM.name)
