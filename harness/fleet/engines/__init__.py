"""The shelf of engines: name -> what opens it, given what stands behind the colon and the fleet's setting.

Each file imports its own package when it is opened; one that is missing is a sentence with the pip line.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import PlanError
from harness.fleet.jobs import Engine, Setting
from harness.plan.options import similar


@dataclass(frozen=True, slots=True)
class Shelved:
    """Where an engine is, what it needs, what may stand behind the colon, and whether its workers share a folder."""

    module: str
    extra: str | None
    where: str
    is_shared: bool = True
    options: tuple[str, ...] = ()


ENGINES: Mapping[str, Shelved] = {
    "local": Shelved("local", None, "processes at once", options=("threads",)),
    "ray": Shelved("ray_tasks", "ray", "address of a cluster", options=("threads", "at-once")),
    "slurm": Shelved(
        "slurm", "slurm", "partition, or `local`", options=("account", "qos", "minutes", "threads", "at-once")
    ),
    "hf-jobs": Shelved(
        "hf_jobs", None, "flavour", is_shared=False,
        options=("records", "namespace", "package", "image", "secrets", "time-out", "at-once", "checkpoint-minutes"),
    ),
}  # fmt: skip


def shelved(name: str) -> Shelved:
    """An engine on the shelf; raises PlanError for a name that is not on it."""
    if name not in ENGINES:
        raise PlanError([f"--on {name}: no such engine{similar(name, ENGINES)}"])
    return ENGINES[name]


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Raises PlanError for options that an engine does not have."""
    known = shelved(name).options
    wrong = [
        f"--engine-option {one}: {name} has no such option{similar(one, known)}" for one in options if one not in known
    ]
    if wrong:
        raise PlanError(wrong)


def open_engine(name: str, where: str, setting: Setting) -> Engine:
    """Opens an engine; raises PlanError where its package is missing, or it cannot be what was asked."""
    one = shelved(name)
    check_options(name, setting.options)
    module = importlib.import_module(f"harness.fleet.engines.{one.module}")
    try:
        return module.open_engine(where, setting)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if one.extra is None or (error.name or "").split(".")[0] not in (one.extra, "submitit"):
            raise
        raise PlanError([f"--on {name}: needs {error.name}: pip install 'card-harness[{one.extra}]'"]) from None
