"""The Hub's side of jobs: its client's errors as ours, its machines as ours, names as it takes them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.errors import HubError, PlanError
from harness.fleet.hardware import GIB, Flavor
from harness.fleet.jobs import UnreachableError

if TYPE_CHECKING:
    from huggingface_hub import JobInfo

_CREDIT = "https://huggingface.co/settings/billing"
_SAID = {
    401: "the token is not accepted; log in with `hf auth login`, or set HF_TOKEN",
    402: f"there is no credit left for jobs: add some at {_CREDIT}, or take a cheaper flavour; what is finished stays",
    403: "the token may not start jobs there; give one with permission for jobs",
    404: "there is no such account or job",
}  # fmt: skip
_LABEL = re.compile(r"[^A-Za-z0-9_-]")


@contextmanager
def asking() -> Iterator[None]:
    """Makes the client's errors ours: UnreachableError where asking again may do, else HubError; no token in either."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        why = " ".join((error.server_message or "").split()) if status != 401 else ""
        said = _SAID.get(status, "the Hub failed" if status >= 500 else "the Hub refused it")
        text = f"hf-jobs: {said} (status {status}{f': {why}' if why else ''})"
        token = get_token()
        text = text.replace(token, "…") if token else text
        raise (UnreachableError if status in (408, 425, 429) or status >= 500 else HubError)(text) from error
    except (HTTPError, OSError) as error:
        raise UnreachableError(f"hf-jobs: the Hub does not answer ({type(error).__name__}: {error})") from error


def stage_of(info: "JobInfo") -> str:
    return str(getattr(info.status.stage, "value", info.status.stage))


def flavor_of(one: Any) -> Flavor:
    per_hour = {"second": 3600, "minute": 60, "hour": 1}.get(str(one.unit_label), 60)
    accelerator = one.accelerator
    is_gpu = accelerator is not None and accelerator.type == "gpu"
    n_gpus = int(accelerator.quantity) if is_gpu else 0
    return Flavor(
        name=one.name,
        gpu=accelerator.model if is_gpu else None,
        n_gpus=n_gpus,
        gpu_bytes=_bytes(accelerator.vram) // max(1, n_gpus) if is_gpu else 0,
        host_bytes=_bytes(one.ram),
        n_cpus=int(_leading(one.cpu) or 1),
        usd_per_hour=float(one.unit_cost_usd) * per_hour,
    )


def _bytes(text: str) -> int:
    return int(_leading(text) * GIB)


def _leading(text: str) -> float:
    found = re.match(r"\s*([\d.]+)", text or "")
    return float(found[1]) if found else 0.0


def label(text: str) -> str:
    return _LABEL.sub("-", text)


def seconds_of(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise PlanError([f"--engine-option time-out={text}: expected a time such as 30m or 6h"])
    return round(float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]])


def secrets_of(names: str, token: str) -> dict[str, str]:
    """HF_TOKEN, which records are sent with, and what else is named, from the environment."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    missing = [name for name in wanted if name not in os.environ and name != "HF_TOKEN"]
    if missing:
        raise PlanError(
            [f"--engine-option secrets={','.join(missing)}: not set here; names of variables are given, not values"]
        )
    return {"HF_TOKEN": token, **{name: os.environ[name] for name in wanted if name != "HF_TOKEN"}}
