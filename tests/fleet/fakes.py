"""An engine in memory for the driver: jobs end as a script says, and work is a record that is there at once."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from harness.fleet.jobs import JobState, Need, Task, UnreachableError
from harness.plan.options import Options
from tests.recorded import ROOT, make_run

POCKET = ROOT / "cards" / "pocket.md"
LIMIT = 8
PLANNED = Options(limit=LIMIT)


def record(results: Path, task: Task, *, stamp: int = 0) -> Path:
    """The record that a worker would leave for a seed of the pocket card, each with answers of its own."""
    seed = int(task.key.split(":")[1])
    folder = results / task.card / f"20260101T0000{stamp:02}Z-{seed:08}"
    shutil.copytree(_made(seed, seed if "--seed" in task.options else None), folder)
    return folder


_MADE = tempfile.TemporaryDirectory()


@cache
def _made(seed: int, given: int | None) -> Path:
    """A record of a seed, made once."""
    return make_run(Path(_MADE.name) / str(seed), seed=given, limit=LIMIT, described=POCKET, wrong=(seed % LIMIT,))


class FakeEngine:
    """`work` is done when a job is begun; `ends` gives the states that the jobs of a task end in, one after the other,
    exit code 0 where nothing is said. `silent` is how many times in a row the engine does not answer."""

    poll_s = 0.0
    n_threads = None

    def __init__(
        self,
        work: Callable[[Task], object] = str,
        ends: Mapping[str, Sequence[JobState]] | None = None,
        *,
        at_once: int = 4,
        silent: int = 0,
        hourly: float | None = None,
        dies_with_driver: bool = True,
    ) -> None:
        self.at_once, self.dies_with_driver = at_once, dies_with_driver
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.asked = 0
        self._work, self._hourly, self._silent = work, hourly, silent
        self._ends = {key: list(states) for key, states in (ends or {}).items()}
        self._done: dict[str, JobState] = {}

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        self._answer()
        names = []
        for task in tasks:
            state = self._ends[task.key].pop(0) if self._ends.get(task.key) else JobState("ended", 0)
            if state.exit_code in (0, 1, 3):
                self._work(task)
            self.begun.append(task.key)
            names.append(f"{task.key}#{len(self.begun)}")
            self._done[names[-1]] = state
        return names

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        self._answer()
        return {key: self._done.get(name, JobState("ended", None, says="unknown job")) for key, name in jobs.items()}

    def _answer(self) -> None:
        self.asked += 1
        if self._silent > 0:
            self._silent -= 1
            raise UnreachableError("the cluster is away")

    def cancel(self, jobs: Mapping[str, str]) -> None:
        self.cancelled += jobs
        for name in jobs.values():
            self._done[name] = JobState("ended", 130)

    def logs(self, task: str, job: str, n_lines: int) -> str:
        return f"a step\nharness: {task} is broken\n"

    def price(self, need: Need) -> float | None:
        return self._hourly

    def about(self, need: Need) -> str:
        return "a machine in memory"

    def seconds(self, need: Need) -> float | None:
        return need.tflop

    def problems(self, tasks: Sequence[Task]) -> list[str]:
        return []

    def close(self) -> None:
        pass
