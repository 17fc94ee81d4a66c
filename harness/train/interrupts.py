"""Ctrl-C and SIGTERM: both end a command as an interruption, and wait where work would be left half done.

A training step is work that may be given up: until the optimiser's own step nothing has changed. What computes it asks
`check` as it goes, in whichever thread, so that an interruption is answered within a layer and not within a step.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_has_come, _may_be_given_up = threading.Event(), threading.Event()


class GivenUpError(Exception):
    """An interruption came while work was done that may be given up; it has changed nothing."""


@contextmanager
def raised() -> Iterator[None]:
    """Makes SIGTERM what Ctrl-C is, a KeyboardInterrupt; outside the main thread signals stay as they are."""
    with _handled(_raise, (signal.SIGTERM,)):
        yield


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Holds both back; what is yielded says whether one came. Whoever asks it ends the work; a second one raises."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            _raise(number, frame)
        came.append(number)
        _has_come.set()

    try:
        with _handled(note, _SIGNALS):
            yield lambda: bool(came)
    finally:
        _has_come.clear()


@contextmanager
def given_up(*, is_allowed: bool) -> Iterator[None]:
    """Lets `check` end what is inside by GivenUpError; several processes that wait for one another must not."""
    if is_allowed:
        _may_be_given_up.set()
    try:
        yield
    finally:
        _may_be_given_up.clear()


def check() -> None:
    """Raises GivenUpError where an interruption came and what is computed may be given up."""
    if _has_come.is_set() and _may_be_given_up.is_set():
        raise GivenUpError


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None], numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    before = {}
    try:
        for number in numbers:
            before[number] = signal.signal(number, handler)
    except ValueError:  # not the main thread
        pass
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)
