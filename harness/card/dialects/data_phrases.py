"""Noun phrases that name data sets, and lists of them: `the Spanish part of [MLQA](…) and the SQAC corpus`.

A phrase is a name behind what says which part of it is meant. A name is a link, code or words that begin large; a word
for data beside it, or letters that only names of question sets have, make it sure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.card.data_sets import LANGUAGES
from harness.card.dialects.links import hub_model

# What may stand before `of`, `from` or `in` and the name of the data that something is a part of.
_PARTS = (
    r"(?:parts?|portions?|subsets?|splits?|sets?|sections?|versions?|translations?|combinations?|concatenations?"
    r"|mix|mixtures?|union|half|third|\d{1,3}(?:\.\d+)? ?%|pairs|questions|examples|samples|articles|data|data ?sets?"
    r"|corpus|corpora|rows|sentences|paragraphs|passages|tasks?)"
)
_DETERMINER = r"(?:(?:both|all)? ?(?:the|The|an?|An?|our|its|this|these|two|three|four|five) |both )?"
_TONGUE = "|".join(word.title() for word in LANGUAGES)
_OF = (
    rf"(?:(?:(?:[a-z\d%/][\w%.,/*-]{{0,19}}|{_TONGUE}) ){{0,6}}?{_PARTS} (?:combining|made of|of|from|in) "
    rf"{_DETERMINER})?"
)
_NO_QUALITY = (
    r"(?:of|and|or|with|for|in|that|which|each|every|any|model|task|using|following|train\w*|tun\w*|evaluat\w*)\b"
)
_QUALITIES = rf"(?:(?!{_NO_QUALITY})[a-z][\w-]{{2,20}} ){{0,5}}?"
HEAD = r"(?:[Dd]ata[ -]?[Ss]ets?|[Dd]ata|[Cc]orpus|[Cc]orpora|[Bb]enchmarks?|(?:shared )?[Tt]asks?|[Cc]ollection)"
# Words that begin large or with a digit, with what stands between them in names; the dot of a version ends none.
_WORD = r"(?:[A-Z0-9]|[a-z]{1,4}[A-Z])[\w+&/'’-]*(?:\.[\w-]+)*"
_BARE = (
    rf"{_WORD}(?: (?:{_WORD}|v(?:er)?\.? ?\d[\w.]*\w|v\d|quad|of(?= [A-Z]))){{0,6}}"
    r"(?:(?<=[a-zA-Z]) v\d(?:\.\d+)*)?"
)
_SMALL = r"(?:[a-z][a-z0-9]*(?:[_-][\w-]+|\d[\w.]*)|[a-z]{0,7}(?:nli|squad|quad)\b)"  # `squad_v2`, `conll2003`
# A name that sets of questions have: `SQuAD-it`, `TyDiQA`, `BraQuAD 2.0`, `korquad_v1`.
QUESTIONS = r"(?:[\w-]{0,20}(?:Qu?AD|QUAD|quad|QA)(?![a-z](?!\d))[\w-]{0,12}|SQAC|Ty[Dd]i ?QA)(?: ?v?\d(?:[\d.]*\d)?)?"
_OF_TOOLS = r"(?! (?:checkpoint|model|weights|metric|script|library|package|tokenizer))"
_SPLIT = r"(?:[Tt]rain(?:ing)?|[Dd]ev(?:elopment)?|[Tt]est(?:ing)?|[Vv]alid(?:ation)?|[Ee]val(?:uation)?)"
_PHRASE = re.compile(
    rf"{_DETERMINER}{_OF}{_QUALITIES}(?P<before>(?:[\w-]{{2,20}} ){{0,4}}?{HEAD} (?:called |named |of )?)?"
    r"(?:\*{1,2}|__|[\"“'])?"
    r"(?:\[(?:\*\*|`)?(?:[Tt]he )?(?P<linked>[^\[\]]{2,80}?)(?:\*\*|`)?\]"
    r"\((?P<target>[^()\s]{0,300})(?: \"[^\"()]*\")?\)"
    rf"|`(?P<code>[\w./-]{{2,60}})`{_OF_TOOLS}|(?P<bare>{_BARE})|(?P<small>{_SMALL}))"
    rf"(?:\*{{1,2}}|__|[\"”'])?(?P<tongue> in (?:{_TONGUE})\b)?"
    rf"(?P<split> {_SPLIT}(?: (?:set|split)|(?= [Dd]ata)))?(?P<head>(?: [a-z-]{{2,14}}){{0,2}}? {HEAD}\b)?"
    r"(?: \((?P<short>[A-Z][\w-]*[A-Z][\w.-]*)\))?"
)
_NEXT = re.compile(
    r"\s?(?:,? and(?: then)?(?: on| by| with)?|,? plus|,? as well as|,? followed by|,? then(?: on)?|[,+&/])\s"
)
# What follows a name that says no more than itself; other words make it the beginning of something else.
_ENDED = re.compile(
    r"\s?(?:$|[,;:()]|\.(?!\w)|[-–—] )| (?:for|with|using|by|in|to|and|at|via|as|from|which|that|while|then|over|on"
    r"|released|provided|containing|consisting|because|where|when|is|was|are|were|during|plus|after|before|has"
    r"|followed|\+|&) ?"
)
_OF_WHOLE = re.compile(r"(?: \*{0,2}\([^()]{1,20}\)\*{0,2})? (?:present )?(?:of|in|from) (?:the )?(?P<link>(?=\[))?")
_ENDS_WITH_HEAD = re.compile(rf" (?:(?P<dataset>[Dd]ata ?[Ss]ets?)|{HEAD})$")
_OWN_HEAD = re.compile(r" data ?sets?$")
_TASK = re.compile(r"(?<=\d) (?:NER|Named Entity Recognition|POS|QA|Question Answering)$", re.IGNORECASE)
_KIND = re.compile(r" (?P<kind>reviews|tweets|articles|news|comments|posts|titles|abstracts|headlines|dumps?)\b")
# Machines, libraries, models, sizes and tasks.
NOT_DATA = re.compile(
    r"\b(?:[GTI]PUs?|GTX|RTX|V100\w*|A100\w*|P100|T4|K80|[\w-]*TPU[\w-]*|RAM|VM|Colab\w*|Cloud|SageMaker|AWS|Azure"
    r"|Kaggle|PyTorch|TensorFlow|Keras|Adam\w*|Trainer|Transformers|Hugging ?[Ff]ace|Haystack|FARM"
    r"|[Ss]imple ?[Tt]ransformers|Linux|Ubuntu|Python"
    r"|NVIDIA|Tesla|Volta|Turing|Ampere|Git[Hh]ub|Notebook|Tokenizer|Pipeline|API|Accelerate|DeepSpeed|AutoTrain|AutoNLP|Optuna|Diffusion"
    r"|F1|EM)\b"
    r"|^(?:[\w-]{0,12}(?:BERT|Bert|RoBERTa)\w*|GPT-?\d|XLM-R\w*|[\w-]{0,4}ELECTRA|BART|BETO|T5|DeBERTa\w*|Longformer)\b"
    r"|^(?:NL[PIU]|QA|NER|AI|ML|MLM|MRC|NSP|Question|Natural Language|Masked|Next|X{1,3}L|(?:\w+ )?Q&A)$"
    r"|^(?:[\w-]+ ){0,2}?(?:(?:Question[ -])?Answering|Analysis"
    r"|Classification|Recognition|Validation|Inference|Understanding|Generation|Summari[sz]ation|Translation|Tagging"
    r"|Modell?ing|Reading Comprehension)$"
    r"|^(?:I|We|It|This|The|Table|Figure|Section|Step|Part|Version|Indic|Text|Custom|Public"
    r"|Private|Large|Multiple|Various|Synthetic|Label+ed|Training|Test|Your|My|Each|Dataset|Corpus|Any|All|Some|Other|Same)$"
    r"|^(?:Jan|Febr)uary\b|^(?:March|April|May|June|July|August)\b|^(?:Sept|Nov|Dec)ember\b|^October\b"
    r"|^~?\d[\d.,/]*(?:th|st|nd|rd|[kKMBG]B?|TB|MB)?$|^p\d\.\d?x?large|^\d+\.\d+\.\S*$| Loss$",
)
_NO_NAME = re.compile(
    r"(?:none|unknown|train(?:ing)?|test|dev|valid(?:ation)?|eval(?:uation)?|here|link|this|github|repo\w*|paper|\w+-(?:curated|labell?ed"
    r"|annotated|level|tuned|trained|specific|domain|scale|generated|written))",
    re.IGNORECASE,
)
_BEGIN = re.compile(r"(?:^|(?<=[\s(]))[\[`*A-Z0-9a-z]")
_LONGEST = 120  # characters of a phrase
_MOST = 20  # phrases of a list
_GROWN = re.compile(r"data ?sets?|corpus|corpora|bench|quad|qa\b|bank|wiki|nli\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`is_sure`: a word for data, a link to data or a spelling that only data have says that this is a name of data."""

    name: str
    start: int
    end: int
    is_sure: bool


def phrase_at(text: str, place: int) -> Phrase | None:
    """The phrase that begins at `place`, None where no name of data stands there."""
    match = _PHRASE.match(text, place)
    if match is None or text.endswith("following ", 0, place):
        return None
    head = (match["head"] or "").lower()
    whole = _OF_WHOLE.match(text, match.end()) if head else None
    if whole and (whole["link"] is not None or head.endswith(("task", "tasks"))):
        found = phrase_at(text, whole.end())
        if found is not None:
            return found
    return _named_by(text, match, head)


def _named_by(text: str, match: re.Match[str], head: str) -> Phrase | None:
    """The phrase of a match, None where what it names is no data set; `head` is the word for data behind the name."""
    group = next(name for name in ("linked", "code", "bare", "small") if match[name])
    name, end = match[group], match.end()
    own = _ENDS_WITH_HEAD.search(name) if group == "bare" else None
    if own and own["dataset"]:
        name = name[: own.start()]  # `TQuad Dataset`
    has_head = bool(own or match["before"] or head or match["split"])
    is_sure = has_head or re.fullmatch(QUESTIONS, name) is not None or "/datasets/" in (match["target"] or "")
    if _NO_NAME.fullmatch(name) or (group == "linked" and hub_model(match["target"])):
        return None
    if not has_head and NOT_DATA.search(name):
        return None
    if group == "linked":
        is_sure = is_sure or _GROWN.search(name) is not None
        name = _OWN_HEAD.sub("", name) or name
    elif group == "small" and not (is_sure and (_GROWN.search(name) or re.search(r"[_\d]", name))):
        return None
    if group in ("bare", "small"):
        kind = None if has_head else _KIND.match(text, end)
        if kind:
            name, end = f"{name}{kind.group()}", kind.end()
        if not (has_head or kind or _ENDED.match(text, end)) or _is_none(name, has_head=has_head):
            return None
    full = _full_name(_TASK.sub("", name), match, head)
    return None if full is None else Phrase(full, match.start(group), end, is_sure)


def _full_name(name: str, match: re.Match[str], head: str) -> str | None:
    """A name with the language and the part of the data that stand behind it; None for a kind of data."""
    if match["short"] and len(name.split()) > 2 and re.fullmatch(QUESTIONS, match["short"]):
        name = match["short"]
    name += match["tongue"] or ""
    if head and all(word in LANGUAGES for word in name.lower().split()):
        if head.endswith(("task", "tasks", "datasets", "data sets", "corpora")):
            return None
        name += match["head"]  # `the Spanish clinical corpus` has no shorter name
    split = match["split"] or ""
    if "rain" in split and not head.endswith("set"):
        split = ""  # what a model was trained on is the training set
    return name.strip("*`_ ") + split


def phrase_before(text: str, place: int) -> Phrase | None:
    """The phrase that ends at `place`, None where no name of data does."""
    for match in _BEGIN.finditer(text, max(0, place - _LONGEST), place):
        phrase = phrase_at(text, match.start())
        if phrase is not None and phrase.end == place:
            return phrase
    return None


def phrases_at(text: str, place: int) -> Iterator[Phrase]:
    """The phrases of a list that begins at `place`: `A, B and C`."""
    phrase, n_left = phrase_at(text, place), _MOST
    while phrase is not None and n_left:
        yield phrase
        n_left -= 1
        joint = _NEXT.match(text, phrase.end)
        phrase = phrase_at(text, joint.end()) if joint else None


def _is_none(name: str, *, has_head: bool) -> bool:
    """Whether words that begin large name a machine, a library, a task or a language, and no data."""
    if NOT_DATA.search(name) or len(name) < 2 or not any(char.isalpha() for char in name):
        return True
    words = name.lower().split()
    if words[0].isdigit() and all(word in LANGUAGES for word in words[1:]):
        return True  # `5 Chinese data sets`
    return not has_head and all(word in LANGUAGES for word in words)
