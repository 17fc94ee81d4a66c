"""The machine that a model was trained on: in a sentence, under a heading for it, in the JSON of an environment."""

import re
from collections.abc import Iterable, Iterator

from harness.card.dialects.document import Document, Finding
from harness.card.dialects.links import without_links
from harness.domain import Fact

NAME = "machines"
_LONGEST = 4000  # characters of a paragraph that are read
_CHIP = (
    r"(?:(?:NVIDIA|Nvidia|nvidia|GeForce|TESLA|Tesla|tesla|Google|google|Cloud|cloud|Quadro|Graphcore|Apple|AMD)[ _])*"
    r"(?:[VPATKH]\d{1,4}(?:-\w+)*s?|v\d-\d{1,4}|[vpath]\d{3}|L4|L40S?|GTX ?\d{3,4}M?(?: ?Ti)?|RTX ?\w?\d{3,5}(?: ?Ti)?"
    r"|Titan \w+|(?<=Apple )M\d(?: (?:Pro|Max|Ultra))?|TPU ?[vV]?\d?(?:-\d+)?|TPUs?|Mk\d IPUs?|MI\d{3}X?)"
)
_COUNT = (
    r"(?:(?:an?|one|the|single|two|four|eight|sixteen|\d{1,4} ?[xX×]?|cloud|[Gg]oogle|[Cc]olab|NVIDIA DGX \w+ with)"
    r"(?: \*\*| `| )|\d{1,3}[xX×]|\*\*|`){0,6}"
)
_AFTER = (
    r"\*{0,2}(?:-\w+| VM| GPU'?s?| TPUs?| chips?| cores?| (?:with )?\d+ ?G[Bb](?: of (?:RAM|memory|VRAM))?"
    r"| \(\d+ ?G[Bb]\)| \(\d+ [\w ]{0,20}(?:chips|cores|GPUs|TPUs)[\w ]{0,10}\)| in [Pp]od configuration| VMs?| pods?"
    r"| and \d+ ?GB of RAM){0,3}(?:\b|(?<=\))|(?<='s))"
)
_SENTENCE = re.compile(
    r"\b(?:[Tt]rained|[Tt]raining|[Ff]ine-?[Tt]un(?:ed|ing)|[Ff]intuned|run|ran|performed|completed|pre-?trained|model"
    r"|steps|We|we|effectué|[Ee]ntraîn\w+|[Ee]ntren\w+|[Tt]rein\w+|trainiert|addestrat\w)\b(?:[^.\n]|\.(?=\w)){0,240}?"
    r"\b(?:on|using|with|On|used|sur|auf|en|em|su|mit|con|com)\s+(?:une? |einer |una |uma )?(?:carte |tarjeta |placa )?"
    r"(?P<machine>" + _COUNT + _CHIP + _AFTER + ")"
)
# `trained on an EC2 instance (1 NVIDIA Tesla V100 GPU)`
_IN_BRACKETS = re.compile(
    r"\b(?:[Tt]rain(?:ed|ing)|[Ff]ine-?[Tt]un(?:ed|ing))\b(?:[^.\n]|\.(?=\w)){0,60}?\b(?:on|using|with)\b"
    r"(?:[^.\n]|\.(?=\w)){0,160}? \((?P<machine>" + _COUNT + _CHIP + _AFTER + r")\)"
)
# `trained on Google Colab`, where no chip is named.
_COLAB = re.compile(
    r"\b(?:(?:[Tt]rained|[Tt]raining|[Tt]rain|[Ff]ine-?[Tt]un(?:ed|ing))\b(?:[^.\n]|\.(?=\w)){0,160}?\b(?:on|in|using)"
    r"|\b(?:computation|development|experiments?)\b[^.]{0,40}? (?:done|performed|run|carried out) (?:on|in|using)"
    r"|[Uu]sed(?=[^.]{0,60} for (?:the )?(?:training|fine-?tuning)))"
    r" (?:a |the )?\[?(?P<machine>(?:(?:Google )?Colab(?:oratory)?(?: Pro\+?)?|[Kk]aggle|Google Cloud(?: Platform)?"
    r"|Paperspace|Tencent Cloud(?: [A-Z][\w-]+)?|SageMaker|AWS|Azure)(?: (?:GPU|TPU)s?)?)\b(?! (?:[A-Z]|API|dataset))"
)
# `learning rate 2e-5, batch size 32, 4 T4 GPUs`
_LISTED = re.compile(
    r"(?i:learning rate|batch size|epochs?)\b[^.,;]{0,20}(?:\.\d[^.,;]{0,20})?[,;] (?P<machine>"
    + _COUNT
    + _CHIP
    + _AFTER
    + r")(?=[,;.]|$)"
)
_CLOUDS = ("Colab", "aggle", "Cloud", "Paperspace", "SageMaker", "AWS", "Azure")
_COLAB_ALONE = re.compile(
    r"(?:Google )?Colab(?:oratory)?(?: Pro\+?)?|[Kk]aggle|Google Cloud(?: Platform)?|Paperspace|Tencent Cloud.*"
    r"|SageMaker|AWS|Azure"
)
_SPEED = re.compile(r"\b(?:inference|latency|throughput|faster)\b")  # of answering, on whatever machine
_HEADING = re.compile(
    r"^(?:compute |training |used )?(?:hardware|infrastructure|machines?|gpus?)(?: used| type| setup)?:?$",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"^[*_`]*(?:hardware|infrastructure|gpus?|accelerators?|machines?|devices?|\w+ SKU)\b[\w ]{0,10}[*_`:]*$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:hardware|gpus?|compute|machine)(?: used)?\s*:\s+(?P<machine>\S.*)$", re.IGNORECASE
)
_NAMED = re.compile(r"\b(?:" + _CHIP + r"|GPUs?|CPUs?|TPUs?|Colab)\b")
_JSON = re.compile(
    r"[\"'](?:gpus?|gpu_name|gpu_type|device_name|hardware|accelerator)[\"']\s*:\s*[\"'](?P<machine>[^\"']{2,80})[\"']",
    re.I,
)
_MAX_LINE = 200  # characters of a line under a heading for the machine that can be its name


def find(document: Document) -> Iterable[Finding]:
    found = list(_machines(document))
    yield from sorted(found, key=lambda fact: _COLAB_ALONE.fullmatch(fact.value) is not None)  # a chip says more


def _machines(document: Document) -> Iterator[Fact]:
    for paragraph in document.paragraphs:
        if len(paragraph.text) < 12 and _HEADING.match(document.section(paragraph.lines[0])):
            yield from _under_heading(paragraph.lines[0], paragraph.text)
    for paragraph, shift, text in document.sentences():
        match = _in_sentence(text[:_LONGEST])
        if match and not _SPEED.search(match.group()):
            line = paragraph.line(match.start("machine") + shift)
            yield Fact("infrastructure", match["machine"].replace("**", "").strip("*`. "), line, NAME)
        elif _HEADING.match(document.section(paragraph.lines[0])):
            yield from _under_heading(paragraph.lines[0], text)
    for line, text in document.lines:
        labelled = _LABELLED.match(text[:_MAX_LINE]) if ":" in text[:40] else None
        if labelled and _NAMED.search(labelled["machine"]):
            yield Fact("infrastructure", labelled["machine"].strip("*` "), line, NAME)
        elif text.startswith("|"):
            yield from _in_row(line, [cell.strip() for cell in text[:_LONGEST].strip("| ").split("|")])
    for fence in document.fences:
        for line, text in fence.lines:
            match = _JSON.search(text[:600]) if '"' in text or "'" in text else None
            if match:
                yield Fact("infrastructure", match["machine"], line, NAME)


def _in_sentence(text: str) -> re.Match[str] | None:
    """What a sentence says of the machine; a form is tried where a word is that it cannot do without."""
    match = _SENTENCE.search(text)
    if match is None and "(" in text and ("rain" in text or "tun" in text):
        match = _IN_BRACKETS.search(text)
    if match is None and any(word in text for word in _CLOUDS):
        match = _COLAB.search(text)
    return match or (_LISTED.search(text) if "earning rate" in text or "atch size" in text or "poch" in text else None)


def _in_row(line: int, cells: list[str]) -> Iterator[Fact]:
    """A row of a table with two columns: a sentence in the second, or a name of a machine behind a word for one."""
    if len(cells) != 2:
        return
    match = _SENTENCE.search(cells[1])
    if match:
        yield Fact("infrastructure", match["machine"].strip("*`. "), line, NAME)
    elif _ROW.match(cells[0]) and _NAMED.search(cells[1]) and len(cells[1]) <= _MAX_LINE:
        yield Fact("infrastructure", cells[1], line, NAME)


def _under_heading(line: int, text: str) -> Iterator[Fact]:
    words = without_links(text).strip("*_`- ").removesuffix(".")
    if len(words) <= _MAX_LINE and _NAMED.search(words) and ":" not in words:
        yield Fact("infrastructure", words, line, NAME)
