"""The driver against an engine in memory: records decide, whatever happens to jobs."""

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from harness.errors import HarnessError, HubError
from harness.fleet import state as states
from harness.fleet.driver import Driver, StoppedError
from harness.fleet.jobs import JobState, Task, UnreachableError
from harness.fleet.looks import CardResult, worst
from harness.fleet.records import Records
from harness.fleet.state import State
from harness.fleet.tasks import Asked, FleetPlan, plan_fleet
from harness.record import environment, lock, store
from harness.record.folder import Run
from tests.fleet.fakes import PLANNED, POCKET, FakeEngine, record
from tests.recorded import ROOT

LOST = JobState("ended", None)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Error rates by simulation, which stand beside a verdict, are not what is tested here."""
    monkeypatch.setattr("harness.judge.error_rates.rates_of", lambda *_, **__: ())


@pytest.fixture(scope="module")
def code() -> dict[str, str | None]:
    return environment.code()


def plan_of(results: Path, seeds: int | None = 2, cards: Sequence[str] = (str(POCKET),)) -> FleetPlan:
    return plan_fleet(Asked("test", tuple(cards), seeds, results, ("--limit", "8"), planned=PLANNED))


def state_of(seeds: int | None = 2) -> State:
    return State("test", (str(POCKET),), seeds, (), "fake", "", {}, None)


def drive(
    engine: FakeEngine, results: Path, code: dict[str, str | None], seeds: int | None = 2, **how: object
) -> tuple[CardResult, ...]:
    plan, known = plan_of(results, seeds), states.read(results, "test")
    known = state_of(seeds) if known is None else known
    options: dict[str, object] = {"watch": str, "first_wait_s": 0.0, **how}
    return Driver(plan, engine, Records(results, code), known, results, **options).drive()  # type: ignore[arg-type]


def test_the_seeds_of_a_card_are_run_and_judged_as_one_command_would(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    engine = FakeEngine(partial(record, tmp_path))
    (result,) = drive(engine, tmp_path, code)
    assert engine.begun == ["pocket:42", "pocket:43"]
    assert result.conclusion is not None
    assert (result.conclusion.judgement.outcome, result.exit_code) == ("limited", 4)
    assert result.folder == tmp_path / "pocket" / store.series_name([path.name for path in result.runs])
    series = Run.open(result.folder).series
    assert series.runs == tuple(path.name for path in result.runs)
    assert [Run.open(path).settings.seed for path in result.runs] == [42, 43]


def test_what_is_finished_is_not_run_again(tmp_path: Path, code: dict[str, str | None]) -> None:
    drive(FakeEngine(partial(record, tmp_path)), tmp_path, code)
    engine = FakeEngine()
    (result,) = drive(engine, tmp_path, code)
    assert (engine.begun, engine.asked, len(result.runs)) == ([], 0, 2)


def test_a_record_of_other_code_or_other_data_is_not_that_of_the_task(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    plan = plan_of(tmp_path)
    task = plan.tasks["pocket:42"]
    record(tmp_path, task)
    assert Records(tmp_path, code).of(task) is not None
    assert Records(tmp_path, {**code, "harness": "another"}).of(task) is None
    assert Records(tmp_path, {}).of(task) is not None
    assert Records(tmp_path, code).of(dataclasses.replace(task, data={"train_data": "ab" * 32})) is None
    assert Records(tmp_path, code).of(plan.tasks["pocket:43"]) is None


def test_a_lost_worker_is_begun_again_and_a_duplicate_end_changes_nothing(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    ends = {"pocket:42": [LOST, JobState("ended", 130)], "pocket:43": [JobState("ended", 5)]}
    engine = FakeEngine(partial(record, tmp_path), ends)
    (result,) = drive(engine, tmp_path, code)
    assert sorted(engine.begun) == ["pocket:42"] * 3 + ["pocket:43"] * 2
    assert len(result.runs) == 2


def test_a_record_that_is_there_counts_although_its_worker_was_lost(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    plan = plan_of(tmp_path)

    class Lost(FakeEngine):
        def poll(self, jobs: object) -> dict[str, JobState]:
            for task in plan.tasks.values():
                if not list((tmp_path / "pocket").glob(f"*{task.key[-2:]}/verdict.json")):
                    record(tmp_path, task)
            return dict.fromkeys(jobs, LOST)  # type: ignore[call-overload,no-any-return]

    engine = Lost()
    (result,) = drive(engine, tmp_path, code)
    assert (len(engine.begun), len(result.runs)) == (2, 2)


def test_a_half_written_record_is_none(tmp_path: Path, code: dict[str, str | None]) -> None:
    n = 0

    def half(task: Task) -> None:
        nonlocal n
        n += 1
        made = record(tmp_path, task, stamp=n)
        if n == 1:
            (made / "experiment.json").write_text('{"name": ', encoding="utf-8")

    engine = FakeEngine(half)
    (result,) = drive(engine, tmp_path, code, seeds=1)
    assert engine.begun == ["pocket:42"] * 2
    assert [path.name for path in result.runs] == ["20260101T000002Z-00000042"]


@pytest.mark.parametrize(("exit_code", "n_begun", "says"), [(2, 1, 2), (6, 1, 6), (4, 1, 4), (5, 4, 5), (None, 4, 5)])
def test_what_cannot_be_run_is_given_up_and_the_others_are_finished(
    tmp_path: Path, code: dict[str, str | None], exit_code: int | None, n_begun: int, says: int
) -> None:
    engine = FakeEngine(partial(record, tmp_path), {"pocket:42": [JobState("ended", exit_code)] * 9})
    (result,) = drive(engine, tmp_path, code)
    assert (engine.begun.count("pocket:42"), len(result.runs), result.exit_code) == (n_begun, 1, says)
    assert result.failures[0].says.startswith("pocket:42 is broken")


def test_a_cancellation_from_outside_is_final_for_this_command(tmp_path: Path, code: dict[str, str | None]) -> None:
    ends = {"pocket:42": [JobState("cancelled", says="was cancelled from outside")]}
    engine = FakeEngine(partial(record, tmp_path), ends)
    (result,) = drive(engine, tmp_path, code)
    assert (engine.begun.count("pocket:42"), result.exit_code) == (1, 130)
    engine = FakeEngine(partial(record, tmp_path))
    (result,) = drive(engine, tmp_path, code)
    assert (engine.begun, result.exit_code) == (["pocket:42"], 4)


def test_an_engine_that_is_silent_for_a_while_is_asked_again(tmp_path: Path, code: dict[str, str | None]) -> None:
    engine = FakeEngine(partial(record, tmp_path), silent=7)
    (result,) = drive(engine, tmp_path, code)
    assert (engine.begun, len(result.runs)) == (["pocket:42", "pocket:43"], 2)


def test_an_engine_that_stays_silent_ends_the_command_and_what_is_finished_stays(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    engine = FakeEngine(silent=10**6)
    with pytest.raises(HarnessError, match=r"no answer for .* the cluster is away; what is finished stays"):
        drive(engine, tmp_path, code, patience_s=0.0)


def test_half_of_the_jobs_being_taken_begins_none_twice(tmp_path: Path, code: dict[str, str | None]) -> None:
    class Half(FakeEngine):
        def submit(self, tasks: Sequence[Task]) -> list[str]:
            return super().submit(tasks[: max(1, len(tasks) // 2)])

    engine = Half(partial(record, tmp_path))
    (result,) = drive(engine, tmp_path, code, seeds=3)
    assert (sorted(engine.begun), len(result.runs)) == (["pocket:42", "pocket:43", "pocket:44"], 3)


def test_no_credit_ends_what_is_not_begun_and_keeps_what_is(tmp_path: Path, code: dict[str, str | None]) -> None:
    class Poor(FakeEngine):
        def submit(self, tasks: Sequence[Task]) -> list[str]:
            if self.begun:
                raise HubError("there is no credit left")
            return super().submit(tasks)

    engine = Poor(partial(record, tmp_path), at_once=1)
    (result,) = drive(engine, tmp_path, code, seeds=3)
    assert (engine.begun, len(result.runs), result.exit_code) == (["pocket:42"], 1, 5)
    assert {one.says for one in result.failures} == {"there is no credit left"}


def test_money_that_is_spent_ends_the_fleet(tmp_path: Path, code: dict[str, str | None]) -> None:
    ends = {"pocket:42": [JobState("running", seconds=7200.0)]}
    engine = FakeEngine(partial(record, tmp_path), ends, hourly=1.0)
    (result,) = drive(engine, tmp_path, code, usd=1.5)
    assert (engine.cancelled, result.exit_code, len(result.runs)) == (["pocket:42"], 6, 1)
    assert "$2.00 are spent, more than --budget 1.5usd" in result.failures[0].says


def test_a_new_driver_goes_on_with_the_jobs_that_were_begun(tmp_path: Path, code: dict[str, str | None]) -> None:
    class Stopping(FakeEngine):
        def poll(self, jobs: object) -> dict[str, JobState]:
            raise KeyboardInterrupt

    first = Stopping(dies_with_driver=False)
    with pytest.raises(KeyboardInterrupt):
        drive(first, tmp_path, code)
    known = states.read(tmp_path, "test")
    assert known is not None
    assert known.jobs == {"pocket:42": "pocket:42#1", "pocket:43": "pocket:43#2"}
    for task in plan_of(tmp_path).tasks.values():
        record(tmp_path, task)
    again = FakeEngine()
    (result,) = drive(again, tmp_path, code)
    assert (again.begun, len(result.runs)) == ([], 2)


def test_a_stopped_fleet_lets_its_jobs_keep_checkpoints(tmp_path: Path, code: dict[str, str | None]) -> None:
    class Told(FakeEngine):
        def submit(self, tasks: Sequence[Task]) -> list[str]:
            store.write_text(states.stop_marker(tmp_path, "test"), "stop\n")
            return super().submit(tasks)

    engine = Told(ends={"pocket:42": [JobState("running")], "pocket:43": [JobState("running")]})
    with pytest.raises(StoppedError, match="the same command goes on with it"):
        drive(engine, tmp_path, code)
    assert engine.cancelled == ["pocket:42", "pocket:43"]
    assert not states.stop_marker(tmp_path, "test").exists()
    known = states.read(tmp_path, "test")
    assert known is not None
    assert known.jobs == {}


def test_a_run_that_another_process_works_on_is_waited_for_and_not_begun_again(
    tmp_path: Path, code: dict[str, str | None]
) -> None:
    plan = plan_of(tmp_path, seeds=1)
    made = record(tmp_path, plan.tasks["pocket:42"])
    (made / store.VERDICT).rename(made / "later")
    name = f"pocket-{Run.open(made).identity.identity[:16]}"
    engine = FakeEngine(ends={"pocket:42": [JobState("ended", 5)] * 9})
    lines: list[str] = []

    def watch(line: str) -> None:
        lines.append(line)
        if "another process works" in line:
            (made / "later").rename(made / store.VERDICT)

    with lock.held(tmp_path / store.CACHE / "locks", name):
        drive(engine, tmp_path, code, seeds=1, watch=watch)
    assert engine.begun == ["pocket:42"]
    assert any("finished by another process" in line for line in lines)


# --- seeds until decided ---


def test_a_look_that_decides_ends_a_card_and_one_that_does_not_takes_more_seeds(
    tmp_path: Path, code: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions = iter([False, True])
    monkeypatch.setattr("harness.judge.verdict.is_decided", lambda _: next(decisions))
    engine = FakeEngine(partial(record, tmp_path))
    (result,) = drive(engine, tmp_path, code, seeds=None)
    assert (len(engine.begun), len(result.runs)) == (5, 5)
    assert result.folder is not None
    assert Run.open(result.folder).series.is_sequential
    engine = FakeEngine(partial(record, tmp_path / "other"))
    decisions = iter([True])
    (result,) = drive(engine, tmp_path / "other", code, seeds=None)
    assert len(engine.begun) == 3


# --- teachers ---


def test_teachers_are_made_once_and_before_their_students(tmp_path: Path, code: dict[str, str | None]) -> None:
    taught = ROOT / "tests" / "cards" / "pocket.md"
    plan = plan_of(tmp_path, 2, [str(taught)])
    teachers = [key for key, task in plan.tasks.items() if task.needs_weights]
    assert len(teachers) == 2  # a seed that was given is the teacher's too
    students = [task for task in plan.tasks.values() if not task.needs_weights]
    assert [task.after for task in students] == [(teachers[0],), (teachers[1],)]
    engine = FakeEngine(ends={teachers[1]: [JobState("ended", 4)]})
    records = Records(tmp_path, code)
    done: set[str] = set()

    class Known(Records):
        def of(self, task: Task) -> Path | None:
            return tmp_path if task.key in done else records.of(task)

    engine._work = lambda task: done.add(task.key)
    with pytest.raises(HarnessError, match="cannot be read"):  # there is no record behind this one
        Run.open(tmp_path).experiment  # noqa: B018
    driver = Driver(plan, engine, Known(tmp_path, code), state_of(), tmp_path, watch=str, first_wait_s=0.0)
    (result,) = driver.drive()
    assert engine.begun == [teachers[0], teachers[1], students[0].key]
    assert result.failures[0].says.startswith(f"what it begins with, {teachers[1]}: ")
    assert result.exit_code == 4


def test_the_worst_exit_code_is_that_of_what_has_no_verdict() -> None:
    assert [worst(codes) for codes in ([0, 3], [3, 1], [1, 4], [4, 6], [6, 2], [2, 5], [5, 130], [])] == [
        3, 1, 4, 6, 2, 5, 130, 0,
    ]  # fmt: skip


def test_a_state_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    states.write(tmp_path, state_of())
    path = states.path_of(tmp_path, "test")
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, "colour": 1}), encoding="utf-8")
    with pytest.raises(HarnessError, match="is no state of a fleet of this version"):
        states.read(tmp_path, "test")
    assert issubclass(UnreachableError, HarnessError)
