"""Tables, in Markdown and in HTML: metrics down the side or along the top, and settings. Logs are no claims."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.card.dialects import context
from harness.card.dialects.data_tables import DATA_TITLE, data_sets, on_data
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.header import items, scalar
from harness.card.dialects.metrics import claim_of, is_metric, metric_of, plain_metric
from harness.card.dialects.names import NO_SETTING, is_setting, settings_of, state
from harness.card.dialects.own_names import plain_name
from harness.card.dialects.table_shapes import (
    Table,
    are_numbers,
    bare,
    metric_cells,
    pair_before,
    pair_of,
    tables_of,
    with_second_header,
)
from harness.card.dialects.whose import OTHER, THIS, family, is_this, own_rows, pages_of_others

NAME = "tables"
_LOG = {"step", "steps", "epoch", "epochs", "iteration", "iterations"}
_VALUE = re.compile(r"^(?:#?\s*value|score|scores|result|results|this model|ours?|value)$", re.IGNORECASE)
_DATA = re.compile(
    r"^(?:datasets?|data|tasks?(?: ?/ ?datasets?)?|languages?|lang|test\s?set|benchmarks?|corpus|domain|subset|config"
    r"|testset|(?:test|dev|eval|evaluation) (?:data|corpus|corpora)|(?:tested|evaluated) on|source"
    r"|lang\.?pairs?|pair|direction|language pairs?|test sets?)$",
    re.IGNORECASE,
)
_RESULTS = re.compile(r"\b(?:results?|evaluation|performance|scores?)\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"^(?:variation|differences?|diff|delta|gain|change|improvement|Δ.*|[Δ∆]|drop|loss in .*)$", re.IGNORECASE
)
_ALL = re.compile(r"^(?:all|overall|total|scores?|results?)$", re.IGNORECASE)
_TOTAL = re.compile(r"^(?:(?:has|no)ans_)?total$")  # of questions, which some print as floats
_LANGUAGE = re.compile(r"^lang", re.IGNORECASE)
_SPLIT_BEFORE = re.compile(r"^(?P<split>dev|test|validation|train) \w", re.IGNORECASE)  # `Dev EM`
_SHORT = re.compile(r"^[PR](?:[ ._-]\w{1,20})?$")  # precision and recall, of a class perhaps, beside another metric
_SPLITS = re.compile(r"^(?:split|subset|set|partition)s?$", re.IGNORECASE)
_SPLIT_ALONE = re.compile(rf"^{context.SPLIT_NAME}(?:[ _-]?set)?$", re.IGNORECASE)
_CLASS = re.compile(
    r"^(?:(?:class|label|entity|tag|category|type|relation)(?: (?:type|name|label))?|classes|labels|entities|tags|)$",
    re.IGNORECASE,
)
_PER_CLASS = re.compile(r"\bper[- ](?:class|label|entity|tag|category|type|relation)\b", re.IGNORECASE)
_SCORES = re.compile(r"\b(?P<metric>\w[\w-]{1,20})\s+scores?\b", re.IGNORECASE)


def find(document: Document) -> Iterable[Finding]:
    for table in tables_of(document):
        if not _is_log(table):
            yield from data_sets(table)
            yield from _of_table(document, with_second_header(table))


def _is_log(table: Table) -> bool:
    """One row a step or epoch: how training went, not what the model reaches."""
    names = {plain_metric(cell) for cell in table.header}
    if not names & _LOG:
        return False
    return any("loss" in name for name in names) or plain_metric(table.header[0]) in _LOG or len(table.rows) > 3


def _of_table(document: Document, table: Table) -> Iterator[Finding]:
    header = table.header
    pair = pair_before(document, table)
    if pair is not None:
        yield from _pairs(document, table, pair)
        return
    columns = [n for n, cell in enumerate(header) if is_metric(bare(cell)) or pair_of(cell) or on_data(cell)]
    columns = sorted({*columns, *(n for n, cell in enumerate(header) if columns and _SHORT.match(cell))})
    n_side = sum(1 for _, cells in table.rows if cells and is_metric(bare(cells[0])))
    n_set = sum(1 for _, cells in table.rows if len(cells) > 1 and is_setting(cells[0], strong=True))
    if n_set and n_set >= max(n_side, 1) and not columns:
        # Where several models' settings stand side by side, this one's column.
        at = next((n for n, title in enumerate(header) if n and is_this(document, title)), 1)
        for line, cells in table.rows:
            if len(cells) <= at or not _is_value(cells[at]) or (is_metric(cells[0]) and cells[at][0].isdigit()):
                continue
            several = settings_of(cells[0], cells[at])
            for key, value in several or [(cells[0], cells[at])]:
                if several or is_setting(key) or (len(cells) == 2 and not NO_SETTING.search(key)):
                    yield state(key, value, document.section(line), line, NAME)
    elif sum(1 for cell in header if is_setting(cell)) > 1 and len(table.rows) == 1:
        line, cells = table.rows[0]
        for key, value in zip(header, cells, strict=False):
            if is_setting(key) and value:
                yield state(key, value, document.section(line), line, NAME)
    elif any(cell.lower() == "metric" for cell in header[1:]):
        yield from _metric_column(document, table)
    elif n_side and not (columns and columns[0] > 0 and len(columns) > 1):
        yield from _metrics_down(document, table)
    elif columns:
        yield from _metrics_along(document, table, columns)
    else:
        yield from _metric_before(document, table)


def _is_value(cell: str) -> bool:
    """A value, not a remark about one."""
    return bool(cell) and (len(cell.split()) < 6 or cell[0].isdigit())


def _metrics_down(document: Document, table: Table) -> Iterator[Finding]:
    about = context.of(document, table.line)
    for line, cells in table.rows:
        if not cells or not (is_metric(bare(cells[0])) or _TOTAL.match(plain_metric(cells[0]))):
            continue
        for n, cell in enumerate(cells[1:], start=1):
            title = table.header[n] if n < len(table.header) else ""
            if _CHANGE.match(title):
                continue
            split, is_data = context.split_of(f"{title} set"), DATA_TITLE.match(title) is not None
            is_own = (
                split is not None
                or is_data
                or _VALUE.match(title.strip("# "))
                or (title.lower().startswith("model") and any(_is_other(one) for one in table.header))
                or is_this(document, title)
                or (len(cells) == 2 and not _is_other(title))
            )
            claim = claim_of(
                cells[0], cell, line, NAME, dataset=title if is_data else about.dataset, split=split or about.split,
                subject=None if is_own else title or None,
            )  # fmt: skip
            if claim is not None:
                yield claim


def _is_other(title: str) -> bool:
    return OTHER.search(title) is not None


def _metrics_along(document: Document, table: Table, columns: Sequence[int]) -> Iterator[Finding]:
    about = context.of(document, table.line)
    labels = [n for n in range(columns[0]) if n not in columns]
    if len(labels) > 1 and are_numbers(table, labels[0]) and not are_numbers(table, labels[1]):
        labels = labels[1:]  # the rows are numbered
    data_at = next((n for n, cell in enumerate(table.header) if n > columns[-1] and _DATA.match(cell)), None)
    if len(labels) > 1 and _DATA.match(table.header[labels[0]]):
        labels.sort(key=lambda n: not _is_named(table, n))  # `Task | Dataset`: data are more than the task
    title = table.header[labels[0]].strip() if labels else ""
    is_report = bool(labels) and (
        _is_report(table, labels[0], columns) or _PER_CLASS.search(document.section(table.line)) is not None
    )
    are_models = any(is_this(document, name) for name in table.over if name)
    own = own_rows(document, table, labels[0]) if labels else frozenset()
    pages = pages_of_others(document, table)
    for line, cells in table.rows:
        label = cells[labels[0]].strip() if labels and labels[0] < len(cells) else ""
        of_row = about if not label or is_report else _of_row(about, title, label, is_own=line in own)
        if line in pages and _DATA.match(title) and len(table.rows) > 1:
            of_row = dataclasses.replace(of_row, subject=pages[line])  # each data set has a model tuned for it
        if data_at is not None and data_at < len(cells):
            of_row = dataclasses.replace(of_row, dataset=cells[data_at] or of_row.dataset)
        for n in columns:
            if n >= len(cells):
                continue
            of_cell = _of_column(document, table, n, of_row, are_models=are_models)
            if THIS.search(cells[n]):  # `92.4 (this one)`
                of_cell = dataclasses.replace(of_cell, subject=None)
            for key, value in metric_cells(table.header[n], cells[n], table.over[n] if table.over else ""):
                of_data = on_data(key)
                name = of_data["metric"] if of_data else f"{key} {label}" if is_report and label else key
                claim = claim_of(
                    name, value, line, NAME,
                    dataset=(of_data["data"] or of_data["named"]) if of_data else of_cell.dataset,
                    split=of_cell.split, subject=of_cell.subject,
                    unit=(metric_of(bare(key)) or ("", "points" if _SHORT.match(key) else "other"))[1],
                )  # fmt: skip
                if claim is not None:
                    yield claim


def _is_report(table: Table, label: int, columns: Sequence[int]) -> bool:
    """Whether rows are classes: so are those without a title where precision and recall stand beside one another."""
    averages = {cells[label].lower().strip() for _, cells in table.rows if label < len(cells)}
    if averages & {"macro avg", "weighted avg", "micro avg"}:
        return True
    title, names = table.header[label].strip(), {plain_metric(bare(table.header[n])) for n in columns}
    return _CLASS.match(title) is not None and (bool(title) or {"precision", "recall"} <= names)


def _is_named(table: Table, column: int) -> bool:
    """Whether a column's title says that it holds data sets, and not what is done with them."""
    return plain_metric(table.header[column]).startswith("data")


def _of_row(about: context.About, title: str, label: str, *, is_own: bool) -> context.About:
    """What a row's label adds: its data, its split, or whose numbers they are."""
    if _DATA.match(title) and not _SPLIT_ALONE.match(label):
        data = f"{about.dataset} ({label})" if about.dataset and _LANGUAGE.match(title) else label
        return dataclasses.replace(about, dataset=data)
    split = context.split_of(f"{label} set")
    if _SPLITS.match(title) or (split is not None and len(label) < 16):
        return dataclasses.replace(about, split=label if _SPLITS.match(title) else split)
    return dataclasses.replace(about, subject=None if is_own else label)


def _of_column(document: Document, table: Table, n: int, about: context.About, *, are_models: bool) -> context.About:
    """What a column's header adds, and the title above it: a model where one of the titles is this one, else data."""
    named = _SPLIT_BEFORE.match(table.header[n])
    split = named["split"].lower() if named else context.split_of(f"{table.header[n]} set")
    about = dataclasses.replace(about, split=split or about.split)
    title = table.over[n] if table.over else ""
    if not title:
        return dataclasses.replace(about, subject=about.subject or family(document, table, n))
    if are_models:
        return dataclasses.replace(about, subject=None if is_this(document, title) else title)
    split = context.split_of(f"{title} set")
    return dataclasses.replace(about, split=split) if split else dataclasses.replace(about, dataset=title)


def _metric_column(document: Document, table: Table) -> Iterator[Finding]:
    """A table with a column of metric names: the columns behind it are models."""
    at = next(n for n, cell in enumerate(table.header) if cell.lower() == "metric" and n)
    about_data = [n for n, cell in enumerate(table.header) if _DATA.match(cell)]
    data = max(about_data, key=lambda n: _is_named(table, n), default=None)
    for line, cells in table.rows:
        for n in range(at + 1, min(len(cells), len(table.header))):
            for key, value in metric_cells(cells[at], cells[n]):
                claim = claim_of(
                    key, value, line, NAME, dataset=cells[data] if data is not None else None,
                    subject=None if is_this(document, table.header[n]) else table.header[n] or None,
                )  # fmt: skip
                if claim is not None:
                    yield claim


def _pairs(document: Document, table: Table, metrics: tuple[str, str]) -> Iterator[Finding]:
    """Cells with a score of each of two metrics; a column may say of which questions, a row of which model."""
    about = context.of(document, table.line)
    own = own_rows(document, table, 0)
    for line, cells in table.rows:
        of_row = _of_row(about, table.header[0], cells[0], is_own=line in own) if cells[0] else about
        for title, cell in zip(table.header[1:], cells[1:], strict=False):
            for metric, value in zip(metrics, cell.split("/"), strict=False):
                key = metric if _ALL.match(title) else f"{title} {metric}"
                claim = claim_of(
                    key, value.strip(), line, NAME,
                    dataset=of_row.dataset, split=of_row.split, subject=of_row.subject,
                )  # fmt: skip
                if claim is not None:
                    yield claim


def _metric_in_header(document: Document, table: Table) -> Iterator[Finding]:
    """A row of scores below the names of data, where the front matter has one metric: `| Task | MNLI | MNLI-mm |`."""
    named = [scalar(one) or "" for one in items(document.header.node("metrics"))]
    metric = metric_of(named[0]) if len(named) == 1 else None
    if metric is None or metric[1] != "points" or not _DATA.match(table.header[0]) or len(table.rows) != 1:
        return
    (line, cells), titles = table.rows[0], table.header[1:]
    if _RESULTS.search(document.section(line)) and (not cells[0] or is_this(document, cells[0])):
        for title, cell in zip(titles, cells[1:], strict=False):
            claim = claim_of(named[0], cell, line, NAME, dataset=title or None)
            if claim is not None:
                yield claim


def _first_words(document: Document) -> set[str]:
    """What a title says before a colon or a dash: `ParsBERT: a model for Persian`."""
    return {plain_name(re.split(r":| [-–—] ", document.title())[0])}


def _metric_before(document: Document, table: Table) -> Iterator[Finding]:
    """A table whose metric is only in the sentence above it, `Here are the BLEU scores:`, or in the front matter."""
    yield from _metric_in_header(document, table)
    match = _SCORES.search(document.sentence_before(table.line)[-200:])
    are_data = _DATA.match(table.header[0]) is not None
    if match is None or not is_metric(match["metric"]) or len(table.header) > (10 if are_data else 6):
        return
    for line, cells in table.rows:
        for n, cell in enumerate(cells[1:], start=1):
            title = table.header[n] if n < len(table.header) else ""
            is_own = is_this(document, title) or plain_name(title) in _first_words(document)
            of_row = f"{cells[0]} ({title})" if title else cells[0]
            subject = of_row if not are_data else None if is_own else title or None
            claim = claim_of(match["metric"], cell, line, NAME, dataset=cells[0] if are_data else None, subject=subject)
            if claim is not None:
                yield claim
