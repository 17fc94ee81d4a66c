"""A pass through an encoder is given up within a layer, forward and backward, on one core and on several."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.train import cores, interrupts
from harness.train.interrupts import GivenUpError
from harness.train.kernels import cpu_attention
from harness.train.models import loading, packing
from harness.train.recipes.haystack import IntermediateLayerLoss
from tests.tiny import make_model
from tests.train.models.test_packed_bert import Rows, batch_of


@pytest.fixture(params=[1, 2], ids=["one core", "two cores"])
def n_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(cores, "LEAST", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def module(tmp_path: Path) -> nn.Module:
    teacher, student = (loading.load_model(make_model(tmp_path / str(n), layers=n), seed=1) for n in (4, 2))
    return IntermediateLayerLoss(student.train(), teacher.eval(), (2, 4))


class Count:
    """Stands before a function, counts its calls, and at the `at`th an interruption is there, as one by a signal is."""

    def __init__(self, function: Any, at: int) -> None:
        self.function, self.at, self.n = function, at, 0

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.n += 1
        if self.n == self.at:
            interrupts._has_come.set()
        return self.function(*given, **named)


def given_up_in(module: nn.Module) -> Tensor:
    with interrupts.deferred(), interrupts.given_up(is_allowed=True):
        loss: Tensor = module({**batch_of(Rows()), "seeds": torch.arange(6)})["loss"]
        loss.backward()
    return loss


def test_a_forward_pass_is_given_up_before_the_next_layer(
    module: nn.Module, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    attend = Count(cpu_attention.attend, at=2)
    monkeypatch.setattr(cpu_attention, "attend", attend)
    with pytest.raises(GivenUpError):
        given_up_in(module)
    assert attend.n <= 1 + n_threads  # of 6 layers: none is entered once it came, but one that another core was in


def test_a_backward_pass_is_given_up_before_the_next_layer(
    module: nn.Module, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    backward = Count(torch._softmax_backward_data, at=1)
    monkeypatch.setattr(cpu_attention.torch, "_softmax_backward_data", backward)
    blocks = len(packing.pack(batch_of(Rows()), "counted", 2).blocks)
    with pytest.raises(GivenUpError):
        given_up_in(module)
    assert 1 <= backward.n <= n_threads * blocks  # one layer of the student's two


def test_without_leave_nothing_is_given_up(module: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where several processes wait for one another."""
    monkeypatch.setattr(cpu_attention, "attend", Count(cpu_attention.attend, at=2))
    with interrupts.deferred(), interrupts.given_up(is_allowed=False):
        module({**batch_of(Rows()), "seeds": torch.arange(6)})["loss"].backward()
        assert interrupts._has_come.is_set()
    interrupts.check()
