"""The names by which a card calls its own model: its title, its `model-index`, and the code that loads it.

A card is a README.md as often as a file with the model's name, so the file's name says nothing here.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.card.dialects.header import Header, child, items, scalar
from harness.card.dialects.links import without_links

_LOADED = re.compile(
    r"(?:from_pretrained\(|\bmodel(?:_name|_id|_path|_checkpoint|_name_or_path)?\s*=|[Pp]ipeline\([^()]{0,60},)\s*"
    r"[\"'](?P<model>[\w.-]{1,60}/[\w.-]{2,90})[\"']"
)
_INTRODUCED = re.compile(
    r"\b(?:(?:The|This is the|this is the|This is) \[?[`*]{0,2}(?P<model>[A-Z][\w.-]{1,40}(?: [\w.-]{1,20}){1,3}?)"
    r"[`*]{0,2}(?:\]\([^()\s]{0,200}\))? model\b(?! card)|[Oo]ur model \((?P<ours>[\w.-]{4,80})\)"
    r"|^(?:The )?(?:\*\*|`|_)(?P<called>[\w.-]{6,80})(?:\*\*|`|_) is an? )"
)
_TUNED = re.compile(r"\b(?:[Tt]he|[Ww]ith) [Ff]ine-?tuned (?P<base>[\w./-]{4,80}) model\b")
_TRAINED = re.compile(
    r"\b(?:(?:[Ff]ine-?)?[Tt]uned|[Tt]rained|[Tt]rain|[Dd]istilled|for|on|with|in|using|by|from|vs|and)\b"
)  # what follows in a title is how it was made
_TAG = re.compile(r"<[^<>]{0,80}>[^<>]{0,10}</[^<>]{0,20}>")
_WORD = re.compile(r"[A-Za-z][\w./-]{2,120}")
_COMMON = re.compile(  # words of titles that name a kind of model or of data, not one model
    r"^(?:the|for|and|with|model|models?card|card|base|small|large|tiny|mini|medium|cased|uncased|multilingual|welcome"
    r"|m?bert|roberta|electra|albert|distilbert|gpt2?|t5|bart|xlmr?(?:roberta)?|deberta|fine-?tuned|trained|language"
    r"|squad.*|question|answering|ner|sentiment|english|[a-z]{2})$"
)
_SHORT_NAME = 8  # characters that tell `BERT-Tiny` from its family
_FIRST_LINES = 60  # in which a card introduces its model


def plain_name(text: str) -> str:
    """A model's name without owner, case and separators."""
    text = _TAG.sub("", text) if "<" in text else text
    return re.sub(r"[^a-z0-9]+", "", text.lower().rstrip("/*_` ").rpartition("/")[2])


def is_family(name: str) -> bool:
    """Whether a name is that of a kind of model, such as `BERT`, which no single model has."""
    return _COMMON.match(plain_name(name)) is not None


def own_names(header: Header, title: str, body: Iterable[str], code: Iterable[str]) -> frozenset[str]:
    """Plain names that are this model's."""
    bases = {plain_name(scalar(one) or "") for one in items(header.node("base_model", "base_models"))}
    return frozenset(plain_name(name) for name in _names(header, title, body, code)) - bases - {""}


def tuned_names(body: Iterable[str]) -> frozenset[str]:
    """Plain names by which tables may call this model after what it began as: `The fine-tuned acme-base model is …`."""
    found = (match for text in body if "uned " in text and (match := _TUNED.search(text[:1000])) is not None)
    return frozenset(plain_name(match["base"]) for match in found if not is_family(match["base"]))


def hyphenated(title: str) -> frozenset[str]:
    """The names with hyphens or underscores that a title has before it says how the model was made."""
    words = _WORD.findall(_TRAINED.split(without_links(title)[:300])[0])
    return frozenset(name for word in words if re.search("[-_]", word) and len(name := plain_name(word)) >= _SHORT_NAME)


def _names(header: Header, title: str, body: Iterable[str], code: Iterable[str]) -> Iterator[str]:
    for model in items(header.node("model-index", "model_index")):
        yield scalar(child(model, "name")) or ""
    title = without_links(title)
    yield title.replace("/", " ")
    for word in _WORD.findall(_TRAINED.split(title[:300])[0]):
        if not _COMMON.match(plain_name(word)):
            yield word
    for text in islice(body, _FIRST_LINES):
        match = _INTRODUCED.search(text[:1000]) if " model" in text or " is a" in text else None
        if match:
            yield match["model"] or match["ours"] or match["called"]
    for text in code:
        if text.lstrip().startswith(("#", "//")):
            continue  # another model, to be used instead
        for match in _LOADED.finditer(text[:400]):
            yield match["model"]
