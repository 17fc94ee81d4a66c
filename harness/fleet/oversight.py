"""A fleet that was begun: looked at, listened to, stopped, by its state and without planning it again."""

import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import DataError, HarnessError
from harness.fleet import state as states
from harness.fleet.engines import open_engine
from harness.fleet.jobs import Engine, Need, Setting
from harness.fleet.state import State
from harness.plan.options import similar
from harness.record import lock, store


@dataclass(frozen=True, slots=True)
class TaskStatus:
    task: str
    phase: str
    number: int
    says: str


@dataclass(frozen=True, slots=True)
class FleetStatus:
    name: str
    engine: str
    n_runs: int
    n_done: int
    is_driven: bool
    command: str
    tasks: tuple[TaskStatus, ...]


def state_of(results: Path, name: str | None) -> State:
    """The state of a fleet by its name, or of the only one; raises DataError where that is not clear."""
    names = states.names(results)
    if name is None and len(names) != 1:
        what = f"holds {len(names)} fleets ({', '.join(names)}); name one" if names else "holds no fleet"
        raise DataError(results / "fleet", "", what)
    found = states.read(results, name or names[0])
    if found is None:
        raise DataError(results / "fleet", "", f"holds no fleet {name}{similar(str(name), names)}")
    return found


def status_of(results: Path, state: State) -> FleetStatus:
    """How a fleet is, by its state and the records; the engine is not asked."""
    tasks = tuple(
        TaskStatus(key, "begun" if one.is_open else "ended", one.number, one.says)
        for key, one in state.attempts.items()
        if one.is_open or one.says
    )
    where = f":{state.where}" if state.where else ""
    seeds = "auto" if state.seeds is None else str(state.seeds)
    command = ["harness", "fleet", *state.cards, "--seeds", seeds, "--on", f"{state.engine}{where}"]
    command += ["--name", state.name, "--results", str(results), *(["--", *state.options] if state.options else [])]
    is_driven = lock.is_held(states.locks_of(results), f"fleet-{state.name}")
    return FleetStatus(state.name, state.engine, state.n_runs, state.n_done, is_driven, shlex.join(command), tasks)


def _engine_of(results: Path, state: State) -> Engine:
    none = Need(0, None, 0, None)
    setting = Setting(state.name, results, state.code, max(1, len(state.attempts)), none, state.engine_options)
    return open_engine(state.engine, state.where, setting)


def logs_of(results: Path, state: State, task: str | None, n_lines: int = 200) -> str:
    """The last lines of a task's worker, or of every one that is at work."""
    keys = [task] if task else list(state.jobs) or list(state.attempts)
    unknown = [key for key in keys if key not in state.attempts]
    if unknown:
        raise DataError(
            states.path_of(results, state.name), unknown[0], f"no such task{similar(unknown[0], state.attempts)}"
        )
    engine, found = _engine_of(results, state), list[str]()
    try:
        for key in keys:
            text = engine.logs(key, state.attempts[key].job, n_lines if task else 20)
            found.append(text if task else f"--- {key}\n{text}")
    finally:
        engine.close()
    return "\n".join(found)


def cancel(results: Path, state: State, wait_s: float = 150.0) -> str:
    """Ends a fleet: by its driver where one is at work, else the jobs that were begun; returns what was done."""
    name = state.name
    if lock.is_held(states.locks_of(results), f"fleet-{name}"):
        marker = states.stop_marker(results, name)
        store.write_text(marker, "stop\n")
        end = time.monotonic() + wait_s
        while marker.exists():
            if time.monotonic() > end:
                raise HarnessError(f"fleet {name}: its driver has not stopped within {wait_s:.0f} s; it will")
            time.sleep(0.2)
        return f"fleet {name}: stopped; the same command goes on with it"
    jobs = state.jobs
    if jobs:
        engine = _engine_of(results, state)
        try:
            engine.cancel(jobs)
        finally:
            engine.close()
        ended = {key: replace(one, is_open=False, says="was stopped") for key, one in state.attempts.items()}
        states.write(results, replace(state, attempts=ended))
    return f"fleet {name}: {len(jobs)} jobs ended; the same command goes on with it"
