"""What the verbs of a sentence do with the data sets that its phrases name: trained on them, evaluated on them."""

import re

from harness.card.dialects.data_phrases import Phrase, phrase_before, phrases_at
from harness.card.dialects.model_forms import FAMILY, TUNED

TRAIN = (
    rf"(?:(?<![-\w])[Tt]rain(?:ed|s|ing)?|{TUNED}|\b[Ff]ine-?[Tt]unes?|\b[Tt]uned|[Tt]ransfer[-\s][Ll]earn(?:ing|ed))\b"
)
_TRAINED = re.compile(rf"(?<!\()(?<!\(\*){TRAIN}(?! (?:code|scripts?|procedure|example|tutorial|notebook|repo|your))")
# Words over which no verb reaches to its data: another verb, another model, the end of the sentence.
_BAR = re.compile(
    r"\b(?:evaluat|test(?:ed|ing)|achiev|obtain|reach|compar|than\b|unlike|measur|outperform|pre-?train|can\b|could\b"
    r"|report|surpass|generat)|['’]s fine-?tun|[.;:](?=\s|$)"
)
_ASIDE = re.compile(r", (?:which|that) [^,.;]{0,80},")  # `X, which was pre-trained on Y, on Z`
_PRETRAINED = re.compile(r"(?:This|The model|We|It|Our)\b[^.;]{0,80}?\bpre-?trained\b")
_TO_DATA = re.compile(r"(?<!based)(?<!built) (?P<word>on|with|using|for|to) ")
_ARE = re.compile(
    rf"\b(?:[Tt]rain(?:ing)?|{TUNED}) (?:data|set|corpus|data ?sets?)(?: used)?"
    r"(?: (?:(?:is|was|are|were)(?: (?:based|built) on)?|comes? from|consists? of|contains?|includes?|stems? from))"
    r" (?:from )?"
)
_USED = re.compile(
    rf" (?:(?:is|was|are|were|been)(?: also| then| first)? )?used (?:here )?(?:to|for|in|as)(?: the| our| its)?"
    rf"(?: \w+)? {TRAIN}"
)
_WE_USED = re.compile(r"\b(?:[Ww]e|I) (?:have )?(?:used?|adopt(?:ed)?|utili[sz]ed?|combined?|merged?) ")
_FOR_TRAINING = re.compile(rf"[^.;:]{{0,60}}? (?:for|as|to) (?:the |our )?(?:\w+ )?{TRAIN}")
_TO_TRAIN = re.compile(
    rf"\b(?:[Tt]o|[Ff]or|[Ww]hen)(?: the)? {TRAIN}"
    r"(?: (?:this|the|our|it|a)\b[^.;:A-Z]{0,30}| for [\w -]{3,30})?,? ?$"
)
# A clause with such words before the verb speaks of other models, or of what may be done.
_OF_OTHERS = re.compile(
    r"\b(?:[Uu]nlike|[Cc]ompar\w+|than|[Oo]riginal(?:ly)? (?:[\w-]+ ){0,4}(?:was|were|is)|[Ii]nstead of|[Ss]imilar to"
    r"|[Ss]tate[- ]of[- ]the[- ]art|[Aa]lso tried|[Oo]ther|[Ii]f you|[Yy]ou can"
    r"|(?:to|can|could|may|might|should|must) be|how to|want to|[Nn]ot|\w+n['’]t|[Tt]o try"
    r"|(?<!sitory )(?<!repo )(?<!model )[Pp]rovides?"
    r"|(?:[Ee]xample|[Tt]his) (?:code|script)|[Ee]xamples? (?:to|of|for)|[Oo]ur (?:\w+ )?models"
    r"|[Mm]odels(?! (?:are|were|is|was|has|have)\b))\b[^.;]{0,60}$|(?<!model)['’]s $"
)
# `AcmeBERT is a pre-trained model of Latin, trained by Acme on …`
_INTRODUCED = re.compile(
    rf"(?:^|\. )(?:\[?{FAMILY}\]?\S{{0,100}} is an? pre-?trained|\[{FAMILY}\]\(\S{{1,100}}\) is an? [\w-]+-based)"
    r"\b[^.;]*$"
)
_MEASURED = re.compile(
    r"\b(?:[Ee]valuat(?:ed?|es|ing|ions?)|[Tt]ested|[Tt]esting|[Vv]alidated|[Mm]easured|[Bb]enchmarked|[Bb]enchmarks?"
    r"|[Rr]esults?|[Ss]cores?|[Pp]erformance|[Rr]each(?:es)?|[Aa]chieves?d?|[Oo]btain(?:s|ed)?|F1|EM|[Aa]ccuracy"
    r"|[Mm]etrics)\b"
)
_BAR_OF_SCORES = re.compile(
    rf"{TRAIN}|\b(?:compar|than\b|pre-?train|[Ss]tate[- ]of[- ]the[- ]art|SOTA|\w+n't\b)|[.;](?!\w)"
)
_TO_MEASURED = re.compile(r" (?P<word>on|over|using|uses?) ")
_USED_TO_MEASURE = re.compile(
    r" (?:(?:is|was|are|were|been)(?: also| then)? )?(?:used (?:here )?)?(?:to|for|in|as)"
    rf"(?: the| our| its)?(?: model)?(?: {TRAIN} and)?"
    r" (?:[Ee]valuat(?:e|ion|ing)|[Tt]est(?:ing)?|[Vv]alidation)\b(?! set)"
)
_MODELS = re.compile(r"(?: (?:and|or) [\w-]+(?: [\w-]+)?)? models\b")  # `tuned and non tuned models`
_LONGEST_CLAUSE = 200


def trained_on(text: str) -> list[Phrase]:
    """The data sets that a sentence's model was trained on."""
    for match in _TRAINED.finditer(text):
        is_other = is_of_others(text, match) or _is_attribute(text, match)
        found = [] if is_other else _behind(text, match.end(), _TO_DATA, _BAR, ("on",))
        if found:
            return found
    for match in _ARE.finditer(text):
        if found := list(phrases_at(text, match.end())):
            return found
    for match in _WE_USED.finditer(text):
        found = list(phrases_at(text, match.end()))
        is_for = found and (_FOR_TRAINING.match(text, found[-1].end) or _TO_TRAIN.search(text[: match.start()]))
        if is_for and found[0].is_sure:
            return found
    return _used(text, _USED)


def pretrained_on(text: str) -> list[Phrase]:
    """The data sets on which a sentence says that this model was pre-trained."""
    match = _PRETRAINED.match(text)
    found = _behind(text, match.end(), _TO_DATA, _BAR, ()) if match else []
    return [phrase for phrase in found if phrase.is_sure]


def evaluated_on(text: str) -> list[Phrase]:
    """The data sets that a sentence's model was measured on."""
    for match in _MEASURED.finditer(text):
        # `evaluated on X`, where a result may be on anything
        firm = ("on",) if match.group().endswith(("ated", "ested")) else ()
        found = [] if is_of_others(text, match) else _behind(text, match.end(), _TO_MEASURED, _BAR_OF_SCORES, firm)
        if found:
            return found
    return _used(text, _USED_TO_MEASURE)


def _behind(
    text: str, place: int, prepositions: re.Pattern[str], bars: re.Pattern[str], firm: tuple[str, ...]
) -> list[Phrase]:
    """The data behind a verb: behind a preposition that is not `firm`, only what is sure to be data."""
    asides = [aside.span() for aside in _ASIDE.finditer(text, place)]
    found_bars = (bar for bar in bars.finditer(text, place) if not any(a < bar.start() < b for a, b in asides))
    bar = next(found_bars, None)
    end = min(bar.start() if bar else len(text), place + _LONGEST_CLAUSE)
    vague: list[Phrase] = []
    for match in prepositions.finditer(text, place - 1, end):
        if any(a < match.start() < b for a, b in asides):
            continue
        found = list(phrases_at(text, match.end()))
        if found and found[0].is_sure and (not vague or match["word"] in ("using", "with")):
            return found
        if found and match["word"] in firm:
            vague = vague or found
            if len(found) > 1 or any(char.isdigit() for char in found[0].name):
                break
    return vague  # `on Latin using the Quiz data set` is of the latter, `on Quiz for the answering task` of the former


def _is_attribute(text: str, match: re.Match[str]) -> bool:
    """Whether a verb only tells what kind of model is spoken of: `the trained model`, `fine-tuned models`."""
    is_the = text.endswith(("the ", "The "), 0, match.start())
    return _MODELS.match(text, match.end()) is not None or (is_the and text.startswith(" model ", match.end()))


def _used(text: str, form: re.Pattern[str]) -> list[Phrase]:
    """The data that stand before `was used to train` and its like."""
    found = (phrase_before(text, match.start()) for match in form.finditer(text))
    return next(([phrase] for phrase in found if phrase is not None and phrase.is_sure), [])


def is_of_others(text: str, match: re.Match[str]) -> bool:
    """Whether the words before a verb, in its sentence, are of other models or of what may be done."""
    before = text[max(0, match.start() - 160) : match.start()]
    return _OF_OTHERS.search(before[-100:]) is not None or _INTRODUCED.search(before) is not None
