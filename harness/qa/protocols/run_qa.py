"""Protocol `run_qa`: postprocess_qa_predictions of transformers' question-answering example, version_2_with_negative.

In each window the `n_best_size` largest start and end logits are paired; pairs on passage tokens, in order and no
longer than `max_answer_length` are candidates. Null is the SMALLEST start + end logit of [CLS] over the windows. No
answer when null - best span is above `null_score_diff_threshold`; so a tie gives the text, where Haystack gives none.
Text runs from the first token's start to the last token's end, as it stands.

A question without any candidate is answered with the word "empty", as the original does, unless null alone is above
the threshold. The rules are the same in 4.18 and 4.39 (utils_qa.py).
Not run_qa: of equal logits the later position comes first (NumPy's default sort, there, leaves it to the machine),
and candidates that are all without text count as none (there: an IndexError).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.qa.protocols.interface import (
    Array,
    Candidate,
    EvaluationInput,
    Prediction,
    Span,
    Window,
    in_passage,
    per_question,
)
from harness.qa.protocols.n_best import best_pairs

_FAKE = "empty"


class Scored(NamedTuple):
    """A candidate with its logits, fp32: `score` is their rounded sum, by which candidates are ranked."""

    span: Span | None
    score: float
    start: float
    end: float


def predict(
    asked: Sequence[EvaluationInput],
    logits: Array,
    *,
    n_best_size: int,
    max_answer_length: int,
    null_score_diff_threshold: float,
    version_2_with_negative: bool = True,
) -> Mapping[str, Prediction]:
    """The prediction of each question from logits (rows, T, 2); lengths in tokens, the threshold in logits.

    Without `version_2_with_negative`, as for SQuAD 1.1, every question is answered.
    """
    threshold = null_score_diff_threshold if version_2_with_negative else math.inf
    found = per_question(asked, logits, lambda windows, block: _search(windows, block, n_best_size, max_answer_length))
    return {question.id: _choose(question, windows, n_best_size, threshold) for question, windows in found}


def _choose(
    question: EvaluationInput, windows: Sequence[list[Scored]], n_best_size: int, threshold: float
) -> Prediction:
    nulls = [candidates[-1] for candidates in windows] or [Scored(None, 0.0, 0.0, 0.0)]
    null = min(nulls, key=lambda one: one.score)
    ranked = [candidate for candidates in windows for candidate in candidates[:-1]] + [null]
    ranked = sorted(ranked, key=lambda one: one.score, reverse=True)[:n_best_size]
    if null not in ranked:
        ranked.append(null)
    texts = ((one, question.context[slice(*characters(question, one.span))]) for one in ranked if one.span is not None)
    best, text = next(((one, text) for one, text in texts if text), (Scored(None, 0.0, 0.0, 0.0), _FAKE))
    # In this order and in fp32: rounding decides a near tie, and the original rounds after each step.
    null_over_span = float(np.float32(null.score) - np.float32(best.start) - np.float32(best.end))
    n_best = tuple(Candidate(one.span, one.score) for one in ranked)
    if null_over_span > threshold:
        return Prediction("", None, -null_over_span, n_best)
    return Prediction(text, best.span, -null_over_span, n_best)


def _search(windows: Sequence[Window], logits: Array, n_best_size: int, max_answer_length: int) -> list[list[Scored]]:
    """The best candidates of each window, at most `n_best_size`, best first, and its null behind them."""
    at = np.argsort(logits, axis=1, kind="stable")[:, : -n_best_size - 1 : -1]  # (B, n, 2)
    inside = in_passage(windows, at)
    found = best_pairs(
        at,
        np.take_along_axis(logits, at, 1),
        inside[:, :, 0],
        inside[:, :, 1],
        max_answer_length=max_answer_length,
        n_best_size=n_best_size,
    )
    candidates = []
    for window, pairs, null in zip(windows, found, logits[:, 0], strict=True):
        shift = window.start - window.first
        spans = [Scored((pair.start + shift, pair.end + shift), *pair[2:]) for pair in pairs]
        candidates.append([*spans, Scored(None, float(null[0] + null[1]), float(null[0]), float(null[1]))])
    return candidates


def characters(question: EvaluationInput, span: Span) -> tuple[int, int]:
    """From the first token's start to the last token's end."""
    return int(question.offsets[span[0], 0]), int(question.offsets[span[1], 1])
