"""Checkpoints of a stage: all that the next step depends on, so that a killed stage goes on to the same bits.

A sealed file (`checksummed.py`) in safetensors form: weights, moments of the optimiser, and as metadata which step of
what it is. One that was cut off or changed is no checkpoint. The order of rows, the rate and the dropout of a step are
functions of its number; nothing else has a state. The stage's losses lie beside it, a line a step, in a file that a
checkpoint names by length and hash.
"""

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from harness.errors import StoreError
from harness.record import checksummed

KEPT = 2
_FORMAT = 1
_OF_ANOTHER = "it is of another"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a checkpoint is due: after so many steps, or so many minutes, whichever comes first; None: never by that.

    `until` is when a stage has to stop, on the monotonic clock.
    """

    steps: int | None = None
    minutes: float | None = 10.0
    until: float | None = None


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints of one stage in `folder`, newest last; `key` says of what, and a file of anything else is
    refused. `losses` is the file of the stage's losses so far. Every process reads them, the main one writes."""

    folder: Path
    losses: Path
    key: Mapping[str, str]
    accelerator: Any
    cadence: Cadence = field(default_factory=Cadence)
    seconds: float = 0.0  # spent on the stage before this start
    _begun: float = field(default_factory=time.monotonic)
    _last: tuple[int, float] = (0, 0.0)
    _n_bytes: int = 0  # of the losses that stay

    def resume(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Puts module and optimiser into the state of the newest sound checkpoint; returns its step, 0 without one.

        The losses behind that step are cut off. What is damaged, or of something else, is passed over, and said.
        """
        step = self._n_bytes = 0
        passed_over: list[str] = []
        for path in self._paths():
            found = self._read(path)
            if isinstance(found, str):
                _log.warning("%s: not used, %s", path, found)
                passed_over.append(found)
                continue
            tensors, head = found
            _put(tensors, module, optimizer)
            if self.accelerator.scaler is not None and head["scaler"]:
                self.accelerator.scaler.load_state_dict(head["scaler"])
            step, self._n_bytes, self.seconds = int(head["step"]), int(head["n_bytes"]), float(head["seconds"])
            break
        if passed_over:
            _log.warning("%s: %s", self.folder, _said_of(passed_over, step))
        self.accelerator.wait_for_everyone()  # all have read the losses before they are cut
        if self.accelerator.is_main_process:
            _cut(self.losses, self._n_bytes)
        self._begun = time.monotonic()
        self._last = (step, self._begun)
        return step

    def records_of(self, epoch: int) -> list[dict[str, float]]:
        """The losses of one epoch up to the step that was resumed from."""
        if not self._n_bytes:
            return []
        with self.losses.open("rb") as stream:
            records = map(json.loads, stream.read(self._n_bytes).splitlines())
            return [record for record in records if record["epoch"] == epoch]

    def elapsed(self) -> float:
        """Seconds spent on the stage, those before a kill included as far as a checkpoint knows of them."""
        return self.seconds + time.monotonic() - self._begun

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint should follow this step; the main process's clock decides."""
        last, when = self._last
        by_steps = self.cadence.steps is not None and step - last >= self.cadence.steps
        by_time = self.cadence.minutes is not None and time.monotonic() - when >= 60 * self.cadence.minutes
        return by_steps or by_time

    def is_over(self) -> bool:
        """Whether the time that the run may take is over."""
        return self.cadence.until is not None and time.monotonic() > self.cadence.until

    def save(self, step: int, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Writes a checkpoint of the state after `step`; all losses up to it are in their file. Keeps the last two."""
        self._last = (step, time.monotonic())
        if not self.accelerator.is_main_process:
            return
        scaler = self.accelerator.scaler
        n_bytes, losses = _synced(self.losses)
        head = {
            "format": _FORMAT,
            "key": dict(self.key),
            "step": step,
            "seconds": round(self.elapsed(), 1),
            "n_bytes": n_bytes,
            "losses": losses,
            "scaler": scaler.state_dict() if scaler is not None else {},
        }
        payload = save(_taken(module, optimizer), {"harness": json.dumps(head)})
        checksummed.write(self.folder / f"step-{step:09d}.checkpoint", payload)
        for old in self._paths()[KEPT:]:
            old.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes them; the stage is finished, or begins again."""
        if self.accelerator.is_main_process:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("step-*.checkpoint"), reverse=True)

    def _read(self, path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | str:
        """Tensors and head of a checkpoint, or why it is not to be used."""
        try:
            payload = checksummed.read(path)
            if payload is None:
                return "it is damaged: the hash is another"
            head = json.loads(_metadata(payload)["harness"])
            tensors = load(payload)
        except (OSError, ValueError, LookupError, SafetensorError) as error:
            return f"it cannot be read ({error})"
        other = [f"{name} {head['key'].get(name)} in place of {value}" for name, value in self.key.items()
                 if head["key"].get(name) != value]  # fmt: skip
        if head["format"] != _FORMAT or other:
            return f"{_OF_ANOTHER} {', '.join(other) or 'version'}"
        if not _begins_with(self.losses, head["n_bytes"], head["losses"]):
            return f"{self.losses.name} does not hold the losses up to it"
        return tensors, head


def _said_of(passed_over: list[str], step: int) -> str:
    """What follows from checkpoints that were passed over: an older one is used, or none."""
    if step:
        return f"goes on from the checkpoint of step {step}, the newest that can be used"
    are_others = all(reason.startswith(_OF_ANOTHER) for reason in passed_over)
    return f"no checkpoint is {'of this stage of this run' if are_others else 'whole'}; the stage begins anew"


def _cut(path: Path, n_bytes: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            stream.truncate(n_bytes)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); give --results DIR") from error


def _taken(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What is trained, and the optimiser's state of each of them, by name; a tensor that two names share once."""
    tensors = {f"weight/{name}": value.detach() for name, value in module.named_parameters()}
    tensors |= {f"buffer/{name}": value for name, value in module.named_buffers() if _is_kept(value)}
    for name, parameter in module.named_parameters():
        own = optimizer.state.get(parameter, {})
        tensors |= {f"optimizer/{name}/{kind}": torch.as_tensor(one) for kind, one in own.items()}
    return {name: value.to("cpu", copy=True).contiguous() for name, value in tensors.items()}


def _put(tensors: Mapping[str, Tensor], module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """The reverse: in place, so that what holds the module's parameters goes on to hold them."""
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(tensors[f"weight/{name}"])
        for name, buffer in module.named_buffers():
            if f"buffer/{name}" in tensors:
                buffer.copy_(tensors[f"buffer/{name}"])
    names = {parameter: name for name, parameter in module.named_parameters()}
    moments: dict[str, dict[str, Tensor]] = {}
    for key, moment_of in tensors.items():
        kind, _, rest = key.partition("/")
        if kind == "optimizer":
            name, _, moment = rest.rpartition("/")
            moments.setdefault(name, {})[moment] = moment_of
    plain = optimizer.state_dict()
    order = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    plain["state"] = {n: moments[names[one]] for n, one in enumerate(order) if names[one] in moments}
    optimizer.load_state_dict(plain)


def _is_kept(value: Tensor) -> bool:
    return value.is_floating_point()


def _metadata(payload: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: a JSON object behind its length in 8 bytes."""
    length = int.from_bytes(payload[:8], "little")
    found: dict[str, str] = json.loads(payload[8 : 8 + length])["__metadata__"]
    return found


def _synced(path: Path) -> tuple[int, str]:
    """Length and sha256 of a file that is on the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return path.stat().st_size, digest


def _begins_with(path: Path, n_bytes: int, digest: str) -> bool:
    try:
        with path.open("rb") as stream:
            content = stream.read(n_bytes)
    except OSError:
        return False
    return len(content) == n_bytes and hashlib.sha256(content).hexdigest() == digest
