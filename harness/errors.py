"""The tree of errors; each knows the exit code it ends the command with.

    HarnessError                 what, where, what to do; shown without a traceback
    ├── CardError        exit 2    a card that cannot be read
    ├── PlanError        exit 2    a card and options that make no runnable experiment; lists every problem at once
    ├── DataError        exit 2    a data file that is not what it should be
    ├── UsageError       exit 2    a command line that says nothing a command could do
    ├── InvalidRunError  exit 4    a precondition failed: whatever was measured would judge nothing
    ├── RunError         exit 5    training or evaluation broke, with seed, stage and step
    ├── BudgetError      exit 6    a run would take, or took, longer than it may
    ├── StoreError       exit 5    a record could not be written or read back
    └── HubError         exit 5    the Hub did not give or take something

Everything else that is raised is a bug of ours: it shows its traceback and ends with exit 5.
"""

from collections.abc import Sequence
from pathlib import Path

EXIT_REPRODUCED, EXIT_NOT_REPRODUCED, EXIT_WRONG_USE, EXIT_INCONCLUSIVE = 0, 1, 2, 3
EXIT_INVALID, EXIT_BROKE, EXIT_BUDGET, EXIT_INTERRUPTED = 4, 5, 6, 130


class HarnessError(Exception):
    """What went wrong, where, and what to do about it."""

    exit_code = EXIT_BROKE


class CardError(HarnessError):
    exit_code = EXIT_WRONG_USE

    def __init__(self, path: Path | str, line: int | None, what: str) -> None:
        super().__init__(f"{path}{f':{line}' if line else ''}: {what}")


class PlanError(HarnessError):
    """All problems of a plan at once, so that one look mends them all."""

    exit_code = EXIT_WRONG_USE

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"this card and these options make no runnable experiment:\n{lines}")


class DataError(HarnessError):
    exit_code = EXIT_WRONG_USE

    def __init__(self, path: Path | str, where: str, what: str) -> None:
        super().__init__(f"{path}{f', {where}' if where else ''}: {what}")


class UsageError(HarnessError):
    exit_code = EXIT_WRONG_USE


class InvalidRunError(HarnessError):
    exit_code = EXIT_INVALID


class RunError(HarnessError):
    def __init__(self, what: str, *, seed: int, stage: str, step: int | None = None) -> None:
        self.seed, self.stage, self.step = seed, stage, step
        place = f"stage {stage}" + (f", step {step}" if step is not None else "") + f", seed {seed}"
        super().__init__(f"{place}: {what}")


class BudgetError(HarnessError):
    exit_code = EXIT_BUDGET


class StoreError(HarnessError):
    pass


class HubError(HarnessError):
    pass
