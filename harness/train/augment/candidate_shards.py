"""A piece of the table of candidates on disk: the words of a few contexts, as ids into the spellings that occur in it.

    seal (32 bytes) · an .npz of the arrays below

The seal is the sha256 of format, owner and arrays, so a file that is damaged, half written, of another version or
of other contexts is all the same: not this shard. A word takes about 14 bytes with 5 candidates, 37 with 20.
"""

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.qa.features import Array
from harness.record import checksummed
from harness.train.augment.candidates import Entry
from harness.train.augment.words import SOURCES

FORMAT = 1  # count up when the arrays, the size of a shard or what is put into one change


@dataclass(frozen=True, slots=True)
class Shard:
    """`words` and `candidates` index `spellings`; context c has words context_ends[c - 1] up to context_ends[c], and
    word w the candidates candidate_ends[w - 1] up to candidate_ends[w]."""

    spellings: Sequence[str]
    context_ends: Array
    words: Array
    candidate_ends: Array
    candidates: Array
    n_words: Mapping[str, int]

    def entries(self, context: int) -> list[tuple[str, tuple[str, ...]]]:
        """The words of a context, each with its candidates."""
        begin, end = _span(self.context_ends, context)
        return [(self.spellings[self.words[word]], self._candidates(word)) for word in range(begin, end)]

    def _candidates(self, word: int) -> tuple[str, ...]:
        begin, end = _span(self.candidate_ends, word)
        return tuple(self.spellings[index] for index in self.candidates[begin:end])


def _span(ends: Array, index: int) -> tuple[int, int]:
    return (int(ends[index - 1]) if index else 0), int(ends[index])


def write(path: Path, owner: str, contexts: Sequence[Sequence[Entry]]) -> None:
    """Writes a shard under a temporary name, then renames it; raises StoreError when it cannot."""
    payload = _packed(contexts)
    part = f"{os.getpid()}.partial"  # two runs may make the same table
    checksummed.write(path, payload, _owner(owner), remedy="free the space", part=part)


def read(path: Path, owner: str) -> Shard | None:
    """The shard of `owner`, or None where the file is missing, damaged, of another version or of another owner."""
    try:
        payload = checksummed.read(path, _owner(owner))
    except OSError:
        return None
    if payload is None:
        return None
    arrays = np.load(io.BytesIO(payload), allow_pickle=False)
    return Shard(
        arrays["spellings"].tobytes().decode("utf-8").split("\n"),
        np.cumsum(arrays["words_of_context"], dtype=np.int64),
        arrays["words"],
        np.cumsum(arrays["candidates_of_word"], dtype=np.int64),
        arrays["candidates"],
        dict(zip(SOURCES, arrays["n_words"].tolist(), strict=True)),
    )


def _owner(contexts: str) -> bytes:
    return f"{FORMAT} {contexts}\n".encode()


def _packed(contexts: Sequence[Sequence[Entry]]) -> bytes:
    entries = [entry for context in contexts for entry in context]
    ids: dict[str, int] = {}
    words = [ids.setdefault(entry.text, len(ids)) for entry in entries]
    candidates = [ids.setdefault(text, len(ids)) for entry in entries for text in entry.candidates]
    sources = [entry.source for entry in entries]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        spellings=np.frombuffer("\n".join(ids).encode(), dtype=np.uint8),  # no word or piece holds white space
        words_of_context=_narrow(len(context) for context in contexts),
        words=_narrow(words),
        candidates_of_word=_narrow(len(entry.candidates) for entry in entries),
        candidates=_narrow(candidates),
        n_words=np.array([sources.count(source) for source in SOURCES], dtype=np.int64),
    )
    return buffer.getvalue()


def _narrow(numbers: Iterable[int]) -> Array:
    """Whole numbers from 0 in the narrowest unsigned type that holds them."""
    wide = np.array(list(numbers), dtype=np.int64)
    return wide.astype(np.min_scalar_type(int(wide.max(initial=0))))
