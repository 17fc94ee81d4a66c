"""Any bytes give a card or a CardError, in little time; and a finding's line holds what it quotes."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.card.read import read_card
from harness.domain import Card
from harness.errors import CardError

TARGET = (Path(__file__).parents[2] / "cards" / "tinybert-6l.md").read_bytes()
# What cards are made of, and what breaks them.
PIECES = (
    b"---\n",
    b"----\n",
    b"```\n",
    b"```python\n",
    b"~~~\n",
    b"# a\n",
    b"## Hyperparameters\n",
    b"**A**\n",
    b"<!--",
    b"-->",
    b"| f1 | em |\n|-|-|\n| 1 | 2 |\n",
    b"<table><tr><td>f1<td>1",
    b"lr = 1e-5\n",
    b"- seed: 42\n",
    b'"f1": 0.9,\n',
    b"{",
    b"}",
    b"[",
    b"(",
    b"--learning_rate 3e-5 \\\n",
    b"python run.py --do_train ",
    b"TrainingArguments(\n",
    b"\r\n",
    b"\r\r\n",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xff",
    b"\xe2\x88\x92",
    b"&a ",
    b"*a",
    b"model-index:\n- results:\n  - metrics:\n    - value: ",
    b"9" * 300,
    b" " * 300,
    b"1e999",
    b"nan",
    b"F1 score of 87.1 ",
    b"trained on ",
    b"1. LR 1e-3, bs 64\n",
    b"\t",
    b"\n\n",
)
documents = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.tuples(st.integers(0, len(TARGET)), st.sampled_from(PIECES), st.integers(0, 300)).map(
        lambda cut: TARGET[: cut[0]] + cut[1] + TARGET[cut[0] + cut[2] :]
    ),
)


def read(path: Path, data: bytes) -> Card | None:
    path.write_bytes(data)
    try:
        return read_card(path)
    except CardError:
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents)
@example(b"9" * 500 + b" trained on " + b"1 " * 400)
def test_any_bytes_are_a_card_or_no_card(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path / "card.md", data)
    if found is not None:
        n_lines = found.text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        for one in (*found.facts, *found.stated, *found.claims):
            assert 1 <= one.line <= n_lines


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from((b"\n", b"text\n", b"\x0c\n", b"> q\n", b"- item\n", b"### h\n")), max_size=30))
def test_lines_point_at_what_they_quote(tmp_path: Path, before: list[bytes]) -> None:
    text = (
        b"# T\n"
        + b"".join(before)
        + b"\n## Hyperparameters\n```\nlr = 1e-5\n```\n\n| Metric | Value |\n|-|-|\n| F1 | 87.1 |\n"
    )
    found = read(tmp_path / "card.md", text)
    assert found is not None
    lines = found.text.split("\n")
    assert [one.raw for one in found.stated] == ["1e-5"]
    assert [one.raw for one in found.claims] == ["87.1"]
    for one in (*found.stated, *found.claims):
        assert one.raw in lines[one.line - 1]


PIECES_OF_A_MEGABYTE = (
    b'{"f1": 1, ', b"--lr 1 ", b"trained on 9 ", b"| a | f1 ", b"a.b_c", b"[a](b) ", b"- lr: 1\n", b"> - a\n", b"x",
)  # fmt: skip


def of_size(piece: bytes, n: int) -> bytes:
    row = (piece * 100)[:100].rstrip(b"\n") + b"\n" if not piece.endswith(b"\n") else piece
    return (row * (n // len(row) + 1))[:n]


def calls_of(path: Path, data: bytes) -> int:
    """How many functions are called, Python's own included, while a card is read."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read(path, data)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("piece", PIECES_OF_A_MEGABYTE)
def test_four_times_as_much_of_anything_is_at_most_four_times_the_work(piece: bytes, tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    few, many = (calls_of(path, of_size(piece, n)) for n in (25_000, 100_000))
    assert many <= 4.4 * few + 2_000
