"""exact and f1 over token positions: squad_EM and squad_f1 of deepset Haystack (1.1.0 and 1.26.4, metrics.py).

An answer is right when its first and last token are those of a gold answer: the same words elsewhere in the context
are wrong, and nothing is normalised. f1 is the overlap of the two ranges of tokens. No answer is the span (-1, -1).
Points 0-100 here; fractions in Haystack 1.1.0, and in its Evaluator up to 1.26.4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.qa.protocols.interface import Span

NO_ANSWER: Span = (-1, -1)


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One question's outcome: `exact` 0 or 1, `f1` in 0..1."""

    id: str
    has_answer: bool
    exact: int
    f1: float


def span_f1(gold: Span, predicted: Span) -> float:
    """Harmonic mean of precision and recall over token positions.

    A span of the context's first token alone, (0, 0), on either side is compared by its start only: Haystack takes
    a span whose ends sum to 0 for no answer, which it was before spans were counted in the whole context.
    """
    if sum(gold) == 0 or sum(predicted) == 0:
        return float(gold[0] == predicted[0])
    n_same = min(gold[1], predicted[1]) - max(gold[0], predicted[0]) + 1
    if n_same <= 0:
        return 0.0
    precision, recall = n_same / (predicted[1] - predicted[0] + 1), n_same / (gold[1] - gold[0] + 1)
    return 2 * precision * recall / (precision + recall)


def score_questions(
    golds: Mapping[str, Sequence[Span]], predicted: Mapping[str, Span | None]
) -> Mapping[str, TokenScore]:
    """Scores the questions of `golds`: their gold spans, at least one; (-1, -1) where no window holds an answer."""
    return {question: _score(question, spans, predicted[question] or NO_ANSWER) for question, spans in golds.items()}


def _score(question: str, golds: Sequence[Span], predicted: Span) -> TokenScore:
    f1 = max(span_f1(gold, predicted) for gold in golds)
    return TokenScore(question, NO_ANSWER not in golds, int(predicted in golds), f1)


def summarise(scores: Iterable[TokenScore]) -> dict[str, float]:
    """exact, f1 and total, and their text_answer_ and no_answer_ parts where there are such questions."""
    scores = list(scores)
    groups = {
        "": scores,
        "text_answer_": [score for score in scores if score.has_answer],
        "no_answer_": [score for score in scores if not score.has_answer],
    }
    summary: dict[str, float] = {}
    for prefix, group in groups.items():
        if group:
            summary[f"{prefix}exact"] = 100.0 * sum(score.exact for score in group) / len(group)
            summary[f"{prefix}f1"] = 100.0 * float(np.mean([score.f1 for score in group]))
            summary[f"{prefix}total"] = len(group)
    return summary
