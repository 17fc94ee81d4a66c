"""How results/parser/fuzz.json was made: cards cut, spliced, repeated and with bytes changed, read one after another.

python -m tests.card.fuzz_cards CARDS COUNT SEED OUT

Everything comes from the seed and the folder's cards. A document counts as failed when reading it raises anything but
CardError, or a finding stands on a line that the document does not have.
"""

import json
import math
import platform
import random
import sys
import time
from pathlib import Path

import markdown_it
import yaml

from harness.card.read import parse
from harness.errors import CardError

TOKENS = (
    b"---\n", b"```\n", b"```python\n", b"~~~\n", b"## Hyperparameters\n", b"| a | f1 |\n|-|-|\n| x | 1 |\n", b"<!--",
    b"-->", b"<table><tr><td>f1<td>1", b"lr = 1e-5\n", b"- seed: 42\n", b"--learning_rate 3e-5 \\\n",
    b"python run_qa.py --do_train ", b"TrainingArguments(", b")", b"{", b"}", b'"f1": 0.9,', b"\r\n", b"\r\r\n",
    b"\xef\xbb\xbf", b"\x00", b"\xe2\x88\x92", b"\xc2\xa0", b"F1 score of 87.1 ",
    b"model-index:\n- name: a\n  results:\n  - metrics:\n    - type: f1\n      value: ", b"&a ", b"*a", b"[", b"]",
    b"1e999", b"nan", b"9" * 400, b"**Key:** v\n",
    b"1. LR 1e-3, bs 64, 10 epochs\n", b"x was used as the teacher model", b"\xff",
    b"\t", b"#", b"----\n", b"OrderedDict([('a', 1),", b"$A", b"A=1\n",
)  # fmt: skip


def make(draw: random.Random, corpus: list[bytes]) -> bytes:
    """One document: noise, a heap of tokens, or pieces of cards with a few changes."""
    kind = draw.random()
    if kind < 0.03:
        return bytes(draw.randrange(256) for _ in range(draw.randrange(200)))
    if kind < 0.15:
        return b"".join(draw.choice(TOKENS) for _ in range(draw.randrange(1, 40)))
    if kind < 0.20:
        data = bytearray(draw.choice(corpus)[: draw.choice((1500, 6000))])
    else:
        longest = [draw.choice((60, 200, 700)) for _ in range(draw.randrange(1, 5))]
        data = bytearray(b"".join(_piece(draw, corpus, length) for length in longest))
    if draw.random() < 0.3:
        data = bytearray(draw.choice(corpus)[: draw.randrange(600)]) + data
    for _ in range(draw.randrange(6)):
        if data:
            _change(draw, data)
    return bytes(data)


def _piece(draw: random.Random, corpus: list[bytes], longest: int) -> bytes:
    source = draw.choice(corpus)
    start = draw.randrange(len(source) + 1)
    return source[start : start + draw.randrange(1, longest)]


def _change(draw: random.Random, data: bytearray) -> None:
    at, kind = draw.randrange(len(data)), draw.random()
    if kind < 0.25:
        data[at] = draw.randrange(256)
    elif kind < 0.45:
        del data[at : at + draw.randrange(1, 80)]
    elif kind < 0.7:
        data[at:at] = draw.choice(TOKENS)
    elif kind < 0.85:
        data[at:at] = data[at : at + draw.randrange(1, 60)] * draw.randrange(1, 6)
    else:
        other = draw.randrange(len(data))
        data[at:at] = data[other : other + draw.randrange(1, 200)]


def run(cards: Path, count: int, seed: int) -> dict[str, object]:
    draw, started = random.Random(seed), time.time()
    corpus = [path.read_bytes() for path in sorted(cards.glob("*.md"))]
    found = {"documents": count, "cards": 0, "card_errors": 0, "failures": 0, "findings": 0, "bytes": 0}
    slowest = 0.0
    for _ in range(count):
        data = make(draw, corpus)
        found["bytes"] += len(data)
        # Most changes break UTF-8 somewhere: half of the documents are mended there, so that more is read of them.
        text = data.decode("utf-8", "replace") if draw.random() < 0.5 else _decoded(data)
        at = time.perf_counter()
        outcome, n = ("card_errors", 0) if text is None else _outcome(text)
        slowest = max(slowest, time.perf_counter() - at)
        found[outcome] += 1
        found["findings"] += n
    versions = {"python": platform.python_version(), "markdown_it": markdown_it.__version__, "pyyaml": yaml.__version__}
    return {"seed": seed, **found, "slowest_s": round(slowest, 3), "seconds": round(time.time() - started), **versions}


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _outcome(text: str) -> tuple[str, int]:
    try:
        found = parse(Path("fuzz.md"), text, "")
    except CardError:
        return "card_errors", 0
    except Exception as error:
        print(f"{error!r} for {text!r}", file=sys.stderr)
        return "failures", 0
    n_lines = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    findings = (*found.facts, *found.stated, *found.claims)
    is_sound = all(1 <= one.line <= n_lines for one in findings) and all(math.isfinite(c.value) for c in found.claims)
    return "cards" if is_sound else "failures", len(findings)


if __name__ == "__main__":
    result = run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    Path(sys.argv[4]).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
