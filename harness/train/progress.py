"""Progress of long work on stderr: a bar on a terminal, a line a minute elsewhere, nothing when asked to be quiet."""

import sys
import threading
import time
from typing import Any, Protocol

from harness.plan.cost import format_duration

LINE_EVERY_S = 60.0


class ProgressCallback(Protocol):
    """Told about long work; a record holds at least its `step`, counted from 1, and a `loss` where there is one.

    `begin` is how many steps were done before. The last record of a call may hold `run_left_s`, the seconds that the
    rest of the run takes after this work.
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
    """A line when a stage starts and one when it ends; between them one a minute, with step, loss and time left.

    Where no step ends within a minute the line says so: the run is slow, not stuck.
    """

    def __init__(self) -> None:
        self._ended: threading.Event | None = None

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        self._stage, self._n_steps, self._before, self._done, self._said = stage, n_steps, begin, begin, ""
        self._begun = self._moved = time.monotonic()
        self._say(f"{stage}: {n_steps} steps{f', from {begin} on' if begin else ''}")
        self.close()
        self._ended = threading.Event()
        threading.Thread(target=self._every_minute, args=(self._ended,), daemon=True).start()

    def steps(self, records: list[dict[str, float]]) -> None:
        self._done, self._moved, self._loss = int(records[-1]["step"]), time.monotonic(), _loss(records)
        left = (self._moved - self._begun) / max(self._done - self._before, 1) * (self._n_steps - self._done)
        self._said = f"{self._loss}, {_left(left, records[-1])}"

    def end(self) -> None:
        self.close()
        took = time.monotonic() - self._begun
        last = getattr(self, "_loss", "")
        said = f", of the last step{last[1:]}" if last else ""
        self._say(f"{self._stage}: {self._n_steps - self._before} steps in {took:.0f} s{said}")

    def close(self) -> None:
        if self._ended is not None:
            self._ended.set()
            self._ended = None

    def _every_minute(self, ended: threading.Event) -> None:
        while not ended.wait(LINE_EVERY_S):
            still = time.monotonic() - self._moved
            waits = f"; no step ended for {still:.0f} s" if still > LINE_EVERY_S else ""
            self._say(f"{self._stage}: step {self._done}/{self._n_steps}{self._said}{waits}")

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
            TextColumn("{task.fields[run]}"),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(stage, total=n_steps, completed=begin, loss="", run="")
        self._progress.start()

    def steps(self, records: list[dict[str, float]]) -> None:
        after = records[-1].get("run_left_s")
        run = f"then {format_duration(after)} more" if after else ""
        self._progress.update(self._task, completed=records[-1]["step"], loss=_loss(records), run=run)

    def end(self) -> None:
        self._progress.stop()

    def close(self) -> None:
        if hasattr(self, "_progress"):
            self._progress.stop()


def _loss(records: list[dict[str, float]]) -> str:
    return f", loss {records[-1]['loss']:.4f}" if "loss" in records[-1] else ""


def _left(stage_s: float, record: dict[str, float]) -> str:
    after = record.get("run_left_s")
    more = f", then {format_duration(after)} for the rest of the run" if after else ""
    return f"{format_duration(stage_s)} left{more}"


def make_watcher(*, quiet: bool) -> Silent | Lines | Bar:
    """The display that fits where stderr goes."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()
