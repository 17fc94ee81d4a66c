"""Cards x seeds as tasks, what machines they want, and what a results folder must be able to do."""

import dataclasses
import os
import time
from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.errors import PlanError
from harness.fleet import hardware, shared, worker
from harness.fleet.engines import ENGINES, open_engine, shelved
from harness.fleet.engines.local import Local
from harness.fleet.hardware import GIB, Flavor
from harness.fleet.jobs import Need, Setting
from harness.fleet.tasks import Asked, arguments_of, plan_fleet
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record.read import experiment_hash
from harness.run import teacher_cards
from tests.fleet.fakes import POCKET
from tests.recorded import ROOT

TAUGHT = ROOT / "tests" / "cards" / "pocket.md"
TARGET = ROOT / "cards" / "tinybert-6l.md"


def asked(*cards: str | Path, results: Path, seeds: int | None = 3, **more: object) -> Asked:
    return Asked("test", tuple(map(str, cards)), seeds, results, **more)  # type: ignore[arg-type]


# --- planning ---


def test_the_first_seed_is_the_cards_own_and_the_others_follow(tmp_path: Path) -> None:
    made = plan_fleet(asked(POCKET, results=tmp_path, options=("--device", "cpu")))
    commands = [task.command(tmp_path) for task in made.members[0].tasks]
    begin, end = ("reproduce", str(POCKET), "--device", "cpu"), ("--results", str(tmp_path))
    assert commands == [(*begin, *end), (*begin, "--seed", "43", *end), (*begin, "--seed", "44", *end)]
    described = read_card(POCKET)
    expected = [plan(described, Options(seed=seed)) for seed in (None, 43, 44)]
    assert [one.experiment for one in made.tasks.values()] == [experiment_hash(one) for one in expected]
    assert list(made.tasks) == ["pocket:42", "pocket:43", "pocket:44"]


def test_all_problems_of_all_cards_are_told_at_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty.md"
    empty.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(PlanError) as error:
        plan_fleet(asked(POCKET, POCKET, "nowhere.md", empty, results=tmp_path))
    said = "\n".join(error.value.problems)
    assert f"{POCKET}: is given twice" in said
    assert "nowhere.md: no such card" in said
    assert str(empty) in said
    assert len(error.value.problems) > 3


def test_two_cards_of_one_name_are_two(tmp_path: Path) -> None:
    made = plan_fleet(asked(POCKET, TAUGHT, results=tmp_path, seeds=1))
    first, second = (member.tasks[0] for member in made.members)
    assert (first.key, first.card, second.card) == ("pocket:42", "pocket", "pocket")
    assert second.key.startswith("pocket~")


def test_a_teachers_task_is_the_run_that_its_student_looks_for(tmp_path: Path) -> None:
    options = Options(precision="bf16", seed=7)
    made = plan_fleet(asked(TAUGHT, results=tmp_path, seeds=1, planned=options, run_options=("--device", "cpu")))
    (teacher,) = [task for task in made.tasks.values() if task.needs_weights]
    student = plan(read_card(TAUGHT), options)
    path = TAUGHT.parent / "pocket-teacher.md"
    expected = teacher_cards.planned(path, student)
    assert teacher.experiment == experiment_hash(expected)
    assert teacher.options == ("--seed", "7", "--precision", "bf16", "--device", "cpu")
    assert made.members[0].tasks[0].after == (teacher.key,)
    assert arguments_of(Options(train="a.json", is_measuring=True)) == ("--train", "a.json", "--measure")
    with pytest.raises(ValueError, match="has no words here"):
        arguments_of(Options(recipe="finetune"))


def test_needs_are_those_of_the_models(tmp_path: Path) -> None:
    made = plan_fleet(asked(TARGET, results=tmp_path, seeds=1, planned=Options(glove="none"), n_processes=2))
    need = made.members[0].tasks[0].need
    assert (need.n_gpus, need.gpu) == (2, "1x V100 GPU")
    alone = plan_fleet(asked(TARGET, results=tmp_path, seeds=1, planned=Options(glove="none"))).members[0].tasks[0].need
    assert need.device_bytes is not None
    assert alone.device_bytes is not None
    assert 4 * GIB < need.device_bytes < alone.device_bytes < 16 * GIB  # it was made on one V100
    assert plan_fleet(asked(POCKET, results=tmp_path, seeds=1)).members[0].tasks[0].need.n_gpus == 0


# --- machines ---


def flavor(name: str, gpu: str | None, gib: int, usd: float, n_gpus: int = 1) -> Flavor:
    return Flavor(name, gpu, n_gpus if gpu else 0, gib * GIB, 32 * GIB, 8, usd)


FLAVORS = (
    flavor("cpu-basic", None, 0, 0.01), flavor("t4-small", "T4", 16, 0.4), flavor("a10g-small", "A10G", 24, 1.0),
    flavor("a100-large", "A100", 80, 2.5), flavor("h200", "H200", 141, 5.0), flavor("new", "Unheard of", 200, 0.1),
)  # fmt: skip
V100 = Need(1, 9 * GIB, GIB, 50_000.0, "1x V100 GPU")


@pytest.mark.parametrize(
    ("need", "name"),
    [
        (V100, "a10g-small"),  # the smallest with its memory that is no slower: a T4 is
        (dataclasses.replace(V100, gpu="1x A100"), "a100-large"),
        (dataclasses.replace(V100, gpu="1x H200"), "h200"),
        (dataclasses.replace(V100, device_bytes=100 * GIB), "h200"),
        (dataclasses.replace(V100, device_bytes=None, gpu=None), "t4-small"),
        (Need(0, GIB, GIB, 1.0), "cpu-basic"),
        (dataclasses.replace(V100, n_gpus=4), None),
        (dataclasses.replace(V100, device_bytes=300 * GIB), None),
    ],
)
def test_the_nearest_machine_that_fits_is_chosen(need: Need, name: str | None) -> None:
    found = hardware.choose(FLAVORS, need)
    assert (None if found is None else found.name) == name


def test_why_a_machine_is_too_small_is_said() -> None:
    assert hardware.why_not(FLAVORS[1], dataclasses.replace(V100, device_bytes=20 * GIB)) == (
        "has 16 GiB of GPU memory, the run takes about 20"
    )
    assert hardware.why_not(FLAVORS[0], V100) == "has no GPUs, the run takes 1"
    assert hardware.seconds_on(FLAVORS[2], V100) == pytest.approx(50_000 / (0.35 * 70))
    assert hardware.seconds_on(FLAVORS[5], V100) is None


# --- engines ---


def setting(results: Path, *, n_tasks: int = 4, largest: Need | None = None, **options: str) -> Setting:
    return Setting("test", results, None, n_tasks, largest or Need(0, 0, GIB, 1.0), options)


def test_an_engine_that_is_none_and_a_package_that_is_missing_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PlanError, match=r"--on rya: no such engine; did you mean ray\?"):
        shelved("rya")
    with pytest.raises(PlanError, match=r"--engine-option acount: slurm has no such option; did you mean account\?"):
        open_engine("slurm", "", setting(tmp_path, acount="x"))
    for name, package in (("ray", "ray"), ("slurm", "submitit")):
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(PlanError, match=rf"needs {package}: pip install 'card-harness\[{ENGINES[name].extra}\]'"):
            open_engine(name, "", setting(tmp_path))


def test_this_machine_is_shared_out_by_cores_memory_and_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.record.environment.n_cpus", lambda: 8)
    monkeypatch.setattr("harness.record.environment.n_threads", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = Local("", setting(tmp_path), [], 64 * GIB)
    assert (found.at_once, found.n_threads) == (4, 2)
    assert Local("", setting(tmp_path), [], 2 * GIB).at_once == 2
    assert Local("", setting(tmp_path), [], None).at_once == 4
    assert Local("3", setting(tmp_path), [], 64 * GIB).at_once == 3
    gpu = Need(1, GIB, GIB, 1.0)
    assert Local("", setting(tmp_path, largest=gpu), ["A", "B"], 64 * GIB).at_once == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert Local("", setting(tmp_path), [], 64 * GIB).n_threads == 4
    with pytest.raises(PlanError, match="--on local:many: expected a number of processes"):
        Local("many", setting(tmp_path), [], None)


def test_a_run_for_a_gpu_is_refused_here_before_it_is_begun(tmp_path: Path) -> None:
    made = plan_fleet(asked(TARGET, results=tmp_path, seeds=1, planned=Options(glove="none")))
    large = dataclasses.replace(made.members[0].tasks[0], need=dataclasses.replace(V100, tflop=10**6))
    assert "takes a GPU, or about" in Local("", setting(tmp_path), [], None).problems([large])[0]
    assert Local("", setting(tmp_path), ["Tesla V100"], None).problems([large]) == []


# --- the folder that is shared ---


def test_a_folder_that_can_all_is_taken_and_leaves_nothing_but_its_marker(tmp_path: Path) -> None:
    shared.check_driver(tmp_path, "test")
    shared.check_worker(tmp_path, "test")
    assert [path.name for path in (tmp_path / ".cache" / "fleet").iterdir()] == ["test.here"]


def test_a_worker_that_sees_another_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="is not the folder of the fleet's driver, or is not mounted here"):
        shared.check_worker(tmp_path, "test")


def test_each_guarantee_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_TRY", "pass")  # a second process gets the lock as well
    monkeypatch.setattr(time, "time", lambda now=time.time: now() - 3600)

    def no_rename(path: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "replace", no_rename)
    said = "\n".join(shared.problems_of(tmp_path))
    assert "cannot be renamed over another there (Invalid cross-device link)" in said
    assert "does not keep a second process out" in said
    assert "3,600 s behind the file server's" in said


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be written"):
        shared.check_driver(tmp_path / "results", "test")


# --- the worker ---


def test_a_worker_of_another_harness_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shared.check_driver(tmp_path, "test")
    own = ["--results", str(tmp_path), "--fleet", "test", "--code", "ab" * 32, "--", "env"]
    assert worker.main(own) == 2
    assert "this worker runs another harness (sources " in capfd.readouterr().err


def test_a_worker_whose_clock_is_off_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.check_driver(tmp_path, "test")
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + 600)
    assert worker.main(["--results", str(tmp_path), "--fleet", "test", "--", "env"]) == 2
    assert f"the clock of {os.uname().nodename} is 600 s ahead of the file server's" in capfd.readouterr().err
