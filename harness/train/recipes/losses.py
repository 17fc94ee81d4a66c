"""Distillation losses as pure functions of tensors: Haystack 1.1's, and those of TinyBERT's own program.

Shapes: `B` batch, `T` tokens (padding included: neither program masks it), `H` heads, `D` hidden, `N` layers.
Sources: farm-haystack 1.1.0 `haystack/modeling/training/base.py`, TinyBERTDistillationTrainer and DistillationTrainer;
huawei-noah/Pretrained-Language-Model 0598f02, `TinyBERT/task_distill.py`.
Each mean is over all elements, or one of equal rows, so a micro-batch of n of B rows weighs exactly n / B.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from harness.train.kernels.cpu_attention import QueryKey, Segment
from harness.train.models.packing import Packed

NO_SCORE = -100.0  # TinyBERT's program takes every score at or below this for a masked one
_IMPOSSIBLE = -1e4  # a logit whose probability is 0 in fp32 and bf16, and whose products with 0 are no NaN


def uniform_layer_map(n_student: int, n_teacher: int) -> tuple[int, ...]:
    """Teacher layer of each student layer, both counted from 1: i -> i x (n_teacher / n_student), which must divide."""
    if n_teacher % n_student:
        raise ValueError(f"{n_teacher} teacher layers are no multiple of {n_student} student layers")
    return tuple(layer * (n_teacher // n_student) for layer in range(1, n_student + 1))


def first_layer_map(n_student: int, _: int) -> tuple[int, ...]:
    """The teacher's first layers: i -> i."""
    return tuple(range(1, n_student + 1))


def last_layer_map(n_student: int, n_teacher: int) -> tuple[int, ...]:
    """The teacher's last layers, in order."""
    return tuple(range(n_teacher - n_student + 1, n_teacher + 1))


LAYER_MAPS: Mapping[str, Callable[[int, int], tuple[int, ...]]] = {
    "uniform": uniform_layer_map,
    "first": first_layer_map,
    "last": last_layer_map,
}


def attention_terms(
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    layer_map: Sequence[int],
    real: Tensor | None = None,
    keeps_divisor: bool = False,
) -> list[Tensor]:
    """MSE of attention maps, (B, H, T, T) for each layer, one scalar a student layer.

    Haystack also zeroes entries <= -100, copied from a program that compares scores; on probabilities that does
    nothing and is left out. `real` (B, T), where given, keeps padded queries and keys out of the mean; with
    `keeps_divisor` out of the sum alone.
    """
    weight = None if real is None else (real[:, :, None] * real[:, None, :])[:, None]
    return [mse(student[i], teacher[layer - 1], weight, keeps_divisor) for i, layer in enumerate(layer_map)]


def hidden_terms(
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    layer_map: Sequence[int],
    real: Tensor | None = None,
    keeps_divisor: bool = False,
) -> list[Tensor]:
    """MSE of hidden states (B, T, D), one scalar a state; index 0 is the embedding output, matched to the teacher's.

    `real` (B, T), where given, keeps padded positions out of the mean; with `keeps_divisor` out of the sum alone.
    """
    weight = None if real is None else real[:, :, None]
    return [mse(student[i], teacher[layer], weight, keeps_divisor) for i, layer in enumerate((0, *layer_map))]


def packed_hidden_term(student: Tensor, teacher: Tensor, packed: Packed, n_all: int) -> Tensor:
    """The same of packed states (N, D): squares of the rows that count, over `n_all` elements."""
    if len(packed.kept) < len(packed.places):
        student, teacher = student[packed.kept], teacher[packed.kept]
    return functional.mse_loss(student.float(), teacher.float(), reduction="sum") / n_all


def mse(student: Tensor, teacher: Tensor, weight: Tensor | None = None, keeps_divisor: bool = False) -> Tensor:
    """Mean square difference over all elements; with a 0/1 `weight` over each row's kept ones, then over rows, or with
    `keeps_divisor` the sum of the kept ones over the number of all."""
    if weight is None:
        return functional.mse_loss(student, teacher)
    squares = functional.mse_loss(student, teacher, reduction="none")
    if keeps_divisor:
        return (squares * weight).sum() / squares.numel()
    kept = weight.expand_as(squares)
    return ((squares * kept).flatten(1).sum(1) / kept.flatten(1).sum(1)).mean()


def score_terms(student: Sequence[Tensor], teacher: Sequence[Tensor], layer_map: Sequence[int]) -> list[Tensor]:
    """TinyBERT's attention terms: MSE of scores before softmax, the masked ones (<= -100) set to 0 on both sides."""
    return attention_terms([_unmasked(one) for one in student], [_unmasked(one) for one in teacher], layer_map)


def gram_terms(student: Sequence[QueryKey], teacher: Sequence[QueryKey], packed: Packed, n_all: int) -> list[Tensor]:
    """The same terms without a single map, from queries (scaled) and keys (H, N, D / H); masked scores are 0 as there.

    |Qs Ks' - Qt Kt'|^2 = <Ks'Ks, Qs'Qs> - 2 <Kt'Ks, Qt'Qs> + <Kt'Kt, Qt'Qt>, with small products of D / H squared, over
    all queries and the keys that are not padding. In float64: the three nearly cancel. `n_all` divides.
    """
    terms = []
    for own, theirs in zip(student, teacher, strict=True):
        term = own.query.new_zeros((), dtype=torch.float64)
        for s, t in zip(_by_sequence(own, packed), _by_sequence(theirs, packed), strict=True):
            for (q1, k1), (q2, k2), factor in ((s, s, 1.0), (s, t, -2.0), (t, t, 1.0)):
                term = term + factor * ((k1.mT @ k2) * (q1.mT @ q2)).sum()
        terms.append((term / n_all).float())
    return terms


def _by_sequence(heads: QueryKey, packed: Packed) -> Iterator[tuple[Tensor, Tensor]]:
    """Queries that count and keys, float64, (H, rows, D / H) of each sequence in turn.

    A GPU gets all at once where they are equally long, as (H, sequences, rows, D / H): a product of one sequence takes
    less time there than asking for it.
    """
    segments = packed.segments
    if heads.query.device.type != "cpu" and len({(one.n_rows, one.n_counted) for one in segments}) == 1:
        yield _all_sequences(heads, segments)
        return
    for rows, keys in zip(packed.rows, packed.key_rows, strict=True):
        yield heads.query[:, rows].double(), heads.key[:, keys].double()


def _all_sequences(heads: QueryKey, segments: Sequence[Segment]) -> tuple[Tensor, Tensor]:
    """Queries and keys (H, sequences, rows, D / H) of equally long sequences; what is no key is 0."""
    n_heads, n_counted = len(heads.query), segments[0].n_counted
    shape = (n_heads, len(segments), segments[0].n_rows, -1)
    query, key = (one.view(shape)[:, :, :n_counted].double() for one in heads)
    n_keys = torch.tensor([one.n_keys for one in segments]).to(key.device, non_blocking=True)
    is_key = torch.arange(n_counted, device=key.device) < n_keys[:, None]
    return query, key.masked_fill(~is_key[:, :, None], 0.0)


def may_be_masked(layers: Sequence[QueryKey]) -> bool:
    """Whether a score could be at or below `NO_SCORE`, where the program would take it for a masked one."""
    largest = [heads.query.norm(dim=-1).max() * heads.key.norm(dim=-1).max() for heads in layers]
    return bool((torch.stack(largest) >= -NO_SCORE).any())


def _unmasked(scores: Tensor) -> Tensor:
    return scores.masked_fill(scores <= NO_SCORE, 0.0)


def soft_label_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL(teacher || student) of logits (B, T, 2) over the T axis, start and end summed, mean over B; no T^2 factor."""
    log_student = functional.log_softmax(student / temperature, dim=1)
    log_teacher = functional.log_softmax(teacher / temperature, dim=1)
    return functional.kl_div(log_student, log_teacher, reduction="batchmean", log_target=True)


def hard_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of logits (B, T, 2) with labels (B, 2), the mean of start and end, mean over B."""
    start = functional.cross_entropy(logits[..., 0], labels[:, 0])
    end = functional.cross_entropy(logits[..., 1], labels[:, 1])
    return (start + end) / 2


def without_padding(logits: Tensor, real: Tensor) -> Tensor:
    """Logits (B, T, 2) whose padded positions, those where `real` (B, T) is 0, can never be chosen."""
    return logits.masked_fill(real[:, :, None] == 0, _IMPOSSIBLE)


def prediction_loss(
    soft_loss: Tensor,
    hard_loss: Tensor,
    *,
    temperature: float,
    soft_label_weight: float,
    hard_label_weight: float,
    start_end: Literal["summed", "averaged"],
) -> Tensor:
    """soft_label_weight x temperature^2 x soft + hard_label_weight x hard.

    The soft term comes with start and end summed, as Haystack leaves it; the hard one is their mean in any case.
    """
    soft = soft_loss if start_end == "summed" else soft_loss / 2
    return soft_label_weight * temperature**2 * soft + hard_label_weight * hard_loss


def soft_cross_entropy(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """TinyBERT's soft-label loss: -p_teacher x log p_student, the mean over the last axis (classes) and all others.

    So it is 1 / n_classes of a cross-entropy; neither program nor paper multiplies by temperature^2.
    """
    target = functional.softmax(teacher / temperature, dim=-1)
    return (-target * functional.log_softmax(student / temperature, dim=-1)).mean()


def total(terms: Sequence[Tensor]) -> Tensor:
    """Plain sum; every term weighs 1."""
    return torch.stack(list(terms)).sum()


def named(attention: Sequence[Tensor], hidden: Sequence[Tensor]) -> dict[str, Tensor]:
    """An intermediate stage's terms for its log: the loss, its two sums, and each single term in layer order."""
    return {
        "loss": total([*attention, *hidden]),
        "attention": total(attention),
        "hidden": total(hidden),
        **{f"attention_{i}": term for i, term in enumerate(attention, start=1)},
        **{f"hidden_{i}": term for i, term in enumerate(hidden)},
    }
