"""A JSON file as a stream that ends in an error where it is nested too deeply.

The streaming reader keeps the path to where it is, which for n open brackets takes memory in proportion to n squared:
a file of 200 kB could take all there is.
"""

import re
from collections.abc import Callable
from typing import BinaryIO

DEEPEST = 100  # a SQuAD file has nine levels
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_BRACKETS = re.compile(rb"[\[{]+|[\]}]+")


class Shallow:
    """Reads like the stream it is given; calls `refuse`, which raises, at the bracket that is one too many."""

    def __init__(self, stream: BinaryIO, refuse: Callable[[], None]) -> None:
        self._stream, self._refuse = stream, refuse
        self._depth, self._rest = 0, b""  # of the piece before: the quote of an open string, half an escape

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        text = self._rest + piece
        n_slashes = len(text) - len(text.rstrip(b"\\"))
        half = b"\\" * (n_slashes % 2)
        plain = _ESCAPED.sub(b"", text.removesuffix(half))
        outside, quote, _ = _STRING.sub(b"", plain).partition(b'"')
        self._rest = quote + half
        for run in _BRACKETS.findall(outside):
            self._depth += len(run) if run[:1] in b"[{" else -len(run)
            if self._depth > DEEPEST:
                self._refuse()
        return piece
