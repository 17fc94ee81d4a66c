"""Protocol `haystack`: span choice and no-answer rule of deepset Haystack's QuestionAnsweringHead (1.1.0 and 1.26.4).

In each window the best span is the largest start + end logit with start <= end, both on passage tokens. Null beats or
equals the best span in EVERY window: no answer; else the best span over all windows, even from a window that prefers
null; the first window wins a tie. (transformers' run_qa compares the smallest null with the largest span instead.)

`ranking` "score" is that rule, the one of 1.1.0. "confidence" is what 1.26.4's eval_on_file does unless told
otherwise: the same candidates are ranked by numbers of two kinds. A span's is the mean of its start and end
probability (softmax over ALL positions of the row, padding too); that of no answer is the logistic function of an
eighth of its score. So a span seldom beats a null whose score is positive, whatever their distance.

FARMReader takes one candidate a window in both releases (top_k_per_sample 1) and cuts the list of candidates after
ranking it, which leaves its head, the answer, as it is: neither number is a setting here.
Not Haystack: equal scores within one window go to the earlier span (it sorts them in no particular order).
"""

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

_NO_SPAN = -999.0  # the score that Haystack gives to a span that is not in the passage


class Best(NamedTuple):
    """A window's best span, None in an empty window; `confidence` in 0-1; `null` is its null score before any boost."""

    span: Span | None
    score: float
    confidence: float
    null: float


def predict(
    asked: Sequence[EvaluationInput], logits: Array, *, no_ans_boost: float, max_answer_length: int, ranking: str
) -> Mapping[str, Prediction]:
    """The prediction of each question from logits (rows, T, 2); lengths in tokens, the boost is added to null."""
    found = per_question(asked, logits, lambda windows, block: best_spans(windows, block, max_answer_length))
    return {question.id: _choose(question, best, no_ans_boost, ranking) for question, best in found}


def _choose(question: EvaluationInput, found: Sequence[Best], no_ans_boost: float, ranking: str) -> Prediction:
    gap = max((best.score - (best.null + no_ans_boost) for best in found), default=_NO_SPAN)
    spans: dict[Span, Best] = {}
    for best in found:
        # Two windows may hold the same span: the better score counts, at the place in the order of the first.
        if best.span is not None and (best.span not in spans or best.score > spans[best.span].score):
            spans[best.span] = best
    null_score = max((best.score for best in found), default=_NO_SPAN) - gap
    ranked = [(Candidate(None, null_score), _confidence_of_null(null_score))]
    ranked += [(Candidate(span, best.score), best.confidence) for span, best in spans.items()]
    # The sort is stable and null comes first: it wins a tie.
    ranked.sort(key={"score": lambda one: one[0].score, "confidence": lambda one: one[1]}[ranking], reverse=True)
    span = ranked[0][0].span
    text = "" if span is None else question.context[slice(*characters(question, span))]
    return Prediction(text, span, gap, tuple(candidate for candidate, _ in ranked))


def _confidence_of_null(score: float) -> float:
    return float(np.exp(-np.logaddexp(0.0, -score / 8)))  # the logistic function, without overflow


def best_spans(windows: Sequence[Window], logits: Array, max_answer_length: int) -> list[Best]:
    """The best span of each window; logits (B, T, 2) of these windows alone."""
    position = np.arange(logits.shape[1])[None, :]
    inside = in_passage(windows, np.broadcast_to(position, logits.shape[:2]))
    starts, ends = (np.where(inside, logits[:, :, side], -np.inf) for side in (0, 1))
    start = np.argmax(starts + _largest_ahead(ends, max_answer_length), axis=1)[:, None]
    within_reach = (position >= start) & (position < start + max_answer_length)
    end = np.argmax(np.where(within_reach, ends, -np.inf), axis=1)[:, None]
    score = np.take_along_axis(starts, start, 1) + np.take_along_axis(ends, end, 1)
    start_share = np.take_along_axis(_softmax(logits[:, :, 0]), start, 1)
    end_share = np.take_along_axis(_softmax(logits[:, :, 1]), end, 1)
    null = logits[:, 0, 0] + logits[:, 0, 1]
    columns = [column.ravel().tolist() for column in (start, end, score, (start_share + end_share) / 2, null)]
    return [
        Best((first + w.start - w.first, last + w.start - w.first), score, confidence, null)
        if w.length
        else Best(None, _NO_SPAN, 0.0, null)
        for w, first, last, score, confidence, null in zip(windows, *columns, strict=True)
    ]


def _largest_ahead(values: Array, reach: int) -> Array:
    """At each position of (B, T) the largest of it and the `reach` - 1 values behind it, in log2(reach) passes."""
    reach = min(reach, values.shape[1])
    largest, covered = values.copy(), 1
    while covered < reach:
        step = min(covered, reach - covered)
        largest[:, :-step] = np.maximum(largest[:, :-step], largest[:, step:])
        covered += step
    return largest


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def characters(question: EvaluationInput, span: Span) -> tuple[int, int]:
    """From the first token's start to the start of the token after the last one, stripped; (0, 0) when nothing is left.

    (run_qa ends at the END of the last token instead.)
    """
    starts = question.offsets[:, 0]
    begin = int(starts[span[0]])
    text = question.context[begin : int(starts[span[1] + 1]) if span[1] + 1 < len(starts) else None]
    if not text.strip():
        return 0, 0
    begin += len(text) - len(text.lstrip())
    return begin, begin + len(text.strip())
