"""Nesting of a JSON stream: counted outside strings alone, however the file is cut into pieces."""

import io
import json
import random
from typing import Any

import pytest

from harness.qa.json_depth import DEEPEST, Shallow


class Refused(Exception):  # noqa: N818
    pass


def refuse() -> None:
    raise Refused


def is_read(content: bytes, size: int) -> bool:
    stream = Shallow(io.BytesIO(content), refuse)
    read = b""
    try:
        while piece := stream.read(size):
            read += piece
    except Refused:
        return False
    assert read == content
    return True


def nested(depth: int, inside: Any) -> Any:
    for n in range(depth):
        inside = [inside] if n % 2 else {"k": inside}
    return inside


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_as_deep_as_allowed_is_read_and_one_deeper_is_not(size: int) -> None:
    text = '[{"\\"[[{ \\\\" ]} \\u005b'
    for depth, expected in ((DEEPEST, True), (DEEPEST + 1, False)):
        assert is_read(json.dumps(nested(depth, text)).encode(), size) is expected


def test_brackets_in_strings_count_for_nothing() -> None:
    draw = random.Random(1)
    for _ in range(300):
        texts = ["".join(draw.choice('"\\[]{}aé\n') for _ in range(draw.randrange(400))) for _ in range(3)]
        content = json.dumps(nested(draw.choice((1, DEEPEST - 1)), texts), ensure_ascii=False).encode()
        assert is_read(content, draw.randrange(1, 40))


def test_many_brackets_side_by_side_are_read() -> None:
    assert is_read(json.dumps([[{}] * 5000] * 3).encode(), 64)
