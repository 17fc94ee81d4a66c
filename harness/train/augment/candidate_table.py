"""The table of candidates: for every word of every different context what may replace it, in shards on disk.

The masked language model makes it once (hours on a full training set); any number of seeds then draw from it. A shard
that exists is done, so a build that was stopped goes on where it was; processes share the shards among themselves.
Haystack 1.x computes candidates and draws in one go, and keeps neither.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataError, StoreError
from harness.qa.squad import Paragraph
from harness.record import store
from harness.train.augment import candidate_shards
from harness.train.augment.candidates import load_proposer, propose
from harness.train.augment.words import SOURCES
from harness.train.distributed import stopped_together
from harness.train.progress import ProgressCallback, Silent

CONTEXTS = 64  # of a shard: seconds of work on a GPU, minutes on a CPU
STAGE = "word candidates"

Paragraphs = Callable[[], Iterator[Paragraph]]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` gives a context's number by its digest (about 100 bytes of memory each), `owners` what each shard is of.

    `n_words` counts the words of all different contexts by source: mlm, glove, none. `sha256` is of all shards.
    """

    folder: Path
    rows: Mapping[bytes, int]
    owners: Sequence[str]
    n_words: Mapping[str, int]
    sha256: str

    def shard(self, number: int) -> candidate_shards.Shard:
        """Reads a shard; raises StoreError when it is no longer what was written."""
        return _read(self.folder, number, self.owners[number])

    def place(self, context: str) -> tuple[int, int]:
        """The shard that holds a context, and its number there; raises DataError for a context that is in none."""
        row = self.rows.get(digest_of(context))
        if row is None:
            raise DataError(self.folder, "", f"holds no candidates for the context {context[:40]!r}; build it anew")
        return divmod(row, CONTEXTS)


def table_key(
    *,
    masked_lm: Mapping[str, str],
    glove_sha256: str | None,
    word_possibilities: int,
    max_glove_words: int,
    train_data: Mapping[str, str],
) -> str:
    """sha256 over everything that decides a table's content; `masked_lm` and `train_data` as a run records them."""
    return store.hash_of(
        {
            "format": candidate_shards.FORMAT,
            "masked_lm": masked_lm,
            "glove_sha256": glove_sha256,
            "word_possibilities": word_possibilities,
            "max_glove_words": max_glove_words,
            "train_data": train_data,
        }
    )


def build_table(
    paragraphs: Paragraphs,
    folder: Path,
    *,
    masked_lm: Path,
    glove: Path | None,
    word_possibilities: int,
    max_glove_words: int,
    accelerator: Any,
    watch: ProgressCallback,
) -> Table:
    """Makes the shards that are missing, damaged or of other contexts, and opens the table.

    `paragraphs` starts a new stream each time it is called; it is read twice, or once where nothing is missing.
    Every process calls this, with a folder that all of them see; each makes its share, and what stops one stops all,
    with its message. Without `glove` the words that would need it get no candidates.
    """
    rows = _rows_of(paragraphs())
    owners = _owners_of(list(rows))
    share = range(accelerator.process_index, len(owners), accelerator.num_processes)
    missing = {number for number in share if candidate_shards.read(path_of(folder, number), owners[number]) is None}
    watch = watch if accelerator.is_main_process else Silent()
    watch.start(STAGE, len(share))
    with stopped_together(accelerator):
        if missing:
            proposer = load_proposer(
                masked_lm,
                glove,
                word_possibilities=word_possibilities,
                max_glove_words=max_glove_words,
                device=accelerator.device,
            )
            n_done = len(share) - len(missing)
            for number, contexts in enumerate(_groups_of(paragraphs(), rows)):
                if number in missing:
                    candidate_shards.write(path_of(folder, number), owners[number], propose(proposer, contexts))
                    missing.remove(number)
                    n_done += 1
                    watch.steps([{"step": n_done}])
    watch.end()
    return _opened(folder, rows, owners)


def path_of(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.shard"


def digest_of(context: str) -> bytes:
    return hashlib.sha256(context.encode()).digest()[:16]


def _rows_of(paragraphs: Iterator[Paragraph]) -> dict[bytes, int]:
    """Numbers the different contexts in the order in which they first occur."""
    rows: dict[bytes, int] = {}
    for paragraph in paragraphs:
        rows.setdefault(digest_of(paragraph.context), len(rows))
    return rows


def _owners_of(digests: Sequence[bytes]) -> list[str]:
    """For each shard the hash of the contexts that it belongs to."""
    groups = (digests[start : start + CONTEXTS] for start in range(0, len(digests), CONTEXTS))
    return [hashlib.sha256(b"".join(group)).hexdigest() for group in groups]


def _groups_of(paragraphs: Iterator[Paragraph], rows: Mapping[bytes, int]) -> Iterator[list[str]]:
    """The contexts of each shard, every different context once: where it first occurs."""
    group: list[str] = []
    n_found = 0
    for paragraph in paragraphs:
        if rows.get(digest_of(paragraph.context)) == n_found:
            group.append(paragraph.context)
            n_found += 1
            if len(group) == CONTEXTS:
                yield group
                group = []
    if n_found < len(rows):
        raise DataError("training data", f"context {n_found}", "is gone on a second reading; leave the file as it is")
    if group:
        yield group


def _opened(folder: Path, rows: Mapping[bytes, int], owners: Sequence[str]) -> Table:
    counts: dict[str, int] = dict.fromkeys(SOURCES, 0)
    for number, owner in enumerate(owners):
        for source, n_words in _read(folder, number, owner).n_words.items():
            counts[source] += n_words
    sha256 = store.hash_of([store.sha256_of(path_of(folder, number)) for number in range(len(owners))])
    return Table(folder, rows, owners, counts, sha256)


def _read(folder: Path, number: int, owner: str) -> candidate_shards.Shard:
    path = path_of(folder, number)
    shard = candidate_shards.read(path, owner)
    if shard is None:
        raise StoreError(f"{path}: is missing, damaged or of other contexts; run again, and it is made anew")
    return shard
