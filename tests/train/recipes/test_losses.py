"""Distillation losses against the same formulas written out in numpy, float64."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.train.kernels.cpu_attention import QueryKey, Segment
from harness.train.recipes import losses

B, T = 6, 5


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


STUDENT, TEACHER = drawn(B, T, 2, seed=1), drawn(B, T, 2, seed=2)
LABELS = torch.tensor([[0, 0], [1, 4], [4, 4], [2, 3], [0, 1], [3, 3]])


@pytest.mark.parametrize(
    ("layer_map", "expected"),
    [
        (losses.uniform_layer_map(6, 12), (2, 4, 6, 8, 10, 12)),
        (losses.uniform_layer_map(4, 4), (1, 2, 3, 4)),
        (losses.first_layer_map(2, 5), (1, 2)),
        (losses.last_layer_map(2, 5), (4, 5)),
    ],
)
def test_a_layer_map_counts_teacher_layers_from_one(layer_map: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert layer_map == expected


def test_a_uniform_map_needs_a_multiple_of_layers() -> None:
    with pytest.raises(ValueError, match="12 teacher layers are no multiple of 5"):
        losses.uniform_layer_map(5, 12)


def test_attention_terms_compare_each_student_layer_with_its_teacher_layer() -> None:
    student = [drawn(B, 2, T, T, seed=seed) for seed in (1, 2)]
    teacher = [drawn(B, 2, T, T, seed=seed) for seed in (3, 4, 5, 6)]
    found = losses.attention_terms(student, teacher, (2, 4))
    pairs = ((student[0], teacher[1]), (student[1], teacher[3]))
    assert [float(term) for term in found] == pytest.approx([float(((s - t) ** 2).mean()) for s, t in pairs])


def test_hidden_terms_begin_with_the_embedding_output() -> None:
    student = [drawn(B, T, 4, seed=seed) for seed in (1, 2, 3)]
    teacher = [drawn(B, T, 4, seed=seed) for seed in (4, 5, 6, 7, 8)]
    found = losses.hidden_terms(student, teacher, (2, 4))
    pairs = zip(student, (teacher[0], teacher[2], teacher[4]), strict=True)
    assert [float(term) for term in found] == pytest.approx([float(((s - t) ** 2).mean()) for s, t in pairs])


@pytest.mark.parametrize("temperature", [1.0, 2.0, 0.5])
def test_soft_labels_are_a_divergence_over_tokens_summed_over_start_and_end(temperature: float) -> None:
    taught, learnt = softmax(TEACHER.numpy() / temperature), softmax(STUDENT.numpy() / temperature)
    expected = (taught * (np.log(taught) - np.log(learnt))).sum(axis=(1, 2)).mean()
    assert float(losses.soft_label_loss(STUDENT, TEACHER, temperature)) == pytest.approx(expected, rel=1e-12)


def test_soft_labels_cost_nothing_where_the_student_agrees_up_to_a_constant() -> None:
    assert float(losses.soft_label_loss(TEACHER + 3, TEACHER, 1.0)) == pytest.approx(0, abs=1e-12)


def test_hard_labels_are_the_mean_of_start_and_end_cross_entropy() -> None:
    learnt = softmax(STUDENT.numpy())
    rows = np.arange(B)
    start, end = learnt[rows, LABELS[:, 0], 0], learnt[rows, LABELS[:, 1], 1]
    expected = -(np.log(start) + np.log(end)).mean() / 2
    assert float(losses.hard_label_loss(STUDENT, LABELS)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("start_end", "soft"), [("summed", 3.0), ("averaged", 1.5)])
def test_the_soft_loss_weighs_with_the_square_of_the_temperature(start_end: Any, soft: float) -> None:
    loss = losses.prediction_loss(
        torch.tensor(3.0), torch.tensor(5.0), temperature=2.0, soft_label_weight=0.7, hard_label_weight=0.3,
        start_end=start_end,
    )  # fmt: skip
    assert float(loss) == pytest.approx(0.7 * 4 * soft + 0.3 * 5)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_soft_cross_entropy_is_the_mean_over_classes_and_all_else(temperature: float) -> None:
    student, teacher = drawn(B, 2, T, seed=1), drawn(B, 2, T, seed=2)
    taught = np.exp(teacher.numpy() / temperature) / np.exp(teacher.numpy() / temperature).sum(-1, keepdims=True)
    learnt = np.exp(student.numpy() / temperature) / np.exp(student.numpy() / temperature).sum(-1, keepdims=True)
    found = float(losses.soft_cross_entropy(student, teacher, temperature))
    assert found == pytest.approx(-(taught * np.log(learnt)).sum() / (B * 2 * T), rel=1e-12)


def test_scores_that_only_a_mask_can_explain_count_as_zero_on_both_sides() -> None:
    student, teacher = (torch.tensor([[[[one, two]]]]) for one, two in ((-100.0, 2.0), (5.0, -3.4e38)))
    (term,) = losses.score_terms([student], [teacher], (1,))
    assert float(term) == pytest.approx((5.0**2 + 2.0**2) / 2)


# --- padding left out: rows of which only a part is real ---

REAL = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]] * 2)


def test_masked_means_are_those_of_each_row_s_real_positions_alone() -> None:
    student, teacher = drawn(B, T, 4, seed=1), drawn(B, T, 4, seed=2)
    (found,) = losses.hidden_terms([student], [teacher], (), REAL)
    rows = [((student[i, :n] - teacher[i, :n]) ** 2).mean() for i, n in enumerate(REAL.sum(1).tolist())]
    assert float(found) == pytest.approx(float(sum(rows)) / B)
    student, teacher = drawn(B, 2, T, T, seed=3), drawn(B, 2, T, T, seed=4)
    (found,) = losses.attention_terms([student], [teacher], (1,), REAL)
    rows = [((student[i, :, :n, :n] - teacher[i, :, :n, :n]) ** 2).mean() for i, n in enumerate(REAL.sum(1).tolist())]
    assert float(found) == pytest.approx(float(sum(rows)) / B)


def test_masked_soft_labels_are_a_divergence_over_real_positions_alone() -> None:
    found = losses.soft_label_loss(losses.without_padding(STUDENT, REAL), losses.without_padding(TEACHER, REAL), 2.0)
    rows = [
        float(losses.soft_label_loss(STUDENT[i : i + 1, :n], TEACHER[i : i + 1, :n], 2.0))
        for i, n in enumerate(REAL.sum(1).tolist())
    ]
    assert float(found) == pytest.approx(sum(rows) / B, rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_part_of_n_rows_weighs_n_in_the_batch(n: int) -> None:
    def all_losses(rows: slice) -> list[float]:
        student, teacher = STUDENT[rows], TEACHER[rows]
        found = [
            losses.soft_label_loss(student, teacher, 2.0),
            losses.hard_label_loss(student, LABELS[rows]),
            losses.total(losses.hidden_terms([student, student], [teacher, student], (1,))),
            losses.total(losses.attention_terms([student], [teacher], (1,))),
            losses.total(losses.hidden_terms([student, student], [teacher, student], (1,), REAL[rows])),
            losses.soft_cross_entropy(student.transpose(1, 2), teacher.transpose(1, 2), 2.0),
        ]
        return [float(loss) for loss in found]

    parts = zip(all_losses(slice(n)), all_losses(slice(n, None)), strict=True)
    assert [(a * n + b * (B - n)) / B for a, b in parts] == pytest.approx(all_losses(slice(None)))


def test_sequences_all_at_once_give_the_terms_of_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a GPU takes them: padded keys are zeroed there, here cut off."""
    segments = tuple(Segment(16 * n, 16, n_keys, 16) for n, n_keys in enumerate((16, 5, 1)))
    rows = [slice(one.begin, one.begin + one.n_counted) for one in segments]
    keys = [slice(one.begin, one.begin + one.n_keys) for one in segments]
    packed: Any = SimpleNamespace(segments=segments, rows=rows, key_rows=keys)
    leaves = [drawn(2, 48, 4, seed=seed).float().requires_grad_() for seed in (1, 2)]
    theirs = QueryKey(drawn(2, 48, 4, seed=3).float(), drawn(2, 48, 4, seed=4).float())
    found = []
    for is_at_once in (False, True):
        if is_at_once:
            monkeypatch.setattr(
                losses, "_by_sequence", lambda one, given: iter([losses._all_sequences(one, given.segments)])
            )
        (term,) = losses.gram_terms([QueryKey(*leaves)], [theirs], packed, 100)
        found.append((term, *torch.autograd.grad(term, leaves)))
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("norm", "expected"), [(9.9, False), (10.1, True)])
def test_one_long_query_and_key_of_any_layer_may_make_a_masked_score(norm: float, expected: bool) -> None:
    short, long = (QueryKey(torch.full((1, 2, 1), one), torch.full((1, 2, 1), one)) for one in (1.0, norm))
    assert losses.may_be_masked([short, long]) is expected
