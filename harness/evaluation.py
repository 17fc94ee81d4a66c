"""Weights and rows to span logits, through a protocol to one predicted text a question, to scores."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import models, store
from harness.data.features import Array, Features, build_features
from harness.data.squad import Paragraph
from harness.domain import Measurement, Stage
from harness.reports.progress import Watcher
from harness.scoring import PROTOCOLS, official
from harness.scoring.protocol import Asked, Window


def evaluate(
    weights: Path,
    paragraphs: Sequence[Paragraph],
    settings: Stage,
    out: Path,
    *,
    data: Mapping[str, str],
    seed: int,
    accelerator: Any,
    watch: Watcher,
) -> list[Measurement]:
    """Scores a model on every question and writes predictions, per-question scores and metrics; or reads them back."""
    if accelerator.is_main_process and not (out / "metrics.json").exists():
        predictions = _predict(
            weights, paragraphs, settings, out / "scratch", seed=seed, accelerator=accelerator, watch=watch
        )
        golds = [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]
        scores = official.score_questions(golds, predictions)
        store.write_json(out / "predictions.json", predictions)
        lines = (json.dumps(store.to_json(score), ensure_ascii=False) + "\n" for score in scores)
        store.write_lines(out / "per_question.jsonl", lines)
        signature = signature_of(settings, len(scores), data)
        store.write_json(out / "metrics.json", {"signature": signature, "scores": official.summarise(scores)})
    accelerator.wait_for_everyone()
    found = store.read_json(out / "metrics.json")
    n = int(found["scores"]["total"])
    points = {name: value for name, value in found["scores"].items() if not name.endswith("total")}
    return [Measurement(name, value, "points", n, seed, found["signature"]) for name, value in points.items()]


def _predict(
    weights: Path,
    paragraphs: Sequence[Paragraph],
    settings: Stage,
    scratch: Path,
    *,
    seed: int,
    accelerator: Any,
    watch: Watcher,
) -> Mapping[str, str]:
    with store.scratch(scratch):
        tokenizer, model = models.load_tokenizer(weights), models.load_model(weights, seed=seed)
        rows = build_features(
            paragraphs,
            tokenizer,
            scratch,
            max_seq_length=int(settings.value("max_seq_length")),
            doc_stride=int(settings.value("doc_stride")),
            max_query_length=int(settings.value("max_query_length")),
            for_training=False,
        )
        batch_size = int(settings.value("eval_batch_size"))
        logits = logits_of(
            model,
            rows,
            batch_size=batch_size,
            accelerator=accelerator,
            path=scratch / "logits.npy",
            watch=watch,
            name="evaluation",
        )
        return PROTOCOLS[settings.value("protocol")](
            asked_of(paragraphs, rows),
            logits,
            no_ans_boost=float(settings.value("no_ans_boost")),
            max_answer_length=int(settings.value("max_answer_length")),
        )


def logits_of(
    model: Any, features: Features, *, batch_size: int, accelerator: Any, path: Path, watch: Watcher, name: str
) -> Array:
    """Span logits of every row, (rows, T, 2) fp32, memory-mapped at `path`; the model in eval mode, no dropout."""
    model = model.to(accelerator.device).eval()
    shape = (len(features), features.max_seq_length, 2)
    store.check_space(path.parent, 4 * math.prod(shape))
    logits = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    with torch.no_grad(), accelerator.autocast():
        watch.start(name, math.ceil(len(features) / batch_size))
        for number, rows in enumerate(_in_order(len(features), batch_size), start=1):
            batch = {name: torch.from_numpy(a).to(accelerator.device) for name, a in features.batch(rows).items()}
            logits[rows] = models.span_logits(model, batch).logits.float().cpu().numpy()
            watch.steps([{"step": number}])
        watch.end()
    logits.flush()
    result: Array = np.load(path, mmap_mode="r")
    return result


def _in_order(n_rows: int, batch_size: int) -> Iterator[Array]:
    for start in range(0, n_rows, batch_size):
        yield np.arange(start, min(start + batch_size, n_rows))


def asked_of(paragraphs: Sequence[Paragraph], features: Features) -> list[Asked]:
    """The questions as protocols see them, in file order; `features` must hold every question of `paragraphs`."""
    rows = features.rows
    bounds = np.searchsorted(rows["question"], np.arange(len(features.questions) + 1))
    contexts = {question.id: paragraph.context for paragraph in paragraphs for question in paragraph.questions}
    asked = []
    for index, question in enumerate(features.questions):
        windows = tuple(
            Window(
                row=int(row),
                first=int(rows[row]["question_length"]) + 2,
                length=int(rows[row]["window_length"]),
                start=int(rows[row]["window_start"]),
            )
            for row in range(bounds[index], bounds[index + 1])
        )
        begin = int(rows[windows[0].row]["context_start"])
        end = int(rows[windows[-1].row]["context_start"]) + windows[-1].length
        asked.append(Asked(question, contexts[question], features.context_offsets[begin:end], windows))
    return asked


def signature_of(settings: Stage, n: int, data: Mapping[str, str]) -> str:
    """The conditions of a score in one line; scores with different signatures are not compared."""
    parts = {
        "n": n,
        "data": next(iter(data.values()))[:8],
        "protocol": settings.value("protocol"),
        "len": settings.value("max_seq_length"),
        "stride": settings.value("doc_stride"),
        "null": f"every-window+{settings.value('no_ans_boost'):g}",
        "maxans": settings.value("max_answer_length"),
        "norm": "official2.0",
    }
    return "|".join(["squad2", *(f"{name}:{value}" for name, value in parts.items())])
