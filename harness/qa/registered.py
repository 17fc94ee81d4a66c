"""Evaluation data that are known by their content: a hash over ids and gold answers, however the file is written.

Two files are the same data when they ask the same questions and accept the same answers: order, offsets, titles and
what the scorer does not look at are left out. The hashes are of the official dev sets of SQuAD (CC BY-SA 4.0): of 2.0,
and of 1.1 as its explorer's pages print it (rajpurkar.github.io/SQuAD-explorer, explore/1.1/dev); the 5,928 questions
that both sets have agree in every gold answer.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.card.references import SQUAD1, SQUAD2
from harness.qa.official_squad import normalise
from harness.qa.squad import Paragraph

CONTENT = "content"  # the key of this hash in the fingerprint of a record's evaluation data


@dataclass(frozen=True, slots=True)
class Registered:
    """One data set: its name in a sentence, and the hash of its content.

    `files` are sha256 of files that hold it, for records that were made before content was hashed.
    """

    name: str
    content: str
    files: tuple[str, ...] = ()


# By reference, as `card.references.data_named` gives it; how many questions they have: `card.never_answering.COUNTS`.
REGISTERED: Mapping[str, Registered] = {
    f"{SQUAD2}:validation": Registered(
        "SQuAD 2.0's dev set",
        "922b81e51beae04fbcdeb00d27eb6210cb8eb620f5f896366af6b83673300678",
        ("2360a3928bf4673f0179e3cd248d6957caae24923bfac2b0c3a84908d7ff0f59",),
    ),
    f"{SQUAD1}:validation": Registered(
        "SQuAD 1.1's dev set",
        "2ee7e8a1fca9b8f1748a7af9bea1bce554cf131e0cffa624803a54e711db0a92",
        ("95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9",),
    ),
}


def content_of(paragraphs: Iterable[Paragraph]) -> str:
    """The hash of evaluation data by content: question ids and normalised gold answers, sorted."""
    golds = {
        question.id: sorted({normalise(answer.text) for answer in question.answers})
        for paragraph in paragraphs
        for question in paragraph.questions
    }
    lines = (json.dumps([name, golds[name]], ensure_ascii=False) for name in sorted(golds))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def is_of(data: Mapping[str, str], known: Registered) -> bool:
    """Whether evaluation data with this fingerprint are the registered ones."""
    if CONTENT in data:
        return data[CONTENT] == known.content
    return data.get("sha256") in known.files
