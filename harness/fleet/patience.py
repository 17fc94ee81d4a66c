"""An engine that does not answer is asked again, as long as it makes sense."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import HarnessError
from harness.fleet.jobs import UnreachableError

PATIENCE_S = 600.0  # that an engine may be silent


class Patience:
    def __init__(self, longest_s: float, watch: Callable[[str], None]) -> None:
        self._longest_s, self._watch = longest_s, watch
        self._since: float | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around what asks an engine: notes that it did not answer, and raises when it has not for too long."""
        try:
            yield
            self._since = None
        except UnreachableError as error:
            now, minutes = time.monotonic(), f"{self._longest_s / 60:.0f} minutes"
            if self._since is None:
                self._since = now
                self._watch(f"no answer: {error}; asked again for {minutes}")
            if now - self._since > self._longest_s:
                what = f"no answer for {minutes}: {error}"
                raise HarnessError(f"{what}; what is finished stays, and the same command goes on") from error
