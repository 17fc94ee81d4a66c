"""Sentences that say which models a model was made from: what it began as, and what taught it.

The forms are the ones that recur in cards ("X was used as the teacher model", "fine-tuned version of X"); a sentence
in other words says nothing here, and what it says is reported missing rather than guessed.
"""

import re
from collections.abc import Iterable, Iterator

from harness.card.data_sets import LANGUAGES
from harness.card.dialects import context
from harness.card.dialects.base_sentences import bases
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.links import hub_model
from harness.card.dialects.model_forms import FORMS, PARTS
from harness.card.dialects.own_names import plain_name
from harness.domain import Fact

NAME = "prose"
_LONGEST = 4000  # characters of a paragraph that are read
_LAYERS = re.compile(r"\b[Ll]ayers (?P<layers>\d{1,2}(?:, \d{1,2}){0,60}(?:,? and \d{1,2})?) \(counted from 1\)")
_SIGNS = (
    "bas", "artir", ": http", "-base", "-large", "-small", "tun", "Tun", "eacher", "tudent", "istill", "model",
    "checkpoint", "nitiali", "trained", "This is", "adapter", "Adapter", "Bas", "onversion", "xport", "ersion of",
)  # fmt: skip
_BASIS_SIGNS = (
    "ased o", "ase on", "asis of", "erived", "ase model", "nitiali", "tart", "uilt", "uild", "top of", "from",
    "ersion of", "ariant", "opy of", "uned", "uning", "tunes", "trained", "eights", "heckpoint", "ackbone", "ook ",
    "model is", "model was", "odel: ", "训练", "微调", "-based", "powered", "от ", "на ба", "на осн", "ontains",
    "riginal model", "sed for", "dditional",
)  # fmt: skip
# A model is introduced in words that introduce other things too, so only a link to one on the Hub counts.
_INTRODUCED = (
    r"(?:^This (?:model )?is <a>|\b[Tt]he model used is <a>|\b[Tt]his model uses <a>"
    r"|\b[Bb]ased? on <a>(?:[\w-]{1,15} ){0,2}|\bpre-?trained (?:model )?)<link>"
)
_NOTE = re.compile(r"[-*+ ]{0,3}<sup")
_NO_MODEL = {*LANGUAGES, "trained", "pretrained", "pre-trained", "the", "this", "a", "an", "model", "our", "distilled",
             "quantized", "none", "null", "unknown"}  # fmt: skip

_SIZE_FIRST = re.compile(
    r"\b(?P<family>[A-Za-z]*(?:BERT|bert|Bert)\w*) \(`?(?:base|large|small|tiny)-[\w-]+$"
)  # `BERT (base-cased)`
_NO_BASE = re.compile(
    r"[Tt]ransformers?\b|HuggingFace\b|Hugging Face\b|\w+(?:Pipeline|Trainer|Tokenizer)\b|(?:link|here|this"
    r"|paper|repo\w*)\b"
)  # libraries that models are built with


# What a text must hold for a form with this part to match: looking for it costs a hundredth of the search.
_NEEDED = {
    "<link>": "](", "<converted>": " of ", "[Aa]dapter(?": "dapter", "^`": "`", "|the) `": "`",
    "from (?P<target>": "from http", "): (?P<target>": ": http", "{2,50}: (?P": ": ",
    "<tuned>": "un", "was used as the": "was used as the", "as <a>teacher": "teacher",
    "(?:version|checkpoint) of": " of ", "(?:version|checkpoint) (?:of|from)": "un",
    "[Bb]ase model": "ase model", "[Tt]ransfer[ -][Ll]earning": "earning of",
    "[Oo]riginal": "riginal", "^This": "This", "pre-?train(?:ed|ing) model": "model",
}  # fmt: skip


def _needed(form: str) -> tuple[str, ...]:
    """Words without which a form cannot match; a part that is one of several alternatives is not needed."""
    return tuple(word for part, word in _NEEDED.items() if part in form and f"|{part}" not in form)


def _compiled(form: str) -> re.Pattern[str]:
    for name, part in PARTS.items():
        form = form.replace(name, part)
    return re.compile(form)


_MODELS = tuple((name, _needed(form), _compiled(form)) for name, form in FORMS)
_HUB = _compiled(_INTRODUCED)
# `The base model [X](…) is a fine-tuned version of Y`: this model came from X, and only X from Y.
_OF_ITS_BASE = _compiled(
    r"^[Tt]he (?:base|underlying|original|parent|backbone|starting)(?: language)? model,? \(?<link>\)?,?"
    r" (?:is|was) an?\b"
)


def find(document: Document) -> Iterable[Finding]:
    has_base = False
    for paragraph, shift, text in document.sentences():
        for name, place, value in _models(text[:_LONGEST]):
            has_base = has_base or name == "student"
            yield Fact(name, value, paragraph.line(place + shift), NAME)
        layers = _LAYERS.search(text[:_LONGEST])
        if layers and "student" in text:
            numbers = ", ".join(re.findall(r"\d+", layers["layers"]))
            yield Fact("student_layers", numbers, paragraph.line(layers.start() + shift), NAME)
    if not has_base:
        yield from _by_its_verbs(document)


def _by_its_verbs(document: Document) -> Iterator[Fact]:
    """The checkpoints that a sentence's verbs say this model began as, and that are not this model.

    Only the first counts, but for those of words that can mean nothing else, such as `based on`.
    """
    seen = set[str]()
    for paragraph, shift, text in document.sentences():
        if not any(word in text for word in _BASIS_SIGNS) or _NOTE.match(text):
            continue
        if context.is_of_base(document, paragraph.lines[0]):
            continue
        for found in bases(text[:_LONGEST]):
            plain = plain_name(found.name)
            is_new = plain not in document.own_names and plain not in seen and found.name.lower() not in _NO_MODEL
            if is_new and (not seen or found.is_strong):
                seen.add(plain)
                yield Fact("student", found.name, paragraph.line(found.start + shift), NAME)


def _models(text: str) -> Iterator[tuple[str, int, str]]:
    """Names of facts with the place and the value of each."""
    if not any(word in text for word in _SIGNS) or _NOTE.match(text):  # a note to a table of other models
        return
    if base := _OF_ITS_BASE.search(text):
        yield "student", base.start("model"), _named(base["model"].strip("()"), base["target"])
        return
    for name, needed, form in _MODELS:
        match = form.search(text) if all(word in text for word in needed) else None
        model = _named(match["model"], match["target"]) if match else ""
        size = _SIZE_FIRST.search(text[: match.start("model")] + model) if match else None
        model = f"{size['family'].lower()}-{model}" if size else model
        is_cut = match is not None and match["target"] is None and text[match.start("model") - 1] == "["
        if match and not is_cut and model.lower() not in _NO_MODEL and not _NO_BASE.match(model):
            yield name, match.start("model"), model
    for match in _HUB.finditer(text):
        if named := hub_model(match["target"]):
            yield "student", match.start("model"), named
            return


def _named(words: str, target: str | None) -> str:
    """The Hub's name of a linked model, which beats the words of the link; without one, the words."""
    return hub_model(target or "") or hub_model(words) or words.strip().rstrip(".")
