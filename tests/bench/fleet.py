"""How far one driver goes: cards x seeds through the adapter of each engine, with work that sleeps and with faults.

    python -m tests.bench.fleet memory                       # 1,000 cards x 5 seeds on an engine in memory
    python -m tests.bench.fleet local ray --cards 1000       # the same through processes of this machine, and Ray
    python -m tests.bench.fleet slurm hf-jobs --cards 20     # a job of these is a Python of its own, or a commit

Planning, driver, state, looking up of records and judging are the real ones, and so is each adapter; what is not is the
work: in place of `harness reproduce` a process that sleeps and then moves a finished record to where it belongs. Of
the first attempts 2 % are lost, 2 % leave a record that is cut in half, 2 % are begun twice; the engine is away for
`--away` seconds (60). Printed: seconds of planning; wall time, and of it what the driver took a run, the making of
records for this bench and the pauses between polls left out; peak memory after planning and at the end; how many runs
were begun, lost and judged twice.
"""

import argparse
import dataclasses
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from harness.fleet import exchange
from harness.fleet.driver import Driver
from harness.fleet.engines import open_engine
from harness.fleet.fleets import _largest
from harness.fleet.jobs import JobState, Setting, Task, UnreachableError
from harness.fleet.records import Records
from harness.fleet.state import State
from harness.fleet.tasks import Asked, FleetPlan, plan_fleet
from harness.judge.audit import Audit
from harness.plan.options import Options
from harness.record import environment
from tests.fleet.fakes import FakeEngine
from tests.hub_server import TOKEN, Hub, Job, serving
from tests.recorded import ROOT, make_run

POCKET = ROOT / "cards" / "pocket.md"
SHARE = 0.02  # of first attempts that each fault takes
NAP_S = 0.05
WORK = """import os, sys, time
time.sleep({nap})
{move}
"""


class Bench:
    """The work of a fleet: a finished record for each task, copied from one that was made, moved into its place."""

    def __init__(self, folder: Path, n_cards: int, n_seeds: int) -> None:
        self.results, self._pending = folder / "results", folder / "pending"
        self._cards, self._random = folder / "cards", random.Random(0)
        self._cards.mkdir()
        text = POCKET.read_text(encoding="utf-8")
        names = [f"c{number:05}" for number in range(n_cards)]
        for name in names:
            (self._cards / f"{name}.md").write_text(f"{text}\n<!-- {name} -->\n", encoding="utf-8")
        self.asked = Asked(
            "bench", tuple(str(self._cards / f"{name}.md") for name in names), n_seeds, self.results,
            ("--limit", "8"), planned=Options(limit=8),
        )  # fmt: skip
        self._made = {
            seed: make_run(
                folder / "made" / str(seed), seed=None if seed == 42 else seed, described=POCKET, wrong=(seed % 8,)
            )
            for seed in range(42, 42 + n_seeds)
        }
        self._n_tries: dict[str, int] = {}
        self.work_s, self.work_cpu_s, self.n_lost, self.n_half = 0.0, 0.0, 0, 0

    def prepare(self, task: Task) -> tuple[Path, Path] | None:
        """A record that is ready to be moved, and where to; None for an attempt that is to be lost."""
        begun, begun_cpu = time.perf_counter(), time.process_time()
        number = self._n_tries[task.key] = self._n_tries.get(task.key, 0) + 1
        chance = self._random.random() if number == 1 else 1.0
        seed, name = int(task.key.split(":")[1]), task.card
        pending = self._pending / f"{name}-{seed}-{number}"
        final = self.results / name / f"20260101T00{number % 60:02}00Z-{seed:08}"
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self._made[seed], pending, copy_function=os.link)
        experiment = json.loads((pending / "experiment.json").read_text(encoding="utf-8"))
        card = Path(task.argument)
        experiment |= {"name": name, "card_path": str(card), "card_sha256": _sha(card)}
        text = json.dumps(experiment)
        is_half = SHARE <= chance < 2 * SHARE
        (pending / "experiment.json").unlink()
        (pending / "experiment.json").write_text(text[: len(text) // 2] if is_half else text, encoding="utf-8")
        self.n_lost, self.n_half = self.n_lost + (chance < SHARE), self.n_half + is_half
        self.work_s += time.perf_counter() - begun
        self.work_cpu_s += time.process_time() - begun_cpu
        return None if chance < SHARE else (pending, final)

    def work(self, task: Task) -> None:
        found = self.prepare(task)
        if found is not None:
            found[0].rename(found[1])

    def command(self, arguments: Sequence[str], **_: object) -> list[str]:
        """In place of a worker: a process that sleeps and moves the record; or ends without one."""
        found = self.prepare(self.task_of(arguments))
        move = "sys.exit(1)" if found is None else f"os.rename({str(found[0])!r}, {str(found[1])!r})"
        return [sys.executable, "-S", "-c", WORK.format(nap=NAP_S, move=move), "--"]

    def task_of(self, arguments: Sequence[str]) -> Task:
        seed = arguments[list(arguments).index("--seed") + 1] if "--seed" in arguments else "42"
        return self.plan.tasks[f"{Path(arguments[1]).stem}:{seed}"]

    def planned(self) -> FleetPlan:
        self.plan = plan_fleet(self.asked)
        return self.plan


def _sha(path: Path) -> str:
    from harness.record.store import sha256_of

    return sha256_of(path)


class Faulty:
    """An engine that is away for a while, begins some jobs twice, and tells of some ends twice."""

    def __init__(self, engine: Any, away_s: float) -> None:
        self._engine, self._away_s, self._random = engine, away_s, random.Random(1)
        self._since: float | None = None
        self._told: dict[str, str] = {}
        self.n_begun = self.n_twice = 0
        for name in ("at_once", "poll_s", "n_threads", "dies_with_driver", "logs", "price", "cancel", "seconds"):
            setattr(self, name, getattr(engine, name))

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        self._be_away()
        names = list(self._engine.submit(tasks))
        self.n_begun += len(names)
        again = [task for task in tasks[: len(names)] if self._random.random() < SHARE]
        self.n_twice += len(again)
        if again:
            self._engine.submit(again)  # by a message that was delivered twice
        return names

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        self._be_away()
        found = dict(self._engine.poll(jobs))
        repeated = {key: JobState("ended", 0) for key in self._told if self._random.random() < SHARE}
        self._told = {key: jobs[key] for key, state in found.items() if state.phase == "ended"}
        return repeated | found

    def _be_away(self) -> None:
        if self.n_begun and self._since is None:
            self._since = time.monotonic()
        if self._since is not None and time.monotonic() - self._since < self._away_s:
            raise UnreachableError("the engine is away")


@contextmanager
def engine_of(name: str, bench: Bench) -> Iterator[Any]:
    """The adapter of an engine over this bench's work."""
    if name == "memory":
        yield FakeEngine(bench.work, at_once=200)
        return
    needs = [task.need for task in bench.plan.tasks.values()]
    options = {"local": {}, "ray": {"threads": "1"}, "slurm": {"at-once": "8"},
               "hf-jobs": {"at-once": "16", "time-out": "1h", "namespace": "org"}}[name]  # fmt: skip
    # A process that sleeps needs neither a core nor the memory of a run.
    small = dataclasses.replace(_largest(needs), device_bytes=0, host_bytes=1)
    setting = Setting("bench", bench.results, None, len(needs), small, options)
    with ExitStack() as stack:
        for place in ("harness.fleet.worker.command_of", "harness.fleet.engines.local.command_of"):
            stack.enter_context(mock.patch(place, bench.command))
        where = {"local": "32", "slurm": "local", "hf-jobs": "cpu-basic"}.get(name, "")
        if name == "hf-jobs":
            stack.enter_context(_hub(bench))
        engine = open_engine(name, where, setting)
        stack.callback(engine.close)
        yield engine


@contextmanager
def _hub(bench: Bench) -> Iterator[Hub]:
    """The Hub of the tests, whose jobs send the record as a worker does."""
    from huggingface_hub import constants

    with serving() as hub, ExitStack() as stack:
        files = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in (
            ("ENDPOINT", hub.endpoint),
            ("HUGGINGFACE_CO_URL_TEMPLATE", files),
            ("HF_HUB_DISABLE_XET", True),
        ):
            stack.enter_context(mock.patch.object(constants, name, value))
        stack.enter_context(mock.patch.dict(os.environ, {"HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}))
        stack.enter_context(mock.patch("harness.fleet.engines.hf_jobs.POLL_S", 0.2))
        stack.enter_context(mock.patch("harness.fleet.engines.hf_jobs.command_of", _words))
        # The records are copies under other names, which no audit passes: it is left out here alone.
        passed = Audit("", (), ())
        stack.enter_context(mock.patch("harness.judge.audit.audit", return_value=passed))
        lock = threading.Lock()

        def work(job: Job) -> None:
            time.sleep(NAP_S)
            arguments = list(job.spec["command"])
            arguments = arguments[arguments.index("reproduce") :]
            with lock:  # of this bench: the real jobs come one after another only at their commits
                found = bench.prepare(bench.task_of(arguments))
                if found is not None:
                    own = argparse.Namespace(
                        results=bench.results.parent / job.id, records="org/harness-records", task="", begin_with=[],
                        weights=False, checkpoint_minutes=None,
                    )  # fmt: skip
                    place = own.results / found[1].parent.name / found[1].name
                    place.parent.mkdir(parents=True)
                    found[0].rename(place)
                    exchange.send(own)
            job.stage = "COMPLETED" if found is not None else "ERROR"

        def begin(job: Job) -> None:
            job.stage = "RUNNING"
            threading.Thread(target=work, args=(job,), daemon=True).start()

        hub.work = begin
        yield hub


def _words(arguments: Sequence[str], **_: object) -> list[str]:
    return ["python", "--", *arguments]


def run(name: str, n_cards: int, n_seeds: int, away_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), n_cards, n_seeds)
        begun = time.perf_counter()
        plan = bench.planned()
        plan_s, memory_planned = time.perf_counter() - begun, _peak()
        with engine_of(name, bench) as inner:
            engine = Faulty(inner, away_s)
            naps: list[float] = []

            def nap(seconds: float, sleep: Any = time.sleep) -> None:
                naps.append(max(seconds, 0.001))
                sleep(naps[-1])

            state = State("bench", bench.asked.cards, n_seeds, (), name, "", {}, None)
            records = Records(bench.results, {"harness": environment.code()["harness"]})
            driver = Driver(plan, engine, records, state, bench.results, watch=_quiet, first_wait_s=0.1)
            begun, before, work_before = time.perf_counter(), time.process_time(), bench.work_s
            with mock.patch("harness.fleet.driver.time.sleep", nap):
                cards = driver.drive()
            wall_s, used_s = time.perf_counter() - begun, time.process_time() - before
        paths = [path for card in cards for path in card.runs]
        n_runs, work_s = len(plan.tasks), bench.work_s - work_before
        return {
            "engine": name, "cards": n_cards, "seeds": n_seeds, "plan_s": round(plan_s, 1), "wall_s": round(wall_s, 1),
            "driver_s_a_run": round((wall_s - sum(naps) - work_s) / n_runs, 4),
            "driver_cpu_s_a_run": round((used_s - bench.work_cpu_s) / n_runs, 4),
            "MiB_planned": memory_planned, "MiB_at_the_end": _peak(), "begun": engine.n_begun,
            "begun_twice": engine.n_twice, "workers_lost": bench.n_lost, "records_cut": bench.n_half,
            "judged": sum(one.conclusion is not None for one in cards), "runs_lost": n_runs - len(paths),
            "runs_judged_twice": len(paths) - len(set(paths)),
        }  # fmt: skip


def _quiet(line: str) -> None:
    pass


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet")
    parser.add_argument("engines", nargs="+", choices=("memory", "local", "ray", "slurm", "hf-jobs"))
    parser.add_argument("--cards", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--away", type=float, default=60.0, metavar="SECONDS")
    given = parser.parse_args()
    for engine_name in given.engines:
        print(json.dumps(run(engine_name, given.cards, given.seeds, given.away)), flush=True)
