"""Protocol `haystack`: span choice and no-answer rule of farm-haystack 1.1.0, QuestionAnsweringHead.

In each window the best span is the largest start + end logit with start <= end, both on passage tokens. A question is
unanswerable when the null score beats or equals the best span in EVERY window; otherwise the best span over all
windows is the answer, even from a window that prefers null; the first window wins a tie.
(transformers' run_qa compares the smallest null with the largest span instead.)
"""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.scoring.protocol import Array, Asked, Window


def predict(
    asked: Sequence[Asked], logits: Array, *, no_ans_boost: float = 0.0, max_answer_length: int = 1000
) -> Mapping[str, str]:
    """The predicted text of each question, "" for no answer; logits (rows, T, 2), start first."""
    return {question.id: _answer(question, logits, no_ans_boost, max_answer_length) for question in asked}


def _answer(question: Asked, logits: Array, no_ans_boost: float, max_answer_length: int) -> str:
    best: tuple[float, int, int] | None = None
    prefers_null = True
    for window in question.windows:
        scores = logits[window.row]
        null = float(scores[0, 0] + scores[0, 1]) + no_ans_boost
        span = best_span(scores, window, max_answer_length)
        if span is None:
            continue
        prefers_null = prefers_null and null >= span[0]
        if best is None or span[0] > best[0]:
            best = span
    if prefers_null or best is None:
        return ""
    return text_of(question, best[1], best[2])


def best_span(scores: Array, window: Window, max_answer_length: int) -> tuple[float, int, int] | None:
    """Score and first and last context token (inclusive) of the window's best span; None in an empty window."""
    if window.length == 0:
        return None
    passage = scores[window.first : window.first + window.length]
    starts, ends = passage[:, 0], passage[:, 1]
    if window.length <= max_answer_length:
        best_end_from = np.maximum.accumulate(ends[::-1])[::-1]
    else:
        best_end_from = np.array([ends[i : i + max_answer_length].max() for i in range(window.length)])
    start = int(np.argmax(starts + best_end_from))
    end = start + int(np.argmax(ends[start : start + max_answer_length]))
    return float(starts[start] + ends[end]), window.start + start, window.start + end


def text_of(question: Asked, first: int, last: int) -> str:
    """The context from the first token's start to the start of the token after the last one, stripped."""
    end = int(question.offsets[last + 1]) if last + 1 < len(question.offsets) else len(question.context)
    return question.context[int(question.offsets[first]) : end].strip()
