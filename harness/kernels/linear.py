"""x W' + b by oneDNN, forward and backward; on a GPU torch's own."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def is_available() -> bool:
    """Whether this torch has the operator; it is torch's own, used by its compiler, and not part of its public face."""
    return hasattr(torch.ops.mkldnn, "_linear_pointwise")


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (N, I) times weight (O, I) transposed, plus bias (O,); fp32 and contiguous, or it is slow."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return multiply(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            multiply(grad, weight.t().contiguous()) if needs_x else None,
            multiply(grad.t().contiguous(), x.t().contiguous()) if needs_weight else None,
            grad.sum(0) if needs_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same as torch's linear on rows x (N, I); on a GPU that itself, and under autocast, where it is oneDNN's."""
    if x.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return functional.linear(x, weight, bias)
    if torch.is_grad_enabled():
        product: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return product
    return multiply(x, weight, bias)
