"""The marker tokens of a row: how a tokenizer joins question and context."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import DataError


@dataclass(frozen=True, slots=True)
class Special:
    """Ids of the marker tokens; `width` is the unsigned type that holds every id of the vocabulary.

    `n_between` are the [SEP] between question and context: one for BERT's kind, two for RoBERTa's.
    """

    cls: int
    sep: int
    pad: int
    width: Any
    n_between: int = 1

    @property
    def n(self) -> int:
        """Markers in a row."""
        return 2 + self.n_between


def special_tokens(tokenizer: Any) -> Special:
    """The marker ids; raises DataError for a tokenizer that joins question and context in another way than these."""
    absent = [name for name in ("cls_token", "sep_token", "pad_token") if getattr(tokenizer, f"{name}_id") is None]
    if absent:
        what = f"its tokenizer has no {', '.join(absent)}; give the model with its own tokenizer files"
        raise DataError(tokenizer.name_or_path, "", what)
    pair = tokenizer("a", "b")["input_ids"]
    a, b = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in "ab")
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    n_between = next((n for n in (1, 2) if pair == [cls, *a, *[sep] * n, *b, sep]), None)
    if n_between is None:
        what = "its tokenizer does not join pairs as [CLS] a [SEP] b [SEP] or [CLS] a [SEP] [SEP] b [SEP]"
        raise DataError(tokenizer.name_or_path, "", what)
    width = np.uint16 if len(tokenizer) <= np.iinfo(np.uint16).max else np.uint32
    return Special(cls, sep, tokenizer.pad_token_id, width, n_between)
