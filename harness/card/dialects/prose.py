"""Sentences that say on what a model was trained and evaluated, in which language, with which library."""

import re
from collections.abc import Collection, Iterable, Iterator

from harness.card.data_sets import LANGUAGES
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.header import items, scalar
from harness.domain import Fact

NAME = "prose"
_LONGEST = 4000  # characters of a paragraph that are read
_FRAMEWORK = re.compile(
    r"\b(?P<name>[Hh]aystack(?: v?\d+(?:\.\d+)+)?)(?:'s)?\b.{0,80}\bfeatures? (?:was|were) used for training\b"
)
_LANGUAGE = re.compile(
    r"\bin (?:\*\*)?(?P<language>[A-Z][a-z]{3,14})(?: language\*\*|\*\* language)"
    rf"|\b(?:[Mm]odel|QA|[Aa]nswering|[A-Za-z]{{0,6}}BERT[\w-]{{0,10}}) (?:for|in) (?:the )?"
    rf"(?P<named>{'|'.join(word.title() for word in LANGUAGES)})\b(?! to\b| and\b|,|-)"
)

_DATA = (
    r"(?:\*\*|`|\")?\[?(?:\*\*|`)?(?P<data>\w[\w ./+&-]{1,70}?(?: \([\w .-]{2,20}\)(?=\*{0,2}\]))?)"
    r"(?:\*\*|`)?(?:\]\([^)\s]{0,300}\))?(?:\*\*|`|\")?"
)
_TUNED = r"(?:[Ff]ined?[-\s]?[Tt]un{1,2}(?:ed|e|ing)|[Tt]ransfer[-\s][Ll]earn(?:ing|ed))"
# A name that sets of questions have: `SQuAD-it`, `TyDiQA`, `BraQuAD 2.0`, `korquad_v1`.
_QUESTIONS = r"[\w-]{0,20}(?:Qu?AD|QUAD|quad|QA)(?![a-z])[\w-]{0,12}(?: ?v?\d(?:[\d.]*\d)?)?"
# What may follow a data set's name; the dot of a version (`SQuAD1.1`) ends none.
_AFTER = (
    r"(?:(?<=\))(?! like\b)|(?<=\)\*\*)"
    r"|(?= (?:data ?sets?|data|question|for|from|with|corpus|task|using|via|as|in|by|train(?:ing)?|to|that|which|when"
    r"|where|at)\b"
    r"|(?= (?:and |was |is )?(?:then )?(?:evaluated|tested|achiev\w+|reach\w+|obtain\w+|gives?|gets?)\b)"
    r"|[,;)(]|\.(?!\d)|$))"
)
_SETS = (
    re.compile(
        r"\b(?:fine-?tuned? (?:version|checkpoint) of .{0,250}?|trained from scratch) on\s+(?:the |an? )?"
        + _DATA
        + r" dataset\b"
    ),
    re.compile(_TUNED + r" (?:from|of) .{1,200}? on (?:the )?" + _DATA + _AFTER),
    re.compile(rf"\b(?:[Tt]rained|{_TUNED})\b(?:.{{1,250}}?)? on the data ?set " + _DATA + _AFTER),
    re.compile(
        r"\b(?:by|after|[Ww]e) [Ff]ine-?[Tt]un(?:ing|ed) (?:the |a )?"
        r"(?:`?[\w./-]{3,90}`?|\[[^\[\]]{2,80}\]\([^()\s]{0,300}\))(?: model)? on (?:the )?" + _DATA + _AFTER
    ),
    re.compile(
        _TUNED + r"(?: and evaluated)?(?: \([^()]{0,60}\))? (?:on|(?:by )?using|for \w+ task on)(?: the| a| an)?"
        r"(?: English version of the| dataset)?(?: standard| official)?(?: translated)? "
        + _DATA
        + r"(?: \d\w* )?"
        + _AFTER
    ),
    re.compile(
        r"(?<!-)\b(?:[Tt]rained|[Tt]raining (?:is|was) (?:done|performed)|[Ll]earning of .{0,60}?) on (?:the )?"
        r"(?:[A-Z]?[a-z-]+ subset of the )?"
        + _DATA
        + r"(?: dataset|(?<=\))(?! like\b)|(?= (?:using|as|via|with|train(?:ing)?)\b|,| \(|:|\.(?!\d)|$))"
    ),
    re.compile(r"\b(?:using|second step of\)) knowledge distillation on (?:the )?" + _DATA + r"(?=[,;]|\.(?:\s|$)|$)"),
    re.compile(
        r"\b(?:[Tt]rained|" + _TUNED + r"|fine-?tune the \w+ is|train the model|used)\b.{0,200}?"
        r"\b(?:on|of|is|with) (?:[\w-]{1,20} ){0,4}?\[(?:\*\*)?"
        r"(?P<data>[^\[\]]{2,80}?(?:[Dd]ataset|[Cc]orpus|[Tt]ask|SQuAD[\w. ]{0,20}|NLI))(?:\*\*)?\]\("
    ),
    re.compile(r"\bQA task on " + _DATA + r"(?= from)"),
    # `trained on the question answering task using [SQuAD-it](…)`, `fine-tuned … with TQuAD dataset`
    re.compile(
        rf"\b(?:[Tt]rained|{_TUNED})\b[^.]{{0,120}}? (?:on|in|using|with) (?:the )?\[?(?P<data>{_QUESTIONS})(?![\w-])"
    ),
    re.compile(r"\b[Ww]e used? (?:[^.\[]{1,80} )?\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\) for training\b"),
    re.compile(
        r"\b[Tt]raining data (?:comes?|is|are|consists?|was|were)\b[^.\[]{0,60}\[(?P<data>[^\[\]]{2,60})\]"
        r"\([^()\s]{0,300}\)"
    ),
    re.compile(
        rf"\b(?:[Tt]rained|{_TUNED}|model) with \[(?P<data>[^\[\]]{{2,60}})\]\([^()\s]{{0,300}}\)"
        r" (?:\w+ )?data ?sets?\b"
    ),
    re.compile(r"\bthe (?P<data>[\w-]{2,40}) data ?set loaded (?:using|with|from)\b"),
    re.compile(r"(?<![\w.-])(?P<data>[A-Z0-9][\w.-]{1,29}) data ?set (?:(?:is|was) )?used to train\b"),
)
_EVALUATED = re.compile(
    r"\b(?:[Ee]valuat(?:ed|ion)|[Rr]esults?|[Ss]core[sd]?|[Mm]etrics|[Aa]ccuracy|F1|[Pp]erformance|reaches|achieves)\b"
    r"(?:[^.\n]|\.\d){0,120}?\b(?:on|using) (?:the )?(?:English )?"
    r"(?P<data>(?:[\w.-]{1,30} ){0,4}?(?:[Dd]ev|[Tt]est|[Vv]alidation|[Ee]val)(?:elopment)?(?:-v[\d.]+)?"
    r"(?: ?set| data ?set| split)?(?: of (?:the )?\w[\w.-]{0,40}(?: v?\d[\w.]{0,5})?)?)(?=[\s.,;:)(]|$)"
)
_USED_TO_EVALUATE = re.compile(
    rf"\[(?P<linked>{_QUESTIONS})\]\([^()\s]{{0,300}}\)(?: (?:test|dev) set)? for (?:training and )?evaluation\b"
    r"|(?<![\w.-])(?P<plain>[A-Z0-9][\w.-]{1,29}) data ?set (?:(?:is|was) )?used to (?:train and )?evaluate\b"
)
_EVALUATED_ON = re.compile(r"\b(?:[Ee]valuated|[Tt]ested|[Vv]alidated) on (?:the )?(?:official )?" + _DATA + _AFTER)
# `[test set](https://…/newstest2019.tgz)`: the address names what the words do not.
_LINKED_SET = re.compile(
    r"\[(?:test|dev|eval|evaluation|validation) (?:set|data)\]\([^()\s]{1,200}/(?P<data>\w[\w-]{1,60})[^()\s/]{0,60}\)",
    re.IGNORECASE,
)
_SET_HEADING = re.compile(r"^(?:test|dev|eval|evaluation|validation) ?(?:set|data)$", re.IGNORECASE)
_ADDRESS = re.compile(r"^https?://\S{1,200}/(?P<data>[\w-]{2,60})(?:\.\w+)?/?$")
_KOREAN = re.compile(r"(?P<train>\w{2,20} 학습 데이터셋)으로 학습.{0,22}?(?P<eval>\w{2,20} 평가 데이터셋)으로 평가")
# `… and then on the Quiz training dataset`
_AND_THEN = re.compile(
    r"(?: data ?set)?,? (?:and then|then|followed by)(?: [Ff]ine-?tun\w+)?(?: on| by)? (?:the )?"
    r"(?P<data>[A-Z][\w./-]{1,40}(?: v?\d[\d.]*)?(?: (?:train(?:ing)?|dev|test)(?= (?:data ?)?set))?)(?=[ .,;]|$)"
)
_REST_OF_LINK = re.compile(r"[^\[\]()]{0,30}\]\([^()\s]{0,300}\)")
_NEXT_LINK = re.compile(
    r"(?:,? and|,|,? &| \+) (?:(?:an? |the |its |our )?(?:[\w-]{1,15} ){0,3}"
    r"(?:version|translation|part|subset|split) of (?:the )?)?\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\)"
)
# `models fine-tuned on X` and what must not be done say nothing of this model.
_OF_OTHERS = re.compile(
    r"\b(?:[Mm]odels(?! (?:are|were|is|has|have)\b)[^.]{0,40}? (?:[Tt]rained|[Ff]ine-?tuned) on"
    r"|(?:must|should|may|can) not\b[^.]{0,200}(?:trained|tuned) on)[^.]{0,20}$"
)
_IN_LANGUAGE = re.compile(r" (?:(?:machine[- ])?translated )?(?:in|to|into) (?P<language>[A-Za-z]{4,12})\b")
_NO_DATA = {
    "none", "unknown", "unkown", "the", "a", "an", "this", "our", "your", "those", "same", "downstream", "custom",
    "following", "nlp", "mlm", "these", "it", "its", "some", "here",
}  # fmt: skip
_NOT_DATA = re.compile(
    r"\b(?:[GTI]PUs?|models?|downstream|tasks?|objective|hyper-?parameters|following|steps|epochs|variety|RAM"
    r"|[Cc]olab|collection|that|which|text|languages|images|was|were|is|are"
    r"|(?:fine-?)?tuned|trained)\b"
    r"|^an? | for \d|\b(?:GTX|RTX|V100|A100|P100|TPU)"
)
_BOTH_HEADING = re.compile(r"^train(?:ing)? (?:and|&) (?:eval(?:uation)?|test(?:ing)?|validation) data$", re.IGNORECASE)
_NAME_ALONE = re.compile(r"^[`*]{0,2}(?P<data>[A-Z0-9](?:[\w./+()'-]{0,40} ){0,7}[\w./+()'-]{1,40})[`*]{0,2}$")
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
    r"(?:(?<!pre)(?<!pre-)[Tt]rained|[Tt]uned)\b[^.:]{0,30} on(?:\b[^.:]{0,80}\b(?:data ?sets?|corpora)\b[^.:]{0,40}"
    r"| the following)?:$|^(?:[-*+] )?\**(?:[Tt]rain(?:ing)? )?[Dd]ata ?sets?\b[^:]{0,60}:\**$"
)
_ITEM_LINK = re.compile(r"(?:\d{1,2}[.)] )?\[(?P<data>[^\[\]]{2,80})\]\([^()\s]{0,300}\)")
_ITEM = re.compile(r"(?:\d{1,2}[.)] )(?P<data>[^\[\]:]{3,80})$|(?P<bare>[A-Z][^\[\]:.]{2,80})$")
_LINK_ALONE = re.compile(r"\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\)\.?$")
_HUB_DATA = re.compile(
    r"(?:\[(?P<words>[^\[\]]{2,60})\]\(|(?:^|(?<=[,;] ))(?P<before>[A-Z][\w .-]{1,40}?)[ :(<]{1,3}|(?<![\w(\]]))"
    r"https?://huggingface\.co/datasets/(?P<name>[\w./-]{2,80})"
)
_LISTED_NAME = re.compile(r"^\**[A-Z][\w.-]{1,30}(?: [A-Z0-9][\w.-]{0,30}){0,2}\**$")


def find(document: Document) -> Iterable[Finding]:
    titles = {heading.line for heading in document.headings}
    found = list(_sentences(document))
    # A sentence about the data themselves goes before a title that names what they were made from.
    is_said = any(is_of_data for is_of_data, _ in found)
    for is_of_data, fact in found:
        if not (is_said and not is_of_data and fact.line in titles):
            yield fact


def _sentences(document: Document) -> Iterator[tuple[bool, Fact]]:
    """Facts of every sentence, with True for those that say what the data are."""
    declared = {(scalar(one) or "").lower() for one in items(document.header.node("datasets", "dataset"))}
    listed = -1  # the last line of a list of data
    for paragraph, shift, text in document.sentences():
        first = paragraph.lines[0]
        for name, place, value in _facts(text[:_LONGEST], declared):
            yield False, Fact(name, value, paragraph.line(place + shift), NAME)
        for name, match in _data_are(text[:_LONGEST]):
            yield True, Fact(name, match["data"], paragraph.line(match.start("data") + shift), NAME)
        section = document.section(first)
        address = _ADDRESS.match(text)
        if address and _SET_HEADING.match(section):
            yield False, Fact("eval_data", address["data"], first, NAME)
        item = _ITEM_LINK.match(text)
        item = item or _ITEM.match(text)
        if item and (listed == first - 1 or _LIST_OF_DATA.search(document.sentence_before(first))):
            listed = first
            data = item["data"] or item["bare"]
            yield False, Fact("train_data", data.strip(" .;,"), first, NAME)
        alone = _NAME_ALONE.match(paragraph.text) if _BOTH_HEADING.match(section) else None
        if alone and "needed" not in alone["data"]:
            for name in ("train_data", "eval_data"):
                yield False, Fact(name, alone["data"], first, NAME)
        if _DATA_HEADING.match(section):
            alone = _LINK_ALONE.match(text)
            for data in [alone["data"]] if alone else _at_addresses(text):
                yield False, Fact("train_data", data, first, NAME)
            for data in _listed(text):
                yield False, Fact("train_data", data, first, NAME)


def _data_are(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    match = _DATA_ARE.search(text)
    if match:
        yield "train_data", match
        if match["eval"]:
            yield "eval_data", match


def _facts(text: str, declared: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """Names of facts with the place and the value of each; what the front matter declares is data in any case."""
    framework = _FRAMEWORK.search(text)
    if framework:
        yield "framework", framework.start(), framework["name"]
    language = _LANGUAGE.search(text)
    if language:
        yield "language", language.start(), language["language"] or language["named"]
    for form in _SETS:
        # The Trainer's own sentence gives the name as the Hub has it, in small letters.
        sure = {
            match: form is _SETS[0]
            or text[match.start("data") - 1] in '["`'
            or (match["data"].lower() in declared and text[match.end("data") :].startswith(" data"))
            for match in form.finditer(text)
        }
        found = [match for match in sure if _is_data(match["data"].strip(), is_sure=sure[match])]
        if found and not _OF_OTHERS.search(text[: found[0].start("data")]):
            yield "train_data", found[0].start("data"), found[0]["data"].strip(" .*") + _translation(text, found[0])
            then = _AND_THEN.search(text, found[0].end())
            if then and _is_data(then["data"], is_sure=False):
                yield "train_data", then.start("data"), then["data"]
            for more in _more_links(text, found[0].end()):
                yield "train_data", more.start("data"), more["data"].strip("*`")
            break
    korean = _KOREAN.search(text)
    if korean:
        yield "train_data", korean.start("train"), korean["train"]
        yield "eval_data", korean.start("eval"), korean["eval"]
    match = _EVALUATED.search(text)
    if match:
        yield "eval_data", match.start("data"), match["data"].strip()
    elif (match := _EVALUATED_ON.search(text)) is not None and _is_data(match["data"].strip(), is_sure=False):
        yield "eval_data", match.start("data"), match["data"].strip(" .*")
    match = _LINKED_SET.search(text)
    if match:
        yield "eval_data", match.start("data"), match["data"]
    for match in _USED_TO_EVALUATE.finditer(text) if "evaluat" in text else ():
        name = match["linked"] or match["plain"]
        if _is_data(name, is_sure=False):
            yield "eval_data", match.start(), name


def _translation(text: str, match: re.Match[str]) -> str:
    """What behind the name of a data set says that it is a translation of it: ` in Portuguese`, else ""."""
    name = match["data"].strip(" .*")
    places = (place + len(name) for place in range(len(text)) if text.startswith(name, place))
    found = (language for place in places if (language := _IN_LANGUAGE.match(text, place)) is not None)
    return next((one.group() for one in found if one["language"].lower() in LANGUAGES), "")


def _more_links(text: str, place: int) -> Iterator[re.Match[str]]:
    """The rest of a list of links, `[A](…), [B](…) and [C](…)`, of which the first ends at `place`."""
    rest = _REST_OF_LINK.match(text, place)
    place = rest.end() if rest else place
    while (match := _NEXT_LINK.match(text, place)) is not None:
        yield match
        place = match.end()


def _is_data(name: str, *, is_sure: bool) -> bool:
    """Whether words name a data set: a name begins large or holds a digit; tasks, machines and pronouns are none."""
    if not name or name.lower() in _NO_DATA or len(name.split()) > 7 or (_NOT_DATA.search(name) and not is_sure):
        return False
    if not any(char.isalpha() for char in name):
        return False
    return is_sure or name[0].isupper() or "_" in name or any(char.isdigit() for char in name)


def _at_addresses(text: str) -> list[str]:
    """The data sets of the Hub that a text links to, by the words of the links, else by what stands before them."""
    return [(match["words"] or match["before"] or match["name"]).strip() for match in _HUB_DATA.finditer(text[:1000])]


def _listed(text: str) -> list[str]:
    """The names of a bare list, `A, B, C` or `A + B`, a label before it aside; [] for anything that is a sentence."""
    names = [name.strip() for name in re.split(r"[,+]| and ", text[:400].rpartition(": ")[2].removesuffix("."))]
    return names if len(names) > 1 and all(_LISTED_NAME.match(name) for name in names) else []
