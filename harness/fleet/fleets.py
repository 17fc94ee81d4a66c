"""A fleet as a whole: opened, forecast, run to its table, looked at, stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import BudgetError, PlanError
from harness.fleet import shared
from harness.fleet import state as states
from harness.fleet.driver import Driver, Watch
from harness.fleet.engines import open_engine, shelved
from harness.fleet.jobs import Engine, Need, Setting
from harness.fleet.looks import CardResult, worst
from harness.fleet.records import Records
from harness.fleet.state import State
from harness.fleet.tasks import Asked, FleetPlan, plan_fleet
from harness.record import environment, lock, store


@dataclass(frozen=True, slots=True)
class Order:
    """What to run and where: an engine, what stands behind its colon, its options, and what it may cost."""

    asked: Asked
    engine: str
    where: str
    engine_options: Mapping[str, str]
    usd: float | None = None
    is_any_code: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet that is planned, on an engine that is open, with what was begun of it before."""

    order: Order
    plan: FleetPlan
    engine: Engine
    records: Records
    state: State


@dataclass(frozen=True, slots=True)
class CardForecast:
    """Of one card: how many runs it takes, of which so many are finished, and what those that are left take."""

    card: str
    n_runs: int
    n_done: int
    n_teachers: int
    device_bytes: int | None
    machine: str
    run_s: float | None
    all_s: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class FleetForecast:
    name: str
    engine: str
    at_once: int
    n_threads: int | None
    cards: tuple[CardForecast, ...]
    all_s: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class FleetReport:
    """What a fleet came to: each card, the board of its results folder, what it cost, and the worst exit code."""

    name: str
    cards: tuple[CardResult, ...]
    board: Path
    usd: float | None
    exit_code: int


def open_fleet(order: Order) -> Fleet:
    """Plans a fleet and opens its engine; raises PlanError with all that speaks against either."""
    shelf = shelved(order.engine)
    plan = plan_fleet(order.asked)
    code = environment.code()
    state = _state(order, code["harness"])
    tasks = list(plan.tasks.values())
    setting = Setting(
        fleet=order.asked.name,
        results=order.asked.results,
        code=None if order.is_any_code else code["harness"],
        n_tasks=sum(len(one.tasks) for one in plan.members),
        largest=_largest([one.need for one in tasks]),
        options=order.engine_options,
    )
    engine = open_engine(order.engine, order.where, setting)
    problems = engine.problems(tasks)
    if problems:
        engine.close()
        raise PlanError(problems)
    # On other machines the libraries may be others, as the records say; here a run of others would be made anew.
    wanted = code if order.engine == "local" else {"harness": code["harness"]}
    if shelf.is_shared:
        shared.check_driver(order.asked.results, order.asked.name)
    return Fleet(order, plan, engine, Records(order.asked.results, {} if order.is_any_code else wanted), state)


def _largest(needs: list[Need]) -> Need:
    """The most of everything that one of these asks for."""
    return Need(
        n_gpus=max(one.n_gpus for one in needs),
        device_bytes=max((one.device_bytes or 0) for one in needs),
        host_bytes=max(one.host_bytes for one in needs),
        tflop=None,
    )


def _state(order: Order, code: str | None) -> State:
    """What was begun of this fleet before; raises PlanError where that is at work on another engine."""
    asked = order.asked
    new = State(
        name=asked.name,
        cards=asked.cards,
        seeds=asked.seeds,
        options=asked.options,
        engine=order.engine,
        where=order.where,
        engine_options=dict(order.engine_options),
        code=code,
    )
    before = states.read(asked.results, asked.name)
    if before is None:
        return new
    if before.jobs and before.engine != order.engine:
        what = f"fleet {asked.name} has {len(before.jobs)} jobs on {before.engine}"
        raise PlanError([f"--on {order.engine}: {what}; end them with harness fleet cancel {asked.name}"])
    begun = {key: one for key, one in before.attempts.items() if one.is_open}  # each begins to count anew
    return replace(new, attempts=begun, spent_s=before.spent_s, begun=before.begun)


def forecast_of(fleet: Fleet) -> FleetForecast:
    """What is left of a fleet, by arithmetic; a teacher that several cards begin with counts for the first."""
    plan, engine, counted, cards = fleet.plan, fleet.engine, set[str](), list[CardForecast]()
    done = {key: path for key, task in plan.tasks.items() if (path := fleet.records.of(task)) is not None}
    for member in plan.members:
        keys = [one.key for one in member.tasks]
        left = [key for key in keys if key not in done]
        teachers = [key for key in _teachers_of(plan, left) if key not in done and key not in counted]
        counted |= set(teachers)
        all_s, usd = _left(plan, engine, done, [*teachers, *keys])
        need = member.tasks[0].need
        cards.append(
            CardForecast(
                card=member.card.name,
                n_runs=len(keys),
                n_done=len(keys) - len(left),
                n_teachers=len(teachers),
                device_bytes=need.device_bytes,
                machine=engine.about(need),
                run_s=engine.seconds(need),
                all_s=all_s,
                usd=usd,
            )
        )
    return FleetForecast(
        name=fleet.order.asked.name,
        engine=fleet.order.engine,
        at_once=engine.at_once,
        n_threads=engine.n_threads,
        cards=tuple(cards),
        all_s=_sum([one.all_s for one in cards]),
        usd=_sum([one.usd for one in cards]),
    )


def _left(
    plan: FleetPlan, engine: Engine, done: Mapping[str, Path], keys: Sequence[str]
) -> tuple[float | None, float | None]:
    """Seconds and US dollars of what is left of some tasks, one after the other; None for what is not known."""
    needs = [plan.tasks[key].need for key in keys if key not in done]
    seconds = [engine.seconds(need) for need in needs]
    dollars = [None if s is None or (hourly := engine.price(need)) is None else hourly * s / 3600
               for need, s in zip(needs, seconds, strict=True)]  # fmt: skip
    return _sum(seconds), _sum(dollars)


def _sum(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if len(known) == len(values) else None


def _teachers_of(plan: FleetPlan, keys: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for key in keys:
        for one in plan.tasks[key].after:
            found |= dict.fromkeys([*_teachers_of(plan, [one]), one])
    return list(found)


def refuse_over(forecast: FleetForecast, order: Order) -> None:
    """Raises BudgetError where a fleet is expected to cost more than it may, PlanError where nobody can tell."""
    if order.usd is None:
        return
    if forecast.usd is None:
        raise PlanError([f"--budget {order.usd:g}usd: nothing tells what this costs on {order.engine}; leave it out"])
    if forecast.usd > order.usd:
        what = f"this fleet costs about ${forecast.usd:.2f} on {order.engine}"
        raise BudgetError(f"{what}, more than the budget of ${order.usd:.2f}; raise --budget, or make it smaller")


def run_fleet(fleet: Fleet, watch: Watch) -> FleetReport:
    """Runs a fleet to its end, one driver at a time; raises StoreError where another one is at work on it."""
    asked = fleet.order.asked
    if fleet.order.usd is not None:
        refuse_over(forecast_of(fleet), fleet.order)
    states.stop_marker(asked.results, asked.name).unlink(missing_ok=True)
    with lock.held(states.locks_of(asked.results), f"fleet-{asked.name}"):
        driver = Driver(
            fleet.plan, fleet.engine, fleet.records, fleet.state, asked.results, usd=fleet.order.usd, watch=watch
        )
        cards = driver.drive()
    board = _write_board(asked.results, asked.name)
    return FleetReport(asked.name, cards, board, driver.spent(), worst([one.exit_code for one in cards]))


def _write_board(results: Path, name: str) -> Path:
    from harness.report import board  # here: a fleet that is only looked at does without templates
    from harness.report.html import board as page

    path = results / "fleet" / f"{name}.html"
    store.write_text(path, page.render(board.read(results), results))
    return path
