"""What was measured as the Hub's benchmarks read it: one file under .eval_results/, for a registered data set alone.

Format: huggingface.co/docs/hub/eval-results. A benchmark ranks one number a task; ours is exact, and the file says so.
It carries no token of verification: nobody but harness has looked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from harness.card.references import Reference
from harness.domain import Measurement

FOLDER = ".eval_results"
NAME = "harness record"
_RANKED, _BESIDE = "exact", "f1"


def result_file(
    measurements: Sequence[Measurement], data: str, *, task: str, revision: str | None, source: str | None
) -> tuple[str, bytes]:
    """Path in the repository, and content, of the result on `data`, `org/name:split`; `source` is the record's URL.

    Several seeds give their mean. Raises ValueError where exact was not measured.
    """
    found = {name: [one for one in measurements if one.metric == name] for name in (_RANKED, _BESIDE)}
    if not found[_RANKED]:
        raise ValueError(f"{_RANKED} was not measured")
    first = found[_RANKED][0]
    beside = f", {_BESIDE} {mean_of(found[_BESIDE]):.2f}" if found[_BESIDE] else ""
    seeds = ", ".join(str(one.seed) for one in found[_RANKED])
    entry: dict[str, Any] = {
        "dataset": {
            "id": Reference("hub", data).repo,
            "task_id": task,
            **({"revision": revision} if revision else {}),
        },
        "value": round(mean_of(found[_RANKED]), 4),
        **({"source": source_of(source)} if source else {}),
        "notes": f"exact match in points{beside}; {first.n:,} questions, seed {seeds}; {first.signature}",
    }
    name = Reference("hub", data).repo.rpartition("/")[2]
    text = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=10**6)
    return f"{FOLDER}/{name}.yaml", text.encode()


def source_of(url: str) -> Mapping[str, str]:
    """How a result names the record it is from, in an index or in a benchmark's file."""
    return {"url": url, "name": NAME}


def mean_of(found: Sequence[Measurement]) -> float:
    return sum(one.value for one in found) / len(found)
