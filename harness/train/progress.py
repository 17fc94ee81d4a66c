"""Progress of long work on stderr: a bar on a terminal, a line a minute elsewhere, nothing when asked to be quiet."""

import sys
import time
from typing import Any, Protocol

LINE_EVERY_S = 60.0


class ProgressCallback(Protocol):
    """Told about long work; a record holds at least its `step`, counted from 1, and a `loss` where there is one.

    `begin` is how many steps were done before.
    """

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None: ...
    def steps(self, records: list[dict[str, float]]) -> None: ...
    def end(self) -> None: ...


class Silent:
    """Takes every word and shows none."""

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        pass

    def steps(self, records: list[dict[str, float]]) -> None:
        pass

    def end(self) -> None:
        pass

    def close(self) -> None:
        """Called once more at the very end, whatever happened: gives the terminal back as it was."""


class Lines:
    """One line when a stage starts, one a minute with step, loss and time left, one when it ends."""

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        self._stage, self._n_steps, self._before, self._done, self._loss = stage, n_steps, begin, begin, ""
        self._begun = self._last = time.monotonic()
        self._say(f"{stage}: {n_steps} steps{f', from {begin} on' if begin else ''}")

    def steps(self, records: list[dict[str, float]]) -> None:
        self._done, self._loss = int(records[-1]["step"]), _loss(records)
        now = time.monotonic()
        if now - self._last >= LINE_EVERY_S:
            self._last = now
            left = (now - self._begun) / (self._done - self._before) * (self._n_steps - self._done)
            self._say(f"{self._stage}: step {self._done}/{self._n_steps}{self._loss}, {left:.0f} s left")

    def end(self) -> None:
        took = time.monotonic() - self._begun
        self._say(f"{self._stage}: {self._n_steps - self._before} steps in {took:.0f} s{self._loss}")

    def close(self) -> None:
        pass

    @staticmethod
    def _say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class Bar:
    """A bar with stage, step, loss and time left."""

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns: tuple[Any, ...] = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(stage, total=n_steps, completed=begin, loss="")
        self._progress.start()

    def steps(self, records: list[dict[str, float]]) -> None:
        self._progress.update(self._task, completed=records[-1]["step"], loss=_loss(records))

    def end(self) -> None:
        self._progress.stop()

    def close(self) -> None:
        if hasattr(self, "_progress"):
            self._progress.stop()


def _loss(records: list[dict[str, float]]) -> str:
    return f", loss {records[-1]['loss']:.4f}" if "loss" in records[-1] else ""


def make_watcher(*, quiet: bool) -> Silent | Lines | Bar:
    """The display that fits where stderr goes."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()
