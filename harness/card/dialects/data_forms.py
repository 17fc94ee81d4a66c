"""Forms of sentences that say on what data a model was trained and evaluated."""

import re

from harness.card.dialects.data_phrases import QUESTIONS
from harness.card.dialects.model_forms import TUNED

_DATA = (
    r"(?:\*\*|`|\")?\[?(?:\*\*|`)?(?P<data>\w[\w ./+&-]{1,70}?(?: \([\w .-]{2,20}\)(?=\*{0,2}\]))?)"
    r"(?:\*\*|`)?(?:\]\([^)\s]{0,300}\))?(?:\*\*|`|\")?"
)
_TUNED = rf"(?:{TUNED}|[Tt]ransfer[-\s][Ll]earn(?:ing|ed))"
# What may follow a data set's name; the dot of a version (`SQuAD1.1`) ends none.
_AFTER = (
    r"(?:(?<=\))(?! like\b)|(?<=\)\*\*)"
    r"|(?= (?:data ?sets?|data|question|for|from|with|corpus|task|using|via|as|in|by|train(?:ing)?|to|that|which|when"
    r"|where|at)\b"
    r"|(?= (?:and |was |is )?(?:then )?(?:evaluated|tested|achiev\w+|reach\w+|obtain\w+|gives?|gets?)\b)"
    r"|(?= \+ )|[,;)(]|\.(?!\d)|$))"
)
_LOADED = re.compile(r"\bthe (?P<data>[\w-]{2,40}) data ?set loaded (?:using|with|from)\b")
# The Trainer's own sentence.
OF_THE_TRAINER = re.compile(
    r"\b(?:fine-?tuned? (?:version|checkpoint) of .{0,250}?|trained from scratch) on\s+(?:the |an? )?"
    + _DATA
    + r" dataset\b"
)
SETS = (
    OF_THE_TRAINER,
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
    re.compile(
        r"\b(?:[Tt]rained|" + _TUNED + r"|fine-?tune the \w+ is|train the model|used)\b.{0,200}?"
        r"\b(?:on|of|is|with) (?:[\w-]{1,20} ){0,4}?\[(?:\*\*)?"
        r"(?P<data>[^\[\]]{2,80}?(?:[Dd]ataset|[Cc]orpus|[Tt]ask|SQuAD[\w. ]{0,20}|NLI))(?:\*\*)?\]\("
    ),
    re.compile(
        rf"\b{_TUNED}\b[^.]{{0,80}}? (?:on|with|using) (?:the )?(?:train(?:ing)? (?:set|split)s? of )?"
        rf"`(?P<data>[\w./-]{{2,60}})`"
        r"(?=,| and| \(|\.|$)"
    ),
    # `trained on the question answering task using [SQuAD-it](…)`, `fine-tuned … with TQuAD dataset`
    re.compile(
        rf"\b(?:[Tt]rained|{_TUNED})\b[^.]{{0,120}}? (?:on|in|using|with) (?:the )?\[?(?P<data>{QUESTIONS})(?![\w-])"
    ),
    re.compile(r"\b[Ww]e used? (?:[^.\[]{1,80} )?\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\) for training\b"),
    re.compile(
        r"\b[Tt]raining data (?:comes?|is|are|consists?|was|were)\b[^.\[]{0,60}\[(?P<data>[^\[\]]{2,60})\]"
        r"\([^()\s]{0,300}\)"
    ),
    _LOADED,
    re.compile(
        r"\b[Dd]ata ?sets? (?:that (?:is|was|were) )?used (?:here )?(?:is|was|are|were|comes?|stems?)\b[^.\[]{0,60}"
        r"\[(?P<data>[^\[\]]{2,80})\]\("
    ),
)
LINKED = frozenset(form for form in SETS if re.search(r"(?<!\(\?:)\\\]\\\(", form.pattern))  # that need a link
SURE = (OF_THE_TRAINER, _LOADED)  # forms that only a name of data can stand in
PRETRAINED = re.compile(r"\b(?:was|were|is) pre-?trained on (?P<rest>(?:the )?\[(?:[^.]|\.(?=\w))+)")
EVALUATED = re.compile(
    r"\b(?:[Ee]valuat(?:ed|ion)|[Rr]esults?|[Ss]core[sd]?|[Mm]etrics|[Aa]ccuracy|F1|[Pp]erformance|reaches|achieves)\b"
    r"(?:[^.\n]|\.\d){0,120}?\b(?:on|using) (?:the |an? )?(?:(?:English|official|complete|full|entire) )?"
    r"(?P<data>(?:[\w.-]{1,30} ){0,4}?(?:[Dd]ev|[Tt]est|[Vv]alidation|[Ee]val)(?:elopment)?(?:-v[\d.]+)?"
    r"(?: ?set| data ?set| split)?"
    r"(?: (?:of|from) (?:the )?(?!the\b|\d)\w[\w.-]{0,40}(?: v?\d[\w.]{0,5})?)?)(?=[\s.,;:)(]|$)"
)
# `evaluated on the test split of the Latin corpus in the [Quiz](…)`
EVALUATED_PART = re.compile(
    r"\b[Ee]valuated\b[^.\[]{0,40}? on [^.\[]{1,120}? (?:of|in) (?:the )?\[(?P<data>[^\[\]]{2,60})\]\("
)
# `benchmarks … using validation and test sets of `quiz``
EVALUATED_SETS = re.compile(
    r"\b(?:on|using) (?:the )?(?:validation|dev|test)(?: and (?:validation|dev|test))? sets of"
    r" (?:the )?`?(?P<data>[\w-]{2,40})`?"
)
USED_TO_EVALUATE = re.compile(
    rf"\[(?P<linked>{QUESTIONS})\]\([^()\s]{{0,300}}\)(?: (?:test|dev) set)? for (?:training and )?evaluation\b"
    r"|(?<![\w.-])(?P<plain>[A-Z0-9][\w.-]{1,29}) data ?set (?:(?:is|was) )?used to (?:train and )?evaluate\b"
)
# `[test set](https://…/newstest2019.tgz)`: the address names what the words do not.
LINKED_SET = re.compile(
    r"\[(?:test|dev|eval|evaluation|validation) (?:set|data)\]\([^()\s]{1,200}/(?P<data>\w[\w-]{1,60})[^()\s/]{0,60}\)",
    re.IGNORECASE,
)
KOREAN = re.compile(r"(?P<train>\w{2,20} 학습 데이터셋)으로 학습.{0,22}?(?P<eval>\w{2,20} 평가 데이터셋)으로 평가")
# `… and then on the Quiz training dataset`
AND_THEN = re.compile(
    r"(?: data ?set)?,? (?:and then|then|followed by)(?: [Ff]ine-?tun\w+)?(?: on| by)? (?:the )?"
    r"(?P<data>[A-Z][\w./-]{1,40}(?: v?\d[\d.]*)?(?: (?:train(?:ing)?|dev|test)(?= (?:data ?)?set))?)(?=[ .,;]|$)"
)
REST_OF_LINK = re.compile(r"[^\[\]()]{0,30}\]\([^()\s]{0,300}\)")
NEXT_CODE = re.compile(r"(?:,? and|,) `(?P<data>[\w./-]{2,60})`(?! model)")
NEXT_LINK = re.compile(
    r"(?:,? and|,|,? &| \+) (?:(?:an? |the |its |our )?(?:[\w-]{1,15} ){0,3}"
    r"(?:version|translation|part|subset|split) of (?:the )?)?\[(?P<data>[^\[\]]{2,60})\]\([^()\s]{0,300}\)"
)
