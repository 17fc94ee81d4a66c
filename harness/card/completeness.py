"""What a re-run of a card's training needs, what of it the card states, and what is left unsaid.

The list is of what changes the result: models, data, the settings of each training, and a number to hold it against.
A card with two distillation stages needs the settings of both. What is missing is reported, never filled in here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.card.generated import without_ours
from harness.domain import Card

_FACTS = {
    "student": "base model",
    "train_data": "training data",
    "eval_data": "evaluation data",
    "infrastructure": "infrastructure",
    "framework": "library and version",
    "license": "licence",
}
_SETTINGS = {
    "learning_rate": ("learning_rate",),
    "train_batch_size": ("train_batch_size", "total_train_batch_size"),
    "num_train_epochs": ("num_train_epochs", "max_steps"),
    "max_seq_length": ("max_seq_length",),
    "lr_schedule": ("lr_schedule",),
    "warmup": ("warmup_ratio", "warmup_steps"),
    "weight_decay": ("weight_decay",),
    "optimizer": ("optimizer", "adam_epsilon"),
    "seed": ("seed",),
}
_STAGES = ("intermediate", "prediction")
_WITHOUT_STAGE = ("seed",)


@dataclass(frozen=True, slots=True)
class Completeness:
    """`missing` in the order of the list; `n_needed` counts what is asked for."""

    missing: tuple[str, ...]
    n_needed: int

    @property
    def score(self) -> int:
        """Percent of what a re-run needs that the card states."""
        return round(100 * (self.n_needed - len(self.missing)) / self.n_needed)


def completeness(card: Card) -> Completeness:
    """What a card leaves out of all that a re-run needs."""
    needed = list(_needed(card))
    return Completeness(tuple(name for name, is_stated in needed if not is_stated), len(needed))


def _needed(card: Card) -> Iterator[tuple[str, bool]]:
    known = {fact.name for fact in card.facts}
    known |= {"eval_data"} if any(claim.dataset for claim in card.claims) else set()
    stages = sorted({s for s in (one.section for one in card.stated) if any(word in s.lower() for word in _STAGES)})
    if stages or "teacher" in known or "distil" in without_ours(card.text[:20_000]).lower():
        yield "teacher", "teacher" in known
    for name, words in _FACTS.items():
        yield words, name in known
    for name, spellings in _SETTINGS.items():
        if name in _WITHOUT_STAGE or not stages:
            yield name, any(one.name in spellings for one in card.stated)
            continue
        for stage in stages:
            stated = {one.name for one in card.stated if one.section == stage}
            yield f"{name} of '{stage}'", bool(stated & set(spellings))
    yield "a number to hold it against", any(claim.subject is None for claim in card.claims)
