"""Weights and rows to span logits, through a protocol to one prediction a question, to scores by text and by token."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.domain import Stage
from harness.errors import DataError
from harness.qa import official_squad, token_index
from harness.qa.features import Array, Features, LastToken, build_features, holds, token_spans
from harness.qa.offsets import is_usable
from harness.qa.protocols import PROTOCOLS, arguments_of
from harness.qa.protocols.interface import EvaluationInput, Prediction, Span, Window
from harness.qa.rules import rules_of
from harness.qa.signature import signature_of
from harness.qa.squad import Paragraph
from harness.record import store
from harness.record.parts import Fingerprint, Metrics, ScoredAnswer, TokenIndex
from harness.train.inference import logits_of
from harness.train.models import loading
from harness.train.progress import ProgressCallback

Golds = Mapping[str, Sequence[Span]]
# The settings of a stage, or of an evaluation, by which its rows are cut.
WINDOWS = ("max_seq_length", "doc_stride", "doc_stride_is", "max_query_length")
NEEDS_PIECES = ("official-bert",)


def windows_of(stage: Stage) -> dict[str, Any]:
    """How a stage's rows are cut, as `build_features` takes it."""
    # `--set` may have given a length as 384.0.
    values = {name: stage.value(name) for name in WINDOWS}
    return {name: value if name == "doc_stride_is" else int(value) for name, value in values.items()}


def evaluate(
    weights: Path,
    paragraphs: Sequence[Paragraph],
    settings: Stage,
    out: Path,
    *,
    data: Mapping[str, str],
    seed: int,
    accelerator: Any,
    watch: ProgressCallback,
    name: str = "evaluation",
) -> None:
    """Scores a model on every question and writes predictions, per-question scores and metrics, once."""
    if accelerator.is_main_process and not (out / "metrics.json").exists():
        with store.scratch(out / "scratch"):
            asked, logits = read(
                weights, paragraphs, settings, out / "scratch",
                seed=seed, accelerator=accelerator, watch=watch, name=name,
            )  # fmt: skip
            found, golds = answer(paragraphs, asked, logits, settings)
        write(out, paragraphs, found, golds, settings, data)
    accelerator.wait_for_everyone()


def write(
    out: Path,
    paragraphs: Sequence[Paragraph],
    found: Mapping[str, Prediction],
    golds: Golds,
    settings: Stage,
    data: Fingerprint,
) -> Metrics:
    """Writes what was found, returns its scores; metrics.json comes last: it says that the stage is finished."""
    texts = {question: prediction.text for question, prediction in found.items()}
    given = [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]
    by_text = official_squad.score_under(rules_of(settings), given, texts)
    by_token = token_index.score_questions(golds, {question: one.span for question, one in found.items()})
    store.write_json(out / store.PREDICTIONS, texts)
    places = {q.id: (p.title, number) for number, p in enumerate(paragraphs) for q in p.questions}
    lines = []
    for score in by_text:
        token, (article, paragraph) = by_token.get(score.id), places[score.id]
        line = ScoredAnswer(
            **store.to_json(score),
            article=article,
            paragraph=paragraph,
            token_exact=token.exact if token else None,
            token_f1=token.f1 if token else None,
            span_over_null=found[score.id].span_over_null,
        )
        lines.append(json.dumps(store.to_json(line), ensure_ascii=False) + "\n")
    store.write_lines(out / store.ANSWERS, lines)
    metrics = Metrics(
        signature=signature_of(settings, len(by_text), data, scorer="official"),
        scores=official_squad.summarise(by_text),
        token_index=TokenIndex(
            signature=signature_of(settings, len(by_token), data, scorer="token-index"),
            scores=token_index.summarise(by_token.values()),
            dropped=tuple(score.id for score in by_text if score.id not in by_token),
        ),
    )
    store.write_json(out / "metrics.json", metrics)
    return metrics


def read(
    weights: Path,
    paragraphs: Sequence[Paragraph],
    settings: Stage,
    scratch: Path,
    *,
    seed: int,
    accelerator: Any,
    watch: ProgressCallback,
    name: str = "evaluation",
) -> tuple[list[EvaluationInput], Array]:
    """The questions in the windows of `settings`, and the model's logits (rows, T, 2), memory-mapped in `scratch`."""
    tokenizer, model = loading.load_tokenizer(weights), loading.load_model(weights, seed=seed)
    rows = build_features(
        paragraphs,
        tokenizer,
        scratch,
        **windows_of(settings),
        for_training=False,
    )
    logits = logits_of(
        model,
        rows,
        batch_size=int(settings.value("eval_batch_size")),
        accelerator=accelerator,
        path=scratch / "logits.npy",
        watch=watch,
        name=name,
    )
    return asked_of(paragraphs, rows, tokenizer), logits


def answer(
    paragraphs: Sequence[Paragraph], asked: Sequence[EvaluationInput], logits: Array, settings: Stage
) -> tuple[Mapping[str, Prediction], Golds]:
    """What the protocol of `settings` answers, and the gold spans of the questions that have a token-index score.

    Raises DataError where the protocol needs word pieces and the tokenizer makes none.
    """
    protocol = settings.value("protocol")
    if protocol in NEEDS_PIECES and any(len(one.pieces) < len(one.offsets) for one in asked):
        raise DataError("tokenizer", "", f"makes no WordPiece pieces, from which {protocol} takes its text")
    found = PROTOCOLS[protocol](asked, logits, **arguments_of(protocol, settings))
    return found, gold_spans(paragraphs, asked, settings.value("last_token_labels"))


def asked_of(paragraphs: Sequence[Paragraph], features: Features, tokenizer: Any = None) -> list[EvaluationInput]:
    """The questions as protocols see them, in file order; `features` must hold every question of `paragraphs`.

    With a WordPiece tokenizer they know their context's pieces.
    """
    rows = np.asarray(features.rows)
    bounds = np.searchsorted(rows["question"], np.arange(len(features.questions) + 1)).tolist()
    names = ("question_length", "window_length", "window_start", "context_start")
    places = list(zip(*(rows[name].tolist() for name in names), strict=True))
    contexts = {question.id: paragraph.context for paragraph in paragraphs for question in paragraph.questions}
    pieces, is_lower_cased = _pieces_of(features, tokenizer)
    asked, before = [], features.special.n - 1  # markers before a window's passage
    for index, question in enumerate(features.questions):
        own = range(bounds[index], bounds[index + 1])
        windows = tuple(
            Window(row, first=places[row][0] + before, length=places[row][1], start=places[row][2]) for row in own
        )
        begin, end = places[own[0]][3], places[own[-1]][3] + windows[-1].length
        offsets = features.context_offsets[begin:end]
        asked.append(EvaluationInput(question, contexts[question], offsets, windows, pieces[begin:end], is_lower_cased))
    return asked


def _pieces_of(features: Features, tokenizer: Any) -> tuple[Sequence[str], bool]:
    """All context tokens as the vocabulary writes them, none without a WordPiece tokenizer; whether it lower-cases."""
    if tokenizer is None or type(tokenizer.backend_tokenizer.model).__name__ != "WordPiece":
        return (), True
    pieces: Sequence[str] = tokenizer.convert_ids_to_tokens(features.context_ids.tolist())
    return pieces, bool(getattr(tokenizer.backend_tokenizer.normalizer, "lowercase", False))


def gold_spans(
    paragraphs: Sequence[Paragraph], asked: Sequence[EvaluationInput], last_token: LastToken
) -> dict[str, list[Span]]:
    """The gold spans of each question that at least one of its windows holds; (-1, -1) alone where none does.

    As Haystack's evaluation has them: of the first six answers, each once. A question whose answer is not at its
    offset has no entry: Haystack drops it in evaluation too.
    """
    seen = {question.id: question for question in asked}
    golds = {}
    for paragraph in paragraphs:
        for question in paragraph.questions:
            if not is_usable(question, paragraph.context):
                continue
            offsets, windows = seen[question.id].offsets[:, 0], seen[question.id].windows
            spans = token_spans(question.answers, offsets, last_token) if len(offsets) else []
            held = {span for span in spans if any(holds(w.start, w.length, span) for w in windows)}
            golds[question.id] = sorted(held) or [token_index.NO_ANSWER]
    return golds
