"""Writes a SQuAD 2.0 file in which half of the questions have no answer: the ones given, and ones made by pairing.

    python -m tests.minilm.pair_questions SQUAD.json QUESTIONS.ids OUT.json

A made question is one that has an answer, asked of another paragraph of its article: of those that hold none of its
answers, the one that shares the most words with it, rare ones counted more. Nobody wrote it to be unanswerable, and
nobody checked that the other paragraph does not answer it in other words. The ids of made questions end in `MADE`.
"""

import hashlib
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import DataError
from harness.qa.squad import Paragraph, Question, read_squad

MADE = "-of-another-paragraph"
Asked = dict[Paragraph, list[Question]]


def pair(paragraphs: Iterable[Paragraph], wanted: frozenset[str]) -> Asked:
    """The wanted questions under their paragraphs, and as many made ones as those without an answer are too few by.

    Which questions are asked twice goes by a hash of their ids. Raises DataError where too few can be paired.
    """
    articles: dict[str, list[Paragraph]] = defaultdict(list)
    for paragraph in paragraphs:
        articles[paragraph.title].append(paragraph)
    asked: Asked = {
        one: [question for question in one.questions if question.id in wanted]
        for part in articles.values()
        for one in part
    }
    answered = [(one, question) for one, own in asked.items() for question in own if question.answers]
    n_missing = 2 * len(answered) - sum(map(len, asked.values()))
    found = 0
    others = _Others(articles)
    for own, question in sorted(answered, key=lambda one: hashlib.sha256(one[1].id.encode()).digest()):
        if found >= n_missing:
            break
        if other := others.closest(own, question):
            asked[other].append(Question(question.id + MADE, question.text, ()))
            found += 1
    if found < n_missing:
        raise DataError("paragraphs", "", f"{n_missing} questions are to be made, {found} can be")
    return asked


class _Others:
    """Finds the paragraph of the same article that a question could most easily be about, and is not."""

    def __init__(self, articles: Mapping[str, Sequence[Paragraph]]) -> None:
        self._articles = articles
        contexts = {one: one.context for part in articles.values() for one in part}
        self._words = {one: _words(text) for one, text in contexts.items()}
        self._lowered = {one: text.lower() for one, text in contexts.items()}
        self._holders = Counter(word for words in self._words.values() for word in words)

    def closest(self, own: Paragraph, question: Question) -> Paragraph | None:
        answers = [answer.text.lower() for answer in question.answers]
        asked = _words(question.text)
        others = [
            one
            for one in self._articles[own.title]
            if one.context != own.context and not any(text in self._lowered[one] for text in answers)
        ]
        return max(others, key=lambda one: self._weight(asked & self._words[one]), default=None)

    def _weight(self, words: Iterable[str]) -> float:
        return math.fsum(math.log(len(self._words) / self._holders[word]) for word in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _document(asked: Asked) -> Iterator[dict[str, object]]:
    for paragraph, questions in asked.items():
        if questions:
            rows = [
                {
                    "id": one.id,
                    "question": one.text,
                    "answers": [{"text": answer.text, "answer_start": answer.start} for answer in one.answers],
                    "is_impossible": not one.answers,
                }
                for one in questions
            ]
            yield {"title": paragraph.title, "paragraphs": [{"context": paragraph.context, "qas": rows}]}


def main(arguments: Sequence[str]) -> int:
    given, ids, out = map(Path, arguments)
    asked = pair(read_squad(given), frozenset(ids.read_text(encoding="utf-8").split()))
    document = {"version": "v2.0", "data": list(_document(asked))}
    out.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    questions = [one for part in asked.values() for one in part]
    made = sum(one.id.endswith(MADE) for one in questions)
    print(
        f"{len(questions):,} questions, {sum(not one.answers for one in questions):,} without an answer, {made:,} made"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
