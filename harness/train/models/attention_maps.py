"""Which attention map a model hands out beside its output: scores, probabilities, or probabilities after dropout.

transformers' own eager attention returns probabilities after dropout, so a student in training mode shows noise and
zeros there. A loss on scores (TinyBERT's own program) or on clean probabilities needs the same computation with
another part of it returned. Output and random draws are those of the eager path, bit for bit.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

Probs = Literal["after_dropout", "before_dropout"]
Map = Literal["scores"] | Probs


def show_maps(model: Any, kind: Map) -> None:
    """Makes a loaded model return this kind of map, (B, H, T, T) a layer, when asked for its attentions."""
    name = "eager" if kind == "after_dropout" else f"eager_{kind}"
    if kind != "after_dropout":
        AttentionInterface.register(name, _attend_and_show(kind))
        AttentionMaskInterface.register(name, eager_mask)
    model.set_attn_implementation(name)


def _attend_and_show(kind: Map) -> Callable[..., tuple[Tensor, Tensor]]:
    def attend(
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        scaling: float | None = None,
        dropout: float = 0.0,
        **_: Any,
    ) -> tuple[Tensor, Tensor]:
        """Query, key and value are (B, H, T, D / H); the mask is added to the scores, so masked keys lie far below."""
        scores = torch.matmul(query, key.transpose(2, 3)) * (query.size(-1) ** -0.5 if scaling is None else scaling)
        if attention_mask is not None:
            scores = scores + attention_mask
        probs = functional.softmax(scores, dim=-1)
        output = torch.matmul(functional.dropout(probs, p=dropout, training=module.training), value)
        return output.transpose(1, 2).contiguous(), scores if kind == "scores" else probs

    return attend
