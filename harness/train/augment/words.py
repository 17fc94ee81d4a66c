"""A context to its words, and where each word's candidates come from.

Haystack 1.x (augment_squad) cuts a context with the slow BERT tokenizer; here the fast tokenizer's own parts do
the same. Known not to match: the slow one turns a capital sigma that ends a word into a final sigma, the fast one
into a plain sigma.
"""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import DataError

Source = Literal["mlm", "glove", "none"]
SOURCES: tuple[Source, ...] = ("mlm", "glove", "none")

MAX_PIECES = 510  # of a context, so that [CLS] and [SEP] make 512
_PARTS = {"normalizer": "BertNormalizer", "pre_tokenizer": "BertPreTokenizer", "model": "WordPiece"}


@dataclass(frozen=True, slots=True)
class Word:
    """`text` as the tokenizer normalises it; `position` counts from [CLS] and is where an mlm word is masked."""

    text: str
    pieces: tuple[int, ...]
    source: Source
    position: int | None


def check_is_bert(tokenizer: Any, folder: Path) -> None:
    """Raises DataError for a tokenizer that does not cut text as BERT does, or that has no mask."""
    backend = tokenizer.backend_tokenizer
    for part, expected in _PARTS.items():
        found = type(getattr(backend, part)).__name__
        if found != expected:
            raise DataError(folder, "", f"its tokenizer has a {part} of type {found}, not BERT's {expected}")
    lacking = [name for name in ("cls", "sep", "mask") if getattr(tokenizer, f"{name}_token_id") is None]
    if lacking:
        raise DataError(folder, "", f"its tokenizer has no token for: {', '.join(lacking)}")


def words_of(context: str, tokenizer: Any, in_glove: Container[str]) -> list[Word]:
    """The words of a context in order, punctuation marks included.

    mlm: a single piece (an unknown word is one, too) while fewer than 510 pieces have been counted, its own among
    them, so the last position of a full sequence is never masked; glove: any other word in the list; none: the rest.
    """
    backend = tokenizer.backend_tokenizer
    model, words, n_pieces = backend.model, [], 0
    for text, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(context)):
        pieces = tuple(piece.id for piece in model.tokenize(text))
        n_pieces += len(pieces)
        if len(pieces) == 1 and n_pieces < MAX_PIECES:
            words.append(Word(text, pieces, "mlm", n_pieces))
        else:
            words.append(Word(text, pieces, "glove" if text in in_glove else "none", None))
    return words
