"""The candidates of every word of some contexts: from the masked language model, from GloVe, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harness.train.augment import masked_lm
from harness.train.augment.glove import Glove, neighbours, read_glove
from harness.train.augment.words import Source, words_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A word as it stands in an augmented text when it is kept, and what may replace it."""

    text: str
    source: Source
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposer:
    """What proposes candidates: `word_possibilities` of each word, fewer where pieces are left out."""

    tokenizer: Any
    model: Any
    glove: Glove | None
    word_possibilities: int


def load_proposer(
    folder: Path, glove: Path | None, *, word_possibilities: int, max_glove_words: int, device: torch.device
) -> Proposer:
    """Loads the masked language model of a folder and, where there is one, the GloVe file, onto a device."""
    vectors = None if glove is None else read_glove(glove, max_words=max_glove_words, device=device)
    return Proposer(*masked_lm.load(folder, device), vectors, word_possibilities)


def propose(proposer: Proposer, contexts: Sequence[str]) -> list[list[Entry]]:
    """The words of each context in order, with their candidates; GloVe is asked once for all of them.

    What comes out depends on these contexts alone, rounding included: nothing is carried over from earlier calls.
    A word that is not replaced stays itself, where Haystack puts the nearest vector's word: the same one, unless two
    words share a vector.
    """
    glove, k = proposer.glove, proposer.word_possibilities
    split = [words_of(context, proposer.tokenizer, glove.rows if glove else ()) for context in contexts]
    asked = [word.text for words in split for word in words if word.source == "glove"]
    near = neighbours(glove, asked, k=k) if glove else {}
    entries = []
    for words in split:
        pieces = iter(masked_lm.best_pieces(proposer.model, proposer.tokenizer, words, k=k))
        found = [next(pieces) if word.source == "mlm" else near.get(word.text, ()) for word in words]
        entries.append(
            [Entry(w.text, w.source, cs if w.source != "none" else ()) for w, cs in zip(words, found, strict=True)]
        )
    return entries
