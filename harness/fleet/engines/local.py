"""Processes on this machine: as many as its memory, cores and GPUs allow, one a GPU; the default.

The cores are shared out once, by the number of tasks and not by what is left of them, so that a fleet which goes on
computes with the threads that it began with: another number of threads sums in another order.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.errors import PlanError
from harness.fleet.jobs import JobState, Need, Setting, Task
from harness.fleet.log_files import tail
from harness.fleet.worker import command_of
from harness.plan.cost import CPU_CORE_RATE, FULL_SIZE_HOURS
from harness.record import environment


def open_engine(where: str, setting: Setting) -> "Local":
    return Local(where, setting, environment.find_gpus()[0], _free_memory())


class Local:
    poll_s = 0.2
    dies_with_driver = True

    def __init__(self, where: str, setting: Setting, gpus: Sequence[str], memory: int | None) -> None:
        """`where` is how many processes at most; raises PlanError where not one of them fits."""
        if where and not (where.isdecimal() and int(where)):
            raise PlanError([f"--on local:{where}: expected a number of processes"])
        self._setting, self._gpus = setting, list(map(str, range(len(gpus))))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        cores, largest = environment.n_threads(), setting.largest
        n = min(int(where or setting.n_tasks), setting.n_tasks)
        if not where:
            n = min(n, _n_cores(cores))
        if memory is not None:
            n = min(n, max(1, memory // max(largest.memory_bytes, 1)))
        if largest.n_gpus and gpus:
            n = min(n, len(gpus) // largest.n_gpus)
        self.at_once = max(1, n)
        self.n_threads = _threads(setting, self.at_once)

    def problems(self, tasks: Sequence[Task]) -> list[str]:
        wanted = max((one.need.n_gpus for one in tasks), default=0)
        if self._gpus and wanted > len(self._gpus):
            return [f"--on local: {wanted} GPUs are wanted for a run, this machine has {len(self._gpus)}"]
        return [] if self._gpus else list(dict.fromkeys(filter(None, map(self._too_large, tasks))))

    def _too_large(self, task: Task) -> str | None:
        """Why a run that is meant for a GPU is not for this machine, which has none; None for one that is small."""
        need = task.need
        hours = (need.tflop or 0.0) / (CPU_CORE_RATE * environment.n_cpus()) / 3600
        if not need.n_gpus or hours <= FULL_SIZE_HOURS:
            return None
        what = f"takes a GPU, or about {hours:,.0f} h of this machine's CPUs"
        return f"--on local: {task.card} {what}; give another engine, or --with --device cpu"

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        return [self._start(task) for task in tasks]

    def _start(self, task: Task) -> str:
        setting = self._setting
        command = command_of(
            task.command(setting.results), results=setting.results, code=setting.code, fleet=setting.fleet
        )
        more, gpus = {"OMP_NUM_THREADS": str(self.n_threads)}, self._free_gpus(task.need.n_gpus)
        if gpus:
            more["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        log = setting.log_of(task.key)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
                env={**os.environ, **more},
            )  # fmt: skip
        name = f"{process.pid}:{_started(process.pid)}:{','.join(gpus)}"
        self._processes[name] = process
        return name

    def _free_gpus(self, n: int) -> list[str]:
        taken = {
            gpu for name, one in self._processes.items() if one.poll() is None for gpu in name.split(":")[2].split(",")
        }
        return [one for one in self._gpus if one not in taken][:n]

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        return {key: self._state(name) for key, name in jobs.items()}

    def _state(self, name: str) -> JobState:
        process = self._processes.get(name)
        if process is None:  # of a driver before this one
            return JobState("running") if _is_alive(name) else JobState("ended", None, says="its worker is gone")
        code = process.poll()
        if code is None:
            return JobState("running")
        del self._processes[name]
        return JobState("ended", code if code >= 0 else None, says="" if code >= 0 else f"killed by signal {-code}")

    def cancel(self, jobs: Mapping[str, str]) -> None:
        for name in jobs.values():
            if name in self._processes or _is_alive(name):
                with suppress(ProcessLookupError):
                    os.kill(int(name.split(":")[0]), 15)

    def logs(self, task: str, job: str, n_lines: int) -> str:  # noqa: ARG002
        return tail(self._setting.log_of(task), n_lines)

    def price(self, need: Need) -> float | None:  # noqa: ARG002
        return None

    def about(self, need: Need) -> str:
        return "GPU of this machine" if need.n_gpus and self._gpus else "CPU of this machine"

    def seconds(self, need: Need) -> float | None:
        """On the CPU, with the threads of one job; of a GPU here nothing is known."""
        return need.cpu_seconds(self.n_threads)

    def close(self) -> None:
        pass


def _n_cores(cores: int) -> int:
    """Processes that the cores allow: OMP_NUM_THREADS, where it is given, is what each of them takes."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, environment.n_cpus() // int(given)) if given.isdecimal() and int(given) else cores


def _threads(setting: Setting, at_once: int) -> int:
    return setting.threads() or max(1, environment.n_threads() // at_once)


def _started(pid: int) -> str:
    """When a process began, in ticks since the machine did: with it, a number that was given again is noticed."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return ""


def _is_alive(name: str) -> bool:
    pid, started, _ = name.split(":")
    if started:
        with suppress(OSError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            return fields[19] == started and fields[0] != "Z"
        return False
    try:
        os.kill(int(pid), 0)
    except OSError:
        return False
    return shutil.which("ps") is None or "harness.fleet.worker" in _command_of(pid)


def _command_of(pid: str) -> str:
    done = subprocess.run(["ps", "-o", "command=", "-p", pid], capture_output=True, text=True, check=False)
    return done.stdout


def _free_memory() -> int | None:
    """Bytes that are free here, within the cgroup's limit; None where the system does not say."""
    if sys.platform != "linux":
        return None
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        found.append(1024 * int(next(one for one in lines if one.startswith("MemAvailable")).split()[1]))
    with suppress(OSError, ValueError):
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8").strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="utf-8"))
        found.append(int(limit) - used)
    return min(found) if found else None
