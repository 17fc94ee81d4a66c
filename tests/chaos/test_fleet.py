"""Fleets on real engines whose drivers, workers and nodes are killed leave the records of single runs, bit for bit.

Ray and submitit are looked for; where one is absent its tests are skipped. The pocket card with fewer epochs, and one
that differs from it in a temperature.
"""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_kills import SAME
from tests.conftest import ROOT

pytestmark = pytest.mark.chaos
SHORT = ["--checkpoint-steps", "10", "--set", "intermediate_layer.num_train_epochs=3",
         "--set", "prediction_layer.num_train_epochs=6"]  # fmt: skip
SEEDS = 3
JUDGED = (0, 1, 3, 4)  # so short a training may hardly answer, which is invalid
PATIENCE_S = 900.0
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start(words: Sequence[str], cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *words], cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def until(condition: Callable[[], Any], process: "subprocess.Popen[str]") -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert process.poll() is None, process.communicate()[1][-3000:]
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pocket cards, and one that was made on a GPU."""
    folder = tmp_path_factory.mktemp("cards")
    text = (ROOT / "cards" / "pocket.md").read_text(encoding="utf-8")
    (folder / "pocket.md").write_text(text, encoding="utf-8")
    (folder / "warm.md").write_text(text.replace("temperature = 2", "temperature = 3"), encoding="utf-8")
    (folder / "gpu.md").write_text(
        text.replace("**Infrastructure**: CPU", "**Infrastructure**: 1x V100"), encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def single(cards: Path) -> Callable[[str], Path]:
    """Results of a card's seeds by one command each, made once."""
    made: dict[str, Path] = {}

    def of(card: str) -> Path:
        if card not in made:
            words = ["reproduce", card, "--seeds", str(SEEDS), "--results", "single", "--quiet", *SHORT]
            code, out, err = ended(start(words, cards))
            assert code in JUDGED, out + err
            made[card] = cards / "single" / card.removesuffix(".md")
        return made[card]

    return of


def fleet(cards: Sequence[str], on: str, results: str, *more: str) -> list[str]:
    return [
        "fleet",
        *cards,
        "--seeds",
        str(SEEDS),
        "--on",
        on,
        "--results",
        results,
        "--name",
        "f",
        *more,
        "--with",
        *SHORT,
    ]


def assert_same(fleet: Path, single: Path) -> None:
    """The same runs, by their identities, with the same bytes; and the same verdict over them."""
    mine, yours = ({path.name.split("-")[1]: path for path in one.glob("*Z-*")} for one in (fleet, single))
    assert set(mine) == set(yours)
    assert len(mine) == SEEDS
    for name, path in mine.items():
        for file in SAME:
            assert (path / file).read_bytes() == (yours[name] / file).read_bytes(), f"{file} of {path}"
    verdicts = []
    for one, runs in ((fleet, mine), (single, yours)):
        (series,) = one.glob("series-*/series.json")
        text = series.read_text(encoding="utf-8")
        for name, path in runs.items():  # a run is named by when it began, too
            text = text.replace(path.name, name)
        verdicts.append(text)
    assert verdicts[0] == verdicts[1]


def n_checkpoints(results: Path) -> int:
    return len(checkpoints(results))


def checkpoints(results: Path) -> list[Path]:
    found = results.glob("*/*/stages/*/checkpoints/*")
    return [path for path in found if path.is_file() and path.suffix != ".partial"]


def processes(word: str, results: Path) -> list[int]:
    """Ids of processes of a kind that work on this results folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
            own = (path / "cwd").resolve() == results.parent and results.name in command
            if own and word in command and (path / "status").read_text().find("State:\tZ") < 0:
                found.append(int(path.name))
    return found


def logs(results: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in sorted((results / "fleet" / "f").glob("*.log")))


def test_two_cards_and_three_seeds_are_killed_and_repeated(
    cards: Path, single: Callable[[str], Path], counts: Counter[str]
) -> None:
    results = cards / "local"
    words = fleet(["pocket.md", "warm.md"], "local", "local")
    driver = start(words, cards)
    until(lambda: n_checkpoints(results) >= 2, driver)
    driver.kill()  # its workers go on by themselves
    driver.communicate()
    driver = start(words, cards)
    until(lambda: list(results.glob("*/*/verdict.json")), driver)
    os.kill(until(lambda: processes("reproduce", results), driver)[0], signal.SIGKILL)  # a run
    until(lambda: n_checkpoints(results) >= 1, driver)
    os.kill(until(lambda: processes("harness.fleet.worker", results), driver)[0], signal.SIGKILL)  # a worker
    n_done = len(list(results.glob("*/*/verdict.json")))
    until(lambda: len(list(results.glob("*/*/verdict.json"))) > n_done, driver)
    driver.send_signal(signal.SIGTERM)
    code, _, err = ended(driver)
    assert (code, "the same command goes on" in err) == (130, True)
    assert processes("harness.fleet.worker", results) == []
    code, out, err = ended(start(words, cards))
    assert code in JUDGED, out + err
    for card in ("pocket", "warm"):
        assert_same(results / card, single(f"{card}.md"))
    assert len(list(results.glob("*/*Z-*"))) == 2 * SEEDS  # nothing lost, nothing twice
    code, out, err = ended(start(words, cards))
    assert "6 runs were finished before" in err
    counts["fleet drivers and workers killed"] += 4


def test_slurm_puts_a_preempted_job_back_and_it_goes_on(
    cards: Path, single: Callable[[str], Path], counts: Counter[str]
) -> None:
    if importlib.util.find_spec("submitit") is None:
        pytest.skip("submitit is not installed: pip install 'card-harness[slurm]'")
    results = cards / "slurm"
    driver = start(fleet(["pocket.md"], "slurm:local", "slurm"), cards)
    until(lambda: n_checkpoints(results) >= 1, driver)
    jobs = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"submitit.core._submit" in _read(path) and str(results).encode() in _read(path)]  # fmt: skip
    assert jobs
    os.kill(jobs[0], signal.SIGUSR2)
    code, out, err = ended(driver)
    assert code in JUDGED, out + err
    assert_same(results / "pocket", single("pocket.md"))
    assert "the same command goes on from the last checkpoint" in logs(results)
    assert re.search(r"steps, from \d+ on", logs(results))
    said = "".join(path.read_text() for path in (results / "fleet" / "f" / "submitit").glob("*_log.err"))
    said += "".join(path.read_text() for path in (results / "fleet" / "f" / "submitit").glob("*_log.out"))
    assert "Requeued job" in said
    counts["jobs preempted"] += 1


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three raylets on this machine, each of which pretends to have a GPU."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'card-harness[ray]'")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    node = {"num_cpus": 1, "num_gpus": 1, "object_store_memory": 80 * 2**20, "memory": 4 * 2**30}
    one = Cluster(initialize_head=True, head_node_args=node)
    try:
        one.removable = [one.add_node(**node) for _ in range(2)]
        one.wait_for_nodes()
        yield one
    finally:
        one.shutdown()


def node_at_work(cluster: Any, results: Path) -> Any:
    """A node that can be removed, on which a run has kept a checkpoint; None where there is none at the moment."""
    seeds = set()
    for path in {path.parents[3] for path in checkpoints(results)}:
        with suppress(OSError, ValueError):
            settings = json.loads((path / "experiment.json").read_bytes())["run"]["settings"]
            seeds.add(str(next(one["value"] for one in settings if one["name"] == "seed")))
    for process in processes("reproduce", results):
        command = _read(Path(f"/proc/{process}/cmdline")).decode().split("\0")
        seed = command[command.index("--seed") + 1] if "--seed" in command else "42"
        for node in cluster.removable:
            if seed in seeds and process in on_node(raylet_of(node)):
                return node
    return None


def raylet_of(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def on_node(raylet: int) -> list[int]:
    """Ids of all processes that a raylet began, and of what they began."""
    told = f"RAY_RAYLET_PID={raylet}".encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if told in _read(path).split(b"\0")]


def lose(cluster: Any, node: Any) -> None:
    """Takes a node away as a machine goes: with all that runs on it, at once."""
    raylet = raylet_of(node)
    there = on_node(raylet)
    for process in (raylet, *there):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)


def test_ray_begins_a_run_elsewhere_when_its_node_is_lost(
    cards: Path, single: Callable[[str], Path], cluster: Any, counts: Counter[str]
) -> None:
    results = cards / "ray"
    driver = start(fleet(["gpu.md"], f"ray:{cluster.address}", "ray"), cards)
    lose(cluster, until(lambda: node_at_work(cluster, results), driver))
    code, out, err = ended(driver)
    assert code in JUDGED, out + err + logs(results)
    assert_same(results / "gpu", single("gpu.md"))
    assert re.search(r"steps, from \d+ on", logs(results))
    counts["nodes lost"] += 1
