"""BERT's encoder over rows that lie packed one behind the other, with the parameters of a loaded model.

The library's own modules hold the weights and are what is trained and saved; only the order of the arithmetic is ours
(`kernels/`), on the CPU, and on a GPU where there is Triton. A batch is packed in one of two ways: `counted` keeps
padded positions, which see the real tokens and count in every mean, as in the program that cards were made with;
`dropped` leaves them out.

Known not to match the library: the random draws of dropout, and sums to rounding.
"""

import functools
import importlib.util
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from harness import models
from harness.kernels import attention
from harness.kernels import linear as products
from harness.kernels.attention import ROUND, Heads, Stretch
from harness.kernels.dropout import Dropout
from harness.kernels.linear import linear

Layout = Literal["counted", "dropped"]
_log = logging.getLogger(__name__)
_LARGEST_HEAD = 64  # that the programs for a GPU have room for


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of B rows of up to T tokens as N packed ones: `ids`, `types`, `positions` (N), `counted` (N) 0 or 1.

    `places` (N) are their indices among the B x T of the batch; a padded position that fills a row up to a round number
    counts for nothing. `kept` are the indices among the N of those that are counted."""

    ids: Tensor
    types: Tensor
    positions: Tensor
    counted: Tensor
    kept: Tensor
    places: Tensor
    stretches: tuple[Stretch, ...]
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class States:
    """`hidden` holds N x D for the embeddings and each layer, `heads` the layers that were asked for, `distances` the
    sum of squares of each layer's map from its teacher's."""

    hidden: tuple[Tensor, ...]
    heads: Mapping[int, Heads]
    distances: Mapping[int, Tensor]


def fits(model: Any) -> bool:
    """Whether a model is one whose encoder is known here: BERT as it was published, with weights in fp32."""
    bert = getattr(model, "base_model", None)
    if not isinstance(bert, BertModel):
        return False
    config = bert.config
    is_plain = not (config.is_decoder or config.add_cross_attention) and config.hidden_act == "gelu"
    weight = bert.embeddings.word_embeddings.weight
    return is_plain and weight.dtype == torch.float32 and _has_kernels(weight.device, config)


def _has_kernels(device: torch.device, config: Any) -> bool:
    if device.type == "cpu":
        return products.is_available()
    size = config.hidden_size // config.num_attention_heads
    return device.type == "cuda" and size <= _LARGEST_HEAD and _has_triton(device)


@functools.cache
def _has_triton(device: torch.device) -> bool:
    """Whether attention by Triton works on a GPU, tried once; it is for those since compute capability 8.0."""
    if importlib.util.find_spec("triton") is None or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    from harness.kernels import fused  # here, because it imports Triton, which is there on some machines only

    try:
        fused.check(device)
    except Exception as error:  # a compiler, an assembler and a driver, each with errors of its own
        _log.warning("%s: the library's own encoder is used; Triton's kernels fail there: %s", device, error)
        return False
    return True


def pack(batch: Mapping[str, Tensor], layout: Layout) -> Packed:
    """Packs `input_ids`, `attention_mask` and `token_type_ids` (B, T); real tokens come first in a row.

    With `lengths` (B) on the host, which are the sums of the mask, a GPU is not waited for.
    """
    mask = batch["attention_mask"]
    n_rows, n_tokens = mask.shape
    lengths = (batch["lengths"] if "lengths" in batch else mask.sum(1)).tolist()
    stretches, places, counted, begin = [], [], [], 0
    for row, length in enumerate(lengths):
        n_counted = n_tokens if layout == "counted" else length
        n_taken = min(-(-n_counted // ROUND) * ROUND, n_tokens)
        stretches.append(Stretch(begin, n_taken, length, n_counted))
        own = torch.arange(n_taken)
        counted.append(own < n_counted)
        places.append(row * n_tokens + own)
        begin += n_taken
    is_counted = torch.cat(counted)
    at, kept, is_counted = (
        one.to(mask.device, non_blocking=True) for one in (torch.cat(places), is_counted.nonzero()[:, 0], is_counted)
    )
    return Packed(
        ids=batch["input_ids"].reshape(-1)[at],
        types=batch["token_type_ids"].reshape(-1)[at],
        positions=at % n_tokens,
        counted=is_counted,
        kept=kept,
        places=at,
        stretches=tuple(stretches),
        shape=(n_rows, n_tokens),
    )


def unpack(packed: Packed, values: Tensor, fill: float) -> Tensor:
    """Packed values (N, …) as (B, T, …), with `fill` where a position was left out."""
    n_rows, n_tokens = packed.shape
    whole = values.new_full((n_rows * n_tokens, *values.shape[1:]), fill)
    filled = whole.index_put((packed.places[packed.kept],), values[packed.kept])
    return filled.view(n_rows, n_tokens, *values.shape[1:])


def run(
    model: Any,
    packed: Packed,
    *,
    depth: int | None = None,
    show: Collection[int] = (),
    taught: Mapping[int, Heads] | None = None,
) -> States:
    """The hidden states of a model up to layer `depth`, of all without it, with dropout where it is in training mode.

    `show` names layers, from 1, whose queries and keys are handed out; `taught` those whose map is compared with a
    teacher's.
    """
    bert, config = model.base_model, model.base_model.config
    is_training = bool(bert.training)
    drop = Dropout(config.hidden_dropout_prob) if is_training else None
    drop_probs = Dropout(config.attention_probs_dropout_prob) if is_training else None
    split, attend = _kernels(packed.ids.device)
    hidden = [_embedded(bert.embeddings, packed, drop)]
    heads: dict[int, Heads] = {}
    distances: dict[int, Tensor] = {}
    for number, layer in enumerate(bert.encoder.layer[:depth], start=1):
        x = hidden[-1]
        query, key, value = (
            split(_of(part, x), config.num_attention_heads)
            for part in (layer.attention.self.query, layer.attention.self.key, layer.attention.self.value)
        )
        query = query * query.shape[-1] ** -0.5
        mine = (taught or {}).get(number)
        attended, distance = attend(query, key, value, packed.stretches, drop_probs, mine)
        if number in show:
            heads[number] = Heads(query, key)
        if mine is not None:
            distances[number] = distance
        out = layer.attention.output
        x = _normed(out.LayerNorm, _of(out.dense, attended), x, drop)
        inner = functional.gelu(_of(layer.intermediate.dense, x))
        hidden.append(_normed(layer.output.LayerNorm, _of(layer.output.dense, inner), x, drop))
    return States(tuple(hidden), heads, distances)


def _kernels(device: torch.device) -> tuple[Callable[..., Tensor], Callable[..., tuple[Tensor, Tensor]]]:
    """How heads are split and attended over."""
    if device.type == "cpu":
        return attention.heads_of, attention.attend
    from harness.kernels import fused  # here for the same reason as above

    return fused.heads_of, fused.attend


def span_logits(
    model: Any, batch: Mapping[str, Tensor], layout: Layout = "counted", head_dropout: nn.Dropout | None = None
) -> Tensor:
    """Logits (B, T, 2) of a model's span head in fp32, start first: over packed rows, or by the library's own encoder.

    Packed, they are 0 at positions that were left out.
    """
    if not fits(model):
        plain: Tensor = models.span_logits(model, batch, head_dropout).logits.float()
        return plain
    packed = pack(batch, layout)
    hidden = run(model, packed).hidden[-1]
    if head_dropout is not None and head_dropout.p and head_dropout.training:
        hidden = Dropout(head_dropout.p)(hidden)
    logits = functional.linear(hidden, model.qa_outputs.weight, model.qa_outputs.bias)
    return unpack(packed, logits.float(), 0.0)


def _embedded(embeddings: Any, packed: Packed, drop: Dropout | None) -> Tensor:
    words = embeddings.word_embeddings(packed.ids) + embeddings.token_type_embeddings(packed.types)
    x: Tensor = embeddings.LayerNorm(words + embeddings.position_embeddings(packed.positions))
    return x if drop is None else drop(x)


def _of(module: Any, x: Tensor) -> Tensor:
    return linear(x, module.weight, module.bias)


def _normed(norm: nn.Module, x: Tensor, residual: Tensor, drop: Dropout | None) -> Tensor:
    normed: Tensor = norm((x.float() if drop is None else drop(x.float())) + residual)
    return normed
