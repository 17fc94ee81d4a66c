"""Which of a card's numbers a run is held to: this model's own, on the evaluation data; and why no others are.

A card may state two numbers for one metric, in its metadata and its text, or its own and a paper's. Both are claims
then, and the strictest decides; `--claims LINE[,LINE]` and `--claims-from text|model-index` choose. Several numbers in
one table or list are told apart by words that are not read: the first of them is the claim.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.card import loss_traces, references
from harness.card.read import are_one_number, same_data
from harness.domain import Card, Claim
from harness.plan.options import Options

# The official scorer's names, and the losses of our own stages.
MEASURED = {
    "exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1",
    "intermediate_layer_loss", "prediction_layer_loss", "finetune_loss",
}  # fmt: skip
ORIGINS = ("text", "model-index")
_INDEX = "model_index"  # the dialect that reads it
_TRAINING = ("train", "training")
_SEVERAL_IN_ONE = ("key_value_block",)  # of dialects: two numbers in blocks stand in two places
_LISTED = re.compile(r"\s[-+&/]\s|[,;]\s|\band\b")
_NO_NAME = re.compile(r"(?:(?:held[ -]?out|own|same|a|our|this)\s*)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SortedOut:
    """`judged` are the claims; `others` are numbers of the same metrics that are none, each with the reason."""

    judged: tuple[Claim, ...]
    others: tuple[tuple[Claim, str], ...]


def measured(card: Card) -> tuple[Claim, ...]:
    """The claims that a run can judge where no option chooses."""
    return sort_out(card, Options()).judged


def own(card: Card) -> list[Claim]:
    """This model's own numbers of the metrics that we measure, whatever they were measured on."""
    return [claim for claim in card.claims if claim.subject is None and _is_measured(claim.metric)]


def sort_out(card: Card, options: Options, trained_on: str | None = None) -> SortedOut:
    """Tells the claims of a card from its other numbers of the same metrics.

    `trained_on`: the reference of the evaluation data where the card names none, but a program evaluates on what it
    was trained on.
    """
    others: list[tuple[Claim, str]] = []
    kept: list[Claim] = []
    words, reference = _evaluated(card, trained_on)
    for claim in own(card):
        why = _elsewhere(claim, words, reference)
        if why is None:
            kept.append(claim)
        else:
            others.append((claim, why))
    chosen, left = _chosen(kept, options)
    others += left
    judged, left = _one_a_place(chosen) if options.claims is None else (chosen, [])
    return SortedOut(tuple(judged), tuple(sorted([*others, *left], key=lambda one: one[0].line)))


def problems_of(card: Card, options: Options, found: SortedOut) -> Iterator[str]:
    """What is wrong with the options that choose among the claims of a card."""
    if options.claims_from is not None and options.claims_from not in ORIGINS:
        yield f"--claims-from {options.claims_from}: expected {' or '.join(ORIGINS)}"
    if options.claims is None:
        return
    lines = {claim.line for claim in found.judged}
    elsewhere = {claim.line: why for claim, why in found.others if why != _NOT_CHOSEN}
    at = ", ".join(f"{claim.line} ({claim.metric} {claim.raw})" for claim in own(card)) or "none"
    for line in sorted(set(options.claims) - lines):
        why = elsewhere.get(line, f"no number that we measure stands there; such lines: {at}")
        yield f"--claims {line}: {why}"


def describe(card: Card, others: Sequence[tuple[Claim, str]]) -> tuple[str, ...]:
    """The numbers that are no claims, in words."""
    return tuple(f"{card.path}:{claim.line}: {claim.metric} {claim.raw} is not judged: {why}" for claim, why in others)


_NOT_CHOSEN = "the options choose others"


def _evaluated(card: Card, trained_on: str | None) -> tuple[str | None, str | None]:
    """The evaluation data of a card: in its own words, and as a reference where we know them."""
    fact = card.fact("eval_data")
    if fact is not None and not _NO_NAME.fullmatch(same_data(fact.value)):
        return fact.value, references.data_named(fact.value, "validation")
    if trained_on is not None:
        return references.unpinned(trained_on).partition(":")[0], references.unpinned(trained_on)
    named = next((claim.dataset for claim in own(card) if _names_data(claim) and not _is_of_training(claim)), None)
    return named, references.data_named(named, "validation") if named else None


def _elsewhere(claim: Claim, words: str | None, reference: str | None) -> str | None:
    """Why a number is not of the evaluation data; None where it is, or names no data."""
    if _is_of_training(claim):
        return "it is of the training data"
    if not _names_data(claim) or words is None:
        return None
    dataset = str(claim.dataset)
    named = references.data_named(dataset, "validation")
    if (named is not None and named == reference) or _is_among(dataset, words):
        return None
    return f"it is on {dataset}, the evaluation data are {words}"


def _is_among(dataset: str, words: str) -> bool:
    """Whether a card's words about its evaluation data name this set; of several that they list, the first is meant.

    Words without a version, `SQuAD dev set`, are of whichever version a number names.
    """
    name = same_data(dataset)
    return bool({name, name.rstrip("12")} & {same_data(words), same_data(_LISTED.split(words)[0])})


def _is_of_training(claim: Claim) -> bool:
    return (claim.split or "").lower() in _TRAINING


def _names_data(claim: Claim) -> bool:
    """Whether a claim names a data set, and not just `the dev set`."""
    return claim.dataset is not None and not _NO_NAME.fullmatch(same_data(claim.dataset))


def _chosen(claims: Sequence[Claim], options: Options) -> tuple[list[Claim], list[tuple[Claim, str]]]:
    kept = list(claims)
    if options.claims is not None:
        kept = [claim for claim in kept if claim.line in options.claims]
    if options.claims_from in ORIGINS:
        kept = [claim for claim in kept if (claim.dialect == _INDEX) == (options.claims_from == "model-index")]
    return kept, [(claim, _NOT_CHOSEN) for claim in claims if claim not in kept]


def _one_a_place(claims: Sequence[Claim]) -> tuple[list[Claim], list[tuple[Claim, str]]]:
    """The first number of each metric in each place; one that an earlier one only rounds is no second claim."""
    judged: list[Claim] = []
    left: list[tuple[Claim, str]] = []
    for claim in claims:
        alike = [one for one in judged if one.metric == claim.metric]
        same = next((one for one in alike if are_one_number(one, claim)), None)
        beside = next((one for one in alike if one.dialect == claim.dialect not in _SEVERAL_IN_ONE), None)
        if same is not None:
            if claim.decimals > same.decimals and claim.spread is None and same.spread is None:
                judged[judged.index(same)] = claim
        elif beside is not None:
            left.append((claim, f"line {beside.line} has the first of several numbers in one place"))
        else:
            judged.append(claim)
    return judged, left


def _is_measured(metric: str) -> bool:
    return metric in MEASURED or loss_traces.point_of(metric) is not None
