"""Attention for a GPU gives what the CPU's gives, and both its passes draw one mask: on a GPU, or in an interpreter.

    TRITON_INTERPRET=1 python -m pytest tests/kernels/test_fused.py

Without a GPU Triton's interpreter runs the programs on the CPU (tests/conftest.py); `test_tiles.py` compiles them.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig

from harness.train.kernels.cpu_attention import QueryKey, Segment
from harness.train.kernels.dropout import Draws
from harness.train.models import loading, packed_bert, packing
from tests.tiny import make_model
from tests.train.kernels.test_cpu_attention import H, plain
from tests.train.models.test_packed_bert import Rows, batch_of, stage

pytest.importorskip("triton", reason="Triton is not installed: kernels for a GPU are not tested")
from harness.train.kernels import gpu_attention

DEVICE = "cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda"
# Padded rows that count, a row that is full, fillers that count for nothing, one token alone, tiles that overhang.
LAYOUTS = {
    "counted": (Segment(0, 40, 9, 40), Segment(40, 40, 40, 40)),
    "dropped": (Segment(0, 8, 1, 1), Segment(8, 72, 67, 67), Segment(80, 16, 16, 16)),
    "one": (Segment(0, 40, 33, 40),),
}


def parts(layout: str, size: int, is_taught: bool) -> tuple[list[Tensor], QueryKey | None]:
    """Query, key and value (H, N, size) that want gradients, and the teacher's."""
    n = LAYOUTS[layout][-1].begin + LAYOUTS[layout][-1].n_rows
    torch.manual_seed(1)
    found = [(torch.randn(H, n, size) * scale).requires_grad_() for scale in (size**-0.5, 1, 1)]
    return found, QueryKey(torch.randn(H, n, size) * size**-0.5, torch.randn(H, n, size)) if is_taught else None


def on_device(*given: Any) -> list[Any]:
    """Copies of tensors there, that want gradients where the given ones do; what the programs give comes back."""
    moved = []
    for one in given:
        if isinstance(one, QueryKey):
            moved.append(QueryKey(*on_device(*one)))
        elif isinstance(one, Tensor):
            moved.append(one.detach().to(DEVICE).requires_grad_(one.requires_grad))
        else:
            moved.append(one)
    return moved


def results(found: tuple[Tensor, Tensor], leaves: list[Tensor], factor: float = 0.7) -> list[Tensor]:
    """Output, distance, and the gradient of each leaf under a fixed weighing of both."""
    output, distance = found
    weight = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output).to(output.device)
    gradients = torch.autograd.grad((output * weight).sum() + factor * distance, leaves)
    return [one.detach().cpu().float() for one in (output, distance, *gradients)]


def by_programs(own: list[Tensor], teacher_map: QueryKey | None, layout: str, dropout: float = 0.0) -> list[Tensor]:
    *leaves, theirs = on_device(*own, teacher_map)
    return results(gpu_attention.attend(*leaves, LAYOUTS[layout], dropout, Draws([7]), theirs), leaves)


def assert_near(found: list[Tensor], expected: list[Tensor], error: float = 1e-5) -> None:
    for one, other in zip(found, expected, strict=True):
        assert float((one - other).norm()) <= error * float(other.norm())


@pytest.mark.parametrize(
    ("layout", "is_taught", "size"),
    [("counted", True, 8), ("counted", False, 64), ("dropped", True, 64), ("dropped", False, 32), ("one", True, 32)],
)
def test_output_distance_and_gradients_are_those_of_the_cpu(layout: str, is_taught: bool, size: int) -> None:
    own, teacher_map = parts(layout, size, is_taught)
    found = by_programs(own, teacher_map, layout)
    assert_near(found, results(plain(*own, LAYOUTS[layout], [], teacher_map), own))
    *leaves, theirs = on_device(*own, teacher_map)
    with torch.no_grad():
        again = gpu_attention.attend(*leaves, LAYOUTS[layout], teacher_map=theirs)
    assert all(torch.equal(one.cpu(), other) for one, other in zip(again, found[:2], strict=True))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_are_near(dtype: torch.dtype) -> None:
    if dtype == torch.bfloat16 and DEVICE == "cpu":
        pytest.skip("Triton's interpreter multiplies the bits of bf16 as whole numbers; fp16 takes the same way")
    own, teacher_map = parts("dropped", 64, is_taught=True)
    assert teacher_map is not None
    half = [one.detach().to(dtype).requires_grad_() for one in own]
    theirs = QueryKey(*(one.to(dtype) for one in teacher_map))
    found = by_programs(half, theirs, "dropped")
    exact = [one.detach().float().requires_grad_() for one in half]
    expected = results(plain(*exact, LAYOUTS["dropped"], [], QueryKey(*(one.float() for one in theirs))), exact)
    assert_near(found, expected, 2e-2 if dtype == torch.bfloat16 else 2e-3)


def test_what_lies_at_padded_keys_is_not_read() -> None:
    own, teacher_map = parts("dropped", 32, is_taught=True)
    assert teacher_map is not None
    real = torch.cat([torch.arange(one.n_rows) < one.n_keys for one in LAYOUTS["dropped"]])
    spoiled = [torch.where(real[:, None], one.detach(), torch.nan).requires_grad_() for one in own]
    spoiled[0] = own[0]
    theirs = QueryKey(teacher_map.query, torch.where(real[:, None], teacher_map.key, torch.nan))
    for one, other in zip(
        by_programs(spoiled, theirs, "dropped"), by_programs(own, teacher_map, "dropped"), strict=True
    ):
        assert torch.equal(one, other)


# --- dropout ---


def masks_of(own: list[Tensor], layout: str, dropout: float) -> list[Tensor]:
    """What dropout multiplied by, of each sequence and head: D, which is the output of a value of ones, over P."""
    value = torch.cat([torch.eye(one.n_rows, own[0].shape[-1]) for one in LAYOUTS[layout]]).expand(H, -1, -1)
    query, key, value = on_device(*(one.detach() for one in (*own[:2], value.contiguous())))
    shape = (-1, H, own[0].shape[-1])
    dropped, probs = (
        gpu_attention.attend(query, key, value, LAYOUTS[layout], one, Draws([7]))[0].view(shape)
        for one in (dropout, 0.0)
    )
    masks = torch.where(probs > 0, dropped / probs, 0.0).cpu()
    return [
        masks[one.begin : one.begin + one.n_rows, head, : one.n_rows] for one in LAYOUTS[layout] for head in range(H)
    ]


@pytest.mark.parametrize("is_taught", [True, False])
def test_both_passes_draw_the_mask_that_a_plain_computation_is_given(is_taught: bool) -> None:
    layout, probability = "counted", 0.3
    own, teacher_map = parts(layout, 64, is_taught)
    masks = masks_of(own, layout, probability)
    found = by_programs(own, teacher_map, layout, probability)
    rounded = [torch.where(one > 0.5, 1 / (1 - probability), 0.0) for one in masks]
    for one, other in zip(masks, rounded, strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    assert_near(found, results(plain(*own, LAYOUTS[layout], rounded, teacher_map), own))


def drawn(seed: int, probability: float = 0.5, n_calls: int = 1) -> list[Tensor]:
    """Masks (rows, keys) of all heads, one behind the other, of calls that draw from one seed."""
    segments, draws = (Segment(0, 64, 64, 64),), Draws([seed])
    key, value = torch.zeros(8, 64, 64), torch.eye(64).expand(8, 64, 64).contiguous()
    given = on_device(key, key, value)
    found = [
        gpu_attention.attend(*given, segments, probability, draws)[0].cpu().view(64, 8, 64) * 64 for _ in range(n_calls)
    ]
    return [one.transpose(0, 1).reshape(512, 64) for one in found]


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_masks_drop_the_share_they_should_and_keep_the_mean(probability: float) -> None:
    (mask,) = drawn(3, probability)
    share = float((mask == 0).double().mean())
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability) / mask.numel())
    if probability < 1:
        expected = torch.tensor([0.0, 1 / (1 - probability)])
        assert torch.allclose(mask.unique(), expected[expected > 0] if share == 0 else expected)
        variance = probability / (1 - probability)
        assert float(mask.double().var()) == pytest.approx(variance, abs=1e-6 if probability == 0 else 0.05 * variance)


def test_neighbours_in_a_mask_are_dropped_independently() -> None:
    """Along keys at every distance that shares a counter, along rows, and from head to head."""
    (mask,) = drawn(5, 0.5)
    gone = (mask == 0).double()
    pairs = [(gone[:, n:], gone[:, :-n]) for n in (1, 2, 3, 4)] + [(gone[n:], gone[:-n]) for n in (1, 64)]
    for one, other in pairs:
        assert abs(float((one * other).mean()) - 0.25) < 5 * math.sqrt(0.25 * 0.75 / one.numel()) * 1.5


def test_masks_are_a_function_of_their_seed_and_of_the_calls_before() -> None:
    first, again, other = drawn(1, n_calls=2), drawn(1, n_calls=2), drawn(2)
    assert all(map(torch.equal, first, again))
    for one, another in ((first[0], first[1]), (first[0], other[0])):
        assert abs(float(((one == 0) == (another == 0)).double().mean()) - 0.5) < 0.02


def test_the_same_seed_gives_the_same_bits_of_every_gradient() -> None:
    own, teacher_map = parts("one", 32, is_taught=True)
    found = []
    for _ in range(2):
        found.append(by_programs(own, teacher_map, "one", 0.1))
    assert all(map(torch.equal, *found))


# --- the whole encoder ---


@pytest.mark.parametrize(
    ("name", "padding", "n_layers"),
    [("intermediate_layer", "counted", 6), ("intermediate_layer", "dropped", 6), ("prediction_layer", "dropped", 2)],
)
def test_the_loss_and_every_gradient_of_a_stage_are_those_of_the_cpu(
    name: str, padding: Any, n_layers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [make_model(tmp_path / str(n), layers=n, dropout=0.0, seed=n) for n in (4, 2)]
    teacher, student = (loading.load_model(folder, seed=1) for folder in folders)
    module = stage(name, (teacher.eval(), student.train()), padding)

    def run(device: str) -> tuple[dict[str, float], dict[str, Tensor]]:
        for model in (module, teacher):
            model.to(device)
        batch = {name: value[:3].to(device) for name, value in batch_of(Rows()).items()}
        parameters = {key: one for key, one in module.named_parameters() if one.requires_grad}
        terms = module(batch)
        gradients = torch.autograd.grad(terms["loss"], list(parameters.values()), allow_unused=True)
        named = zip(parameters, gradients, strict=True)
        return {key: float(term.detach()) for key, term in terms.items()}, {
            key: one.cpu() for key, one in named if one is not None
        }

    losses, gradients = run("cpu")
    called: list[int] = []
    attend = gpu_attention.attend

    def counting(*given: Any) -> Any:
        called.append(1)
        return attend(*given)

    for place in (packing, packed_bert):
        monkeypatch.setattr(place, "is_in_blocks", lambda _: False)
    monkeypatch.setattr(gpu_attention, "attend", counting)
    found, found_gradients = run(DEVICE)
    assert len(called) == n_layers
    assert found == pytest.approx(losses, rel=1e-5)
    assert found_gradients.keys() == gradients.keys()
    for key, one in found_gradients.items():
        assert torch.allclose(one, gradients[key], rtol=1e-3, atol=1e-6), key


# --- where there are kernels ---


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """A GPU that is none, of compute capability 8.0, that was not looked at yet."""
    packed_bert._has_triton.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    monkeypatch.setattr(gpu_attention, "check", lambda _: None)
    yield torch.device("cuda", 0)
    packed_bert._has_triton.cache_clear()


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_has_kernels_from_capability_8_on(
    capability: tuple[int, int], expected: bool, gpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert packed_bert._has_kernels(gpu, BertConfig()) is expected


def test_large_heads_other_devices_and_a_machine_without_triton_have_none(
    gpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packed_bert._has_kernels(gpu, BertConfig())
    assert not packed_bert._has_kernels(gpu, BertConfig(num_attention_heads=8))
    assert not packed_bert._has_kernels(torch.device("meta"), BertConfig())
    packed_bert._has_triton.cache_clear()
    monkeypatch.setattr(packed_bert.importlib.util, "find_spec", lambda _: None)
    assert not packed_bert._has_kernels(gpu, BertConfig())


def test_kernels_that_fail_are_not_used_and_it_is_said(
    gpu: torch.device, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: torch.device) -> None:
        raise RuntimeError("Failed to find C compiler")

    monkeypatch.setattr(gpu_attention, "check", fails)
    assert not packed_bert._has_kernels(gpu, BertConfig())
    assert "Failed to find C compiler" in caplog.text


def test_the_check_passes_draws_nothing_and_notices_a_wrong_program(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with torch.no_grad():
        gpu_attention.check(torch.device(DEVICE))
    assert torch.equal(torch.get_rng_state(), before)
    given = gpu_attention.attend
    monkeypatch.setattr(
        gpu_attention, "attend", lambda *args, **named: (given(*args, **named)[0] * 1.05, given(*args, **named)[1])
    )
    with pytest.raises(RuntimeError, match=r"off by 0\.05"):
        gpu_attention.check(torch.device(DEVICE))
