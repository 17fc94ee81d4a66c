"""Pretrained models by the names that cards build theirs from: where each is on the Hub, and whose vocabulary it has.

A distilled model is called after the pretrained one that it began as (`roberta-base-squad2-distilled`), and can only
share the vocabulary of its teacher. Both together name the student where a card does not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Vocabulary -> the names of its models, and their ids where these are other than the names.
_FAMILIES: Mapping[str, Mapping[str, str]] = {
    "bert-uncased": {
        "bert-base-uncased": "", "bert-large-uncased": "", "bert-large-uncased-whole-word-masking": "",
        "bert-tiny": "google/bert_uncased_L-2_H-128_A-2", "bert-mini": "google/bert_uncased_L-4_H-256_A-4",
        "bert-small": "google/bert_uncased_L-4_H-512_A-8", "bert-medium": "google/bert_uncased_L-8_H-512_A-8",
        "distilbert-base-uncased": "", "mobilebert-uncased": "google/mobilebert-uncased",
        "electra-small": "google/electra-small-discriminator", "electra-base": "google/electra-base-discriminator",
        "electra-large": "google/electra-large-discriminator",
        "minilm-uncased": "microsoft/MiniLM-L12-H384-uncased",
        "tinybert-6l-768d": "huawei-noah/TinyBERT_General_6L_768D",
        "tinybert-4l-312d": "huawei-noah/TinyBERT_General_4L_312D",
    },
    "bert-cased": {
        "bert-base-cased": "", "bert-large-cased": "", "bert-large-cased-whole-word-masking": "",
        "distilbert-base-cased": "", "spanbert-base-cased": "SpanBERT/spanbert-base-cased",
        "spanbert-large-cased": "SpanBERT/spanbert-large-cased",
    },
    "bert-multilingual-cased": {
        "bert-base-multilingual-cased": "", "bert-multi-cased": "bert-base-multilingual-cased",
        "distilbert-base-multilingual-cased": "",
    },
    "bert-multilingual-uncased": {
        "bert-base-multilingual-uncased": "", "bert-multi-uncased": "bert-base-multilingual-uncased",
    },
    "roberta": {"roberta-base": "", "roberta-large": "", "distilroberta-base": "", "longformer-base-4096":
                "allenai/longformer-base-4096"},
    "xlm-roberta": {"xlm-roberta-base": "", "xlm-roberta-large": ""},
    "albert": {f"albert-{size}-v{n}": "" for size in ("base", "large", "xlarge", "xxlarge") for n in (1, 2)},
    "gelectra": {"gelectra-base": "deepset/gelectra-base", "gelectra-large": "deepset/gelectra-large"},
    "gbert": {"gbert-base": "deepset/gbert-base", "gbert-large": "deepset/gbert-large"},
    "deberta": {"deberta-base": "microsoft/deberta-base", "deberta-large": "microsoft/deberta-large"},
    "deberta-v3": {
        f"deberta-v3-{size}": f"microsoft/deberta-v3-{size}" for size in ("xsmall", "small", "base", "large")
    },
    "mdeberta-v3": {"mdeberta-v3-base": "microsoft/mdeberta-v3-base"},
    "camembert": {"camembert-base": "", "camembert-large": "camembert/camembert-large"},
    "beto-cased": {"bert-base-spanish-wwm-cased": "dccuchile/bert-base-spanish-wwm-cased"},
    "beto-uncased": {"bert-base-spanish-wwm-uncased": "dccuchile/bert-base-spanish-wwm-uncased"},
    "mpnet": {"mpnet-base": "microsoft/mpnet-base"},
}  # fmt: skip
_SIZE = re.compile(r"(?<![a-z])(?:tiny|mini|xsmall|small|medium|base|xlarge|xxlarge|large)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """`repo` is its id on the Hub; models with one `vocabulary` can teach one another."""

    name: str
    repo: str
    vocabulary: str


_BY_NAME = {
    name: Pretrained(name, repo or name, vocabulary)
    for vocabulary, models in _FAMILIES.items()
    for name, repo in models.items()
}


def find(name: str) -> Pretrained | None:
    """The pretrained model that a model's name begins with, or is; None for one that we do not know."""
    plain = _plain(name)
    known = [one for one in _BY_NAME if plain == one or plain.startswith(f"{one}-")]
    if known:
        return _BY_NAME[max(known, key=len)]
    # deepset's `bert-large-uncased-whole-word-masking-squad2` is found above; `bert-large-squad2` says no case.
    return None


def named(name: str) -> Pretrained | None:
    """The pretrained model of exactly this name, without an owner."""
    return _BY_NAME.get(_plain(name)) if "/" not in name else None


def student_of(names: Iterable[str], teacher: str | None) -> tuple[Pretrained, str] | None:
    """What a model of these names began as, and which name says so; it has to fit the teacher's vocabulary.

    Where no name fits the teacher, the size alone is taken from the name, and the family from the teacher: a card of
    an `xlm-roberta-large` as the teacher that calls its model `roberta-base` has an `xlm-roberta-base`. None where the
    names do not tell, or tell of several.
    """
    names = list(dict.fromkeys(names))
    taught = find(teacher) if teacher else None
    found = [(one, name) for name in names if (one := find(name)) is not None]
    if taught is None:
        return found[0] if len({one.name for one, _ in found}) == 1 else None
    fitting = [(one, name) for one, name in found if one.vocabulary == taught.vocabulary]
    if fitting:
        return fitting[0] if len({one.name for one, _ in fitting}) == 1 else None
    for name in names:
        sizes, own = _SIZE.findall(_plain(name)), _SIZE.search(taught.name)
        sibling = _BY_NAME.get(taught.name.replace(own[0], sizes[0], 1)) if sizes and own else None
        if sibling is not None and sibling.vocabulary == taught.vocabulary:
            return sibling, name
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "-", name.strip().lower().rpartition("/")[2])
