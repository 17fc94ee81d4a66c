"""A batch shared among cores: the same loss, the same dropout, the same gradients, the same bits each time."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.train import cores
from harness.train.models import loading, packed_bert
from harness.train.recipes.haystack import HaystackHead, IntermediateLayerLoss, PredictionLayerLoss
from tests.tiny import make_model
from tests.train.models.test_packed_bert import Rows, batch_of


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work enough in the smallest batch; the number of threads is what it was afterwards."""
    monkeypatch.setattr(cores, "LEAST", 1)
    n = torch.get_num_threads()
    yield
    torch.set_num_threads(n)


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, nn.Module]:
    folders = [make_model(tmp_path / str(n), layers=n, dropout=0.3, seed=n) for n in (4, 2)]
    teacher, student = (loading.load_model(folder, seed=1) for folder in folders)
    head = HaystackHead(student.train(), 0.3, is_learned=True)
    return {
        "intermediate_layer": IntermediateLayerLoss(student, teacher.eval(), (2, 4)),
        "prediction_layer": PredictionLayerLoss(head, temperature=2.0, soft_label_weight=0.5, hard_label_weight=0.5),
    }


def results(module: nn.Module, n_threads: int) -> tuple[dict[str, Tensor], list[Tensor | None]]:
    torch.set_num_threads(n_threads)
    batch = {**batch_of(Rows()), "seeds": torch.arange(6)}
    terms = module(batch)
    parameters = [one for one in module.parameters() if one.requires_grad]
    return terms, list(torch.autograd.grad(terms["loss"], parameters, allow_unused=True))


@pytest.mark.parametrize("stage", ["intermediate_layer", "prediction_layer"])
@pytest.mark.parametrize("n_threads", [2, 4])
def test_any_number_of_cores_gives_the_loss_and_gradients_of_one(
    stage: str, n_threads: int, modules: dict[str, nn.Module]
) -> None:
    """With dropout: what is dropped of a row is the same whichever core has it."""
    (one, gradients), (shared, others) = results(modules[stage], 1), results(modules[stage], n_threads)
    assert {k: float(v.detach()) for k, v in shared.items()} == pytest.approx(
        {k: float(v.detach()) for k, v in one.items()}, rel=1e-5
    )
    for mine, other in zip(gradients, others, strict=True):
        assert (mine is None) == (other is None)
        if mine is not None and other is not None:
            assert torch.allclose(mine, other, rtol=1e-3, atol=1e-6)


def test_the_same_seeds_give_the_same_bits_of_every_gradient(modules: dict[str, nn.Module]) -> None:
    found = [results(modules["intermediate_layer"], 3)[1] for _ in range(5)]
    for other in found[1:]:
        assert all(a is b is None or torch.equal(a, b) for a, b in zip(found[0], other, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["counted", "dropped"])
def test_logits_come_back_in_the_order_of_the_rows(layout: Any, tmp_path: Path) -> None:
    model = loading.load_model(make_model(tmp_path, layers=2), seed=1).eval()
    found = []
    for n_threads in (1, 3):
        torch.set_num_threads(n_threads)
        with torch.no_grad():
            found.append(packed_bert.span_logits(model, batch_of(Rows()), layout))
    assert torch.allclose(found[0], found[1], rtol=0, atol=1e-6)


def test_rows_are_dealt_so_that_each_core_has_short_and_long_ones() -> None:
    lengths = torch.arange(16)
    parts = cores.split({"attention_mask": (torch.arange(16)[None] < lengths[:, None]).long()}, 4)
    assert sorted(torch.cat([rows for rows, _ in parts]).tolist()) == list(range(16))
    assert {int(lengths[rows].sum()) for rows, _ in parts} == {30}


def test_a_small_batch_stays_on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    torch.set_num_threads(2)
    assert [cores.n_parts(16, 112, width) for width in (64, 256)] == [1, 2]
    assert cores.n_parts(1, 512, 1024) == 1
    for width, expected in ((64, 1), (256, 2)):
        with cores.one_where_one_is_enough(16, 112, width):
            assert torch.get_num_threads() == expected
        assert torch.get_num_threads() == 2


def test_workers_keep_the_callers_modes_and_part_nothing_further() -> None:
    torch.set_num_threads(2)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        found = cores.each(
            [lambda: (torch.is_grad_enabled(), torch.is_autocast_enabled("cpu"), torch.get_num_threads())] * 2
        )
    assert found == [(False, True, 1)] * 2
    assert torch.get_num_threads() == 2


def test_a_worker_that_has_computed_nothing_yet_keeps_to_its_core_whatever_the_program_sets() -> None:
    """Else the bits of a gradient hang on which worker came late."""
    cores._workers.cache_clear()
    torch.set_num_threads(3)
    together = threading.Barrier(3)
    cores.each([together.wait] * 3)  # all three are there, and none has used torch
    torch.set_num_threads(3)

    def asked() -> int:
        together.wait()
        return torch.get_num_threads()

    assert cores.each([asked] * 3) == [1, 1, 1]


def test_an_error_in_a_worker_is_the_callers() -> None:
    torch.set_num_threads(2)

    def fails() -> None:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        cores.each([fails, fails])


def test_a_forked_process_has_workers_of_its_own() -> None:
    torch.set_num_threads(2)
    assert cores.each([lambda: 1, lambda: 2]) == [1, 2]
    child = os.fork()
    if not child:
        os._exit(0 if cores.each([lambda: 3, lambda: 4]) == [3, 4] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_seeds_of_rows_hang_on_seed_stage_step_and_place_alone() -> None:
    from harness.train.engine.loop import row_seeds

    first = row_seeds(42, "finetune", 3, 16)
    assert np.array_equal(first[:5], row_seeds(42, "finetune", 3, 5))
    others = [row_seeds(43, "finetune", 3, 16), row_seeds(42, "other", 3, 16), row_seeds(42, "finetune", 4, 16)]
    assert len({tuple(one) for one in (first, *others)}) == 4
    assert len(set(first.tolist())) == 16
    assert (first >= 0).all()
