"""Windows over contexts, as Haystack 1.x (SquadProcessor) or transformers' run_qa make them, padded only in a batch.

A context is tokenized once for all its questions and stored once, as flat memory-mapped arrays; a row is a
40-byte record that points into them. So 2.7 million rows take about 110 MB on disk instead of the 41 GB of six
int64 arrays padded to 384.

    row = [CLS] question [SEP] context[window] [SEP] padding to max_seq_length

Tokenizers of RoBERTa's kind put two [SEP] between question and context.

The two differ in what a stride is (see `build_features`), and run_qa never cuts a question.

Not Haystack: the original builds every padded row up front; the batches are the same, token for token.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from harness.errors import DataError
from harness.qa.markers import Special, special_tokens
from harness.qa.offsets import is_usable
from harness.qa.squad import Answer, Paragraph, Question

Labels = tuple[int, int]
LastToken = Literal["v1.1", "exact"]
StrideIs = Literal["step", "overlap"]
Array = npt.NDArray[Any]

NO_ANSWER: Labels = (0, 0)
MAX_ANSWERS = 6  # label rows a window has in Haystack 1.1; training reads the first alone

ROW = np.dtype(
    [
        ("question", np.int32),  # index among the kept questions
        ("question_start", np.int64),  # where its pieces begin in the flat question array
        ("question_length", np.uint16),
        ("context_start", np.int64),  # where the window begins in the flat context array
        ("window_start", np.int32),  # the same, counted from the context's first token
        ("window_length", np.uint16),
        ("label_start", np.uint16),  # positions in the row, both ends inclusive; [0, 0] is no answer
        ("label_end", np.uint16),
    ]
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Features:
    """All windows of a data set; `questions` lists the ids kept, `dropped` those whose answer is not in the context.

    `unlabelled` are answerable, but no window has their answer: to a model in training they have none.
    """

    rows: Array
    context_ids: Array
    context_offsets: Array  # start and end character (n, 2) of each context token; empty in features for training
    question_ids: Array
    special: Special
    max_seq_length: int
    questions: tuple[str, ...]
    dropped: tuple[str, ...]
    unlabelled: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> Array:
        """Tokens of each row, markers included, padding not."""
        lengths: Array = (
            np.asarray(self.rows["question_length"]).astype(int) + self.rows["window_length"] + self.special.n
        )
        return lengths

    def batch(self, which: Sequence[int] | Array) -> dict[str, Array]:
        """Padded arrays of the named rows: ids, segments and mask (B, T) int64, labels (B, 2) int64."""
        rows = np.asarray(self.rows[np.asarray(which, dtype=np.int64)])
        position = np.arange(self.max_seq_length)
        column = {name: rows[name].astype(np.int64)[:, None] for name in ROW.names or ()}
        first_sep = column["question_length"] + 1
        second = first_sep + self.special.n_between
        end = second + column["window_length"]
        in_question = (position >= 1) & (position < first_sep)
        in_context = (position >= second) & (position < end)
        ids = np.full(in_context.shape, self.special.pad, dtype=np.int64)
        ids[:, 0] = self.special.cls
        ids[((position >= first_sep) & (position < second)) | (position == end)] = self.special.sep
        ids[in_question] = self.question_ids[(column["question_start"] + position - 1)[in_question]]
        ids[in_context] = self.context_ids[(column["context_start"] + position - second)[in_context]]
        segments = ((position >= second) & (position <= end)).astype(np.int64)
        mask = (position <= end).astype(np.int64)
        labels = np.stack([rows["label_start"], rows["label_end"]], axis=1).astype(np.int64)
        return {"input_ids": ids, "token_type_ids": segments, "attention_mask": mask, "labels": labels}


def token_at(offsets: Array, character: int, last_token: LastToken) -> int:
    """Index of the token that holds `character`, given the start characters of all tokens.

    Haystack 1.0 to 1.3 returned one past the end for a character in the last token (mended in 1.4.0, PR 2381);
    `last_token="v1.1"` keeps that, because the target card was trained with it.
    """
    if character >= offsets[-1]:
        return len(offsets) - (0 if last_token == "v1.1" else 1)
    return int(np.searchsorted(offsets, character, side="right")) - 1


def token_spans(answers: Sequence[Answer], offsets: Array, last_token: LastToken) -> list[Labels]:
    """Token index pairs (inclusive) of the answers in their whole context; at most the first six."""
    return [
        (
            token_at(offsets, answer.start, last_token),
            token_at(offsets, answer.start + len(answer.text) - 1, last_token),
        )
        for answer in answers[:MAX_ANSWERS]
    ]


def holds(window_start: int, length: int, span: Labels) -> bool:
    """True when a window holds a span, both counted in the context's tokens.

    A span may end one past the window: Haystack tests `end <= length`, so such an answer is labelled as ending on
    the final [SEP] (still so in 1.26.4).
    """
    return window_start <= span[0] < window_start + length and span[1] <= window_start + length


def window_labels(spans: Sequence[Labels], window_start: int, length: int, second: int) -> list[Labels]:
    """One label a gold span, as positions in the row; [0, 0] where the window does not hold the span."""
    shift = second - window_start
    labels = [(span[0] + shift, span[1] + shift) if holds(window_start, length, span) else NO_ANSWER for span in spans]
    return labels or [NO_ANSWER]


def build_features(
    paragraphs: Iterable[Paragraph],
    tokenizer: Any,
    folder: Path,
    *,
    max_seq_length: int,
    doc_stride: int,
    max_query_length: int,
    doc_stride_is: StrideIs = "step",
    last_token: LastToken = "v1.1",
    for_training: bool,
) -> Features:
    """Tokenizes and windows a stream of paragraphs into memory-mapped arrays under `folder` (which must exist).

    `doc_stride` is in tokens: the step between window starts, or the overlap of neighbouring windows. A
    `max_query_length` of 0 never cuts a question. `for_training` drops (and names) every question that is empty or
    has an answer that is not at its offset; evaluation keeps all, needs no labels, but needs the tokens' offsets.
    Raises DataError for a question that leaves its context no room.
    """
    special = special_tokens(tokenizer)
    with ExitStack() as stack:
        names = ("rows", "context_ids", "context_offsets", "question_ids")
        files = {name: stack.enter_context((folder / f"{name}.bin").open("wb")) for name in names}
        builder = _Builder(
            tokenizer, special, files, max_seq_length, doc_stride, doc_stride_is, max_query_length, last_token,
            for_training,
        )  # fmt: skip
        for paragraph in paragraphs:
            builder.add(paragraph)
    if builder.dropped:
        count, ids = len(builder.dropped), _name(builder.dropped)
        _log.warning("%d question(s) dropped, empty or with an answer that is not in its context: %s", count, ids)
    return Features(
        _mapped(folder / "rows.bin", ROW),
        _mapped(folder / "context_ids.bin", special.width),
        _mapped(folder / "context_offsets.bin", np.int32).reshape(-1, 2),
        _mapped(folder / "question_ids.bin", special.width),
        special,
        max_seq_length,
        tuple(builder.questions),
        tuple(builder.dropped),
        tuple(builder.unlabelled),
    )


@dataclass(slots=True)
class _Builder:
    """Grows the flat arrays on disk while paragraphs stream by."""

    tokenizer: Any
    special: Special
    files: Mapping[str, BinaryIO]
    max_seq_length: int
    doc_stride: int
    doc_stride_is: StrideIs
    max_query_length: int
    last_token: LastToken
    for_training: bool
    questions: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)

    def add(self, paragraph: Paragraph) -> None:
        """Tokenizes a context once, with all its questions, and writes their windows."""
        kept = []
        for question in paragraph.questions:
            if self.for_training and not is_usable(question, paragraph.context):
                self.dropped.append(question.id)
            else:
                kept.append(question)
        if not kept:
            return
        encoded = self.tokenizer(
            [paragraph.context, *(question.text for question in kept)],
            add_special_tokens=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        offsets = np.array(encoded["offset_mapping"][0], dtype=np.int32).reshape(-1, 2)
        context_start = self._append("context_ids", np.array(encoded["input_ids"][0], dtype=self.special.width))
        if not self.for_training:
            self._append("context_offsets", offsets)
        for question, pieces in zip(kept, encoded["input_ids"][1:], strict=True):
            self._add_question(question, pieces[: self.max_query_length or None], offsets[:, 0], context_start)

    def _add_question(self, question: Question, pieces: list[int], offsets: Array, context_start: int) -> None:
        question_start = self._append("question_ids", np.array(pieces, dtype=self.special.width))
        spans = token_spans(question.answers, offsets, self.last_token) if self.for_training and len(offsets) else []
        window = self.max_seq_length - len(pieces) - self.special.n
        step = self._step(question, window, len(offsets))
        rows = []
        for start in window_starts(len(offsets), window, step):
            length = min(window, len(offsets) - start)
            label = window_labels(spans, start, length, len(pieces) + self.special.n - 1)[0]
            head = (len(self.questions), question_start, len(pieces), context_start + start, start, length)
            rows.append((*head, *label))
        self.questions.append(question.id)
        if self.for_training and question.answers and all(row[-2:] == NO_ANSWER for row in rows):
            self.unlabelled.append(question.id)
        self._append("rows", np.array(rows, dtype=ROW))

    def _step(self, question: Question, window: int, n_tokens: int) -> int:
        """Tokens between the starts of windows of `window` tokens; any number where one window holds the context."""
        step = self.doc_stride if self.doc_stride_is == "step" else window - self.doc_stride
        if window >= 1 and (step >= 1 or n_tokens <= window):
            return max(step, 1)
        raise DataError(
            f"question {question.id}",
            "",
            f"at max_seq_length {self.max_seq_length} it leaves {max(window, 0)} tokens for its context of {n_tokens}, "
            f"so that windows cannot advance; raise max_seq_length, lower doc_stride {self.doc_stride} "
            f"({self.doc_stride_is}) or set max_query_length to cut questions (now {self.max_query_length or 'never'})",
        )

    def _append(self, name: str, array: Array) -> int:
        """Appends to the named flat array; returns the index at which the new part begins."""
        stream = self.files[name]
        start = stream.tell() // array.itemsize
        stream.write(array.tobytes())
        return start


def _mapped(path: Path, dtype: Any) -> Array:
    if path.stat().st_size == 0:  # a file without bytes cannot be mapped
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")


def _name(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


def window_starts(n_tokens: int, window: int, doc_stride: int) -> range:
    """First tokens of the windows: 0, stride, 2 x stride, … until one reaches the end of the context."""
    last = -(-max(n_tokens - window, 0) // doc_stride) * doc_stride
    return range(0, last + 1, doc_stride)
