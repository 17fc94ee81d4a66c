"""BERT's encoder over rows that lie packed one behind the other, with the parameters of a loaded model.

The library's own modules hold the weights and are what is trained and saved; only the order of the arithmetic is ours
(`kernels/`), on the CPU, and on a GPU where there is Triton. A batch is packed in one of two ways: `counted` keeps
padded positions, which see the real tokens and count in every mean, as in the program that cards were made with;
`dropped` leaves them out. A padded position is never attended to, so none has a key or a value.

Known not to match the library: the random draws of dropout, and sums to rounding.
"""

import functools
import importlib.util
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from harness.train import cores, interrupts
from harness.train.kernels import cpu_attention
from harness.train.kernels.cpu_attention import QueryKey
from harness.train.kernels.dropout import Draws, dropped
from harness.train.kernels.onednn_linear import linear, linear_gelu
from harness.train.models import loading
from harness.train.models.packing import Layout, Packed, draws_of, is_in_blocks, pack, unpack

Map = QueryKey | tuple[Tensor, ...]  # of a layer: on a GPU what it is made from, on the CPU the map of each block
_log = logging.getLogger(__name__)
_LARGEST_HEAD = 64  # that the programs for a GPU have room for


class Layer(NamedTuple):
    """What a layer gives: its output (N, D), its `heads` and its `map` where they were asked for, the sum of squares of
    its map's distance from a teacher's."""

    output: Tensor
    heads: QueryKey | None
    map: Map | None
    distance: Tensor


def fits(model: Any) -> bool:
    """Whether a model is one whose encoder is known here: BERT as it was published, with weights in fp32."""
    bert = getattr(model, "base_model", None)
    if not isinstance(bert, BertModel):
        return False
    config = bert.config
    is_plain = not (config.is_decoder or config.add_cross_attention) and config.hidden_act == "gelu"
    weight = bert.embeddings.word_embeddings.weight
    return is_plain and weight.dtype == torch.float32 and _has_kernels(weight.device, config)


def on_all_cores(
    module: nn.Module, student: nn.Module, compute: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    batch: dict[str, Tensor],
) -> dict[str, Tensor]:  # fmt: skip
    """A loss's terms of a batch, which the cores of a CPU share where the student has the packed encoder."""
    if not fits(student):
        return compute(batch)
    return cores.shared_terms(compute, batch, list(module.parameters()), loading.width(student))


def _has_kernels(device: torch.device, config: Any) -> bool:
    if device.type == "cpu":
        return True
    size = config.hidden_size // config.num_attention_heads
    return device.type == "cuda" and size <= _LARGEST_HEAD and _has_triton(device)


@functools.cache
def _has_triton(device: torch.device) -> bool:
    """Whether attention by Triton works on a GPU, tried once; it is for those since compute capability 8.0."""
    if importlib.util.find_spec("triton") is None or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    from harness.train.kernels import (
        gpu_attention,  # here, because it imports Triton, which is there on some machines only
    )

    try:
        gpu_attention.check(device)
    except Exception as error:  # a compiler, an assembler and a driver, each with errors of its own
        _log.warning("%s: the library's own encoder is used; Triton's kernels fail there: %s", device, error)
        return False
    return True


def embed(model: Any, packed: Packed, draws: Draws | None = None) -> Tensor:
    """The embeddings' output (N, D), with dropout where the model is in training mode."""
    bert = model.base_model
    own = bert.embeddings
    # A model with one kind of segment takes both for it, as the library does.
    types = packed.types if own.token_type_embeddings.num_embeddings > 1 else torch.zeros_like(packed.types)
    words = own.word_embeddings(packed.ids) + own.token_type_embeddings(types)
    x: Tensor = own.LayerNorm(words + own.position_embeddings(packed.positions))
    return dropped(x, bert.config.hidden_dropout_prob, draws if bert.training else None, packed.rows)


def run_layer(
    model: Any,
    number: int,
    x: Tensor,
    packed: Packed,
    draws: Draws | None = None,
    *,
    teacher_map: Map | None = None,
    shows: Literal["map", "heads"] | None = None,
) -> Layer:
    """Layer `number`, from 1, of a model on x (N, D), with dropout where it is in training mode.

    `teacher_map` is the map of a teacher's layer that this one's is compared with; it is used up.
    """
    interrupts.check()
    bert, config = model.base_model, model.base_model.config
    layer, draws = bert.encoder.layer[number - 1], draws if bert.training else None
    own = layer.attention.self
    seen = x if packed.keys is None else x.index_select(0, packed.keys)
    query, key, value = _of(own.query, x), _of(own.key, seen), _of(own.value, seen)
    attended, heads, map_, distance = _attend(query, key, value, packed, config, draws, teacher_map, shows)
    out = layer.attention.output
    rows, rate = packed.rows, config.hidden_dropout_prob
    x = _normed(out.LayerNorm, dropped(_of(out.dense, attended).float(), rate, draws, rows), x)
    inner = linear_gelu(x, layer.intermediate.dense.weight, layer.intermediate.dense.bias)
    x = _normed(layer.output.LayerNorm, dropped(_of(layer.output.dense, inner).float(), rate, draws, rows), x)
    return Layer(x, heads, map_, distance)


def _attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packed: Packed,
    config: Any,
    draws: Draws | None,
    teacher_map: Map | None,
    shows: Literal["map", "heads"] | None,
) -> tuple[Tensor, QueryKey | None, Map | None, Tensor]:
    """Output, heads and map as asked for, distance."""
    n_heads, rate = config.num_attention_heads, config.attention_probs_dropout_prob
    scale = (config.hidden_size // n_heads) ** -0.5

    def heads_of(x: Tensor) -> Tensor:
        return x.view(len(x), n_heads, -1).transpose(0, 1)

    in_blocks = is_in_blocks(query.device)
    heads = QueryKey(heads_of(query * scale), heads_of(key)) if shows == "heads" or not in_blocks else None
    if in_blocks or heads is None:
        if isinstance(teacher_map, QueryKey):
            raise TypeError("queries and keys are a GPU's way to hand a map on, of no use on the CPU")
        found = cpu_attention.attend(
            query, key, value, packed.blocks, n_heads,
            dropout=rate, draws=draws, teacher_map=teacher_map, shows=shows == "map",
        )  # fmt: skip
        return found.output, heads, found.maps, found.distance
    if not isinstance(teacher_map, QueryKey | None):
        raise TypeError("a map of blocks is the CPU's, of no use on a GPU")
    from harness.train.kernels import gpu_attention  # here for the same reason as above

    output, distance = gpu_attention.attend(*heads, heads_of(value), packed.segments, rate, draws, teacher_map)
    return output, heads, heads, distance


def span_logits(
    model: Any, batch: Mapping[str, Tensor], layout: Layout = "counted", head_dropout: nn.Dropout | None = None
) -> Tensor:
    """Logits (B, T, 2) of a model's span head in fp32, start first: over packed rows, or by the library's own encoder.

    Packed, they are 0 at positions that were left out.
    """
    if not fits(model):
        plain: Tensor = loading.span_logits(model, batch, head_dropout).logits.float()
        return plain
    work = functools.partial(_packed_logits, model, layout=layout, head_dropout=head_dropout)
    is_here = batch["attention_mask"].device.type == "cpu"
    if not is_here or torch.is_grad_enabled() or torch.get_num_threads() == 1:
        return work(batch)
    n_rows, n_tokens = batch["attention_mask"].shape
    n = cores.n_parts(n_rows, n_tokens, loading.width(model))
    parts = cores.split(batch, n)
    logits = cores.each([functools.partial(work, part) for _, part in parts])
    return torch.cat(logits)[torch.cat([rows for rows, _ in parts]).argsort()]


def _packed_logits(model: Any, batch: Mapping[str, Tensor], layout: Layout, head_dropout: nn.Dropout | None) -> Tensor:
    packed = pack(batch, layout, loading.n_heads(model))
    draws = draws_of(batch, packed) if model.training else None
    x = embed(model, packed, draws)
    for number in range(1, loading.n_layers(model) + 1):
        x = run_layer(model, number, x, packed, draws).output
    if head_dropout is not None and head_dropout.training:
        x = dropped(x, head_dropout.p, draws, packed.rows)
    logits = functional.linear(x, model.qa_outputs.weight, model.qa_outputs.bias)
    return unpack(packed, logits.float(), 0.0)


def _of(module: Any, x: Tensor) -> Tensor:
    return linear(x, module.weight, module.bias)


def _normed(norm: nn.Module, x: Tensor, residual: Tensor) -> Tensor:
    normed: Tensor = norm(x + residual)
    return normed
