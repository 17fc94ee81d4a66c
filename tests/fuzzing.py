"""Cases of hypothesis for what reads files of other tools, and the count of what came of them.

    python -m tests.fuzzing N OUT

makes N cases of each kind, fewer of those that take long, and adds what came of them to the JSON list in OUT: a result,
a refusal (an error of ours), or a fault, which also fails its test. In an ordinary run of the tests there are a few.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from harness.errors import EXIT_BROKE, EXIT_NOT_REPRODUCED, HarnessError

SUITES = ("tests/train/models/test_fuzz.py", "tests/record/test_fuzz.py", "tests/qa/test_fuzz.py")
COUNTS: dict[str, Counter[str]] = {}  # of each kind: results, refusals, faults


def cases(few: int, share: int = 1) -> settings:
    """`few` cases in an ordinary run; one in `share` of those that are asked for where a case takes long."""
    asked = os.environ.get("HARNESS_FUZZ")
    return settings(
        max_examples=few if asked is None else max(1, int(asked) // share),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


often, seldom = cases(40), cases(10, share=4)
texts = st.text(max_size=6) | st.sampled_from(
    ["", " ", "The 🚢 of 1854.\r\nIt is 31 metres.", "1854", "🚢", "31 metres"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of which any field may be absent."""
    return st.fixed_dictionaries({}, optional=fields)


def tried(kind: str, read: Callable[[], Any], codes: tuple[int, ...] = (2, 4)) -> Any:
    """What is read; None where it is refused by an error of ours with one of these exit codes, and nothing else."""
    counts, code = COUNTS.setdefault(kind, Counter()), 0
    counts["cases"] += 1
    try:
        found = read()
    except HarnessError as error:
        code = error.exit_code
    except BaseException:
        counts["faults"] += 1
        raise
    counts["refused" if code else "results"] += 1
    assert code in (0, *codes)
    assert EXIT_NOT_REPRODUCED not in codes
    return None if code else found


# Of a JSON value: a place in it, what comes there, and whether it goes, gets another name, or is that.
edits = st.lists(
    st.tuples(st.integers(0, 2**20), anything, st.sampled_from(["absent", "renamed", "other", "other"])),
    min_size=1, max_size=3,
)  # fmt: skip
changes = st.lists(
    st.tuples(st.integers(0, 2**20), st.sampled_from(["cut", "insert", "replace", "repeat"]), st.binary(max_size=4)),
    min_size=1, max_size=4,
)  # fmt: skip


def changed(content: bytes, made: list[tuple[int, str, bytes]]) -> bytes:
    """The bytes with a few of them cut, replaced, repeated or put between, each at a place anywhere."""
    for number, how, piece in made:
        at = number % (len(content) + 1)
        before, after = content[:at], content[at:]
        if how == "cut":
            content = before + after[len(piece) + 1 :]
        elif how == "insert":
            content = before + piece + after
        elif how == "replace":
            content = before + piece + after[len(piece) :]
        else:
            content = before + after[: 4 * len(piece)] + after
    return content


def replaced(plain: Any, place: int, value: Any, how: str) -> Any:
    """A JSON value in which the node at a place is another value, or is gone, or has another name."""
    nodes = list(_nodes(plain))
    parent, key = nodes[place % len(nodes)] if nodes else (None, None)
    if parent is None:
        return value
    if how == "absent":
        del parent[key]
    elif how == "renamed" and isinstance(parent, dict):
        parent[f"{key}_"] = parent.pop(key)
    else:
        parent[key] = value
    return plain


def _nodes(plain: Any) -> Any:
    """Every place in a JSON value, as its container and the key or number in that."""
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, inside in list(pairs):
        yield plain, key
        yield from _nodes(inside)


def main(n: int, out: Path) -> int:
    """Runs the suites in this process; returns pytest's exit code, or that of a crash for a count that is no count."""
    import pytest

    from tests import fuzzing  # the module that the suites count in: this one is __main__

    for number in (signal.SIGINT, signal.SIGTERM):  # stopped early, it still says what it did
        signal.signal(number, signal.default_int_handler)
    begun = time.monotonic()
    code = int(pytest.main(["-q", "-p", "no:cacheprovider", *SUITES]))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    row = {
        "commit": commit.stdout.strip(),
        "cases": sum(counts["cases"] for counts in fuzzing.COUNTS.values()),
        "faults": sum(counts["faults"] for counts in fuzzing.COUNTS.values()),
        "kinds": {kind: dict(sorted(counts.items())) for kind, counts in sorted(fuzzing.COUNTS.items())},
        "cases_asked_of_each_test": n,
        "is_passed": code == pytest.ExitCode.OK,
        "is_interrupted": code == pytest.ExitCode.INTERRUPTED,
        "seconds": round(time.monotonic() - begun),
        "python": platform.python_version(),
        "hypothesis": hypothesis.__version__,
    }
    rows = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    out.write_text(json.dumps([*rows, row], indent=1) + "\n", encoding="utf-8")
    return code if fuzzing.COUNTS else EXIT_BROKE


if __name__ == "__main__":
    os.environ["HARNESS_FUZZ"] = sys.argv[1]
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
