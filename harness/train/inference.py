"""Span logits of a model for every row, and of one batch; in halves where memory runs out."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.errors import DataError
from harness.qa.features import Array, Features
from harness.record import store
from harness.train.engine.out_of_memory import NoRoomError, before_any_update
from harness.train.models import packed_bert
from harness.train.progress import ProgressCallback


def logits_of(
    model: Any, features: Features, *, batch_size: int, accelerator: Any, path: Path, watch: ProgressCallback, name: str
) -> Array:
    """Span logits of every row, (rows, T, 2) fp32, memory-mapped at `path`; the model in eval mode, no dropout."""
    model = model.to(accelerator.device).eval()
    shape = (len(features), features.max_seq_length, 2)
    store.check_space(path.parent, 4 * math.prod(shape))
    logits = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    watch.start(name, math.ceil(len(features) / batch_size))
    for number, rows in enumerate(_in_order(len(features), batch_size), start=1):
        logits[rows] = batch_logits(model, features, rows, accelerator)
        watch.steps([{"step": number}])
    watch.end()
    logits.flush()
    result: Array = np.load(path, mmap_mode="r")
    return result


def batch_logits(model: Any, features: Features, rows: Array, accelerator: Any) -> Array:
    """Span logits (B, T, 2) fp32 of one batch of rows, in halves where memory runs out; the model is in eval mode."""
    try:
        with before_any_update(), torch.no_grad(), accelerator.autocast():
            batch = {name: torch.from_numpy(a).to(accelerator.device) for name, a in features.batch(rows).items()}
            logits: Array = packed_bert.span_logits(model, batch).cpu().numpy()
            return logits
    except NoRoomError:
        if len(rows) < 2:
            what = "does not fit into memory; use a machine with more, or a shorter max_seq_length"
            raise DataError("span logits", f"a row of {features.max_seq_length} tokens", what) from None
    halves = np.array_split(rows, 2)
    return np.concatenate([batch_logits(model, features, half, accelerator) for half in halves])


def _in_order(n_rows: int, batch_size: int) -> Iterator[Array]:
    for start in range(0, n_rows, batch_size):
        yield np.arange(start, min(start + batch_size, n_rows))
