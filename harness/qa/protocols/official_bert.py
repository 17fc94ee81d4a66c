"""Protocol `official-bert`: write_predictions of Google BERT's run_squad.py, version_2_with_negative.

In each window the `n_best_size` largest start and end logits are paired, the earlier of equal ones first; a pair on
passage tokens, in order and no longer than `max_answer_length`, is a candidate if the window shows its START with more
context than any other window does. Null is the smallest start + end logit of [CLS] over the windows. No answer when
null - best span is above `null_score_diff_threshold`: a tie gives the text. Sums are in double precision, as there.
The text is projected back from the word pieces (see projection).

Equal to bert-tensorflow 1.0.4 question by question, and to transformers 4.46.3 (squad_metrics.py) but for spans that
start inside a word. Where no span is a candidate Google's program stops with an error; the answer here is the word
"empty" unless null alone is above the threshold, as in transformers.
Not the original: `n_best` keeps candidates of equal text, of which the original lists the first; the windows are
those of the fast tokenizer, which may cut rare text otherwise (over the SQuAD 2.0 dev set it never does).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.qa.protocols.final_text import text_of
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
from harness.qa.protocols.n_best import Pair, best_pairs

_FAKE = "empty"
_PER_TOKEN = 0.01  # what a window's length weighs against the tokens on the nearer side, in run_squad.py

Found = tuple[list[Pair], float]
"""A window's candidates, their positions counted in the context's tokens, and its null score."""


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

    `asked` needs its pieces. Without `version_2_with_negative`, as for SQuAD 1.1, every question is answered.
    """
    threshold = null_score_diff_threshold if version_2_with_negative else math.inf
    own = {row: tokens for question in asked for row, tokens in own_tokens(question.windows)}
    found = per_question(
        asked, logits, lambda windows, block: _search(windows, block, own, n_best_size, max_answer_length)
    )
    return {question.id: _choose(question, windows, n_best_size, threshold) for question, windows in found}


def own_tokens(windows: Sequence[Window]) -> list[tuple[int, Span]]:
    """By row, the context tokens (first, one past the last) that no other window of the question shows better.

    What counts is the number of tokens on the nearer side; the first window wins a tie. That is a range: walking right,
    a window never gains on one that starts behind it.
    """
    if len(windows) == 1:
        return [(windows[0].row, (windows[0].start, windows[0].start + windows[0].length))]
    start, length = (np.array([[getattr(window, name)] for window in windows]) for name in ("start", "length"))
    token = np.arange((start + length).max(initial=0))
    nearer = np.minimum(token - start, start + length - 1 - token)
    best = np.argmax(np.where(nearer >= 0, nearer + _PER_TOKEN * length, -1.0), axis=0) if len(token) else token
    bounds = np.searchsorted(best, np.arange(len(windows) + 1)).tolist()
    return [(window.row, (bounds[i], bounds[i + 1])) for i, window in enumerate(windows)]


def _search(
    windows: Sequence[Window], logits: Array, own: Mapping[int, Span], n_best_size: int, max_answer_length: int
) -> list[Found]:
    at = np.argsort(-logits, axis=1, kind="stable")[:, :n_best_size]  # (B, n, 2)
    shift = np.array([[window.start - window.first] for window in windows])
    first, end = (np.array([[own[window.row][side]] for window in windows]) for side in (0, 1))
    inside, token = in_passage(windows, at), at + shift[:, :, None]
    pairs = best_pairs(
        token,
        np.take_along_axis(logits, at, 1).astype(np.float64),
        inside[:, :, 0] & (token[:, :, 0] >= first) & (token[:, :, 0] < end),
        inside[:, :, 1],
        max_answer_length=max_answer_length,
        n_best_size=n_best_size,
    )
    nulls = logits[:, 0].astype(np.float64).sum(axis=1).tolist()
    return list(zip(pairs, nulls, strict=True))


def _choose(question: EvaluationInput, found: Sequence[Found], n_best_size: int, threshold: float) -> Prediction:
    null = min((null for _, null in found), default=0.0)
    every = [((pair.start, pair.end), pair) for pairs, _ in found for pair in pairs]
    ranked: list[tuple[Span | None, Pair]] = [*every, (None, Pair(0, 0, null, 0.0, 0.0))]
    ranked.sort(key=lambda one: one[1].score, reverse=True)  # stable: null comes behind spans of its score
    cut = ranked[:n_best_size]
    if all(span is not None for span, _ in cut):
        cut.append((None, Pair(0, 0, null, 0.0, 0.0)))
    spans = ((span, pair, _text(question, span)) for span, pair in cut if span is not None)
    best, pair, text = next(
        ((span, pair, text) for span, pair, text in spans if text), (None, Pair(0, 0, 0.0, 0.0, 0.0), _FAKE)
    )
    null_over_span = null - pair.start_logit - pair.end_logit
    n_best = tuple(Candidate(span, pair.score) for span, pair in cut)
    if null_over_span > threshold:
        return Prediction("", None, -null_over_span, n_best)
    return Prediction(text, best, -null_over_span, n_best)


def _text(question: EvaluationInput, span: Span) -> str:
    first, last = span
    pieces, starts = question.pieces[first : last + 1], question.offsets[:, 0]
    if len(pieces) != last + 1 - first:
        raise ValueError(f"question {question.id} was asked without the pieces of its context")
    return text_of(
        question.context, pieces, int(starts[first]), int(starts[last]), is_lower_cased=question.is_lower_cased
    )
