"""Ray: a task a run, placed by GPUs, cores and memory; one whose node is lost starts again elsewhere.

Ray begins a task again when the process or the machine under it goes away (`max_retries`); the run goes on from its
checkpoint in the shared results. `ray.init` takes over SIGTERM, with which every command of ours is interrupted: the
handler that was there is put back. Without an address a cluster of this machine is started, and ends with the fleet.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import PlanError
from harness.fleet import worker
from harness.fleet.jobs import JobState, Need, Setting, Task, UnreachableError
from harness.fleet.log_files import tail

RETRIES = 5  # that Ray makes by itself, of tasks whose worker or node was lost
AT_ONCE = 1000  # tasks that are handed to Ray, which queues what it has no room for


def open_engine(where: str, setting: Setting) -> "Ray":
    import ray

    is_ours = not ray.is_initialized()
    if is_ours:
        before = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address=where or None, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise PlanError([f"--on ray:{where}: {' '.join(str(error).split())[:300]}"]) from None
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
    return Ray(setting, ray, is_ours=is_ours)


def attempt(command: list[str], log: str, more: dict[str, str], cwd: str) -> int:
    """Runs one worker in a task of Ray's, by the Python of its node; returns the run's exit code."""
    os.chdir(cwd)
    return worker.wait_for(worker.start_logged([sys.executable, *command[1:]], Path(log), more))


class Ray:
    dies_with_driver = True
    poll_s = 0.5

    def __init__(self, setting: Setting, ray: Any, *, is_ours: bool) -> None:
        self._setting, self._ray, self._is_ours = setting, ray, is_ours
        self.at_once = setting.number("at-once", AT_ONCE)
        self.n_threads: int | None = setting.threads() or 1
        self._refs: dict[str, Any] = {}
        self._remote = ray.remote(attempt)

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        names: list[str] = []
        for task in tasks:
            setting, need = self._setting, task.need
            command = worker.command_of(
                task.command(setting.results), results=setting.results, code=setting.code, fleet=setting.fleet
            )
            more = {"OMP_NUM_THREADS": str(self.n_threads)}
            try:
                ref = self._remote.options(
                    name=task.key, num_cpus=self.n_threads, num_gpus=need.n_gpus, memory=need.memory_bytes,
                    max_retries=RETRIES,
                ).remote(command, str(setting.log_of(task.key).absolute()), more, str(Path.cwd()))  # fmt: skip
            except (ConnectionError, self._ray.exceptions.RaySystemError) as error:
                if not names:
                    raise UnreachableError(f"ray: {error}") from error
                break
            names.append(ref.hex())
            self._refs[names[-1]] = ref
        return names

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        known = {key: self._refs[name] for key, name in jobs.items() if name in self._refs}
        ended: set[Any] = set()
        if known:
            refs = list(known.values())
            ended = set(self._ray.wait(refs, num_returns=len(refs), timeout=0)[0])
        gone = JobState("ended", None, says="the driver that it belonged to is gone")
        return {key: self._state(name, ended) if key in known else gone for key, name in jobs.items()}

    def _state(self, name: str, ended: set[Any]) -> JobState:
        if self._refs[name] not in ended:
            return JobState("running")
        ref = self._refs.pop(name)
        try:
            return JobState("ended", int(self._ray.get(ref)))
        except self._ray.exceptions.TaskCancelledError:
            return JobState("ended", None, says="was cancelled")
        except self._ray.exceptions.RayError as error:
            return JobState("ended", None, says=str(error).strip().splitlines()[-1][:300])

    def cancel(self, jobs: Mapping[str, str]) -> None:
        for name in jobs.values():
            if name in self._refs:  # SIGINT in the task's process, which passes it on to the run
                self._ray.cancel(self._refs[name], force=False)

    def logs(self, task: str, job: str, n_lines: int) -> str:  # noqa: ARG002
        return tail(self._setting.log_of(task), n_lines)

    def price(self, need: Need) -> float | None:  # noqa: ARG002
        return None

    def about(self, need: Need) -> str:
        return need.on_cluster(self.n_threads)

    def seconds(self, need: Need) -> float | None:
        return need.cpu_seconds(self.n_threads)

    def problems(self, tasks: Sequence[Task]) -> list[str]:
        """Needs that no node of the cluster has, for which Ray would wait for ever."""
        nodes = [one["Resources"] for one in self._ray.nodes() if one["Alive"]]
        found = []
        for need in dict.fromkeys(task.need for task in tasks):
            wanted = {"CPU": self.n_threads or 1, "GPU": need.n_gpus, "memory": need.memory_bytes}
            if not any(all(node.get(name, 0) >= n for name, n in wanted.items()) for node in nodes):
                what = f"{need.n_gpus} GPUs, {self.n_threads} CPUs and {need.memory_bytes / 2**30:.1f} GiB"
                found.append(f"--on ray: no node has {what} for a run; add one, or make it smaller")
        return found

    def close(self) -> None:
        if self._is_ours:
            self._ray.shutdown()
