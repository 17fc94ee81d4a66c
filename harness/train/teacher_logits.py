"""The teacher's logits of a stage's rows, computed once and kept: in chunks on disk, memory-mapped.

results/.cache/teacher-logits-<key>/. The key is of all that decides a bit of them: the teacher's weights, the rows, the
size of a batch, precision, device and library. A chunk that is there is done, so a build that was stopped goes on where
it was, processes share the chunks among themselves, and further seeds on the same data find all of them. What was found
is spot-checked against the teacher before it is used.

Each is sealed (`record/checksummed.py`): logits (rows, T, 2), float32, little-endian.
"""

import hashlib
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.qa.features import Array, Features
from harness.record import checksummed, store
from harness.train.distributed import stopped_together
from harness.train.inference import batch_logits
from harness.train.progress import ProgressCallback, Silent

STAGE = "teacher logits"
BATCHES = 64  # of a chunk; whole batches, so that a resumed build computes each as the first one would have
_FORMAT = 1
_TOLERANCE = {"no": 1e-4}  # of logits worked out again; another thread count moves the last bits
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logits:
    """`chunks` are memory maps of `n_rows` rows each, the last one shorter."""

    chunks: Sequence[Array]
    n_rows: int

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def __getitem__(self, rows: Array) -> Array:
        """The logits (n, T, 2) of these rows, in their order."""
        return np.stack([self.chunks[row // self.n_rows][row % self.n_rows] for row in rows.tolist()])


def key_of(teacher: Mapping[str, str], rows: Features, *, batch_size: int, accelerator: Any) -> str:
    """sha256 over everything that decides the logits; `teacher` is the fingerprint of its files."""
    gpu = torch.cuda.get_device_name(accelerator.device) if accelerator.device.type == "cuda" else ""
    return store.hash_of(
        {
            "format": _FORMAT,
            "teacher": teacher,
            "rows": _digest_of(rows),
            "batch_size": batch_size,
            "precision": accelerator.mixed_precision,
            "device": [accelerator.device.type, gpu, torch.get_num_threads()],
            "torch": torch.__version__,
        }
    )


def build(
    model: Any, rows: Features, folder: Path, key: str, *, batch_size: int, accelerator: Any, watch: ProgressCallback
) -> Logits:
    """Makes the chunks that are missing, damaged or of something else, and opens all; the model is in eval mode.

    Every process calls this, with a folder that all of them see. Raises StoreError when the disk is full.
    """
    n_rows = BATCHES * batch_size
    chunks = _Chunks(folder, key, (n_rows, rows.max_seq_length, 2), len(rows))
    share = range(accelerator.process_index, chunks.n, accelerator.num_processes)
    model = model.to(accelerator.device).eval()

    def compute(begin: int) -> Array:
        return batch_logits(model, rows, np.arange(begin, min(begin + batch_size, len(rows))), accelerator)

    watch = watch if accelerator.is_main_process else Silent()
    with stopped_together(accelerator):
        found = _sound(chunks, share, compute, batch_size, accelerator)
        missing = [number for number in share if number not in found]
        if missing:
            folder.mkdir(parents=True, exist_ok=True)
            store.check_space(folder, 4 * len(missing) * math.prod(chunks.shape))
            watch.start(STAGE, len(share), len(found))
            for n_done, number in enumerate(missing, start=len(found) + 1):
                begins = range(number * n_rows, min((number + 1) * n_rows, len(rows)), batch_size)
                chunks.write(number, np.concatenate([compute(begin) for begin in begins]))
                watch.steps([{"step": n_done}])
            watch.end()
    return Logits([chunks.map(number) for number in range(chunks.n)], n_rows)


def mass_on_padding(logits: Logits, rows: Features) -> dict[str, float]:
    """How much of its probability the teacher puts on padded positions: mean and largest, over rows, start and end.

    It bounds what dropping them changes: with shares m of the teacher's and n of the student's mass on padding, the
    soft loss of a row is KL(m, n) + (1 - m) x the loss over real tokens + m x the loss over padding; what is dropped is
    the first and the last term, and the factor.
    """
    lengths = rows.lengths
    shares = []
    for begin in range(0, len(rows), 1024):
        which = np.arange(begin, min(begin + 1024, len(rows)))
        scores = logits[which].astype(np.float64)
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        is_padding = np.arange(rows.max_seq_length)[None] >= lengths[which][:, None]
        shares.append((probs * is_padding[:, :, None]).sum(axis=1))
    found = np.concatenate(shares)
    return {"mean": float(found.mean()), "largest": float(found.max())}


@dataclass(frozen=True, slots=True)
class _Chunks:
    """The files: `shape` of a whole one, `n_all` rows in all."""

    folder: Path
    key: str
    shape: tuple[int, int, int]
    n_all: int

    @property
    def n(self) -> int:
        return math.ceil(self.n_all / self.shape[0])

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.logits"

    def write(self, number: int, logits: Array) -> None:
        payload = np.ascontiguousarray(logits, dtype="<f4").tobytes()
        checksummed.write(self.path(number), payload, self._owner(number))

    def is_sound(self, number: int) -> bool:
        try:
            return bool(checksummed.read(self.path(number), self._owner(number)))
        except OSError:
            return False

    def map(self, number: int) -> Array:
        n_rows = min(self.shape[0], self.n_all - number * self.shape[0])
        shape = (n_rows, *self.shape[1:])
        return np.memmap(self.path(number), dtype="<f4", mode="r", offset=checksummed.SIZE, shape=shape)

    def _owner(self, number: int) -> bytes:
        return f"{self.key} {number}\n".encode()


def _sound(
    chunks: _Chunks, share: range, compute: Callable[[int], Array], batch_size: int, accelerator: Any
) -> set[int]:
    """The chunks of a share that are there and hold what the teacher says; none where a spot check says otherwise."""
    found = [number for number in share if chunks.is_sound(number)]
    tolerance = _TOLERANCE.get(accelerator.mixed_precision, 0.1)
    for number in dict.fromkeys((*found[:1], *found[-1:])):
        kept, again = chunks.map(number)[:batch_size], compute(number * chunks.shape[0])
        if not np.allclose(kept, again, rtol=0, atol=tolerance):
            worst = float(np.abs(kept - again).max())
            _log.warning("%s: differs from the teacher by %.3g; all are made anew", chunks.path(number), worst)
            return set()
    return set(found)


def _digest_of(rows: Features) -> str:
    digest = hashlib.sha256(f"{rows.max_seq_length} {len(rows)}".encode())
    for array in (rows.rows, rows.context_ids, rows.question_ids):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
