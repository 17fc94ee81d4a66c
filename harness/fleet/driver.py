"""Drives a fleet: what is ready is submitted, what has ended is looked up among the records, until nothing is left.

The driver computes nothing and keeps nothing that matters: a new one reads the records and the jobs that were begun
(`state.py`), and goes on. A job that ends without a record is begun again, since its run goes on from its checkpoint;
wrong use, a failed precondition, a budget and a cancellation by someone else are final for this command.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from harness.errors import (
    EXIT_BROKE,
    EXIT_BUDGET,
    EXIT_INTERRUPTED,
    EXIT_INVALID,
    EXIT_WRONG_USE,
    HarnessError,
)
from harness.fleet import state as states
from harness.fleet.jobs import Engine, JobState, Task, UnreachableError
from harness.fleet.looks import CardResult, Failure, Looks
from harness.fleet.patience import PATIENCE_S, Patience
from harness.fleet.records import Records
from harness.fleet.spending import Spending
from harness.fleet.state import Attempt, State
from harness.fleet.tasks import FleetPlan

RETRIES = 3  # that a task is begun again, after an end without a record
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0  # before it is, doubled each time
ENDING_S = 120.0  # that jobs are given to keep a checkpoint when the driver ends
_FINAL = (EXIT_WRONG_USE, EXIT_INVALID, EXIT_BUDGET)
Watch = Callable[[str], None]


class StoppedError(HarnessError):
    """The fleet was told to stop, by `harness fleet cancel`."""

    exit_code = EXIT_INTERRUPTED


class Driver:
    """One fleet on one engine. `usd` is what it may cost; `watch` is told of every change, in a line."""

    def __init__(
        self,
        plan: FleetPlan,
        engine: Engine,
        records: Records,
        state: State,
        results: Path,
        *,
        usd: float | None = None,
        watch: Watch,
        retries: int = RETRIES,
        patience_s: float = PATIENCE_S,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._plan, self._engine, self._records, self._results = plan, engine, records, results
        self._usd, self._watch = usd, watch
        self._retries, self._first_wait_s = retries, first_wait_s
        self._patience = Patience(patience_s, watch)
        self._state, self._written = state, state
        self._attempts, self._spending = dict(state.attempts), Spending(plan, engine, state)
        self._done: dict[str, Path] = {}
        self._failed: dict[str, Failure] = {}
        self._not_before: dict[str, float] = {}
        self._busy: set[str] = set()  # tasks whose run another process works on
        self._stopped: HarnessError | None = None
        self._looks = Looks(plan, state.seeds, results)

    def drive(self) -> tuple[CardResult, ...]:
        """Runs the fleet to its end; returns what each card came to. Raises KeyboardInterrupt where it is ended."""
        self._look_up()
        try:
            while True:
                self._check_stop()
                with self._patience.asking():
                    self._settle()
                    self._check_budget()
                    self._submit()
                self._keep()
                if not self._jobs() and not self._wanted():
                    return self._looks.results(self._done, self._failed)
                time.sleep(self._engine.poll_s)
        except KeyboardInterrupt:
            self._end()
            raise
        finally:
            self._keep()

    def spent(self) -> float | None:
        """US dollars so far; None where nobody is paid."""
        return self._spending.dollars(self._jobs())

    # --- what is there ---

    def _look_up(self) -> None:
        """What is finished already, whoever made it."""
        for key, task in self._plan.tasks.items():
            path = self._records.of(task)
            if path is not None:
                self._done[key] = path
        n = sum(one.key in self._done for member in self._plan.members for one in member.tasks)
        if n:
            self._watch(f"{n} runs were finished before")

    def _jobs(self) -> dict[str, str]:
        return {key: one.job for key, one in self._attempts.items() if one.is_open and key in self._plan.tasks}

    # --- what has ended ---

    def _settle(self) -> None:
        self._look_at_others()
        jobs = self._jobs()
        for key, found in (self._engine.poll(jobs) if jobs else {}).items():
            if key not in jobs:
                continue
            if found.seconds is not None:
                self._spending.running_s[key] = found.seconds
            if found.phase in ("ended", "cancelled"):
                self._ended(self._plan.tasks[key], found)

    def _look_at_others(self) -> None:
        """What became of runs that other processes worked on; one that they left is begun here."""
        for key in [one for one in self._busy if self._not_before[one] <= time.monotonic()]:
            path = self._records.of(self._plan.tasks[key])
            if path is not None:
                self._done[key] = path
                self._watch(f"{key}: finished by another process, {path}")
            elif self._records.is_busy(self._plan.tasks[key]):
                self._not_before[key] = time.monotonic() + self._first_wait_s
                continue
            self._busy.discard(key)

    def _ended(self, task: Task, found: JobState) -> None:
        self._spending.end(task.key)
        before = self._attempts[task.key]
        self._attempts[task.key] = dataclasses.replace(
            before, is_open=False, says=found.says, exit_code=found.exit_code, seconds=found.seconds
        )
        path = self._records.of(task)
        if path is not None:
            self._done[task.key] = path
            self._watch(f"{task.key}: finished, {path}")
        elif found.phase == "cancelled":
            self._fail(task.key, Failure(task.key, EXIT_INTERRUPTED, found.says or "was cancelled from outside"))
        elif self._records.is_busy(task):  # someone else works on this very run: theirs is as good as ours
            self._attempts[task.key] = dataclasses.replace(self._attempts[task.key], number=before.number - 1)
            self._busy.add(task.key)
            self._not_before[task.key] = time.monotonic() + self._first_wait_s
            self._watch(f"{task.key}: another process works on this run; waited for")
        elif found.exit_code in _FINAL or before.number > self._retries:
            code = EXIT_BROKE if found.exit_code in (None, 0, 1, 3, EXIT_INTERRUPTED) else found.exit_code
            self._fail(task.key, Failure(task.key, code, self._why(task, found, before)))
        else:
            self._wait(task.key, before.number, found.says or _said(found.exit_code))

    def _wait(self, key: str, n_attempts: int, why: str) -> None:
        wait_s = min(self._first_wait_s * 2 ** (n_attempts - 1), LONGEST_WAIT_S)
        self._not_before[key] = time.monotonic() + wait_s
        self._watch(f"{key}: {why}; begun again in {wait_s:.0f} s")

    def _why(self, task: Task, found: JobState, before: Attempt) -> str:
        """What a job that is given up said last."""
        log = ""
        with suppress(HarnessError, OSError):
            log = self._engine.logs(task.key, before.job, 40)
        last = [line.strip() for line in log.splitlines() if line.startswith(("harness: ", "  - "))][-2:]
        said = " ".join(last).removeprefix("harness: ") or found.says or _said(found.exit_code)
        return f"{said} (begun {before.number} times)" if before.number > 1 else said

    def _fail(self, key: str, failure: Failure) -> None:
        self._failed[key] = failure
        self._watch(f"{key}: given up: {failure.says}")
        for other, task in self._plan.tasks.items():
            if key in task.after and other not in self._failed and other not in self._done:
                self._fail(other, dataclasses.replace(failure, says=f"what it begins with, {key}: {failure.says}"))

    # --- what is next ---

    def _ready(self) -> Iterator[Task]:
        """Tasks that may be begun now: wanted by a card, not begun, and all that they begin with is finished."""
        jobs, now = self._jobs(), time.monotonic()
        for key in self._wanted():
            task = self._plan.tasks[key]
            if key in jobs or key in self._busy or self._not_before.get(key, 0.0) > now:
                continue
            if all(one in self._done for one in task.after):
                yield task

    def _wanted(self) -> dict[str, None]:
        """Unfinished tasks in order: what the cards want by now, each behind the teachers that it begins with."""
        found: dict[str, None] = {}

        def add(key: str) -> None:
            if key in self._done or key in self._failed or key in found:
                return
            for one in self._plan.tasks[key].after:
                add(one)
            found[key] = None

        for key in self._looks.wanted(self._done, self._failed):
            add(key)
        return found

    def _submit(self) -> None:
        room = self._engine.at_once - len(self._jobs())
        if self._stopped is not None or room <= 0:
            return
        tasks = [task for _, task in zip(range(room), self._ready(), strict=False)]
        if not tasks:
            return
        try:
            names = self._engine.submit(tasks)
        except UnreachableError:
            raise
        except HarnessError as error:
            self._stopped = error
            self._watch(f"nothing more is begun: {error}")
            for key in self._wanted():
                if key not in self._jobs():
                    self._fail(key, Failure(key, error.exit_code, str(error)))
            return
        for task, name in zip(tasks, names, strict=False):
            before = self._attempts.get(task.key)
            number = before.number + 1 if before is not None else 1
            self._attempts[task.key] = Attempt(name, number, time.time())
        self._watch(self._counts())
        if len(names) < len(tasks):
            self._keep()
            raise UnreachableError(f"only {len(names)} of {len(tasks)} jobs were taken")

    def _counts(self) -> str:
        wanted = list(self._looks.all_wanted())
        n_done = sum(key in self._done for key in wanted)
        return f"{n_done} of {len(wanted)} runs finished, {len(self._jobs())} begun, {len(self._failed)} given up"

    # --- budget, silence, the end ---

    def _check_budget(self) -> None:
        spent = self.spent() if self._usd is not None else None
        if spent is None or self._usd is None or spent <= self._usd:
            return
        self._engine.cancel(self._jobs())
        for key in [*self._wanted()]:
            said = f"${spent:.2f} are spent, more than --budget {self._usd:g}usd; what is finished stays"
            self._fail(key, Failure(key, EXIT_BUDGET, said))
        for key, one in list(self._attempts.items()):
            self._attempts[key] = dataclasses.replace(one, is_open=False)

    def _check_stop(self) -> None:
        marker = states.stop_marker(self._results, self._state.name)
        if marker.exists():
            with suppress(UnreachableError):
                self._engine.cancel(self._jobs())
            self._drain()
            marker.unlink(missing_ok=True)
            raise StoppedError(f"fleet {self._state.name}: cancelled; the same command goes on with it")

    def _end(self) -> None:
        """Lets jobs of this process keep a checkpoint; others go on by themselves."""
        if self._engine.dies_with_driver:
            self._engine.cancel(self._jobs())
            self._drain()
        elif self._jobs():
            self._watch(f"{len(self._jobs())} jobs go on; the same command looks after them again")

    def _drain(self) -> None:
        end = time.monotonic() + ENDING_S
        while self._jobs() and time.monotonic() < end:
            with suppress(UnreachableError):
                for key, found in self._engine.poll(self._jobs()).items():
                    if found.phase in ("ended", "cancelled"):
                        self._attempts[key] = dataclasses.replace(
                            self._attempts[key], is_open=False, says="was stopped"
                        )
            time.sleep(min(self._engine.poll_s, 1.0))

    def _keep(self) -> None:
        """Writes the state where it has changed."""
        wanted = list(self._looks.all_wanted())
        now = dataclasses.replace(
            self._state,
            attempts=dict(self._attempts),
            spent_s=dict(self._spending.ended_s),
            n_runs=len(wanted),
            n_done=sum(key in self._done for key in wanted),
        )
        if now != self._written:
            states.write(self._results, now)
            self._written = now


def _said(exit_code: int | None) -> str:
    return "its worker was lost" if exit_code is None else f"ended with exit code {exit_code} and left no record"
