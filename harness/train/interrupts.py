"""Ctrl-C and SIGTERM: both end a command as an interruption, and wait where work would be left half done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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

    with _handled(note, _SIGNALS):
        yield lambda: bool(came)


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
