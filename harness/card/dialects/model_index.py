"""Claims in the front matter's `model-index`, as the Trainer, AutoTrain and the Hub's evaluator write it.

Also under its old spelling, and where a list was written as one mapping. Values are taken as printed: numbers,
`25.59%`, `22.10 +/- 3.2`, a list of one, a mapping of names to numbers; placeholders are none.
"""

import re
from collections.abc import Iterable, Iterator

import yaml

from harness.card.dialects.context import split_of
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.header import Header, child, items, scalar
from harness.card.dialects.metrics import claim_of, metric_of
from harness.domain import Fact, Unit

NAME = "model_index"
_SPLIT = re.compile(r"\bsplit:\s*(\w+)")


def find(document: Document) -> Iterable[Finding]:
    header = document.header
    for model in items(header.node("model-index", "model_index")):
        for result in items(child(model, "results")):
            dataset = child(result, "dataset")
            name = scalar(dataset) or scalar(child(dataset, "name")) or scalar(child(dataset, "type"))
            split = scalar(child(dataset, "split")) or _split_in(child(dataset, "args"))
            named = child(child(result, "task"), "type")
            task = scalar(named) or ""
            if named is not None and task:
                yield Fact("task", task, header.line(named), NAME)
            for metric in items(child(result, "metrics") or child(result, "metric")):
                yield from _claims(header, metric, name, split or split_of(name or ""), task)
    for metric in items(
        header.node("metrics")
    ):  # names of metrics as a rule, with their values where somebody put them
        if child(metric, "value") is not None:
            yield from _claims(header, metric, None, None, "")


def _split_in(arguments: yaml.Node | None) -> str | None:
    """The split inside `args`, a mapping or one string such as `config: hi, split: test`."""
    match = _SPLIT.search(scalar(arguments) or "")
    return match[1] if match else scalar(child(arguments, "split"))


def _claims(header: Header, metric: yaml.Node, dataset: str | None, split: str | None, task: str) -> Iterator[Finding]:
    key = scalar(child(metric, "name")) or scalar(child(metric, "type")) or ""
    kind = scalar(child(metric, "type")) or key
    key = key if metric_of(key) or not metric_of(kind) else kind
    for name, node in _numbers(key, child(metric, "value")):
        unit: Unit | None = None if metric_of(name) else "other"
        if "reinforcement" in task:
            unit = "other"
        claim = claim_of(
            name, scalar(node) or "", header.line(node), NAME, dataset=dataset, split=split, unit=unit
        )  # fmt: skip
        if claim is not None:
            yield claim


def _numbers(key: str, value: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(value, yaml.MappingNode):
        for name, inner in value.value:
            yield from _numbers(f"{key} {scalar(name) or ''}".strip(), inner)
    elif isinstance(value, yaml.SequenceNode):
        if len(value.value) == 1:
            yield from _numbers(key, value.value[0])
    elif value is not None:
        yield key, value
