"""Sentences that say on what a model was trained and evaluated, in which language, with which library."""

import re
from collections.abc import Collection, Iterable, Iterator

from harness.card.data_sets import LANGUAGES
from harness.card.dialects import context
from harness.card.dialects.data_forms import (
    AND_THEN,
    EVALUATED,
    EVALUATED_PART,
    EVALUATED_SETS,
    KOREAN,
    LINKED,
    LINKED_SET,
    NEXT_CODE,
    NEXT_LINK,
    OF_THE_TRAINER,
    PRETRAINED,
    REST_OF_LINK,
    SETS,
    SURE,
    USED_TO_EVALUATE,
)
from harness.card.dialects.data_phrases import NOT_DATA, phrase_before, phrases_at
from harness.card.dialects.data_sentences import evaluated_on, is_of_others, pretrained_on, trained_on
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.header import items, scalar
from harness.card.dialects.links import LINK
from harness.domain import Fact

NAME = "prose"
_LONGEST = 4000  # characters of a paragraph that are read
_FRAMEWORK = re.compile(
    r"\b(?P<name>[Hh]aystack(?: v?\d+(?:\.\d+)+)?)(?:'s)?\b.{0,80}\bfeatures? (?:was|were) used for training\b"
)
# One of them stands in every form of SETS: looking for them costs a hundredth of the search.
_SET_SIGNS = ("rain", "tun", "Tun", "istill", "earn", "used", "loaded", "QA task", "model with")
_LICENCE = re.compile(
    r"\b(?:under|with) (?:the |an? )?(?P<licence>MIT|Apache(?: [Ll]icense)?,?(?: [Vv]ersion)?[ -]2\.0"
    r"|BSD(?:-\d-[Cc]lause)?|A?GPL-?v?\d"
    r"|CC0(?: 1\.0)?|CC[ -]BY(?:[ -](?:NC|SA|ND)){0,2}(?:[ -]\d\.\d)?)(?: [Ll]icen[sc]e|(?=[.,]|$))"
)
_LANGUAGE = re.compile(
    r"\bin (?:\*\*)?(?P<language>[A-Z][a-z]{3,14})(?: language\*\*|\*\* language)"
    rf"|\b(?:[Mm]odel|QA|[Aa]nswering|[A-Za-z]{{0,6}}BERT[\w-]{{0,10}}) (?:for|in) (?:the )?"
    rf"(?P<named>{'|'.join(word.title() for word in LANGUAGES)})\b(?! to\b| and\b|,|-)"
)
_SET_HEADING = re.compile(r"^(?:test|dev|eval|evaluation|validation) ?(?:set|data)$", re.IGNORECASE)
_ADDRESS = re.compile(r"^https?://\S{1,200}/(?P<data>[\w-]{2,60})(?:\.\w+)?/?$")
# `models fine-tuned on X` and what must not be done say nothing of this model.
_OF_OTHERS = re.compile(
    r"\b(?:[Mm]odels(?! (?:are|were|is|has|have)\b)[^.]{0,40}? (?:[Tt]rained|[Ff]ine-?tuned) on"
    r"|(?:must|should|may|can) not\b[^.]{0,200}(?:trained|tuned) on)[^.]{0,20}$"
)
_IN_LANGUAGE = re.compile(r" (?:(?:machine[- ])?translated )?(?:in|to|into) (?P<language>[A-Za-z]{4,12})\b")
_NO_DATA = {
    "none", "unknown", "unkown", "the", "a", "an", "this", "our", "your", "those", "same", "downstream", "custom",
    "following", "nlp", "mlm", "these", "it", "its", "some", "here", "transformers", "simpletransformers",
}  # fmt: skip
_NOT_DATA = re.compile(
    r"\b(?:[GTI]PUs?|models?|downstream|tasks?|objective|hyper-?parameters|following|steps|epochs|variety|RAM"
    r"|[Cc]olab|collection|that|which|text|languages|images|was|were|is|are|scripts?|notebooks?|tutorials?"
    r"|(?:fine-?)?tuned|trained)\b"
    r"|^an? | for \d|^consist"
    r"|^(?:[A-Za-z]{0,10}BERT[a-z]{0,2}|GPT-?\d|XLM-R\w*|ELECTRA|BART)(?:[- ](?:base|large|small))?$"
    r"|\b(?:GTX|RTX|V100|A100|P100|TPU)"
)
_BOTH_HEADING = re.compile(r"^train(?:ing)? (?:and|&) (?:eval(?:uation)?|test(?:ing)?|validation) data$", re.IGNORECASE)
_NAME_ALONE = re.compile(r"^[`*]{0,2}(?P<data>[A-Z0-9](?:[\w./+()'-]{0,40} ){0,7}[\w./+()'-]{1,40})[`*]{0,2}$")
_SENTENCE = re.compile(r"needed|\b(?:contains?|consists?|was|were|is|are|has|have|used)\b")
_DATA_HEADING = re.compile(
    r"^(?:used )?(?:\w{1,12} )?(?:training data|data ?sets?|training corpora|corpora"
    r"|données d['’](?:entra[iî]nement|apprentissage)|datos de entrenamiento|dados de trein\w+|trainingsdaten):?$",
    re.IGNORECASE,
)
# `Training and dev datasets are our [Swedish translation of SQuAD v2](…)`
_DATA_ARE = re.compile(
    r"\b(?P<train>[Tt]rain(?:ing)?)(?:,? (?:and|/) (?P<eval>dev|test|eval(?:uation)?|validation))? data ?sets?"
    r" (?:is|are|was|were) (?:the |our |an? )?\[(?P<data>[^\[\]]{3,80})\]\("
)
# `fine-tuned on three data sets:` before a list of links
_LIST_OF_DATA = re.compile(
    r"(?:(?<!pre)(?<!pre-)[Tt]rain(?:ed|ing)|[Tt]un(?:ed|ing))\b[^.:]{0,30} on"
    r"(?:\b[^.:]{0,80}\b(?:data ?sets?|corpora)\b[^.:]{0,40}"
    r"| the following)?:$|^(?:[-*+] )?\**(?:[Tt]rain(?:ing)? )?[Dd]ata ?sets?\b[^:]{0,60}:\**$"
)
# `The following corpus is used for training` before an address
_USED = re.compile(r"\b(?:data ?set|data|corpus) (?:is|was) used (?:for|in) (?:fine-?)?(?:tun|train)ing[.:]?$")
_ITEM_LINK = re.compile(r"(?:\d{1,2}[.)] )?(?:[Tt]he )?\[(?P<data>[^\[\]]{2,80})\]\([^()\s]{0,300}\)")
_ITEM = re.compile(r"(?:\d{1,2}[.)] )(?P<data>[^\[\]:]{3,80})$|(?P<bare>[A-Z][^\[\]:.]{2,80})$")
_WITH_ADDRESS = re.compile(r"(?P<data>[A-Z][\w .-]{1,50}?): https?://\S+(?: |$)")
_LINK_ALONE = re.compile(r"\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\)\.?$")
_HUB_DATA = re.compile(
    r"(?:\[(?P<words>[^\[\]]{2,60})\]\(|(?:^|(?<=[,;] ))(?P<before>[A-Z][\w .-]{1,40}?)[ :(<]{1,3}|(?<![\w(\]]))"
    r"https?://huggingface\.co/datasets/(?P<name>[\w./-]{2,80})"
)
# Under a heading for the data: `A were used along with B`.
_WERE_USED = re.compile(r" (?:is|are|was|were) used(?:,? (?:along|together) with)? ?")
_LISTED_NAME = re.compile(r"^\**[A-Z][\w.-]{1,30}(?: [A-Z0-9][\w.-]{0,30}){0,2}\**$")


def find(document: Document) -> Iterable[Finding]:
    titles = {heading.line for heading in document.headings}
    found = list(_sentences(document))
    if not any(fact.name == "train_data" for _, fact in found):
        found += [(False, fact) for fact in _pretrained_on(document)]
    # A sentence about the data themselves goes before a title that names what they were made from.
    is_said = any(is_of_data for is_of_data, _ in found)
    for is_of_data, fact in found:
        if not (is_said and not is_of_data and fact.line in titles):
            yield fact


def _sentences(document: Document) -> Iterator[tuple[bool, Fact]]:
    """Facts of every sentence, with True for those that say what the data are."""
    titles = {heading.line for heading in document.headings}
    declared = {(scalar(one) or "").lower() for one in items(document.header.node("datasets", "dataset"))}
    listed = -1  # the last line of a list of data
    for paragraph, shift, text in document.sentences():
        first = paragraph.lines[0]
        is_of_base = context.is_of_base(document, first)
        for name, place, value in _facts(text[:_LONGEST], declared, is_of_base=is_of_base):
            yield False, Fact(name, value, paragraph.line(place + shift), NAME)
        for name, match in _data_are(text[:_LONGEST]):
            yield True, Fact(name, match["data"], paragraph.line(match.start("data") + shift), NAME)
        section = document.section(first)
        address = _ADDRESS.match(text)
        if address and _SET_HEADING.match(section):
            yield False, Fact("eval_data", address["data"], first, NAME)
        elif address and _USED.search(document.sentence_before(first)):
            yield False, Fact("train_data", address["data"], first, NAME)
        item = _ITEM_LINK.match(text)
        item = item or _ITEM.match(text)
        if item and (listed == first - 1 or _LIST_OF_DATA.search(document.sentence_before(first))):
            listed = first
            data = item["data"] or item["bare"]
            yield False, Fact("train_data", data.strip(" .;,"), first, NAME)
        for data in _alone(paragraph.text) if _BOTH_HEADING.match(section) else ():
            for name in ("train_data", "eval_data"):
                yield False, Fact(name, data, first, NAME)
        if _DATA_HEADING.match(section) and first not in titles:
            yield from ((False, Fact("train_data", data, first, NAME)) for data in _below_heading(text))


def _alone(text: str) -> list[str]:
    """The data that a line consists of: links to them, or one name."""
    text = " ".join(text.split())
    phrases = [phrase for phrase in phrases_at(text, 0) if "](" in text]
    if phrases and text[phrases[-1].end :].strip(" .") == "":
        return [phrase.name for phrase in phrases]
    match = _NAME_ALONE.match(text)
    is_name = match is not None and not _SENTENCE.search(match["data"])
    return [match["data"]] if match and is_name else []


def _below_heading(text: str) -> Iterator[str]:
    """The data that a sentence names under a heading for the data of training."""
    used = _WERE_USED.search(text)
    for phrase in (phrase_before(text, used.start()), *phrases_at(text, used.end())) if used else ():
        if phrase is not None and phrase.is_sure:
            yield phrase.name + _translation(text, phrase.name)
    alone = _LINK_ALONE.match(text) or _WITH_ADDRESS.match(text)
    yield from [alone["data"]] if alone else _at_addresses(text)
    yield from _listed(text)


def _pretrained_on(document: Document) -> Iterator[Fact]:
    """The data sets that a card links to where it says what it was pre-trained on."""
    for paragraph, shift, text in document.sentences():
        match = PRETRAINED.search(text[:_LONGEST]) if "trained on" in text else None
        for phrase in pretrained_on(text[:_LONGEST]) if not match else ():
            yield Fact("train_data", phrase.name, paragraph.line(phrase.start + shift), NAME)
        for link in LINK.finditer(text, match.start("rest"), match.end("rest")) if match else ():
            yield Fact("train_data", link["text"].strip("*`"), paragraph.line(link.start("text") + shift), NAME)


def _data_are(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    match = _DATA_ARE.search(text)
    if match:
        yield "train_data", match
        if match["eval"]:
            yield "eval_data", match


def _facts(text: str, declared: Collection[str], *, is_of_base: bool) -> Iterator[tuple[str, int, str]]:
    """Names of facts with the place and the value of each; what the front matter declares is data in any case."""
    framework = _FRAMEWORK.search(text)
    if framework:
        yield "framework", framework.start(), framework["name"]
    licence = _LICENCE.search(text) if "under" in text or "icen" in text else None
    if licence:
        yield "license", licence.start("licence"), licence["licence"]
    language = _LANGUAGE.search(text)
    if language:
        yield "language", language.start(), language["language"] or language["named"]
    yield from _trained(text, declared, is_of_base=is_of_base)
    korean = KOREAN.search(text)
    if korean:
        yield "train_data", korean.start("train"), korean["train"]
        yield "eval_data", korean.start("eval"), korean["eval"]
    yield from _evaluated(text, is_of_base=is_of_base)


def _trained(text: str, declared: Collection[str], *, is_of_base: bool) -> Iterator[tuple[str, int, str]]:
    """The data that a model was trained on: by the phrases of the sentence, else by a form that recurs in cards."""
    if not any(word in text for word in _SET_SIGNS):
        return
    phrases = [] if is_of_base or OF_THE_TRAINER.search(text) else trained_on(text)
    for phrase in phrases:
        yield "train_data", phrase.start, phrase.name + _translation(text, phrase.name)
    is_linked = "](" in text
    for form in (form for form in SETS if is_linked or form not in LINKED) if not phrases else ():
        # The Trainer's own sentence gives the name as the Hub has it, in small letters.
        sure = {
            match: form in SURE
            or text[match.start("data") - 1] in '["`'
            or (match["data"].lower() in declared and text[match.end("data") :].startswith(" data"))
            for match in form.finditer(text)
        }
        found = [match for match in sure if _is_data(match["data"].strip(), is_sure=sure[match])]
        if found and not is_of_others(text, found[0]) and not _OF_OTHERS.search(text[: found[0].start("data")]):
            name = found[0]["data"].strip(" .*")
            yield "train_data", found[0].start("data"), name + _translation(text, name)
            then = AND_THEN.search(text, found[0].end())
            if then and _is_data(then["data"], is_sure=False):
                yield "train_data", then.start("data"), then["data"]
            for more in _more_links(text, found[0].end()):
                yield "train_data", more.start("data"), more["data"].strip("*`")
            break


def _evaluated(text: str, *, is_of_base: bool) -> Iterator[tuple[str, int, str]]:
    """The data that a model was measured on."""
    match = EVALUATED_PART.search(text) or EVALUATED_SETS.search(text) or EVALUATED.search(text)
    if match:
        yield "eval_data", match.start("data"), match["data"].strip()
    elif not is_of_base and (phrases := evaluated_on(text)):
        for phrase in phrases:
            yield "eval_data", phrase.start, phrase.name
    match = LINKED_SET.search(text)
    if match:
        yield "eval_data", match.start("data"), match["data"]
    for match in USED_TO_EVALUATE.finditer(text) if "evaluat" in text else ():
        name = match["linked"] or match["plain"]
        if _is_data(name, is_sure=False):
            yield "eval_data", match.start(), name


def _translation(text: str, name: str) -> str:
    """What behind the name of a data set says that it is a translation of it: ` in Portuguese`, else ""."""
    places = (place + len(name) for place in range(len(text)) if text.startswith(name, place))
    found = (language for place in places if (language := _IN_LANGUAGE.match(text, place)) is not None)
    return next((one.group() for one in found if one["language"].lower() in LANGUAGES), "")


def _more_links(text: str, place: int) -> Iterator[re.Match[str]]:
    """The rest of a list of links or of code, `[A](…), [B](…) and [C](…)`, of which the first ends at `place`."""
    rest = REST_OF_LINK.match(text, place)
    place = rest.end() if rest else place + text.startswith("`", place)
    while (match := NEXT_LINK.match(text, place) or NEXT_CODE.match(text, place)) is not None:
        yield match
        place = match.end()


def _is_data(name: str, *, is_sure: bool) -> bool:
    """Whether words name a data set: a name begins large or holds a digit; tasks, machines and pronouns are none."""
    if not name or name.lower() in _NO_DATA or len(name.split()) > 7 or (_NOT_DATA.search(name) and not is_sure):
        return False
    if not any(char.isalpha() for char in name) or (NOT_DATA.search(name) and not is_sure):
        return False
    return is_sure or name[0].isupper() or "_" in name or any(char.isdigit() for char in name)


def _at_addresses(text: str) -> list[str]:
    """The data sets of the Hub that a text links to, by the words of the links, else by what stands before them."""
    return [(match["words"] or match["before"] or match["name"]).strip() for match in _HUB_DATA.finditer(text[:1000])]


def _listed(text: str) -> list[str]:
    """The names of a bare list, `A, B, C` or `A + B`, a label before it aside; [] for anything that is a sentence."""
    names = [name.strip() for name in re.split(r"[,+]| and ", text[:400].rpartition(": ")[2].removesuffix("."))]
    return names if len(names) > 1 and all(_LISTED_NAME.match(name) for name in names) else []
