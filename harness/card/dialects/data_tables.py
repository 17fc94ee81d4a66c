"""Tables that list the data of a model by split, or its files, and headers that name data with their metric."""

import re
from collections.abc import Iterator

from harness.card.dialects.data_phrases import QUESTIONS
from harness.card.dialects.metrics import is_metric, metric_of, plain_metric
from harness.card.dialects.names import is_setting
from harness.card.dialects.table_shapes import Table
from harness.domain import Fact

NAME = "tables"

_TRAINED = re.compile(r"^train(?:ing)?(?:_(?:split|set|size|data|samples|examples|questions))?$")
_NAMED_SPLIT = re.compile(r"^\S.{0,60}\s(?P<split>train(?:ing)?|dev|test|validation)(?: set)?$", re.IGNORECASE)
_FILE = re.compile(r"(?P<part>train|dev|test|validation)\.(?:tsv|csv|jsonl?|txt)$")  # a table of the sizes of files

_SET = rf"(?!QA\b|\w*(?:BERT|bert)){QUESTIONS}"  # neither a task nor a model tuned to questions
# `SQuAD 2.0 F1`, `ViquiQuAD (EM)`, `GermEval (F1)`: the data before the metric.
_ON_DATA = re.compile(
    rf"^(?:(?P<data>{_SET}) ?\(?|"
    r"(?P<named>(?!(?:Has|No)Ans|Variance|Std|Number)[A-Z][\w. /-]{2,30}?(?: \((?:[Dd]ev|[Tt]est)\))?) ?\()"
    r"(?P<metric>[A-Za-z]\w{1,9}(?: [Mm]atch| [Ss]core)?)\)?$"
)
DATA_TITLE = re.compile(rf"^{_SET}(?: (?:dev|test))?$")


def data_sets(table: Table) -> Iterator[Fact]:
    """Facts of a table that lists the data by split, as `Dataset | Split | # samples` does."""
    for line, cells in table.rows:
        for cell in cells:
            file = _FILE.match(cell)
            if file:
                yield Fact("train_data" if file["part"] == "train" else "eval_data", cell, line, NAME)
    names = [plain_metric(cell) for cell in table.header]
    if not names or names[0] not in ("dataset", "data", "corpus"):
        return
    trained = next((n for n, name in enumerate(names) if n and _TRAINED.match(name)), None)
    for line, cells in table.rows:
        if trained is not None and cells[0] and any(char.isdigit() for char in "".join(cells[trained : trained + 1])):
            yield Fact("train_data", cells[0], line, NAME)
        split = cells[1].lower() if len(names) > 1 and names[1] == "split" and len(cells) > 1 else ""
        match = None if split else _NAMED_SPLIT.match(cells[0])
        data, split = (cells[0], match["split"].lower()) if match else (cells[0], split)
        name = {"train": "train_data", "training": "train_data"}.get(split, "eval_data" if split else "")
        if data and name:
            yield Fact(name, data, line, NAME)


def on_data(title: str) -> re.Match[str] | None:
    """A header of data and a metric; None where what stands before the metric is one itself, or a setting."""
    match = _ON_DATA.match(title)
    metric = metric_of(match["metric"]) if match else None
    if metric is None or metric[1] not in ("points", "other"):
        return None
    return match if match and not is_metric(match["named"] or "") and not is_setting(match["named"] or "") else None
