"""Numbers in sentences: "for three epochs with a learning rate of 1e-5", "reaches a F1 score of 87.1 on the dev set".

What a sentence compares with ("for comparison, BERT reaches 88.7") is another model's number, and says so.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator

from harness.card.dialects import context
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.links import without_links
from harness.card.dialects.metrics import claim_of, metric_of
from harness.card.dialects.names import is_setting, state
from harness.card.dialects.paragraphs import Paragraph
from harness.card.dialects.score_forms import (
    AND_ON,
    BEFORE,
    CLAIM,
    COMPARED,
    LOGGED,
    MEASURED,
    ON_DATA,
    OURS,
    PAIR,
    REVERSED,
    SIGNATURE,
    SLASHED,
    THAT,
)

NAME = "prose_numbers"
_N = (
    r"(?P<value>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?:[eE][-−+]?\d+)?(?: ?[·*x×] ?10 ?\^?\{?[-−]\d+\}?)?"
    r"(?:\^\{?-?\d+\}?)?[kK]?)"
)
_WORD = r"single|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty"
_IS = (
    r"(?: \([^()]{0,20}\))?(?:\s+(?:was|is|are|were|of|to|set|equal|used|being|at|value|size|around|about"
    r"|=)|\s*[:=]){0,6}"
    r"\s*[`*\"']{0,3}"
)
_KEYS = (
    r"(?P<key>(?:peak |initial |maximum |max |base |constant )?learning[- ]rate"
    r"|(?:train(?:ing)? |total |effective |mini-?|per[- ]device )?batch[- ]size"
    r"|weight decay|dropout(?: rate| probability)?|warm-?up (?:steps|ratio|proportion)"
    r"|(?:max(?:imum)?[- ])?(?:sequence|input) length|max(?:imum)? length|gradient accumulation(?: steps)?"
    r"|label smoothing|number of epochs|random seed|document stride|doc_stride|adam epsilon"
    r"|epsilon(?= of)|(?<=\()seed(?= )|(?<=, )batch)"
)
_SETTING = re.compile(r"\b" + _KEYS + _IS + _N + r"(?![\w.]*\w{4}|['’]\d| ?(?:seconds|GB|MB|words)\b)", re.IGNORECASE)
_TURNED = re.compile(
    r"(?<![\w.,])" + _N + r" (?P<key>learning rate|batch size|max(?:imum)? sequence length|weight decay|warm-?up steps"
    r"|gradient accumulation steps)\b(?!\s*[:=]|\s+(?:of|is|was|to)\b)",
    re.IGNORECASE,
)
_OPTIMIZER = re.compile(r"\b(?P<key>[Oo]ptimi[sz]er)(?: used)? (?:is|was) (?:the )?(?P<value>[A-Z]\w{2,20})\b")
# `(training epochs = 3, max_sequence_len = 128 and batch_size = 32)`: any setting that we know.
_LISTED = re.compile(
    r"(?:^|[(,;]|\band\b)\s*`?(?P<key>[A-Za-z][A-Za-z_ -]{1,30}?)`?\s*=\s*`?" + _N + r"(?![\w.]*\w{4})"
)
_EPOCHS = re.compile(
    r"\b(?:trained|train|fine-?tuned|training|ran|run|finetuned|pre-?trained)\b(?:[^.\n]|\.(?=\w)){0,180}?\b(?:for"
    r"|over|in|with|after|during|total) (?:a total of |of |about |an? )?[`*]{0,2}(?P<value>\d{1,4}|"
    + _WORD
    + r")[`*]{0,2} (?:more |additional |training |full )?(?P<key>epochs?)\b",
    re.IGNORECASE,
)
# `learning rate 2e-5, batch size 32, 4 epochs`
_EPOCHS_LISTED = re.compile(rf"[,;.] (?P<value>\d{{1,3}}|(?i:{_WORD})) (?P<key>epochs?)(?=[,;.]|$| and\b)")
_STEPS = re.compile(
    r"\b(?:trained|train|fine-?tuned|training|finetuned|pre-?trained)\b[^.\n]{0,80}?\bfor (?:a total "
    r"of )?[`*]{0,2}(?P<value>\d[\d,.]{0,9}[kKM]?(?: million)?)[`*]{0,2} (?P<key>(?:training |gradient "
    r"|update )?steps?)\b",
    re.IGNORECASE,
)
_SCHEDULE = re.compile(
    r"\b(?:with|using|used) (?:a |an |the )?(?P<value>(?:linear|cosine|constant|inverse square root)(?: "
    r"decay)?) (?P<key>learning rate schedule\w{0,2})\b",
    re.IGNORECASE,
)
_DECREASING = re.compile(r"\bwith an? (?P<value>(?:decreasing |decaying )?(?:linear|cosine) schedule)\b", re.IGNORECASE)
_WARMUP_RATIO = re.compile(r"\bratio of steps equal to (?P<value>0?\.\d+)")
_RUN_ITEM = re.compile(r"^\s*(?P<n>\d{1,2})[.)]\s+(?P<parts>(?:LR|lr|[Ll]earning rate|bs|BS)\b.{3,400})$")
_RUN_PART = re.compile(
    r"^(?:(?P<key>[A-Za-z][A-Za-z ]{0,20}?)[ =:]+(?P<value>\d[\w.−-]*)|(?P<count>\d+) (?P<unit>epochs"
    r"|steps)|(?P<schedule>\w+ schedule\b.{0,80}))$"
)
_CLAIM_IN_RUN = re.compile(r"\b(?P<metric>(?:eval )?loss|perplexity|accuracy|F1) (?P<value>\d+\.\d+)")
_BY_OTHERS = re.compile(
    r"(?:for|in|by) comparison\b|\bin (?:the|their|our) (?:original )?paper\b|\bthe authors\b"
    r"|\boriginal (?:\w+ )?paper\b|\bpaper (?:reports|states)\b|\breported results?\b"
    r"|compared (?:to|with)|\bfrom (?:the )?(?:\w+ )?paper\b|original results?|\bbaseline\b|outperform"
    r"|\b(?:can|may) also (?:try|use|check)\b|state[- ]of[- ]the[- ]art|\bvs\.?\b|previous best"
    r"|reported (?:in|by)|\breports? that\b|\bon par with\b",
    re.IGNORECASE,
)
# `on par with BERT (EM/F1: 77.1/80.2)`: what stands in brackets is of the model before them.
_COMPARED_TO = re.compile(
    r"\b(?:on par with|(?:compar\w+|similar|close|next) (?:to|with)|outperform\w*|surpass\w*|beats?|than|versus|vs\.?"
    r"|against|behind|relative to|unlike) [^(),.;]{1,60}\($"
)
_OTHERS_CLOSE = re.compile(r"\bwe improved|, ours|\bour model", re.IGNORECASE)
_OTHER_MODELS = re.compile(r"^(?:similar|other|related) (?:\w+ )?models?\b", re.IGNORECASE)  # a heading
_USES = re.compile(r"\b(?:you can|if you|should|to use|recommend|could|example|calibration)\b", re.IGNORECASE)


def find(document: Document) -> Iterable[Finding]:
    for paragraph in document.paragraphs:
        text = paragraph.text
        if len(text) < 8 or text.startswith(("<", "![", "--", "{")) or _is_table(text):
            continue
        plain = _plain(paragraph)
        if text.startswith("#"):
            yield from _claims(document, plain)
            continue
        run = _RUN_ITEM.match(plain.text)
        if run is not None:
            yield from _run(document, plain.lines[0], run["n"], run["parts"])
            continue
        is_of_base = context.is_of_base(document, plain.lines[0])
        if not is_of_base and not _USES.search(plain.text) and " - INFO - " not in plain.text:
            yield from _settings(document, plain)
        yield from _claims(document, plain)


def _is_table(text: str) -> bool:
    return text.count("|") > 1 and not text.startswith(("BLEU|", "chrF", "TER|"))


def _plain(paragraph: Paragraph) -> Paragraph:
    """The paragraph with its links replaced by their words, line by line."""
    text = paragraph.text
    if "](" not in text and ")[http" not in text:
        return paragraph
    ends = (*(start - 1 for start in paragraph.starts[1:]), len(text))
    words = [without_links(text[start:end]) for start, end in zip(paragraph.starts, ends, strict=True)]
    starts = [0]
    for word in words[:-1]:
        starts.append(starts[-1] + len(word) + 1)
    return Paragraph(" ".join(words), tuple(starts), paragraph.lines)


def _settings(document: Document, paragraph: Paragraph) -> Iterator[Finding]:
    for form in (_SETTING, _TURNED, _OPTIMIZER, _EPOCHS, _STEPS, _SCHEDULE):
        for match in form.finditer(paragraph.text):
            line = paragraph.line(match.start("value"))
            one = state(match["key"], match["value"], document.section(line), line, NAME)
            yield dataclasses.replace(one, name="num_train_epochs") if one.name == "epoch" else one  # `one epoch`
    epochs = _EPOCHS_LISTED.search(paragraph.text) if "epoch" in paragraph.text else None
    epochs = epochs if _SETTING.search(paragraph.text) else None
    if epochs:
        line = paragraph.line(epochs.start("value"))
        yield state(epochs["key"], epochs["value"], document.section(line), line, NAME)
    may_list = paragraph.text.count("=") > 1 and paragraph.text[0] not in "-*+"
    listed = [match for match in _LISTED.finditer(paragraph.text) if is_setting(match["key"])] if may_list else []
    for match in listed if len(listed) > 1 else ():
        line = paragraph.line(match.start("value"))
        yield state(match["key"], match["value"], document.section(line), line, NAME)
    ratio = _WARMUP_RATIO.search(paragraph.text)
    if ratio:
        line = paragraph.line(ratio.start("value"))
        yield state("warmup ratio", ratio["value"], document.section(line), line, NAME)
    schedule = _DECREASING.search(paragraph.text)
    if schedule:
        line = paragraph.line(schedule.start("value"))
        yield state("learning rate schedule", schedule["value"], document.section(line), line, NAME)


def _run(document: Document, line: int, number: str, parts: str) -> Iterator[Finding]:
    """One of several runs, `1. LR 1e-3, bs 64, 10 epochs`: its settings under its number, its scores as its own."""
    section = document.section(line)
    for part in re.split(r",\s+", parts):
        match = _RUN_PART.match(part.strip())
        if match is None or (match["key"] and metric_of(match["key"])):
            for claim in _CLAIM_IN_RUN.finditer(part):
                found = claim_of(claim["metric"], claim["value"], line, NAME, subject=f"run {number}")
                if found:
                    yield found
        elif match["key"]:
            yield state(f"{number}.{match['key']}", match["value"], section, line, NAME)
        elif match["count"]:
            yield state(f"{number}.{match['unit']}", match["count"], section, line, NAME)
        else:
            yield state(f"{number}.schedule", match["schedule"], section, line, NAME)


def _claims(document: Document, paragraph: Paragraph) -> Iterator[Finding]:
    text = paragraph.text
    signature = SIGNATURE.match(text) or (LOGGED.search(text) if " - " in text else None)
    if signature is not None:
        claim = claim_of(signature["metric"], signature["value"], paragraph.line(signature.start("value")), NAME)
        if claim:
            yield claim
        return
    taken = set[int]()
    for form in (PAIR, SLASHED, BEFORE):
        for match in form.finditer(text):
            for metric, value in (("one", "first"), ("two", "second")):
                if match.start(value) not in taken:
                    taken.add(match.start(value))
                    yield from _claim(document, paragraph, match[metric], match[value], match.start(value))
    for form in (CLAIM, REVERSED, MEASURED):
        for match in form.finditer(text):
            if match.start("value") not in taken:
                taken.add(match.start("value"))
                value = match["value"] + ("%" if match.groupdict().get("percent") else "")
                yield from _claim(document, paragraph, match["metric"], value, match.start("value"))
                more = AND_ON.match(text, match.end("value"))
                if more:
                    taken.add(more.start("value"))
                    yield from _claim(document, paragraph, match["metric"], more["value"], more.start("value"))
    first = CLAIM.search(text)
    for match in OURS.finditer(text, first.end()) if first else ():
        metric = str(first and first["metric"])
        yield from _claim(document, paragraph, metric, match["value"], match.start("value"), is_own=True)
    for match in (*THAT.finditer(text), *COMPARED.finditer(text)) if first else ():
        claim = claim_of(
            str(first and first["metric"]).strip(), match["value"], paragraph.line(match.start("value")), NAME,
            subject="other",
        )  # fmt: skip
        if claim is not None:
            yield claim


def _claim(
    document: Document, paragraph: Paragraph, metric: str, value: str, place: int, *, is_own: bool = False
) -> Iterator[Finding]:
    """The claim of a metric and a value that stands at `place` of a paragraph."""
    line, key = paragraph.line(place), metric.strip()
    if key.lower().endswith("loss") and "." not in value:
        return  # "a loss of 1 point" is a comparison
    is_others = context.is_of_base(document, line) or _is_of_others(paragraph.text, place)
    is_others = is_others or _OTHER_MODELS.match(document.section(line)) is not None
    is_others, about = is_others and not is_own, context.of(document, line)
    own = ON_DATA.match(paragraph.text, place)
    dataset = own["data"].strip() if own else None if is_others else about.dataset
    claim = claim_of(
        key, value, line, NAME, dataset=dataset,
        split=context.split_of(paragraph.text) or about.split, subject="other" if is_others else None,
        unit="other" if "score" in key else None,
    )  # fmt: skip
    if claim is not None:
        yield claim


def _is_of_others(text: str, place: int) -> bool:
    """True where the clause that a number stands in speaks of another model."""
    start = max(text.rfind("(", 0, place), text.rfind(". ", 0, place), text.rfind(";", 0, place), 0)
    clause = text[start:place]
    if text[start : start + 1] == "(" and _COMPARED_TO.search(text[: start + 1][-120:]):
        return True
    return _BY_OTHERS.search(clause) is not None and _OTHERS_CLOSE.search(clause) is None
