"""Makes unanswerable questions by pairing: each a question with another paragraph of its article that lacks its answer.

    python -m tests.minilm.pair_questions TRAIN IDS OUT

OUT holds the listed questions of TRAIN and so many made ones that as many have no answer as have one, as in the dev
set. A made one's id is `paired-` and that of the question. They are easier than SQuAD 2.0's own, which people wrote
against their paragraph.
"""

import random
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from harness.qa.squad import Paragraph, Question, only_questions, read_ids, read_squad, write_json

SEED = 0


def paired(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """The paragraphs with the made questions behind their own; the same ones for the same paragraphs."""
    draws = random.Random(SEED)
    articles: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(paragraphs):
        articles[one.title].append(number)
    asked = [(number, question) for number, one in enumerate(paragraphs) for question in one.questions]
    n_wanted = sum(1 if question.answers else -1 for _, question in asked)
    made: dict[int, list[Question]] = defaultdict(list)
    answerable = [(number, question) for number, question in asked if question.answers]
    draws.shuffle(answerable)
    for number, question in answerable:
        if n_wanted <= 0:
            break
        texts = {answer.text.lower() for answer in question.answers}
        others = [
            other
            for other in articles[paragraphs[number].title]
            if other != number and not any(text in paragraphs[other].context.lower() for text in texts)
        ]
        if others:
            made[draws.choice(others)].append(Question(f"paired-{question.id}", question.text, ()))
            n_wanted -= 1
    return [replace(one, questions=(*one.questions, *made[number])) for number, one in enumerate(paragraphs)]


if __name__ == "__main__":
    train, ids, out = map(Path, sys.argv[1:])
    found = paired(list(only_questions(read_squad(train), read_ids(ids), ids)))
    write_json(out, found)
    questions = [question for one in found for question in one.questions]
    print(f"{len(questions):,} questions, {sum(not one.answers for one in questions):,} without an answer")
