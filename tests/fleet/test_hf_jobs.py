"""hf-jobs with the real client against a Hub of our own: flavour, labels, secrets, records, and what goes wrong."""

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from harness.cli.main import main
from harness.errors import StoreError
from harness.fleet import exchange
from harness.fleet.engines import hf_jobs
from harness.fleet.jobs import Task
from harness.fleet.tasks import Asked, plan_fleet
from harness.judge import error_rates
from harness.record import store
from tests.conftest import ROOT
from tests.fleet.fakes import PLANNED, POCKET, record
from tests.hub_server import READ_TOKEN, TOKEN, Fault, Hub, Job, serving

RATES_OF = error_rates.rates_of
RECORDS = "datasets/org/harness-records"
JOBS = r"^/api/jobs/org$"
LISTED = r"^/api/jobs/org\?"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as one:
        monkeypatch.setattr(constants, "ENDPOINT", one.endpoint)
        files = one.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(hf_jobs, "POLL_S", 0.01)
        monkeypatch.setattr("harness.fleet.exchange._FIRST_WAIT_S", 0.01)
        monkeypatch.setattr("harness.judge.error_rates.rates_of", lambda *_, **__: ())
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        _http.close_session()
        yield one
        _http.close_session()


def worker_of(job: Job) -> list[str]:
    """The arguments of the worker that a job runs."""
    command = [*job.spec["command"]]
    return command[command.index("harness.fleet.worker") + 1 :]


def working(hub: Hub, tmp_path: Path, then: Callable[[Path], object] = str) -> Callable[[Job], None]:
    """Jobs that make a record at once and send it as a worker does; `then` is done to it before."""
    tasks = plan_fleet(Asked("test", (str(POCKET),), 3, tmp_path, ("--limit", "8"), planned=PLANNED)).tasks

    def work(job: Job) -> None:
        own, rest = worker_of(job)[: worker_of(job).index("--")], worker_of(job)
        parser = argparse.ArgumentParser()
        exchange.add_arguments(parser)
        given = parser.parse_known_args(own)[0]
        given.results = tmp_path / job.id
        seed = rest[rest.index("--seed") + 1] if "--seed" in rest else "42"
        then(record(given.results, tasks[f"pocket:{seed}"]))
        exchange.send(given)
        job.stage = "COMPLETED"

    def begin(job: Job) -> None:
        job.stage = "RUNNING"
        threading.Thread(target=work, args=(job,), daemon=True).start()

    return begin


def fleet(results: Path, *more: str, on: str = "hf-jobs:cpu-basic") -> int:
    return main(["fleet", str(POCKET), "--on", on, "--results", str(results), *more, "--with", "--limit", "8"])


def test_a_fleet_of_jobs_brings_its_records_back(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    hub.work = working(hub, tmp_path)
    assert fleet(tmp_path / "results", "--seeds", "3", "--json") == 4  # eight questions: limited
    shown = json.loads(capsys.readouterr().out)
    assert [Path(path).parent.name for path in shown["cards"][0]["runs"]] == ["pocket"] * 3
    assert shown["usd"] == pytest.approx(3 * 60 / 3600 * 0.000167 * 60)
    assert hub.repositories[RECORDS].private
    job = hub.jobs["job1"]
    assert job.spec["flavor"] == "cpu-basic"
    assert job.spec["labels"]["harness-task"] == "pocket-43"
    assert job.spec["secrets"] == {"HF_TOKEN": TOKEN}
    assert 1800 <= job.spec["timeoutSeconds"] < 1900  # the forecast, and half an hour
    assert job.spec["volumes"][0]["source"] == "org/harness-records"
    command = " ".join(job.spec["command"])
    assert "uv run --with card-harness==" in command
    assert "reproduce pocket --limit 8 --seed 43 --results results" in command
    state = (tmp_path / "results" / "fleet").glob("*.json")
    assert TOKEN not in command + "".join(path.read_text(encoding="utf-8") for path in state)
    assert fleet(tmp_path / "results", "--seeds", "3") == 4
    assert len(hub.jobs) == 3


def test_one_card_by_the_command_that_runs_it(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    hub.work = working(hub, tmp_path)
    command = [
        "reproduce",
        "pocket",
        "--limit",
        "8",
        "--on",
        "hf-jobs:cpu-basic",
        "--results",
        str(tmp_path / "results"),
    ]
    assert main([*command, "--budget", "1usd"]) == 4
    assert len(hub.jobs) == 1
    assert worker_of(hub.jobs["job0"])[-6:] == ["reproduce", "pocket", "--limit", "8", "--results", "results"]
    assert "LIMITED" in capsys.readouterr().out


def test_a_card_that_lies_here_goes_to_the_data_set_with_those_beside_it(hub: Hub, tmp_path: Path) -> None:
    own = tmp_path / "cards"
    own.mkdir()
    text = POCKET.read_text(encoding="utf-8")
    (own / "mine.md").write_text(
        text.replace("**Language model:** pocket", "**Language model:** mine"), encoding="utf-8"
    )
    hub.work = ended("CANCELED", None)
    command = ["fleet", str(own / "mine.md"), "--on", "hf-jobs:cpu-basic", "--results", str(tmp_path / "results")]
    main([*command, "--name", "f", "--quiet"])
    (path,) = [name for name in hub.files(RECORDS) if name.endswith("mine.md")]
    assert path.startswith("inputs/f/")
    assert f"/fleet/{path}" in hub.jobs["job0"].spec["command"]


# --- the machine ---


@pytest.mark.parametrize(
    ("on", "says"),
    [
        ("hf-jobs:a10g-smal", "no such flavour; did you mean a10g-small?"),
        ("hf-jobs:cpu-basic", "has no GPUs, the run takes 1; a10g-small would do"),
    ],
)
def test_a_flavour_that_is_none_or_does_not_fit_is_refused_with_one_that_does(
    hub: Hub, tmp_path: Path, capsys: Any, on: str, says: str
) -> None:
    target = str(ROOT / "cards" / "tinybert-6l.md")
    command = ["fleet", target, "--on", on, "--results", str(tmp_path), "--dry-run", "--with", "--glove", "none"]
    assert main(command) == 2
    assert says in capsys.readouterr().err
    assert hub.jobs == {}


def test_the_nearest_flavour_is_chosen_and_its_departure_and_price_are_said(
    hub: Hub, tmp_path: Path, capsys: Any
) -> None:
    command = ["fleet", str(ROOT / "cards" / "tinybert-6l.md"), "--on", "hf-jobs", "--results", str(tmp_path),
               "--dry-run", "--engine-option", "time-out=12h", "--json", "--with", "--glove", "none"]  # fmt: skip
    assert main(command) == 0
    (card,) = json.loads(capsys.readouterr().out)["cards"]
    assert card["machine"] == "a10g-small (A10G for 1x V100 GPU)"
    assert card["run_s"] > 3600
    assert card["usd"] == pytest.approx(card["run_s"] / 3600 * 16667e-6 * 60)


def test_what_lies_on_this_machine_alone_is_refused(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    data = tmp_path / "mine.json"
    data.write_bytes((ROOT / "harness" / "pocket" / "squad.json").read_bytes())
    command = ["fleet", str(POCKET), "--on", "hf-jobs:cpu-basic", "--results", str(tmp_path), "--with"]
    assert main([*command, "--train", str(data)]) == 2
    assert f"train data {data} lies on this machine alone; give one of the Hub" in capsys.readouterr().err


def test_money_that_is_not_enough_is_said_before_anything_is_begun(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    assert fleet(tmp_path, "--budget", "0.0000001usd") == 6
    assert "more than the budget of $0.00" in capsys.readouterr().err
    assert hub.jobs == {}
    assert main(["reproduce", "pocket", "--budget", "5usd", "--results", str(tmp_path)]) == 2
    assert "money is spent with --on alone" in capsys.readouterr().err


def test_secrets_are_names(hub: Hub, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_KEY", raising=False)
    assert fleet(tmp_path, "--engine-option", "secrets=WANDB_KEY") == 2
    assert "secrets=WANDB_KEY: not set here" in capsys.readouterr().err


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("token", "says"),
    [("hf_wrong", "the token is not accepted"), (READ_TOKEN, "the token may not"), ("", "no token; log in with")],
)
def test_a_token_that_does_not_do_is_a_sentence(
    hub: Hub, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, token: str, says: str
) -> None:
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "nowhere")
    monkeypatch.setenv("HF_TOKEN", token)
    assert fleet(tmp_path) in (2, 5)
    said = capsys.readouterr()
    assert says in said.err + said.out
    assert not token or token not in said.err + said.out
    assert hub.jobs == {}


def test_no_credit_leaves_what_is_finished(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    hub.work = working(hub, tmp_path)
    assert fleet(tmp_path / "results") == 4
    hub.credit = False
    assert fleet(tmp_path / "results", "--seeds", "2") == 5
    said = capsys.readouterr().out
    assert "there is no credit left for jobs: add some at https://huggingface.co/settings/billing" in said
    assert len(list((tmp_path / "results" / "pocket").glob("*/verdict.json"))) == 1


FAULTS: Mapping[str, list[Fault]] = {
    "429 on submission": [Fault("POST", JOBS, 429, times=3)],
    "500 on submission": [Fault("POST", JOBS, 500, times=3)],
    "the answer to a submission is lost": [Fault("POST", JOBS, cut=True, after=True)],
    "500 after a submission": [Fault("POST", JOBS, 500, after=True)],
    "503 on every poll for a while": [Fault("GET", LISTED, 503, times=4)],
    "the connection is cut in a poll": [Fault("GET", LISTED, cut=True, times=3)],
}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if "lost" in one else [pytest.mark.slow]) for one in FAULTS]
)
def test_after_a_fault_no_job_is_begun_twice_and_all_are_finished(
    hub: Hub, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", str)
    hub.work = working(hub, tmp_path)
    hub.faults += FAULTS[name]
    assert fleet(tmp_path / "results", "--seeds", "2", "--quiet") == 4
    assert sorted(job.spec["labels"]["harness-task"] for job in hub.jobs.values()) == ["pocket-42", "pocket-43"]


def ended(stage: str, message: str | None) -> Callable[[Job], None]:
    def work(job: Job) -> None:
        job.stage, job.message = stage, message
        job.tell.append("harness: the card is not there")

    return work


@pytest.mark.parametrize(
    ("stage", "message", "code", "says"),
    [
        ("CANCELED", None, 130, "was cancelled from outside"),
        ("ERROR", "Job timeout", 6, "the card is not there"),
        ("ERROR", "Job failed with exit code: 2. Reason: Error", 2, "the card is not there"),
    ],
)
def test_a_job_that_ends_without_a_record_says_why(
    hub: Hub, tmp_path: Path, capsys: Any, stage: str, message: str | None, code: int, says: str
) -> None:
    hub.work = ended(stage, message)
    assert fleet(tmp_path) == code
    assert says in capsys.readouterr().out
    assert len(hub.jobs) == 1


def test_a_record_that_fails_its_audit_is_not_taken(hub: Hub, tmp_path: Path, capsys: Any) -> None:
    def changed(run: Path) -> None:
        path = run / "evaluation" / "predictions.json"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("nothing of the kind", "something"), encoding="utf-8")

    hub.work = working(hub, tmp_path, changed)
    assert fleet(tmp_path / "results") == 4
    assert "fails its audit" in capsys.readouterr().err
    assert not (tmp_path / "results" / "pocket").exists()


def test_a_record_that_is_there_is_never_written_over(hub: Hub, tmp_path: Path) -> None:
    hub.work = working(hub, tmp_path)
    assert fleet(tmp_path / "results") == 4
    (run,) = (tmp_path / "results" / "pocket").iterdir()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    (name,) = [one.rpartition("/")[0] for one in hub.files(RECORDS) if one.endswith(store.VERDICT)]
    exchange.collect("org/harness-records", [name], tmp_path / "results")
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    hub.repositories[RECORDS].add("main", "bad", {"pocket/x/identity.json": b"{}"}, frozenset())
    with pytest.raises(StoreError, match=r"fails its audit: .* is not finished"):
        exchange.collect("org/harness-records", ["pocket/x"], tmp_path / "results")


def test_logs_and_cancel_ask_the_hub(hub: Hub, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def begun(job: Job) -> None:
        job.stage = "RUNNING"
        job.tell += ["step 1", "step 2"]

    hub.work = begun
    n_polls = 0

    def interrupted(*_: object) -> None:
        nonlocal n_polls
        n_polls += 1
        if n_polls > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("harness.fleet.driver.time.sleep", interrupted)
    assert fleet(tmp_path, "--name", "f") == 130
    assert "1 jobs go on" in capsys.readouterr().err
    monkeypatch.undo()
    where = ["--results", str(tmp_path)]
    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["fleet", "logs", "f", "pocket:42", *where]) == 0
    assert capsys.readouterr().out == "step 1\nstep 2\n"
    assert main(["fleet", "status", *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"][0]["phase"] == "begun"
    assert main(["fleet", "cancel", "f", *where]) == 0
    assert hub.jobs["job0"].stage == "CANCELED"


def test_checkpoints_go_and_come_back(hub: Hub, tmp_path: Path) -> None:
    hub.make(RECORDS, private=True)
    run = record(tmp_path / "one", Task("pocket:42", "pocket", "", (), "", None))  # type: ignore[arg-type]
    (run / store.VERDICT).unlink()
    kept = run / "stages" / "intermediate_layer" / "checkpoints" / "step-3.safetensors"
    kept.parent.mkdir()
    kept.write_bytes(b"weights so far")
    own = argparse.Namespace(
        results=tmp_path / "one", records="org/harness-records", begin_with=[], weights=False, checkpoint_minutes=5.0,
        task="pocket-42",
    )  # fmt: skip
    exchange.send(own)
    own.results = tmp_path / "two"
    exchange.fetch(own)
    assert (tmp_path / "two" / kept.relative_to(tmp_path / "one")).read_bytes() == b"weights so far"


@pytest.mark.chaos
def test_a_real_worker_runs_the_pocket_card_and_its_record_comes_back_and_passes_its_audit(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.judge.error_rates.rates_of", RATES_OF)  # as the worker works them out

    def begin(job: Job) -> None:
        job.stage = "RUNNING"
        threading.Thread(target=run, args=(job,), daemon=True).start()

    def run(job: Job) -> None:
        (tmp_path / job.id).mkdir()
        command = [sys.executable, "-m", "harness.fleet.worker", *worker_of(job)]
        environment = {**__import__("os").environ, "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1",
                       "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path / "home")}  # fmt: skip
        done = subprocess.run(
            command, cwd=tmp_path / job.id, env=environment, capture_output=True, text=True, check=False
        )
        job.tell += (done.stdout + done.stderr).splitlines()
        job.stage, job.message = (
            ("COMPLETED", None) if done.returncode == 0 else ("ERROR", f"exit code: {done.returncode}")
        )

    hub.work = begin
    command = ["reproduce", "pocket", "--on", "hf-jobs:cpu-basic", "--results", str(tmp_path / "results"), "--quiet"]
    assert main(command) == 0, hub.jobs["job0"].tell[-20:]
    (made,) = (tmp_path / "results" / "pocket").glob("*Z-*")
    assert main(["audit", str(made)]) == 0
