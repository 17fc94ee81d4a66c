"""Tables that list the data of a model by split, or its files."""

import re
from collections.abc import Iterator

from harness.card.dialects.metrics import plain_metric
from harness.card.dialects.table_shapes import Table
from harness.domain import Fact

NAME = "tables"

_TRAINED = re.compile(r"^train(?:ing)?(?:_(?:split|set|size|data|samples|examples|questions))?$")
_NAMED_SPLIT = re.compile(r"^\S.{0,60}\s(?P<split>train(?:ing)?|dev|test|validation)(?: set)?$", re.IGNORECASE)
_FILE = re.compile(r"(?P<part>train|dev|test|validation)\.(?:tsv|csv|jsonl?|txt)$")  # a table of the sizes of files


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
