"""Out of memory: the same work is done again, in smaller parts.

A step of training is, in twice as many micro-batches, whose gradients add up to the same. Only what a forward or
backward pass could not get is met so: then no weight has changed yet. Dropout is drawn anew as a run draws it that had
so many micro-batches from the start. Several processes cannot decide it each for itself, so there it ends the run.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_SIGNS = ("allocate memory", "not enough memory", "out of memory")
_log = logging.getLogger(__name__)


class NoRoomError(RuntimeError):
    """A forward or backward pass found no memory; nothing was updated."""


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError, NoRoomError)) or (
        isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)
    )


@contextmanager
def before_any_update() -> Iterator[None]:
    """Makes a NoRoomError of missing memory, where the step can be done again."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise NoRoomError(str(error) or type(error).__name__) from None  # its frames hold the memory


@contextmanager
def in_smaller_parts(accelerator: Any, optimizer: Any, n_rows: int) -> Iterator[None]:
    """Where the step inside finds no room, makes ready to do it again with micro-batches half as large.

    Where they cannot be smaller, or other processes take part, the NoRoomError goes on.
    """
    try:
        yield
    except NoRoomError:
        n_micro = accelerator.gradient_accumulation_steps
        if accelerator.num_processes > 1 or n_micro >= n_rows:
            raise
    else:
        return
    optimizer.optimizer.zero_grad()
    accelerator.step = 0
    accelerator.gradient_accumulation_steps = min(2 * n_micro, n_rows)
    if accelerator.device.type == "cuda":
        torch.cuda.empty_cache()
    _log.warning(
        "out of memory: on with %d micro-batches for each batch of %d rows; the batch and its loss stay what they were",
        accelerator.gradient_accumulation_steps,
        n_rows,
    )
