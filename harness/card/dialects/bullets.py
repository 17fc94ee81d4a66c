"""List items `- key: value` and `- key = value`: the Trainer's and Keras' callbacks, SetFit, PEFT, and by hand."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.card.dialects import context
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.metrics import claim_of, is_metric, metric_of
from harness.card.dialects.names import NO_SETTING, is_placeholder, is_setting, setting_name, state
from harness.card.dialects.pairs import read_pairs
from harness.card.dialects.table_shapes import metric_cells
from harness.domain import Fact, Unit

NAME = "bullets"
_ITEM = re.compile(
    r"^(?P<indent>\s*)(?:[-*+•]|\d{1,2}[.)])\s+(?P<quote>[`*_\"']{0,3})(?P<key>[^\W\d_][^:=：|]{0,60}?)(?:[`*_\"']{0,3})\s*"
    r"(?P<mark>[:=：]|(?<=[*`])\s)(?![/=])\s*(?:[*`]{1,3}(?=\s))?\s*(?P<value>\S.{0,1000})$"
)
_SPACED = re.compile(r"^\s*[-*+•]\s+(?P<key>[A-Za-z_ ]{2,40}?)\s+(?P<value>\d[\w.-]{0,12})(?: \([^()]{1,60}\))?\s*$")
_ANY_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+\S")
_TRAINING = re.compile(
    r"hyper-?\s?param|training (?:procedure|details|config|setup|settings|parameters|args)"
    r"|fine-?tuning (?:setup|details|param)|parameters? (?:used|of)|configuration",
    re.IGNORECASE,
)
_SETTINGS = re.compile(r"hyper-?\s?param", re.IGNORECASE)  # under such a heading `epochs: 3` can be nothing else
_USED = re.compile(
    r"(?:hyper-?\s?parameters?|parameters?|quantization config|settings?|arguments?)\b.{0,60}(?:used"
    r"|were|are|is|:)|(?:were|was) used (?:during|for) training|used during training",
    re.IGNORECASE,
)
_RESULTS = re.compile(
    r"results?\b.{0,40}(?:evaluation|test|validation|dev|set|:)|achiev|evaluation result|performance"
    r"|metrics|scores?\b|accuracy",
    re.IGNORECASE,
)
_BETA = re.compile(r"\\beta_\{?(?P<n>[12])\}?\$?\s*=\s*\$?(?P<value>0?\.\d+)")
_INNER = re.compile(r"`(?P<key>[a-z_]{4,30}) ?= ?(?P<value>\d[\w.+-]{0,12})`")  # `AdamW (`weight_decay=0.01`)`
_CURVED = re.compile(r"[\"']power[\"']:(?!\s*1(?:\.0*)?\b)")  # of a decay that is polynomial in name and in fact
_OF_KERAS = {
    "learning_rate", "initial_learning_rate", "weight_decay_rate", "weight_decay", "beta_1", "beta_2", "epsilon",
    "decay_steps", "warmup_steps", "global_clipnorm", "clipnorm", "clipvalue",
}  # fmt: skip
_VERSIONS = re.compile(r"framework versions?|env information", re.IGNORECASE)
_VERSION = re.compile(r"^\s*[-*]\s+(?P<name>[A-Za-z][\w -]{1,30}?):?\s+v?(?P<version>\d+(?:\.\d+)+\S{0,30})\s*$")
_PROMPT = re.compile(r"^(?:\S+@\S+ ?)?[$#] ")  # `me@box:~/run$ cat eval_results.txt`
_FRAMEWORKS = {
    "transformers": "transformers", "peft": "peft", "setfit": "setfit",
    "sentence transformers": "sentence-transformers",
    "tensorflow": "tensorflow", "pytorch": "pytorch", "datasets": "datasets", "tokenizers": "tokenizers",
    "python": "python",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _List:
    """Consecutive items, with the sentence that introduces them."""

    items: tuple[tuple[int, str], ...]
    before: str


def find(document: Document) -> Iterable[Finding]:
    for one in _lists(document):
        section = document.section(one.items[0][0])
        if _VERSIONS.search(section):
            yield from _versions(one)
        else:
            yield from _of_list(document, one, section)


def _lists(document: Document) -> Iterator[_List]:
    found: list[tuple[int, str]] = []
    before = ""
    for line, text in document.lines:
        is_item = _ANY_ITEM.match(text[:200]) is not None
        if is_item:
            if not found:
                before = document.sentence_before(line)
            found.append((line, text))
        elif found and (text.strip() and not text.startswith((" ", "\t"))):
            yield _List(tuple(found), before)
            found = []
    if found:
        yield _List(tuple(found), before)


def _spaced(text: str) -> re.Match[str] | None:
    """An item with a blank alone between a setting and its number, `+ learning_rate 1e-5`."""
    match = _SPACED.match(text[:160])
    return match if match and is_setting(match["key"], strong=True) else None


def _of_list(document: Document, one: _List, section: str) -> Iterator[Finding]:
    matches = [
        (line, match) for line, text in one.items if (match := _ITEM.match(text[:1200]) or _spaced(text)) is not None
    ]
    n_known = sum(1 for _, match in matches if is_setting(match["key"], strong=True))
    n_weak = sum(1 for _, match in matches if is_setting(match["key"])) if _SETTINGS.search(section) else 0
    is_training = bool(_USED.search(one.before[-300:])) or (bool(_TRAINING.search(section)) and n_known + n_weak > 0)
    n_scores = sum(1 for line, match in matches if _score(match, line))
    # The Trainer's sentence introduces counts and run times along with the scores: all were measured.
    is_result = n_scores > 0 and not is_training and (_RESULTS.search(one.before[-300:]) or _RESULTS.search(section))
    about = context.of(document, one.items[0][0]) if n_scores else context.NONE
    label = _label_of(one)
    for line, match in matches:
        key, value = match["key"].strip(), match["value"].strip()
        if is_placeholder(value):
            continue
        if "\\beta" in match.group():
            yield from _betas(document, line, f"{key} = {value}")
            continue
        is_stated = (
            is_training
            and (is_setting(key) or (_is_short(value) and not NO_SETTING.search(key)))
            and not (n_scores and is_metric(key))
        )
        if is_stated or (is_setting(key, strong=not n_known) and not is_result and _is_short(value)):
            yield state(key, value, document.section(line), line, NAME)
            if value.startswith("{") and setting_name(key) == "optimizer":
                yield from _optimizer(document, line, value)
            for inner in _INNER.finditer(value):
                if is_setting(inner["key"], strong=True):
                    yield state(inner["key"], inner["value"], document.section(line), line, NAME)
        elif is_result or _score(match, line) or (n_scores and _is_count(key)):
            unit: Unit | None = "other" if is_result and metric_of(key) is None else None
            for name, part in metric_cells(key, value):
                claim = claim_of(
                    name, part, line, NAME, dataset=about.dataset, split=about.split, subject=label, unit=unit
                )
                if claim is not None:
                    yield claim


def _betas(document: Document, line: int, text: str) -> Iterator[Finding]:
    """Adam's constants in LaTeX: `Adam $\\beta_1 = 0.9$, $\\beta_2 = 0.98$`."""
    for match in _BETA.finditer(text):
        yield state(f"beta{match['n']}", match["value"], document.section(line), line, NAME)


def _optimizer(document: Document, line: int, text: str) -> Iterator[Finding]:
    """The settings in the dictionary that Keras prints of an optimizer, a schedule in place of the rate included."""
    for pair in read_pairs([(line, text)]):
        key = pair.key.rpartition(".")[2]
        if pair.raw.lower() in ("none", "null"):
            continue  # Keras prints what it leaves out, too
        if key in _OF_KERAS:
            yield state(key, pair.raw, document.section(line), line, NAME)
        elif key == "class_name" and pair.key.endswith("learning_rate.class_name"):
            schedule = state("learning_rate_schedule", pair.raw, document.section(line), line, NAME)
            is_linear = schedule.raw == "PolynomialDecay" and _CURVED.search(text) is None
            yield dataclasses.replace(schedule, value="linear") if is_linear else schedule


def _score(match: re.Match[str], line: int) -> bool:
    return is_metric(match["key"]) and claim_of(match["key"], match["value"], line, NAME) is not None


def _is_count(key: str) -> bool:
    """Whether a key counts what the scores beside it are of, as `eval_samples` does."""
    found = metric_of(key)
    return found is not None and found[1] == "count"


def _is_short(value: str) -> bool:
    """A value, not a sentence that happens to follow a colon."""
    if len(value.split()) > 4 and not any(char.isdigit() for char in value):
        return False
    return len(value) <= 60 or any(char.isdigit() for char in value[:12]) or value.startswith(("{", "(", "["))


def _label_of(one: _List) -> str | None:
    """The short line directly above a list of numbers, where cards name the run that the numbers are of."""
    text = one.before.strip("*_ ")
    is_label = 0 < len(text) <= 80 and text[-1] not in ".:,;)" and not text.startswith(("#", "|", "-", "<", "!"))
    return text if is_label and not (_RESULTS.search(text) or _PROMPT.match(text)) and " " in text else None


def _versions(one: _List) -> Iterator[Finding]:
    for line, text in one.items:
        match = _VERSION.match(text[:120])
        name = _FRAMEWORKS.get(match["name"].strip().lower()) if match else None
        if match and name:
            yield Fact("framework", f"{name} {match['version']}", line, NAME)
