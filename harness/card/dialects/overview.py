"""Labelled lines: deepset's bold `**Key:** value`, and `- Key: value`, `Key: value` where the key names a fact."""

import re
from collections.abc import Iterable, Iterator

from harness.card.data_sets import LANGUAGES
from harness.card.dialects import context, translations
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.links import LINK, hub_model, without_links
from harness.card.dialects.metrics import claim_of, is_metric
from harness.card.dialects.names import is_setting, state
from harness.card.dialects.own_names import plain_name
from harness.card.dialects.table_shapes import metric_cells
from harness.domain import Fact

NAME = "overview"
_BOLD = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:\*\*|__)(?P<key>[^*:|]{1,60}?)\s*(?::\s*(?:\*\*|__)|(?:\*\*"
    r"|__)\s*:)\s*(?P<value>\S.{0,2000})$"
)
_PLAIN = re.compile(
    r"^\s*(?:[-*+]\s+)?`?(?P<key>[^\W\d_][\w /()'’-]{1,40}?)\s*(?:[:]\s+|：\s*)`?(?P<value>\S.{0,500})$"
)
_FACTS = {
    "language model": "model", "model name": "model",
    "base model": "student", "pretrained model": "student", "pretrain model": "student", "base checkpoint": "student",
    "fine-tuned from model": "student", "fine-tuned from model [optional]": "student", "fine-tuned from": "student",
    "fine-tune": "student", "fine-tuned model": "student", "backbone": "student",
    "pre-trained model": "student", "pretrained language model": "student", 
    "sentence transformer body": "student", "parent model": "student",
    "teacher": "teacher", "teacher model": "teacher", "student model": "student", "student": "student",
    "language": "language", "languages": "language", "language(s)": "language", "language(s) (nlp)": "language",
    "training data": "train_data", "train data": "train_data", "training dataset": "train_data",
    "training set": "train_data", "dataset for fine-tuning": "train_data", "fine-tuning data": "train_data",
    "eval data": "eval_data", "evaluation data": "eval_data", "test data": "eval_data", "dev data": "eval_data",
    "evaluation dataset": "eval_data", "eval dataset": "eval_data", "test dataset": "eval_data",
    "validation dataset": "eval_data", "train dataset": "train_data",
    "infrastructure": "infrastructure", "hardware": "infrastructure", "hardware type": "infrastructure",
    "gpu": "infrastructure", "gpus": "infrastructure", "cpu/gpu": "infrastructure", "gpu(s)": "infrastructure",
    "published": "published", "date": "published", "release date": "published",
    "license": "license", "licence": "license", "downstream-task": "task", "testing data": "eval_data",
    "validation data": "eval_data", **translations.FACTS,
}  # fmt: skip
_PLAIN_FACTS = {
    "student": "", "teacher": "", "language model": "", "model name": "", "date": "", "published": "", "hardware": "",
    "language": "", "languages": "", "training set": "",
}  # fmt: skip
_MODEL = re.compile(r"[`\[\"']*(?P<name>[\w./:@-]+)")  # a model's name, before the brackets and remarks that may follow
# Names of checkpoints of pretraining alone, such as `bert-base-multilingual-cased` or `xlm-roberta-large`.
_CHECKPOINT = re.compile(
    r"(?:bert|roberta|xlm-roberta|distilbert|distilroberta|albert|xlnet|camembert|deberta(?:-v[23])?)"
    r"-(?:x{0,2}small|base|x{0,2}large)(?:-(?:un)?cased|-multilingual|-german|-chinese|-japanese|-whole-word-masking"
    r"|-v\d){0,3}"
)
_ID_OF_CHECKPOINT = re.compile(
    r"(?!.*(?:squad|quad|tuned|distil))[\w-]+/[\w.-]*(?:base|large|small|tiny|mini|medium)(?:-(?:un)?cased|-v\d)?"
)
_HUB_NAME = re.compile(r"[`\[]{0,2}(?:[\w.-]+/)?[A-Za-z0-9]+(?:[-_][\w.]+)+")
_FINE_TUNING = re.compile(r"fine[ _]?tun", re.IGNORECASE)
_EMPTY = re.compile(
    r"^(?:\[?(?:more information needed|optional|tbd|n/?a|unknown|none|-)\b.{0,20}|<tbd>.*|\[\])$", re.IGNORECASE
)
_BREAKS = re.compile(r"(?:(?<!\s)\s{0,9}<\s{0,3}/?\s{0,3}br\s{0,3}/?\s{0,3}>){1,9}$", re.IGNORECASE)
_LIST = re.compile(r"[^\[\]]{0,3}\[(?P<inside>[\d., ]{3,200})\]\s*$")


def find(document: Document) -> Iterable[Finding]:
    for line, text in document.lines:
        if ":" not in text[:120] and "：" not in text[:120]:
            continue
        bold = _BOLD.match(text[:2100])
        match = bold or _PLAIN.match(text[:600])
        if match is not None:
            yield from _of_line(
                document, line, match["key"].strip().strip("`"), match["value"], is_bold=bold is not None
            )
    for fence in document.fences:
        matches = [(line, match) for line, text in fence.lines if (match := _PLAIN.match(text[:600])) is not None]
        facts = [(line, match) for line, match in matches if match["key"].strip().lower() in _FACTS]
        for line, match in facts:
            # An overview in a fence has several such lines; a single one may be code.
            if len(facts) > 2 or _FACTS[match["key"].strip().lower()] == "infrastructure":
                yield from _of_line(document, line, match["key"].strip(), match["value"], is_bold=True)


def _of_line(document: Document, line: int, key: str, printed: str, *, is_bold: bool) -> Iterator[Finding]:
    key = _FINE_TUNING.sub("fine-tun", key)
    name, value = _FACTS.get(key.lower()), _without_break(printed)
    section = document.section(line).lower()
    if key.lower() in ("data", "dataset", "datasets"):
        is_eval = any(word in section for word in ("eval", "result", "test", "performance"))
        is_item = printed[:1].isalnum() and document.text(line).lstrip().startswith(("-", "*", "+"))
        is_train = "train" in section or "tuning" in section or ((is_bold or is_item) and key.lower() != "datasets")
        name = "eval_data" if is_eval else "train_data" if is_train else None
    if name == "student" and key.lower() == "fine-tune" and not _HUB_NAME.match(value):
        return  # what was done, not to which model
    if name is not None and (is_bold or key.lower() not in _PLAIN_FACTS or _is_model_name(key, value)):
        if value and not _EMPTY.match(value):
            found = _model_in(value) if name in ("model", "student", "teacher") else _words(value)
            yield Fact(name, found, line, NAME)
            if name == "model" and _is_base(document, found, is_linked=value.startswith("[")):
                yield Fact("student", found, line, NAME)
    elif is_bold:
        yield from _bold_number(document, line, key, value)


def _is_model_name(key: str, value: str) -> bool:
    """Whether `Teacher: X` in plain letters names a model, with its owner or hyphens; or `Language: X` a language."""
    if key.lower() in ("language", "languages"):
        return value.lower().strip(" .") in LANGUAGES
    is_name = value.startswith("[") or _HUB_NAME.fullmatch(value.rstrip("`*. ")) is not None
    return is_name and key.lower() in ("student", "teacher", "language model")


def _bold_number(document: Document, line: int, key: str, value: str) -> Iterator[Finding]:
    """Bold keys of metrics and settings; a list is one claim an item, each of another run."""
    if is_metric(key) or is_metric(key.lower().removesuffix("scores").strip()):
        about, listed = context.of(document, line), _LIST.match(value)
        for n, item in enumerate(listed["inside"].split(",") if listed else [value], start=1):
            subject = f"run {n}" if listed else None
            for name, part in metric_cells(key, item.strip()):
                claim = claim_of(name, part, line, NAME, dataset=about.dataset, split=about.split, subject=subject)
                if claim:
                    yield claim
    elif is_setting(key, strong=True) and len(value) < 120:
        yield state(key, value, document.section(line), line, NAME)


def _is_base(document: Document, model: str, *, is_linked: bool) -> bool:
    """deepset's "Language model" is the model itself, or the one it began as: a checkpoint that many models begin as,
    a link to another model, or a name with which the card's own goes on.
    """
    title, base = document.title().lower(), plain_name(model)
    if title.startswith(f"{model.lower()} ") and "tuned" in title:
        return True
    is_checkpoint = _CHECKPOINT.fullmatch(model.lower()) or _ID_OF_CHECKPOINT.fullmatch(model)
    if base not in document.own_names and (is_linked or is_checkpoint):
        return True
    if is_checkpoint and len(plain_name(title)) > len(base) + len("qa"):
        return True  # `Chinese RoBERTa-base for questions`
    return "/" not in model and any(name != base and name.startswith(base) for name in document.own_names)


def _without_break(value: str) -> str:
    return _BREAKS.sub("", value.strip()[:2000]).strip().rstrip("`\\").rstrip()  # a backslash breaks a line, too


def _words(value: str) -> str:
    """A value as a reader sees it: a link that is the whole of it becomes its words."""
    match = LINK.fullmatch(value)
    return match["text"].strip("*") if match else without_links(value)


def _model_in(value: str) -> str:
    link = LINK.search(value[:500])
    if link and value.startswith(("[", "`[")):
        return hub_model(link["target"]) or link["text"].strip("`* ")
    model = _MODEL.match(value)
    return model["name"] if model else value
