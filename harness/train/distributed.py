"""What several processes of one run do as one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accelerate.utils import gather_object

from harness.errors import HarnessError, StoreError


@contextmanager
def stopped_together(accelerator: Any) -> Iterator[None]:
    """Waits for all processes; an error of ours in one of them is raised in every one, so that none waits forever."""
    own: HarnessError | None = None
    try:
        yield
    except HarnessError as error:
        own = error
    said = gather_object([f"process {accelerator.process_index}: {own}" if own else ""])
    if own is not None and accelerator.num_processes == 1:
        raise own
    if any(said):
        raise StoreError("\n".join(filter(None, said)))
