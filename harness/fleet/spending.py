"""What a fleet has cost so far, as its engine counts seconds and prices them."""

from collections.abc import Collection

from harness.fleet.jobs import Engine
from harness.fleet.state import State
from harness.fleet.tasks import FleetPlan


class Spending:
    """Seconds of jobs by task: `ended_s` of all that have ended, `running_s` of those that the engine last counted."""

    def __init__(self, plan: FleetPlan, engine: Engine, state: State) -> None:
        self._plan, self._engine = plan, engine
        self.ended_s = dict(state.spent_s)
        self.running_s: dict[str, float] = {}

    def end(self, key: str) -> None:
        seconds = self.running_s.pop(key, None)
        if seconds is not None:
            self.ended_s[key] = self.ended_s.get(key, 0.0) + seconds

    def dollars(self, at_work: Collection[str]) -> float | None:
        """US dollars for what has ended and for jobs at work; None where nobody is paid."""
        found = [self._price(key, seconds) for key, seconds in self.ended_s.items()]
        found += [self._price(key, seconds) for key, seconds in self.running_s.items() if key in at_work]
        known = [one for one in found if one is not None]
        return sum(known) if known else None

    def _price(self, key: str, seconds: float) -> float | None:
        task = self._plan.tasks.get(key)
        hourly = None if task is None else self._engine.price(task.need)
        return None if hourly is None else hourly * seconds / 3600
