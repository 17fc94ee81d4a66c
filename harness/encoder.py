"""BERT's encoder on the CPU over rows that lie packed one behind the other, with the parameters of a loaded model.

The library's own modules hold the weights and are what is trained and saved; only the order of the arithmetic is ours
(`kernels/`). A batch is packed in one of two ways: `counted` keeps padded positions, which see the real tokens and
count in every mean, as in the program that cards were made with; `dropped` leaves them out.

Known not to match the library: the random draws of dropout, and sums to rounding.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from harness import models
from harness.kernels import linear as products
from harness.kernels.attention import ROUND, Heads, Stretch, attend, heads_of
from harness.kernels.dropout import Dropout
from harness.kernels.linear import linear

Layout = Literal["counted", "dropped"]


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of B rows of up to T tokens as N packed ones: `ids`, `types`, `positions` (N), `counted` (N) 0 or 1.

    `places` (N) are their indices among the B x T of the batch; a padded position that fills a row up to a round number
    counts for nothing."""

    ids: Tensor
    types: Tensor
    positions: Tensor
    counted: Tensor
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
    """Whether a model is one whose encoder is known here: BERT as it was published, in fp32 on the CPU."""
    bert = getattr(model, "base_model", None)
    if not isinstance(bert, BertModel) or not products.is_available():
        return False
    config = bert.config
    is_plain = not (config.is_decoder or config.add_cross_attention) and config.hidden_act == "gelu"
    weight = bert.embeddings.word_embeddings.weight
    return is_plain and weight.device.type == "cpu" and weight.dtype == torch.float32


def pack(batch: Mapping[str, Tensor], layout: Layout) -> Packed:
    """Packs `input_ids`, `attention_mask` and `token_type_ids` (B, T); real tokens come first in a row."""
    mask = batch["attention_mask"]
    n_rows, n_tokens = mask.shape
    lengths = mask.sum(1).tolist()
    stretches, places, counted, begin = [], [], [], 0
    for row, length in enumerate(lengths):
        n_counted = n_tokens if layout == "counted" else length
        n_taken = min(-(-n_counted // ROUND) * ROUND, n_tokens)
        stretches.append(Stretch(begin, n_taken, length, n_counted))
        own = torch.arange(n_taken)
        counted.append(own < n_counted)
        places.append(row * n_tokens + own)
        begin += n_taken
    at = torch.cat(places)
    return Packed(
        ids=batch["input_ids"].reshape(-1)[at],
        types=batch["token_type_ids"].reshape(-1)[at],
        positions=at % n_tokens,
        counted=torch.cat(counted),
        places=at,
        stretches=tuple(stretches),
        shape=(n_rows, n_tokens),
    )


def unpack(packed: Packed, values: Tensor, fill: float) -> Tensor:
    """Packed values (N, …) as (B, T, …), with `fill` where a position was left out."""
    n_rows, n_tokens = packed.shape
    whole = values.new_full((n_rows * n_tokens, *values.shape[1:]), fill)
    kept = packed.counted
    filled = whole.index_put((packed.places[kept],), values[kept])
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
    hidden = [_embedded(bert.embeddings, packed, drop)]
    heads: dict[int, Heads] = {}
    distances: dict[int, Tensor] = {}
    for number, layer in enumerate(bert.encoder.layer[:depth], start=1):
        x = hidden[-1]
        query, key, value = (
            heads_of(_of(part, x).float(), config.num_attention_heads)
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
