"""x W' + b, forward and backward, on the CPU by whichever of torch's two libraries is the faster one at each product.

Measured on one core of an AMD EPYC with AVX-512, fp32, rows 900 to 10,000 by 64 to 3,072, in GFLOP/s: x W' 86 to 109 by
oneDNN and 67 to 98 by MKL, torch's default; the weights' gradient, whose factors oneDNN wants transposed, 45 to 83 and
85 to 101. On a GPU, under autocast and where torch is built without oneDNN torch's own.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from harness.train import interrupts


def is_available() -> bool:
    """Whether this torch has oneDNN's operator; it is torch's own, used by its compiler, and not part of its public
    face."""
    return hasattr(torch.ops.mkldnn, "_linear_pointwise")


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None, then: str = "none") -> Tensor:
    """x (N, I) times weight (O, I) transposed, plus bias (O,), `then` nothing or "gelu"; fp32 and contiguous."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, then, [], "none")
    return product


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return multiply(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        interrupts.check()
        grad = grads[0].contiguous()
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            multiply(grad, weight.t().contiguous()) if needs_x else None,
            grad.t() @ x if needs_weight else None,
            grad.sum(0) if needs_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same as torch's linear on rows x (N, I)."""
    if _is_torchs(x):
        return functional.linear(x, weight, bias)
    if torch.is_grad_enabled():
        product: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return product
    return multiply(x, weight, bias)


def linear_gelu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """GELU (the exact one, by erf) of `linear`; in one pass where no gradient is wanted."""
    if _is_torchs(x) or torch.is_grad_enabled():
        return functional.gelu(linear(x, weight, bias))
    return multiply(x, weight, bias, "gelu")


def _is_torchs(x: Tensor) -> bool:
    return x.device.type != "cpu" or torch.is_autocast_enabled("cpu") or not is_available()
