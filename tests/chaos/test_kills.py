"""A run that is killed anywhere, any number of times, ends in the bytes of one that nothing stopped."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.conftest import QUESTIONS, ROOT
from tests.tiny import make_masked_lm, make_model

STAGES = ("intermediate_layer", "prediction_layer")
# What has to be the same; inside stage.json are seconds, and with them in the manifest.
SAME = [
    *(f"stages/{stage}/{name}" for stage in STAGES for name in ("student/model.safetensors", "train.jsonl")),
    *(f"evaluation/{name}" for name in ("predictions.json", "per_question.jsonl", "metrics.json")),
    "verdict.json",
]  # fmt: skip


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`reproduce` of the target card on tiny models: both stages, augmentation, dropout, some 20 steps each."""
    folder = tmp_path_factory.mktemp("models")
    settings = ["augmentation.factor=2"]
    for stage in STAGES:
        settings += [f"{stage}.num_train_epochs=4", f"{stage}.max_seq_length=224", f"{stage}.train_batch_size=5"]
    return [
        "reproduce", str(ROOT / "cards" / "tinybert-6l.md"), "--teacher", str(make_model(folder / "teacher", layers=4)),
        "--student", str(make_model(folder / "student", layers=2, seed=2)), "--train", str(QUESTIONS),
        "--eval", str(QUESTIONS), "--masked-lm", str(make_masked_lm(folder / "masked_lm")), "--glove", "none",
        "--published", "none", "--limit", "16", "--device", "cpu", "--quiet", "--checkpoint-steps", "3",
        "--results", "{results}", *(part for one in settings for part in ("--set", one)),
    ]  # fmt: skip


def killed(seed: int, n_kills: int, results: Path, arguments: list[str]) -> list[dict[str, object]]:
    """What became of each process; the last round is the reference, in which none was killed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.killer", str(seed), str(n_kills), str(results), *arguments],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def the_run(results: Path) -> Path:
    (found,) = results.glob("tinybert-6l/*")
    return found


def check(found: list[dict[str, object]], results: Path) -> None:
    assert {one["code"] for one in found} <= {-9, 4}, found  # 4: limited, as every whole run of this is
    rounds = sorted({int(str(one["round"])) for one in found})
    reference = the_run(results / str(rounds[-1]))
    for number in rounds:
        run = the_run(results / str(number))
        for name in SAME:
            assert (run / name).read_bytes() == (reference / name).read_bytes(), f"{name} of round {number}"
        assert main(["audit", str(run)]) == 0
        left = [path.name for path in run.rglob("*") if path.suffix == ".partial" or "checkpoint" in path.name]
        assert left == []


@pytest.mark.chaos
def test_a_few_kills_leave_no_trace(
    arguments: list[str], tmp_path: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = killed(7, 5, tmp_path, arguments)
    check(found, tmp_path)
    counts["kills survived"] += sum(one["code"] == -9 for one in found)


@pytest.mark.chaos
def test_many_kills_leave_no_trace(
    arguments: list[str], tmp_path: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = killed(11, 100, tmp_path, arguments)
    check(found, tmp_path)
    kinds = Counter(str(one["kind"]) for one in found if one["code"] == -9)
    assert min(kinds.values()) >= 3, kinds
    counts["kills survived"] += sum(kinds.values())
