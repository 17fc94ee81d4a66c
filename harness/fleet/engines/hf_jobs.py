"""Jobs on Hugging Face's machines, through huggingface_hub: no GPU of one's own, one command.

Workers share no folder. Cards that lie here go to a private data set first, which every job sees under `/fleet`;
records come back through it, and are audited before they are taken (`exchange.py`). A job carries the fleet's name and
its task as labels, so that one whose answer was lost is found again and none is begun and paid twice. Secrets are
named, their values go to the Hub's own store of secrets, into no command, log or state.
"""

import re
import uuid
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.errors import EXIT_BUDGET, EXIT_INVALID, HubError, PlanError, StoreError
from harness.fleet import exchange, hardware
from harness.fleet.hardware import Flavor
from harness.fleet.hub import asking, flavor_of, label, seconds_of, secrets_of, stage_of
from harness.fleet.jobs import JobState, Need, Setting, Task, UnreachableError
from harness.fleet.worker import command_of
from harness.plan.options import similar
from harness.record import store
from harness.run.cards import shipped

if TYPE_CHECKING:
    from huggingface_hub import JobInfo

MOUNT, RESULTS = "/fleet", "results"  # in a job: the data set of records; its own folder of results
SLACK, LEAST_S = 3.0, 1800.0  # a job may take so many times its forecast, and this to begin and to fetch what it needs
POLL_S = 15.0
_ACTIVE = ("SCHEDULING", "RUNNING")


def open_engine(where: str, setting: Setting) -> "HfJobs":
    return HfJobs(where, setting)


class HfJobs:
    dies_with_driver = False
    n_threads = None

    def __init__(self, where: str, setting: Setting) -> None:
        from huggingface_hub import HfApi, get_token

        self._api, self._setting, self._where, self.poll_s = HfApi(), setting, where, POLL_S
        token = get_token()
        if not token:
            raise PlanError(["--on hf-jobs: no token; log in with `hf auth login`, or set HF_TOKEN"])
        options = setting.options
        self.at_once = setting.number("at-once", 8)
        self._minutes = options.get("checkpoint-minutes")
        self._secrets = secrets_of(options.get("secrets", ""), token)
        self._chosen: dict[Need, Flavor] = {}
        self._cancelled, self._marks = set[str](), dict[str, str]()

    @cached_property
    def flavors(self) -> tuple[Flavor, ...]:
        with asking():
            return tuple(flavor_of(one) for one in self._api.list_jobs_hardware())

    def _flavor_of(self, need: Need) -> Flavor:
        """The machine that a run gets; raises PlanError where none fits, or the one that was named does not."""
        if need in self._chosen:
            return self._chosen[need]
        names = {one.name: one for one in self.flavors}
        if self._where and self._where not in names:
            raise PlanError([f"--on hf-jobs:{self._where}: no such flavour{similar(self._where, names)}"])
        best = hardware.choose(self.flavors, need)
        flavor = names.get(self._where) if self._where else best
        if flavor is None:
            raise PlanError(["--on hf-jobs: no flavour fits this run; make it smaller"])
        why = hardware.why_not(flavor, need)
        if why is not None:
            instead = f"; {best.name} would do" if best else "; none would do"
            raise PlanError([f"--on hf-jobs:{flavor.name}: {why}{instead}"])
        self._chosen[need] = flavor
        return flavor

    def problems(self, tasks: Sequence[Task]) -> list[str]:
        found: list[str] = []
        for task in tasks:
            found += [f"{task.key}: {one} lies on this machine alone; give one of the Hub" for one in task.only_here]
            try:
                self._flavor_of(task.need)
                self._time_out(task.need)
            except PlanError as error:
                found += error.problems
        return list(dict.fromkeys(found))

    def about(self, need: Need) -> str:
        """The flavour of a run, and how it departs from what the card declares."""
        flavor = self._flavor_of(need)
        is_same = need.gpu is None or hardware.is_declared(flavor, need)
        return flavor.name if is_same else f"{flavor.name} ({flavor.gpu or 'CPU'} for {need.gpu})"

    def price(self, need: Need) -> float | None:
        return self._flavor_of(need).usd_per_hour

    def seconds(self, need: Need) -> float | None:
        return hardware.seconds_on(self._flavor_of(need), need)

    def _time_out(self, need: Need) -> int:
        """Seconds after which a job is ended; raises PlanError where nothing says how long it takes."""
        given = self._setting.options.get("time-out")
        if given is not None:
            return seconds_of(given)
        seconds = self.seconds(need)
        if seconds is None:
            what = "nothing tells how long this run takes there, and the Hub would end it after 30 minutes"
            raise PlanError([f"--on hf-jobs: {what}; give --engine-option time-out=6h"])
        return round(SLACK * seconds + LEAST_S)

    def submit(self, tasks: Sequence[Task]) -> list[str]:
        self._prepare(tasks)
        begun, names = self._begun(), list[str]()
        for task in tasks:
            try:
                # One whose answer was lost may have ended by now; it is known by its mark. One of a driver before this
                # is known by its task, while it is at work.
                known = begun.get(self._marks.get(task.key, "")) or begun.get(label(task.key))
                names.append(known or self._start(task))
                self._marks.pop(task.key, None)
            except UnreachableError:
                if not names:
                    raise
                break
        return names

    def _start(self, task: Task) -> str:
        options, mark = self._setting.options, uuid.uuid4().hex
        self._marks[task.key] = mark  # until its answer is there
        with asking(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that jobs are an experiment of the client's
            job = self._api.run_uv_job(
                "python",
                script_args=self._command(task)[1:],
                dependencies=[options.get("package", f"card-harness=={__version__}")],
                image=options.get("image"),
                env={"HF_HUB_DISABLE_PROGRESS_BARS": "1"},
                secrets=dict(self._secrets),
                flavor=self._flavor_of(task.need).name,
                timeout=self._time_out(task.need),
                name=label(f"{self._setting.fleet}-{task.key}"),
                labels={
                    "harness-fleet": label(self._setting.fleet),
                    "harness-task": label(task.key),
                    "harness-mark": mark,
                },
                volumes=[self._volume()],
                namespace=self.namespace,
            )
        return str(job.id)

    def _command(self, task: Task) -> list[str]:
        command = command_of(
            task.command(RESULTS, self._argument(task)), results=RESULTS, code=self._setting.code, python="python"
        )
        own = ["--records", self.records, "--task", label(task.key)]
        own += ["--weights"] if task.needs_weights else []
        own += ["--checkpoint-minutes", self._minutes] if self._minutes else []
        for key in task.after:
            card = key.split(":")[0].partition("~")[0]
            own += [part for name in self._runs_here(card) for part in ("--begin-with", name)]
        at = command.index("--")
        return [*command[:at], *own, *command[at:]]

    def _runs_here(self, card: str) -> list[str]:
        """The teachers' runs that were collected, which the data set has with their weights."""
        found = sorted((self._setting.results / card).glob(f"*/{store.VERDICT}"))
        names = [f"{card}/{path.parent.name}" for path in found]
        with asking():
            from harness.run import download

            there = set(download.list_records(self.records, card))
        return [name for name in names if name in there]

    def poll(self, jobs: Mapping[str, str]) -> dict[str, JobState]:
        with asking():
            listed = {str(one.id): one for one in self._api.list_jobs(labels=self._labels(), namespace=self.namespace)}
        found = {}
        for key, job in jobs.items():
            info = listed.get(job) or self._inspect(job)
            found[key] = JobState("ended", says="the Hub knows it no more") if info is None else self._state(key, info)
        return found

    def _inspect(self, job: str) -> "JobInfo | None":
        from huggingface_hub.errors import HfHubHTTPError

        try:
            with asking():
                return self._api.inspect_job(job_id=job, namespace=self.namespace)
        except HubError as error:
            if isinstance(error.__cause__, HfHubHTTPError) and error.__cause__.response.status_code == 404:
                return None
            raise

    def _state(self, key: str, info: "JobInfo") -> JobState:
        seconds = None if info.durations is None else info.durations.running_secs
        stage, said = stage_of(info), info.status.message or ""
        if stage in _ACTIVE:
            return JobState("running" if stage == "RUNNING" else "waiting", seconds=seconds, says=said)
        if stage == "CANCELED":
            phase = "ended" if str(info.id) in self._cancelled else "cancelled"
            return JobState(phase, seconds=seconds, says="was cancelled from outside")  # type: ignore[arg-type]
        try:
            self._collect(key.split(":")[0].partition("~")[0])
        except StoreError as error:
            return JobState("ended", EXIT_INVALID, seconds, str(error))
        if "timeout" in said.lower().replace(" ", "").replace("-", ""):
            what = "was ended by its time-out; give a longer one with --engine-option time-out=12h"
            return JobState("ended", EXIT_BUDGET, seconds, what)
        code = re.search(r"exit code:? *(\d+)", said)
        return JobState("ended", int(code[1]) if code else (0 if stage == "COMPLETED" else None), seconds, said)

    def _collect(self, card: str) -> None:
        from harness.run import download

        try:
            names = download.list_records(self.records, card)
            exchange.collect(self.records, names, self._setting.results)
        except HubError as error:
            raise UnreachableError(str(error)) from error

    def cancel(self, jobs: Mapping[str, str]) -> None:
        for job in jobs.values():
            self._cancelled.add(job)
            with asking():
                self._api.cancel_job(job_id=job, namespace=self.namespace)

    def logs(self, task: str, job: str, n_lines: int) -> str:  # noqa: ARG002
        with asking():
            lines = self._api.fetch_job_logs(job_id=job, namespace=self.namespace, tail=n_lines)
            return "\n".join(line.rstrip("\n") for line in lines)

    def close(self) -> None:
        pass

    # --- the account, and the data set of records ---

    @cached_property
    def namespace(self) -> str:
        given = self._setting.options.get("namespace")
        if given:
            return given
        with asking():
            return str(self._api.whoami()["name"])

    @property
    def records(self) -> str:
        return self._setting.options.get("records", f"{self.namespace}/harness-records")

    def _volume(self) -> Any:
        from huggingface_hub import Volume

        return Volume(type="dataset", source=self.records, mount_path=MOUNT, read_only=True)

    def _labels(self) -> dict[str, str]:
        return {"harness-fleet": label(self._setting.fleet)}

    def _begun(self) -> dict[str, str]:
        """Jobs of this fleet by their mark, and those that are at work by their task: none of them is begun again."""
        with asking():
            listed = list(self._api.list_jobs(labels=self._labels(), namespace=self.namespace))
        marked = {str((one.labels or {}).get("harness-mark")): str(one.id) for one in listed}
        at_work = [one for one in listed if stage_of(one) in _ACTIVE]
        return marked | {str((one.labels or {}).get("harness-task")): str(one.id) for one in at_work}

    def _prepare(self, tasks: Sequence[Task]) -> None:
        """Makes the data set, private, and keeps the cards there that lie on this machine."""
        from harness.publish import upload

        files: dict[str, bytes | Path] = {}
        for task in tasks:
            path = Path(task.argument)
            if self._argument(task).startswith(MOUNT):
                folder = self._argument(task).removeprefix(f"{MOUNT}/").rpartition("/")[0]
                # With the cards beside it, one of which may be its teacher's.
                files |= {f"{folder}/{one.name}": one for one in sorted(path.parent.glob("*.md"))}
        files = files or {f"inputs/{self._setting.fleet}/README.md": b"A fleet of cards that need no file from here.\n"}
        folder = f"inputs/{self._setting.fleet}"
        how = upload.Push(self.records, "", f"Keep the cards of fleet {self._setting.fleet}", "dataset", private=True)
        try:
            upload.push(files, how)
        except HubError as error:
            raise HubError(f"{error}; jobs read their cards there, and send their records ({folder})") from error

    def _argument(self, task: Task) -> str:
        """What stands for a card in a job: its name, where it ships or is on the Hub, else where it was put."""
        path = Path(task.argument).expanduser()
        if not path.is_file():
            return task.argument
        for name, there in shipped().items():
            if there.read_bytes() == path.read_bytes():
                return name
        beside = store.hash_of(str(path.resolve().parent))[:8]
        return f"{MOUNT}/inputs/{self._setting.fleet}/{beside}/{path.name}"
