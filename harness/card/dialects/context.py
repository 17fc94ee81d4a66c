"""What the words around a block say about its numbers: on which data they were measured, and whose they are."""

import re
from dataclasses import dataclass

from harness.card.dialects.document import Document
from harness.card.dialects.links import without_links

_ON = re.compile(
    r"\b(?:[Ee]valuated|[Ee]valuation|[Rr]esults?|[Mm]etrics?|[Ss]cores?|[Pp]erformance|[Aa]ccuracy"
    r"|[Tt]ested|F1|BLEU)\b"
    r"[^.\n]{0,80}?\b(?:on|for|of)\s+(?:the\s+)?"
    r"(?P<data>(?!with |which |that |following |this |our )(?:[^.,;:()\n]|\.(?=\d)){3,80})"
)
_HEADED = re.compile(
    r"^(?P<data>[A-Z0-9][\w .-]{2,40}?) (?:[Ee]valuation|[Rr]esults?|[Pp]erformance|[Ss]cores?|[Ll]eaderboard)\b"
)
# A heading that is all data: `on ARCD`, `SQuAD v2 dev`.
_NAMED = re.compile(
    r"^(?:[Oo]n (?:the )?(?P<on>[A-Z0-9][\w .-]{1,40}?)|(?P<data>[A-Z][\w.-]*(?: v?[\d.]+| [A-Z][\w.-]*){0,3}) "
    r"(?:[Dd]ev|[Tt]est|[Vv]alidation|[Ee]val|DEV|TEST|VALIDATION|EVAL)\w*"
    r"|(?P<alone>[A-Za-z-]{0,8}(?:QuAD|QUAD)(?:[ -](?!v?\d)[a-z]{2})?(?: ?v?\d[\d.]*)?))(?: set| split| data ?set)?"
    r"(?: \([\w -]{2,20}\))?:?$"
)
# `… fine-tuned on SQuAD2.0`, and below it `with the following results`: on the same data.
_TUNED_ON = re.compile(r"(?:[Tt]uned|[Tt]rained) on (?:the )?(?P<data>[A-Z][\w.-]*(?: v?\d[\d.]*)?)$")
_FOLLOWING = re.compile(r"^(?:[Ww]ith )?(?:the )?following results?\b")
_BRACKETED = re.compile(r"[Rr]esults?\b[^()]{0,60}\((?P<data>[A-Z][\w. -]{2,40})\)")
_SPLIT = re.compile(
    r"\b(dev|validation|valid|test|train|eval)(?:elopment)?\b(?=[\s_-]*(?:set|split|data|part|$))"
    r"|\b(train)ing[\s_-]+(?:set|split|data)\b",
    re.IGNORECASE,
)
_END = re.compile(r"\s+(?:with|using|by|are|is|were|was|as|in|from|at|after|which|that|where|led|and)\b.*$")
_AROUND = re.compile(r"^[ *`_]+|(?:[^\w)\]%+*\"'”»]|[*`_])+$")  # emphasis, and what ends a heading: `test set 📋`
_OTHERS = re.compile(
    r"\b(?:baseline|original results?|for comparison|compared (?:to|with)|previous(?:ly)?|reported in)\b", re.IGNORECASE
)

# Under `Details of BERT` or `About mBERT` a card tells of the model that it began as.
_OF_THE_BASE = re.compile(
    r"^(?!about model$)(?:details of|about|what is|background on)\b"
    r"(?!.*\b(?:train|tun|task|data ?set|this|our|(?:the|a) (?!language )(?:\w+ )?model$))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class About:
    dataset: str | None = None
    split: str | None = None
    subject: str | None = None


SPLIT_NAME = r"(?:train(?:ing)?|dev(?:elopment)?|valid(?:ation)?|test)"
# What stands where a name of data would, and is none.
_NO_DATA = re.compile(
    r"(?:model|benchmark|experimental|final|main|overall|global|specific|the following|some|more|other|further"
    r"|additional|detailed|our|initial|preliminary"
    rf"|(?:{SPLIT_NAME}|eval(?:uation)?)(?: (?:split|data|(?:data ?)?set))?)$",
    re.IGNORECASE,
)

NONE = About()


def of(document: Document, line: int) -> About:
    """What the sentence before a block says of it, else the heading above it."""
    sentence = without_links(document.sentence_before(line))
    for text in (sentence, document.section(line)):
        match = _ON.search(text[-400:] if text is sentence else text[:200]) or _BRACKETED.search(text[:200])
        if match is None and text is not sentence:
            named = _NAMED.match(text)
            if named and not (named["alone"] and text == document.title()):
                split = split_of(f"{text} set") or _measured_on(sentence)
                return About((named["on"] or named["data"] or named["alone"]).strip(), split, None)
            match = _HEADED.match(text)
        if match and not _NO_DATA.match(_AROUND.sub("", match["data"])):
            data = _AROUND.sub("", _END.sub("", match["data"]))
            return About(data or None, _measured_on(text, match["data"]) or _measured_on(sentence), None)
        if match and split_of(match["data"]) == "train":  # no name of a data set, and yet not the one evaluated on
            return About(None, "train", None)
    section = document.section(line)
    title = _TUNED_ON.search(document.heading_above(line)) if _FOLLOWING.search(section) else None
    return About(title["data"] if title else None, _measured_on(sentence) or split_of(section), None)


def _measured_on(sentence: str, data: str = "") -> str | None:
    """The split that a sentence's numbers are of; that of training only where `data`, what they are on, names it."""
    split = split_of(sentence)
    return split if split != "train" or split_of(data) == "train" else None


def split_of(text: str) -> str | None:
    """The split that a phrase names, None where it names none or more than one."""
    found = {(match[1] or match[2]).lower() for match in _SPLIT.finditer(text[:300])}
    return found.pop() if len(found) == 1 else None


def is_of_others(text: str) -> bool:
    """True where words say that a number is another model's."""
    return _OTHERS.search(text) is not None


def is_of_base(document: Document, line: int) -> bool:
    """Whether a line stands where a card tells of the model that it began as."""
    return _OF_THE_BASE.match(document.section(line)) is not None
