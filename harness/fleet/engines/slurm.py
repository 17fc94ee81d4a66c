"""Slurm through submitit: tasks of one need are one job array; preemption and time limits go through our checkpoints.

submitit sends SIGUSR2 to a job that is preempted or near its limit: the run is told to keep a checkpoint, and the job
is put back into the queue, where it goes on. One that is ended by SIGTERM alone leaves with 130, and the driver begins
it again. `slurm:local` is submitit's own executor on this machine, for tests.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

from harness.errors import HarnessError, PlanError
from harness.fleet import worker
from harness.fleet.jobs import JobState, Need, Setting, Task, UnreachableError
from harness.fleet.log_files import tail
from harness.record import environment

MINUTES = 1440  # of a job at most, where the option does not say
_AWAY = re.compile(r"unable to contact|timed out|connection refused|zero bytes|temporarily", re.IGNORECASE)


class Attempt:
    """What a job runs: one worker. `checkpoint` is submitit's word for what it calls before a job is put back."""

    def __init__(self, command: Sequence[str], log: str, more: Mapping[str, str], cwd: str) -> None:
        self.command, self.log, self.more, self.cwd = list(command), log, dict(more), cwd
        self._process: Popen[bytes] | None = None

    def __call__(self) -> int:
        os.chdir(self.cwd)
        self._process = worker.start_logged(self.command, Path(self.log), self.more)
        return worker.wait_for(self._process)

    def checkpoint(self) -> Any:
        import submitit

        if self._process is not None:
            self._process.terminate()
            # Not by its `wait`, in the middle of which this handler was called: that holds a lock.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        return submitit.helpers.DelayedSubmission(Attempt(self.command, self.log, self.more, self.cwd))


def open_engine(where: str, setting: Setting) -> "Slurm":
    import submitit

    return Slurm(where, setting, submitit)


class Slurm:
    dies_with_driver = False

    def __init__(self, where: str, setting: Setting, submitit: Any) -> None:
        self._submitit, self._setting, self._is_local = submitit, setting, where == "local"
        self._folder = setting.folder / "submitit"
        self._where = "" if self._is_local else where
        self.poll_s = 0.5 if self._is_local else 10.0
        self.at_once = setting.number("at-once", environment.n_cpus() if self._is_local else 100)
        self.n_threads: int | None = setting.threads() or 1
        self._jobs: dict[str, Any] = {}
        self._cancelled = set[str]()
        try:
            self._executor = submitit.AutoExecutor(self._folder, cluster="local" if self._is_local else "slurm")
        except RuntimeError as error:  # no srun
            raise PlanError([f"--on slurm: {str(error).splitlines()[0]}; start it where sbatch is"]) from None

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        names: dict[str, str] = {}
        for need in dict.fromkeys(one.need for one in tasks):
            alike = [one for one in tasks if one.need == need]
            self._executor.update_parameters(**self._parameters(need))
            try:
                with self._executor.batch():
                    jobs = [self._executor.submit(self._attempt(one)) for one in alike]
            except (self._submitit.core.utils.FailedJobError, OSError) as error:
                if names:
                    break
                raise self._refused(error) from error
            for task, job in zip(alike, jobs, strict=True):
                self._jobs[job.job_id] = job
                names[task.key] = job.job_id
        return [names[one.key] for one in tasks if one.key in names]

    def _refused(self, error: Exception) -> HarnessError:
        said = " ".join(str(error).split())
        kind = UnreachableError if _AWAY.search(said) else HarnessError
        return kind(f"slurm: the jobs were not taken ({said[:300]})")

    def _attempt(self, task: Task) -> Attempt:
        setting = self._setting
        command = worker.command_of(
            task.command(setting.results), results=setting.results, code=setting.code, fleet=setting.fleet
        )
        more = {"OMP_NUM_THREADS": str(self.n_threads)}
        return Attempt(command, str(setting.log_of(task.key).absolute()), more, str(Path.cwd()))

    def _parameters(self, need: Need) -> dict[str, Any]:
        options = self._setting.options
        found: dict[str, Any] = {
            "name": f"harness-{self._setting.fleet}",
            "timeout_min": self._setting.number("minutes", MINUTES),
            "cpus_per_task": self.n_threads,
            "mem_gb": max(1, -(-need.memory_bytes // 2**30)),
            "gpus_per_node": need.n_gpus,
        }
        if self._is_local:
            return found
        found |= {"slurm_array_parallelism": self.at_once, "slurm_signal_delay_s": 120}
        found |= {"slurm_partition": self._where} if self._where else {}
        return found | {f"slurm_{name}": options[name] for name in ("account", "qos") if name in options}

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        return {key: self._state(name) for key, name in jobs.items()}

    def _job(self, name: str) -> Any:
        """A job by its name, also one of a driver before this."""
        if name not in self._jobs:
            kind = self._submitit.LocalJob if self._is_local else self._submitit.SlurmJob
            self._jobs[name] = kind(self._folder, name)
        return self._jobs[name]

    def _state(self, name: str) -> JobState:
        job = self._job(name)
        has_ended = job.paths.result_pickle.exists()
        if not has_ended and not self._is_gone(name, job):
            return JobState("running" if job.state == "RUNNING" else "waiting", says=job.state)
        if not has_ended:
            said = str(job.state)
            is_foreign = said.startswith("CANCELLED") and name not in self._cancelled
            return JobState("cancelled" if is_foreign else "ended", None, says=f"Slurm says {said}")
        try:
            return JobState("ended", int(job.result()))
        except (self._submitit.core.utils.UncompletedJobError, self._submitit.core.utils.FailedJobError) as error:
            return JobState("ended", None, says=str(error).strip().splitlines()[-1][:300])

    def _is_gone(self, name: str, job: Any) -> bool:
        if not self._is_local or job._process is not None:
            return bool(job.done())
        try:  # of a driver before this: its controller has the job's name for a process id
            os.kill(int(name), 0)
        except OSError:
            return True
        return False

    def cancel(self, jobs: Mapping[str, str]) -> None:
        for name in jobs.values():
            self._cancelled.add(name)
            if self._is_local:
                with suppress(OSError):
                    os.kill(int(name), 15)
            else:
                self._job(name).cancel(check=False)

    def logs(self, task: str, job: str, n_lines: int) -> str:  # noqa: ARG002
        return tail(self._setting.log_of(task), n_lines)

    def price(self, need: Need) -> float | None:  # noqa: ARG002
        return None

    def about(self, need: Need) -> str:
        return need.on_cluster(self.n_threads)

    def seconds(self, need: Need) -> float | None:
        return need.cpu_seconds(self.n_threads)

    def problems(self, tasks: Sequence[Task]) -> list[str]:  # noqa: ARG002
        return []

    def close(self) -> None:
        pass
