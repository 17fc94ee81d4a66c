"""What each card of a fleet waits for, and what it came to: its seeds judged together, as one command would."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import (
    EXIT_BROKE,
    EXIT_BUDGET,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_INVALID,
    EXIT_NOT_REPRODUCED,
    EXIT_REPRODUCED,
    EXIT_WRONG_USE,
    HarnessError,
)
from harness.fleet.tasks import FleetPlan, Member
from harness.judge import verdict
from harness.judge.error_rates import LOOKS
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.read import blaming_the_record

# The exit code of a fleet is the worst of its cards. What has no verdict goes before verdicts, so that a code which
# says something of a card is one of a table without holes; a card that fails goes before one that nobody can tell of.
WORST = (EXIT_INTERRUPTED, EXIT_BROKE, EXIT_WRONG_USE, EXIT_BUDGET, EXIT_INVALID, EXIT_NOT_REPRODUCED,
         EXIT_INCONCLUSIVE, EXIT_REPRODUCED)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that was given up, with the exit code that it stands for, and why."""

    task: str
    exit_code: int
    says: str


@dataclass(frozen=True, slots=True)
class CardResult:
    """What a card came to over its runs; `folder` is the run's or the series'. Without a conclusion, why."""

    card: str
    argument: str
    runs: tuple[Path, ...]
    conclusion: Conclusion | None
    folder: Path | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def exit_code(self) -> int:
        codes = [one.exit_code for one in self.failures]
        return worst([*codes, self.conclusion.judgement.exit_code] if self.conclusion else codes or [EXIT_BROKE])


def worst(codes: list[int]) -> int:
    return min(codes, key=WORST.index, default=EXIT_REPRODUCED)


class Looks:
    """Which seeds each card wants by now. `seeds` None: after each of `LOOKS` it is asked whether that decides."""

    def __init__(self, plan: FleetPlan, seeds: int | None, results: Path) -> None:
        self._plan, self._seeds, self._results = plan, seeds, results
        self._n: dict[str, int] = {one.tasks[0].key: seeds or LOOKS[0] for one in plan.members}
        self._concluded: dict[str, CardResult] = {}

    def wanted(self, done: Mapping[str, Path], failed: Mapping[str, Failure]) -> Iterator[str]:
        """The tasks that cards wait for; a card whose look is complete is judged on the way."""
        for member in self._plan.members:
            yield from self._wanted_of(member, done, failed)

    def all_wanted(self) -> Iterator[str]:
        for member in self._plan.members:
            for task in member.tasks[: self._n[member.tasks[0].key]]:
                yield task.key

    def _wanted_of(self, member: Member, done: Mapping[str, Path], failed: Mapping[str, Failure]) -> list[str]:
        own = member.tasks[0].key
        while own not in self._concluded:
            keys = [task.key for task in member.tasks[: self._n[own]]]
            left = [key for key in keys if key not in done and key not in failed]
            if left or any(key in failed for key in keys):
                return left
            result = self._judge(member, [done[key] for key in keys])
            is_last = self._n[own] >= len(member.tasks)
            if is_last or result.conclusion is None or verdict.is_decided(result.conclusion):
                self._concluded[own] = result
            else:
                self._n[own] = next(n for n in LOOKS if n > self._n[own])
        return []

    def results(self, done: Mapping[str, Path], failed: Mapping[str, Failure]) -> tuple[CardResult, ...]:
        """What every card came to; of one with a failed run, which runs there are and why the others are not."""
        found = []
        for member in self._plan.members:
            own = member.tasks[0].key
            if own in self._concluded:
                found.append(self._concluded[own])
                continue
            keys = [task.key for task in member.tasks[: self._n[own]]]
            failures = tuple(failed[key] for key in keys if key in failed)
            runs = tuple(done[key] for key in keys if key in done)
            found.append(CardResult(member.card.name, member.argument, runs, None, None, failures))
        return tuple(found)

    def _judge(self, member: Member, runs: list[Path]) -> CardResult:
        """Judges the runs of a card together, and keeps the series as `harness reproduce --seeds` does."""
        name, is_sequential = member.card.name, self._seeds is None
        try:
            records = [Run.open(path) for path in runs]
            if len(records) == 1:
                return CardResult(name, member.argument, tuple(runs), records[0].conclusion, runs[0])
            with blaming_the_record(member.argument):
                concluded = verdict.conclude(records, is_sequential=is_sequential)
            names = [path.name for path in runs]
            folder = runs[0].parent / store.series_name(names)
            text = store.series_text(names, concluded, is_sequential=is_sequential)
            store.write_text(folder / store.SERIES, text)
            return CardResult(name, member.argument, tuple(runs), concluded, folder)
        except HarnessError as error:
            failure = Failure(member.tasks[0].key, error.exit_code, str(error))
            return CardResult(name, member.argument, tuple(runs), None, None, (failure,))
