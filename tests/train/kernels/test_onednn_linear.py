"""Products by oneDNN are torch's own to rounding, forward and backward."""

import pytest
import torch
from torch.nn import functional

from harness.train.kernels.onednn_linear import is_available, linear


@pytest.mark.parametrize("shape", [(1, 8, 8), (5, 16, 3), (130, 33, 65)])
def test_a_product_and_its_gradients(shape: tuple[int, int, int]) -> None:
    assert is_available()
    n, n_in, n_out = shape
    torch.manual_seed(1)
    x, weight, bias = (torch.randn(*size, requires_grad=True) for size in ((n, n_in), (n_out, n_in), (n_out,)))
    factor = torch.randn(n, n_out)
    results = []
    for product in (linear, functional.linear):
        y = product(x, weight, bias)
        results.append((y, *torch.autograd.grad((y * factor).sum(), (x, weight, bias))))
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-4)


def test_what_needs_no_gradient_gets_none() -> None:
    x, weight, bias = torch.randn(4, 8), torch.randn(2, 8), torch.randn(2, requires_grad=True)
    linear(x, weight, bias).sum().backward()
    assert (x.grad, weight.grad) == (None, None)
    assert bias.grad is not None
    assert bias.grad.tolist() == [4.0, 4.0]


def test_under_autocast_it_is_torchs_own_in_bf16() -> None:
    x, weight, bias = torch.randn(4, 8), torch.randn(2, 8), torch.randn(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear(x, weight, bias).dtype == torch.bfloat16
