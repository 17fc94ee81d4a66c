"""Augmented paragraphs, drawn from the table of candidates: TinyBERT's data augmentation as Haystack 1.x does it.

Differs from Haystack's augment_squad: that one sets no seed, so its file cannot be made again; here the generator of
a copy is a function of seed, paragraph number and copy number alone, so any part can be made again by itself. Nothing
is written: a stream takes the place of the 20-fold file.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random

from harness.qa.squad import Paragraph, Question
from harness.train.augment.candidate_table import Paragraphs, Table

OPEN_SHARDS = 4  # kept in memory: paragraphs come in the table's order, but for contexts that occur again


def augmented(
    paragraphs: Paragraphs, table: Table, *, factor: int, replace_probability: float, seed: int
) -> Iterator[Paragraph]:
    """`factor` copies of each paragraph with words replaced; the original is not among them, as in Haystack.

    Title, question ids and texts stay; every question loses its answers, since their offsets no longer hold. The
    table must be of the same paragraphs; raises DataError at a context that it does not hold.
    """
    shard = lru_cache(maxsize=OPEN_SHARDS)(table.shard)
    for number, paragraph in enumerate(paragraphs()):
        shard_number, row = table.place(paragraph.context)
        entries = shard(shard_number).entries(row)
        questions = tuple(Question(question.id, question.text, ()) for question in paragraph.questions)
        for copy in range(factor):
            text = redrawn(entries, generator(seed, number, copy), replace_probability=replace_probability)
            yield Paragraph(paragraph.title, text, questions)


def generator(seed: int, paragraph: int, copy: int) -> Random:
    """The generator of one copy; paragraphs are counted from 0 in the stream's order."""
    return Random(f"{seed} {paragraph} {copy}")  # noqa: S311 - a text seeds by its sha512, alike on every machine


def redrawn(entries: Sequence[tuple[str, tuple[str, ...]]], random: Random, *, replace_probability: float) -> str:
    """One copy of a context: each word that has candidates gives way, with the probability, to one of them at random.

    Draws are in Haystack's order: one number for each word with candidates, then, where it is replaced, the choice.
    """
    return " ".join(
        random.choice(candidates) if candidates and random.random() < replace_probability else word
        for word, candidates in entries
    )
