"""SQuAD 2.0 exact and f1 under the rules of the official evaluate-v2.0.py.

Text is compared after lower-casing, removing punctuation and the articles a, an, the, and squeezing white space.
An unanswerable question is right exactly when nothing is predicted. Unlike the official script, a question without a
prediction is an error here: it would shrink the denominator of a claim.
"""

import collections
import math
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import InvalidRunError

_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """One question's outcome: `exact` 0 or 1, `f1` in 0..1."""

    id: str
    has_answer: bool
    prediction: str
    exact: int
    f1: float


def normalise(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(gold: str, predicted: str) -> int:
    return int(normalise(gold) == normalise(predicted))


def token_f1(gold: str, predicted: str) -> float:
    """Harmonic mean of precision and recall over bags of words; 1 when both are empty, 0 when one is."""
    gold_words, predicted_words = normalise(gold).split(), normalise(predicted).split()
    if not gold_words or not predicted_words:
        return float(gold_words == predicted_words)
    n_same = sum((collections.Counter(gold_words) & collections.Counter(predicted_words)).values())
    if n_same == 0:
        return 0.0
    precision, recall = n_same / len(predicted_words), n_same / len(gold_words)
    return 2 * precision * recall / (precision + recall)


def score_questions(golds: Iterable[tuple[str, Sequence[str]]], predictions: Mapping[str, str]) -> list[QuestionScore]:
    """Scores every question; raises InvalidRunError naming the questions without a prediction."""
    golds = list(golds)
    missing = [question for question, _ in golds if question not in predictions]
    if missing:
        raise InvalidRunError(
            f"{len(missing)} of {len(golds)} questions have no prediction (first: {missing[0]}); a score needs all"
        )
    return [_score(question, answers, predictions[question]) for question, answers in golds]


def _score(question: str, answers: Sequence[str], predicted: str) -> QuestionScore:
    # A gold answer that normalises to nothing does not count, unless no other is left (as in the official script).
    golds = [answer for answer in answers if normalise(answer)] or [""]
    exact = max(exact_match(gold, predicted) for gold in golds)
    f1 = max(token_f1(gold, predicted) for gold in golds)
    return QuestionScore(question, bool(answers), predicted, exact, f1)


def summarise(scores: Sequence[QuestionScore]) -> dict[str, float]:
    """The official keys in points 0-100, with `total` counts; HasAns and NoAns parts where there are such questions."""
    groups = {
        "": scores,
        "HasAns_": [score for score in scores if score.has_answer],
        "NoAns_": [score for score in scores if not score.has_answer],
    }
    summary: dict[str, float] = {}
    for prefix, group in groups.items():
        if group:
            summary[f"{prefix}exact"] = 100.0 * sum(score.exact for score in group) / len(group)
            summary[f"{prefix}f1"] = 100.0 * sum(score.f1 for score in group) / len(group)
            summary[f"{prefix}total"] = len(group)
    if not all(math.isfinite(value) for value in summary.values()):
        raise InvalidRunError("a score is not finite")
    return summary
