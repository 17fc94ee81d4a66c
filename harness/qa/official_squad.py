"""SQuAD exact and f1 under the rules of the official evaluate-v2.0.py, and under those of evaluate-v1.1.py.

Text is compared after lower-casing, removing punctuation and the articles a, an, the, and squeezing white space.
An unanswerable question is right exactly when nothing is predicted. Unlike the official script, which leaves a question
without a prediction out of its denominator, every question needs one here and no other may be predicted.

With no-answer probabilities, a question whose probability is above the threshold counts as unanswered. `best_exact` and
`best_f1` use the threshold that suits the evaluation's own labels best: they are no scores, and have no place beside
them.
"""

import collections
import dataclasses
import math
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import InvalidRunError

NULL_THRESHOLD = 1.0  # of evaluate-v2.0.py: no probability is above it
_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_PUNCTUATION = str.maketrans("", "", string.punctuation)

TOTALS = ("total", "HasAns_total", "NoAns_total")  # the official keys that count questions


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
    return _overlap(normalise(gold).split(), normalise(predicted).split())


def _overlap(gold_words: Sequence[str], predicted_words: Sequence[str]) -> float:
    if not gold_words or not predicted_words:
        return float(gold_words == predicted_words)
    n_same = sum((collections.Counter(gold_words) & collections.Counter(predicted_words)).values())
    if n_same == 0:
        return 0.0
    precision, recall = n_same / len(predicted_words), n_same / len(gold_words)
    return 2 * precision * recall / (precision + recall)


def score_questions(golds: Iterable[tuple[str, Sequence[str]]], predictions: Mapping[str, str]) -> list[QuestionScore]:
    """Scores every question; raises InvalidRunError unless these questions are predicted, all and no other."""
    golds = list(golds)
    check_ids([question for question, _ in golds], predictions, "prediction")
    return [_score(question, answers, predictions[question]) for question, answers in golds]


def score_questions_v1(
    golds: Iterable[tuple[str, Sequence[str]]], predictions: Mapping[str, str]
) -> list[QuestionScore]:
    """Scores every question under the rules of evaluate-v1.1.py: one without a prediction scores 0, others are ignored.

    The best of all gold answers counts. An answer that normalises to nothing shares no word with anything. Raises
    InvalidRunError where no question has a prediction, or one has no gold answer: v1.1 knows no unanswerable ones.
    """
    golds = list(golds)
    if not any(question in predictions for question, _ in golds):
        check_ids([question for question, _ in golds], predictions, "prediction")
    without = next((question for question, answers in golds if not answers), None)
    if without is not None:
        raise InvalidRunError(f"question {without} has no gold answer, which SQuAD 1.1 does not know; use version 2.0")
    return [_score_v1(question, answers, predictions.get(question)) for question, answers in golds]


def score_under(
    rules: str, golds: Iterable[tuple[str, Sequence[str]]], predictions: Mapping[str, str]
) -> list[QuestionScore]:
    """Scores a run's every question under the `rules` of SQuAD "1.1" or "2.0".

    Under either, all of these questions and no other need a prediction; raises InvalidRunError else.
    """
    golds = list(golds)
    if rules != "1.1":
        return score_questions(golds, predictions)
    check_ids([question for question, _ in golds], predictions, "prediction")
    return score_questions_v1(golds, predictions)


def _score_v1(question: str, answers: Sequence[str], predicted: str | None) -> QuestionScore:
    if predicted is None:
        return QuestionScore(question, True, "", 0, 0.0)
    normal = normalise(predicted)
    golds = [normalise(answer) for answer in answers]
    f1 = max(_overlap(gold.split(), normal.split()) if gold and normal else 0.0 for gold in golds)
    return QuestionScore(question, True, predicted, int(normal in golds), f1)


def check_ids(questions: Sequence[str], given: Iterable[str], what: str) -> None:
    """Raises InvalidRunError unless `given` names exactly these questions, and each of them is there once."""
    if not questions:
        raise InvalidRunError("the evaluation data holds no questions: there is nothing to score")
    known, named = set(questions), set(given)
    if len(known) < len(questions):
        twice = next(question for question, n in collections.Counter(questions).items() if n > 1)
        raise InvalidRunError(f"question {twice} occurs twice in the evaluation data; a score needs unique ids")
    missing = [question for question in questions if question not in named]
    unknown = sorted(named - known)
    if len(missing) == len(questions):
        raise InvalidRunError(
            f"none of the {len(questions)} questions has a {what}: these are of another data set "
            f"(first here: {questions[0]}; first given: {next(iter(unknown), 'none')})"
        )
    if missing:
        raise InvalidRunError(
            f"{len(missing)} of {len(questions)} questions have no {what} (first: {missing[0]}); a score needs all"
        )
    if unknown:
        raise InvalidRunError(
            f"{len(unknown)} ids with a {what} are no question of the evaluation data (first: {unknown[0]}); "
            "score them on the data they were made for"
        )


def _score(question: str, answers: Sequence[str], predicted: str) -> QuestionScore:
    # A gold answer that normalises to nothing does not count, unless no other is left (as in the official script).
    golds = dict.fromkeys(filter(None, map(normalise, answers))) or {"": None}
    normal = normalise(predicted)
    words = normal.split()
    f1 = max(_overlap(gold.split(), words) for gold in golds)
    return QuestionScore(question, bool(answers), predicted, int(normal in golds), f1)


def with_null_threshold(
    scores: Sequence[QuestionScore], probabilities: Mapping[str, float], threshold: float = NULL_THRESHOLD
) -> list[QuestionScore]:
    """The scores where a question whose no-answer probability is above the threshold counts as unanswered.

    Raises InvalidRunError unless the probabilities are for these questions, all and no other.
    """
    check_ids([score.id for score in scores], probabilities, "no-answer probability")
    return [_unanswered(score) if probabilities[score.id] > threshold else score for score in scores]


def _unanswered(score: QuestionScore) -> QuestionScore:
    is_right = not score.has_answer
    return dataclasses.replace(score, prediction="", exact=int(is_right), f1=float(is_right))


def best_thresholds(scores: Sequence[QuestionScore], probabilities: Mapping[str, float]) -> dict[str, float]:
    """best_exact and best_f1 in points over all thresholds, and those thresholds, from scores without one.

    Questions are taken in as answered one by one, in the order of their probabilities, equal ones in the order of
    the mapping: so a best score may lie between questions of one probability, where no threshold reaches it. That is
    the official script's, to the last digit. Raises InvalidRunError as `with_null_threshold` does.
    """
    check_ids([score.id for score in scores], probabilities, "no-answer probability")
    order = sorted(probabilities, key=lambda question: probabilities[question])
    by_id = {score.id: score for score in scores}
    found = {}
    metrics: dict[str, Callable[[QuestionScore], float]] = {"exact": lambda one: one.exact, "f1": lambda one: one.f1}
    for name, value in metrics.items():
        current: float = sum(not score.has_answer for score in scores)
        best, threshold = current, 0.0
        for question in order:
            score = by_id[question]
            current += value(score) if score.has_answer else -bool(score.prediction)
            if current > best:
                best, threshold = current, probabilities[question]
        found[f"best_{name}"], found[f"best_{name}_thresh"] = 100.0 * best / len(scores), threshold
    return found


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
