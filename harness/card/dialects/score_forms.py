"""Forms of sentences that give a metric and its value, in either order, in pairs and lists."""

import re

_METRIC = (
    r"(?P<metric>(?:[Mm]acro|[Mm]icro|[Ww]eighted|[Oo]verall|[Bb]est|[Vv]alidation|[Tt]est|[Ee]val(?:uation)?|[Mm]ean)?"
    r"[ -]?(?:F1(?:[- ][Ss]core)?|f1(?:[- ]score)?|F-score|[Aa]ccuracy|[Aa]cc(?=\W)|accuracy score"
    r"|[Ee]xact[- ][Mm]atch(?: score)?"
    r"|EM|em|[Pp]recision|[Rr]ecall|BLEU(?: score)?|WER|CER|[Pp]erplexity|loss|Matthews [Cc]orrelation(?: coefficient)?"
    r"|validation score|ROUGE-?[12L]|AUC|MRR(?:@\d+)?|Pearson(?: correlation)?|Spearman(?: correlation)?))"
)
CLAIM = re.compile(
    r"(?<![\w-])" + _METRIC + r"(?: metric| value| score)?(?: achieved| obtained)?"
    r"(?: (?:on|for) (?:the )?(?:(?!and\b|with\b|is\b)[\w.-]{1,20} ?){1,5}?)?"
    r"(?: ?\([^()]{0,60}\))?"
    r"(?:\s+(?:of|is|was|are|to|at|reaches|about|around|equal|approximately|over|=)"
    r"|\s*(?:=>|->|→|[:=])|(?= \d{1,3}\.\d+(?! ?(?:%|points?)? (?:points?|higher|lower|better|worse|more|less)\b)))+"
    r"\s*[*`~]{0,3}(?P<value>\d+(?:\.\d+|,\d+)?(?:\s?[-–/]\s?\d+(?:\.\d+)?)?)(?P<percent>\s?%)?[*`]{0,3}"
    r"(?![\w/]|[.,]\d|\s?%? (?:[Pp]recision|[Rr]ecall|[Ss]pecificity|FPR)\b)"  # `recall at 80% precision`
)
REVERSED = re.compile(
    r"(?<![\w.])(?<!ecall at )(?<!ecision at )(?P<value>\d{1,3}\.\d+|\d{1,3}(?=\s?%))(?P<percent>\s?%)?"
    r"[*`]{0,2} (?:(?![Bb]est\b)\w+ |\()?" + _METRIC + r"\b"
    r"(?! (?:loss|drop|gain|degradation|improvement|points?)\b)"
)


def _named(group: str) -> str:
    """The pattern of a metric's name, in a group of another name."""
    return _METRIC.replace("?P<metric>", f"?P<{group}>")


def _number(group: str, *, before: str = "/-") -> str:
    """The pattern of a score of a pair; what follows it is no part of a date, a range or a longer number."""
    spread = r"(?: ?(?:±|\+/-) ?\d+(?:\.\d+)?)?"
    return rf"[*`~]{{0,3}}(?P<{group}>\d{{1,3}}(?:\.\d+)?{spread})\s?%?[*`]{{0,3}}(?![\w{before}]|[.,]\d)"


# `Exact match 77.1 and F1 80.2`, `EM 71.9 / F1 76.4`: each number is of the metric before it.
_AND = r"\s*(?:,? and|,|/|;|&|\|)\s*"
_BETWEEN = r"(?:\s+(?:of|is|was|score|score of)|\s*[:=])?\s+"
PAIR = re.compile(
    r"(?<![\w-])" + _named("one") + _BETWEEN + _number("first") + _AND + _named("two") + _BETWEEN + _number("second")
)
# `EM/F1: 77.1/80.2`, `EM and F1 of 77.1 and 80.2`
SLASHED = re.compile(
    r"(?<![\w-])"
    + _named("one")
    + _AND
    + _named("two")
    + r"(?: scores?)?(?:\s+(?:of|is|are|was|were)|\s*[:=])?\s+"
    + _number("first", before="-")
    + _AND
    + _number("second")
)
# `F1 is 88.7, compared with 88.5 for the dense version`
COMPARED = re.compile(
    r"(?:,? (?:compared (?:to|with)|against|versus|vs\.?)"
    r"|\b(?:better|worse|higher|lower)\b[^.,;]{0,30} than) (?:the )?(?:original )?"
    r"(?P<value>\d+\.\d+)\s?%?(?= (?:for|of|by|from) )"
)
# `84.8/82.0 on f1/em`: the numbers before their metrics.
BEFORE = re.compile(
    r"(?<![\w.])"
    + _number("first", before="-")
    + r"\s*(?:/|and)\s*"
    + _number("second", before="/-")
    + r"(?:,? respectively)?,? (?:on|for|in|of) (?:the )?"
    + _named("one")
    + r"(?: score)?"
    + _AND
    + _named("two")
    + r"\b"
)
# `an F1 of 82.6% on dev and 85.2% on test`: the metric goes on.
AND_ON = re.compile(
    r"\s?%? on (?:the )?[\w/.-]{2,30}(?: set| split)?(?:,| and|, and) (?P<value>\d{1,3}\.\d+)\s?%?"
    r"(?= (?:on|for) (?:the )?(?:dev|test|validation|eval|train)\w*\b)"
)
# `F1 in the paper is 81.9, we reach 81.58`
OURS = re.compile(
    r"\b(?:[Ww]e|[Oo]urs|(?:[Oo]ur|[Tt]his|[Tt]he) model) (?:(?:only|even|now) )?"
    r"(?:reach|get|g[oe]t|obtain|achieve|score|has|have)(?:e?[sd])? (?P<value>\d+\.\d+)\b"
    r"(?! ?%? (?:points?|on|in|f1|F1|EM|em|exact|accuracy)\b)"
)
THAT = re.compile(r",? which is (?:equal to )?(?P<value>\d+\.\d+)\b")
SIGNATURE = re.compile(r"^\s*(?P<metric>BLEU|chrF\d?|TER)\|\S{5,200} = (?P<value>\d+(?:\.\d+)?)\b")
LOGGED = re.compile(r"\s(?P<metric>[a-z_]{2,30}) = (?P<value>-?\d+\.\d+)\s*$")
# `… 80.2 on the SQuAD 2.0 dev set`: the data that the same sentence names behind a number.
ON_DATA = re.compile(
    r"(?:[^.;:]|\.(?=\d)){1,80}? on (?:the )?"
    r"(?P<data>[A-Z][\w.-]*\w(?: v?\d(?:[\d.]*\d)?)?(?: (?:dev|test|validation) set)?)(?=[\s.,;)]|$)"
)
# `the best score was 0.94, as measured by the eval set accuracy`
MEASURED = re.compile(
    r"\b(?:[Ss]core|[Rr]esult)\b[^.]{0,60}? (?P<value>\d{1,3}\.\d+),? (?:as )?measured (?:by|in|with) (?:the )?"
    r"(?:(?:eval|dev|test)\w* set )?" + _METRIC
)
