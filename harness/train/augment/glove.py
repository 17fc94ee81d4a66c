"""GloVe word vectors and the nearest neighbours of words by cosine, as Haystack 1.x (augment_squad) finds them.

Vectors: Pennington, Socher and Manning 2014. Haystack reads glove.42B.300d and of it the first 100,000 lines.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from harness.errors import DataError
from harness.qa.features import Array

QUERIES = 256  # words looked up at once: their similarities to 100,000 words take 100 MB


@dataclass(frozen=True, slots=True)
class Glove:
    """`rows` gives a word's last line, counted from 0; `vectors` (V, D) are of length 1, fp32."""

    words: Sequence[str]
    rows: Mapping[str, int]
    vectors: Tensor


def read_glove(path: Path, *, max_words: int, device: torch.device) -> Glove:
    """Reads the first `max_words` lines, a word and its vector each; raises DataError naming the line that is wrong."""
    words: list[str] = []
    vectors: list[Array] = []
    for number, word, vector in _lines_of(path, max_words):
        if vectors and len(vector) != len(vectors[0]):
            what = f"has {len(vector)} numbers, the lines before it {len(vectors[0])}; expected GloVe vectors"
            raise DataError(path, f"line {number}", what)
        words.append(word)
        vectors.append(vector)
    if not vectors:
        raise DataError(path, "", "is empty; expected a word and its vector on each line")
    stacked = torch.from_numpy(np.stack(vectors)).to(device)
    rows = {word: row for row, word in enumerate(words)}
    return Glove(words, rows, torch.nn.functional.normalize(stacked, dim=1))


def _lines_of(path: Path, limit: int) -> Iterator[tuple[int, str, Array]]:
    try:
        with path.open("rb") as stream:
            for number, line in zip(range(1, limit + 1), stream, strict=False):
                try:
                    word, *columns = line.decode("utf-8").split()
                    vector = np.array([float(column) for column in columns], dtype=np.float32)
                except UnicodeDecodeError as error:
                    what = "is not UTF-8; expected the text file of GloVe vectors, unpacked"
                    raise DataError(path, f"line {number}", what) from error
                except ValueError as error:
                    what = f"is not a word and its vector ({error}); expected GloVe vectors"
                    raise DataError(path, f"line {number}", what) from error
                if not len(vector) or not math.isfinite(float(vector.sum())):
                    raise DataError(path, f"line {number}", "is not a word and finite numbers; expected GloVe vectors")
                yield number, word, vector
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); give a text file of GloVe vectors") from error


def neighbours(glove: Glove, words: Sequence[str], *, k: int) -> dict[str, tuple[str, ...]]:
    """The k nearest words of each word of the list, nearest first: the first of k + 1, the word itself, is left out.

    Each word is looked up once. Haystack sorts all similarities of every word again, each time it meets one.
    """
    unique = list(dict.fromkeys(words))
    found: dict[str, tuple[str, ...]] = {}
    with torch.inference_mode():
        for start in range(0, len(unique), QUERIES):
            chunk = unique[start : start + QUERIES]
            queries = glove.vectors[torch.tensor([glove.rows[word] for word in chunk], device=glove.vectors.device)]
            nearest = (queries @ glove.vectors.T).topk(min(k + 1, len(glove.words)), dim=1).indices.tolist()
            found |= {
                word: tuple(glove.words[row] for row in rows[1:]) for word, rows in zip(chunk, nearest, strict=True)
            }
    return found
