"""What the tests of text augmentation share: the golden program's inputs, and a table built with few words."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator

from harness.qa.squad import Answer, Paragraph, Question
from harness.train.augment import Table, build_table
from harness.train.progress import Silent

Build = Callable[..., Table]


@pytest.fixture(scope="session")
def golden(goldens: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((goldens / "augment.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def build(goldens: Path, tmp_path: Path) -> Build:
    """build_table of some paragraphs with the golden model and vectors, in tmp_path / "table" unless told."""

    def make(paragraphs: list[Paragraph], folder: Path | None = None, **changes: Any) -> Table:
        options: dict[str, Any] = {
            "masked_lm": goldens / "mlm",
            "glove": goldens / "glove.txt",
            "word_possibilities": 5,
            "max_glove_words": 100_000,
            "accelerator": Accelerator(cpu=True),
            "watch": Silent(),
        }
        return build_table(lambda: iter(paragraphs), folder or tmp_path / "table", **{**options, **changes})

    return make


def paragraph(context: str, *ids: str) -> Paragraph:
    """A paragraph whose questions have the given ids, and its first character for an answer."""
    return Paragraph("title", context, tuple(Question(i, f"what is {i}?", (Answer(context[:1], 0),)) for i in ids))


@pytest.fixture
def short() -> list[Paragraph]:
    """150 different contexts of four words: three shards."""
    return [paragraph(f"the number {number} .", f"q{number}") for number in range(150)]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def contexts_of(paragraphs: Iterator[Paragraph]) -> list[str]:
    return [paragraph.context for paragraph in paragraphs]
