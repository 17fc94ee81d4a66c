"""Is what a GPU computes right? Loss and gradients beside the reference, same bits from same seed, no waiting."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from harness.train.models import packed_bert
from tests.bench.workload import STAGES, WAYS, Rows, Size, accelerated, make_module, make_pair

N_ROWS = 4
BAR = 1e-3  # of a relative error in fp32
SPREAD = 2.0  # of attention scores: weights as they are drawn make flat maps, which forgive much


def gradients_of(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss, and the gradient of each of the student's parameters that has one, in fp32."""
    module.zero_grad()
    loss = module(batch)["loss"]
    loss.backward()
    named = (
        (name.rpartition("student.")[2], one.grad) for name, one in module.named_parameters() if "student." in name
    )
    return loss.detach().float(), {name: grad.detach().float().clone() for name, grad in named if grad is not None}


def sharpen(model: Any) -> None:
    """Makes queries and keys so large that scores of normed states spread by about `SPREAD`."""
    factor = (SPREAD / model.config.hidden_size) ** 0.5 / model.config.initializer_range
    with torch.no_grad():
        for layer in model.base_model.encoder.layer:
            for part in (layer.attention.self.query, layer.attention.self.key):
                part.weight *= factor


def worst(stage: str, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> tuple[float, str]:
    """The largest relative error of a gradient, by norms, and whose it is; some are zero in truth and left out.

    A key's bias shifts all scores of a row alike, and the head's or the last norm's bias all logits.
    """
    zero = ["key.bias"]
    if stage == "prediction_layer":
        last = max(int(name.split("layer.")[1].split(".")[0]) for name in expected if "layer." in name)
        zero += ["qa_outputs.bias", f"layer.{last}.output.LayerNorm.bias"]
    errors = {
        name: float((found[name] - one).norm() / one.norm())
        for name, one in expected.items()
        if not name.endswith(tuple(zero))
    }
    name = max(errors, key=lambda one: errors[one])
    return errors[name], name


def batch_of(size: Size, device: torch.device) -> dict[str, Tensor]:
    """A few rows there, their lengths here, as the engine hands them on."""
    arrays = Rows(size, N_ROWS).batch(slice(None))
    moved = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    return {**moved, "lengths": torch.from_numpy(arrays["attention_mask"].sum(1))}


def against_reference(size: Size, device: torch.device) -> list[dict[str, Any]]:
    """Both stages with the same loss, in fp32 without dropout; of each the relative errors of loss and gradients."""
    found = []
    teacher, student = make_pair(size, device, dropout=0.0)
    for model in (teacher, student):
        sharpen(model)
    batch = batch_of(size, device)
    with torch.no_grad():
        batch["teacher_logits"] = packed_bert.span_logits(teacher, batch)
    for stage in STAGES:
        results = [gradients_of(make_module(stage, way, teacher, student, 0.0), batch) for way in WAYS[:2]]
        (theirs, their_gradients), (ours, our_gradients) = results
        if our_gradients.keys() != their_gradients.keys():
            raise SystemExit(f"{stage}: other parameters have a gradient than in the reference")
        error, name = worst(stage, our_gradients, their_gradients)
        loss_error = float((ours - theirs).abs() / theirs.abs())
        is_right = max(loss_error, error) <= BAR
        record = {"stage": stage, "loss_error": loss_error, "gradient_error": error, "of": name, "is_right": is_right}
        found.append(record)
    return found


def same_bits(size: Size, device: torch.device) -> list[dict[str, Any]]:
    """Of each of the engine's ways through each stage: whether one seed gives the same loss and gradients twice, with
    dropout, and another seed another loss."""
    found = []
    teacher, student = make_pair(size, device)
    batch = batch_of(size, device)
    for stage in STAGES:
        for way in (one for one in WAYS if one.is_engine):
            module, results = make_module(stage, way, teacher, student), []
            for seed in (1, 1, 2):
                torch.manual_seed(seed)
                with accelerated(device, way.precision) as accelerator, accelerator.autocast():
                    results.append(gradients_of(module, batch))
            (loss, first), (again, second), (other, _) = results
            is_same = bool(loss == again) and all(torch.equal(first[name], second[name]) for name in first)
            record = {"stage": stage, "way": way.name, "is_right": is_same and bool(loss != other)}
            found.append(record)
    return found


@contextmanager
def waiting_is_an_error(device: torch.device) -> Iterator[None]:
    """On a GPU; torch knows of its own waiting, not of what other libraries do."""
    if device.type == "cuda":
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("default")


def waits_nowhere(size: Size, device: torch.device) -> list[dict[str, Any]]:
    """Whether the host runs ahead of the GPU through both passes of the engine's steps, as it must to keep it busy."""
    found = []
    teacher, student = make_pair(size, device)
    batch = batch_of(size, device)
    for stage in STAGES:
        for way in (one for one in WAYS if one.is_engine):
            module, why = make_module(stage, way, teacher, student), None
            with accelerated(device, way.precision) as accelerator, accelerator.autocast():
                module(batch)["loss"].backward()  # programs are made here
                try:
                    with waiting_is_an_error(device):
                        module(batch)["loss"].backward()
                except RuntimeError as error:
                    why = str(error).splitlines()[0]
            found.append({"stage": stage, "way": way.name, "waits": why, "is_right": why is None})
    return found


CHECKS = (against_reference, same_bits, waits_nowhere)
