"""The checkpoint that a model began as, by the verbs around its name: read where no recurring form of sentence fits.

A checkpoint is a link to a model on the Hub, a name in code, a name with the hyphens that checkpoints have, or a family
of models in words with its size. What a verb does with it tells whether this model came from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.card.data_sets import LANGUAGES
from harness.card.dialects.data_sentences import TRAIN, is_of_others
from harness.card.dialects.links import hub_model
from harness.card.dialects.model_forms import FAMILY, TUNED
from harness.card.dialects.own_names import is_family

_SIZES = (
    r"(?:[Bb]ase|[Ll]arge|[Ss]mall|[Tt]iny|[Mm]ini|[Mm]edium|[Xx]{1,2}[Ll]arge|[Xx]?[Ss]mall|(?:[Uu]n)?[Cc]ased"
    r"|[Mm]ultilingual|[Vv]\d(?:\.\d)?)"
)
_TONGUES = rf"(?:(?:[Mm]ultilingual(?= BERT)|{'|'.join(word.title() for word in LANGUAGES)}) (?=[A-Z]))?"
_NAME = (
    r"(?:\*\*|__)?(?:\[(?:\*\*|`)?(?P<linked>[^\[\]]{2,80}?)(?:\*\*|`)?\]\((?P<target>[^()\s]{0,300})\)"
    r"|[`\"“'](?P<code>[\w./-]{3,90})[`\"”']"
    rf"|(?P<bare>(?:[\w.-]{{2,40}}/)?(?<![\w-]){FAMILY}[-_][\w-]{{1,60}}(?:\.\d[\w-]*)?|[\w.-]{{2,40}}/[\w-]{{2,80}})"
    rf"|(?P<words>{_TONGUES}{FAMILY}(?:[ -]{_SIZES}){{0,4}}))(?:\*\*|__)?"
)
_A = r"(?:(?:the|The|a|A|an|An|our|pre-?trained|existing|original|standard|popular|Hugging ?[Ff]ace(?:['’]s)?) )*"
_SOME = r"(?:(?!on\b|and\b|with\b|data|corpus|which|that|architecture|training|experience)[\w'’-]{1,20} ){0,4}?"
_MODEL = r"(?: (?:base |large |language |pre-?trained |transformer )*(?:model|checkpoint|weights|encoder|network|LM))?"
_BASE = (
    r"(?:[Bb]ase|[Bb]ackbone|[Uu]nderlying|[Pp]re-?trained|[Ss]tarting|[Ii]nitial|[Ff]oundation|[Pp]arent"
    r"|[Ee]ncoder)\b"
)
_WAS = (
    r"(?: (?:that|which))?(?: (?:is|was|were|has been|have been|after))?"
    r"(?: (?:further|then|additionally|subsequently|again))?"
)
# `based on X`, `weights of X`: words that say that this model came from X, whatever X was tuned to.
_STRONG = (
    r"\b(?:[Bb]ased? (?:(?:up)?on|off(?: of)?)"
    r"|[Oo]n the basis of|[Dd]erived from|[Ii]nitiali[sz]ed? (?:from|with|using)"
    r"|[Ss]tart(?:s|ed|ing)? (?:from|with)|[Bb]uil[dt]s? (?:up)?on|[Oo]n top of|[Ww]eights (?:of|from)"
    r"|[Cc]heckpoint (?:of|from)|[Vv]ersion of|[Vv]ariant of|[Ff]ine-?tun(?:es|ing of)|[Ee]xtends|[Cc]ontains"
    rf"|(?:[Pp]re-?)?[Tt]rained from|[Tt]uned from|на основе|на базе|от) {_A}{_SOME}{_NAME}",
    # `the original model this is based on can be found [here](…)`
    rf"(?<![\w-])(?:[Oo]riginal|[Bb]ase|[Pp]arent) model\b[^.;:()\[\]]{{0,60}} {_NAME}",
    # `the base model is X`, `backbone: X`
    rf"\b(?:{_BASE}) (?:[a-z]+ )?(?:model|checkpoint|encoder|network|architecture)?(?: used)?"
    rf"(?: here| in this \w+)?(?:\*\*)?(?: is| was|:)(?:\*\*)? {_A}{_SOME}{_NAME}",
)
# `X fine-tuned on`, `the X model was further trained`
_SUBJECT = (
    rf"(?:^|(?<=[Tt]his is )|(?<=[\s(])(?:is|was|[Tt]he|[Aa]n?|[Oo]ur|[Oo]f) ){_A}{_NAME}{_MODEL},?"
    rf"(?: \([^()]{{1,60}}\))?{_WAS} (?:{TUNED}|(?<!-)trained|tuned) (?:for|on|using|with|to)\b"
)
# Each with words of which a text must have one: looking for them costs a hundredth of the search.
_FORMS = tuple(
    (form in _STRONG, form == _SUBJECT, words.split("|"), re.compile(form))
    for words, form in (
        ("", _STRONG[0]),
        ("uned on|uning on", rf"\b{TUNED} on {_A}{_SOME}{_NAME} (?:checkpoint|model|weights)\b"),
        # `we fine-tuned X on`, `this project fine-tunes X`
        (
            "un|rain",
            rf"\b(?:{TUNED}|[Ff]ine-?tunes|[Tt]rains?) {_A}{_SOME}{_NAME}{_MODEL}"
            r"(?= (?:on|for|using|with|to|adapted|gives|achieves|reaches)\b|,|\.(?!\w)|$| ?\()",
        ),
        # `we took X and trained it`, `using X as the base model`
        (
            " as | and ",
            rf"\b(?:[Tt]ook|[Tt]ak(?:e|ing)|[Uu]s(?:e|es|ed|ing)|[Ll]everag\w+) {_A}{_SOME}{_NAME}{_MODEL}"
            r"(?=[^.;:]{0,30}? "
            rf"(?:as (?:the |a |our |its )?(?:\w+ )?(?:{_BASE})|and (?:then )?(?:{TUNED}|trained|further)))",
        ),
        ("uned|une |uning|trained", _SUBJECT),
        ("odel|ackbone|ncoder|heckpoint|etwork", _STRONG[2]),
        # `the model used for fine-tuning is X`
        (
            "used for|used to|used in",
            r"\b(?:[Mm]odel|MODEL|[Aa]rchitecture|[Cc]heckpoint) (?:that (?:is|was) )?used (?:for|in|to) (?:the )?"
            rf"{TRAIN} (?:is|was) {_A}{_NAME}",
        ),
        # `pre-trained X with … fine-tuning on`, `X with additional training`
        (
            " with ",
            rf"^{_A}{_NAME}{_MODEL} with "
            rf"(?:(?:additional|further|more) (?:pre-?training|{TRAIN})|[^.;]{{0,100}}?{TUNED} on\b)",
        ),
        ("riginal model|ase model|arent model", _STRONG[1]),
        # `训练的X模型`, the X model that was trained on something
        (
            "训练|微调",
            r"(?:训练|微调)(?:的|后的)? ?(?P<bare>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+) ?(?:模型|预训练)",
        ),
        # `a X-based model`
        (
            "-based|powered",
            r"(?:\b[Ii]s an? |^(?:[Aa]n? )?)(?P<words>[A-Za-z][\w.-]{1,40}?)(?:-based|[ -]powered)"
            r" (?:[\w-]+ ){0,4}(?:model|system)\b",
        ),
        # `X as its backbone`
        (
            " as its | as the | as a | as our ",
            rf"{_NAME}{_MODEL} as (?:the |a |our |its )(?:\w+ )?(?:{_BASE})",
        ),
    )
)
_TUNED_NAME = re.compile(
    r"squad|quad\b|(?:^|[-_])(?:qa|ner|mnli|nli|sst2?|stsb?|finetuned|fine-tuned|mrc|pos|cola|qnli|emotion|sentiment)"
    r"(?:$|[-_])",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"(?:[MC]?LM|[Tt]ransformers?|Hugging ?Face|here|link|this|paper|repo\w*|huggingface/transformers"
    r"|google-research/\w+|facebookresearch/\w+"
    r"|\S+\.(?:py|sh|json|ipynb|com|org|io)|\w+Trainer|\S+-based|\w+For\w+|Auto\w+)$"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`is_strong` where words say that this is the one, so that several may be."""

    name: str
    start: int
    is_strong: bool


def bases(text: str) -> Iterator[Checkpoint]:
    """The checkpoints that a sentence says its model began as, the surest form first."""
    for is_strong, is_subject, words, form in _FORMS:
        for match in form.finditer(text) if any(word in text for word in words) else ():
            is_other = is_of_others(text, match) or (is_subject and "riginal" in match.group())
            found = None if is_other else _checkpoint(match, is_strong=is_strong, is_subject=is_subject)
            if found is not None:
                yield found


def _checkpoint(match: re.Match[str], *, is_strong: bool, is_subject: bool) -> Checkpoint | None:
    found = match.groupdict()
    group = next(name for name in ("linked", "code", "bare", "words") if found.get(name))
    name, place = match[group].strip("*`_ ").rstrip(".-"), match.start(group)
    if group == "linked":
        linked = hub_model(match["target"])
        is_named = re.fullmatch(rf"{_TONGUES}(?:[\w.-]+/)?{FAMILY}(?:[ -]{_SIZES})*", name) is not None
        if linked is None and not is_named:
            return None
        name = linked or name
    if group == "words" and re.search(FAMILY, name) is None:
        return None
    if _NO_MODEL.match(name) or (group == "code" and not re.search(r"[-/]|\d", name)):
        return None
    if (
        is_strong
        and is_family(name)
        and (group == "words" or (group == "linked" and hub_model(match["target"]) is None))
    ):
        return None  # an architecture
    is_object = group == "linked" and not is_subject  # `we fine-tuned [X](…) on`
    if not (is_strong or is_object) and group != "words" and _TUNED_NAME.search(name):
        return None  # this model or one like it
    return Checkpoint(name, place, is_strong)
