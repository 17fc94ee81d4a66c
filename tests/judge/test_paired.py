"""Two sets of answers compared question by question, against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from harness.judge.paired import decompose, mcnemar, paired_difference
from harness.record.parts import ScoredAnswer


def rows(exact: list[int], f1: list[float] | None = None, paragraphs: list[int] | None = None) -> list[ScoredAnswer]:
    return [
        scored(str(i), e, (f1 or exact)[i], (paragraphs or [i // 3 for i in range(99)])[i]) for i, e in enumerate(exact)
    ]


def scored(question: str, exact: int, f1: float, paragraph: int | None = None) -> ScoredAnswer:
    return ScoredAnswer(
        id=question, has_answer=True, prediction="", exact=exact, f1=f1, paragraph=paragraph,
        token_exact=None, token_f1=None, span_over_null=None,
    )  # fmt: skip


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 5), (1, 9), (12, 3), (200, 150)])
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost, 0.5).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(min(1.0, expected), rel=1e-9)


def test_a_hop_counts_what_only_one_of_them_gets_right() -> None:
    found = paired_difference("exact", rows([1, 1, 0, 0, 1]), rows([1, 0, 1, 1, 1]), seed=1)
    assert (found.first, found.second, found.difference) == (60.0, 80.0, pytest.approx(20.0))
    assert (found.gained, found.lost) == (2, 1)


def test_the_interval_holds_the_difference_and_widens_when_paragraphs_move_together() -> None:
    random = np.random.default_rng(3)
    paragraph = [i // 10 for i in range(600)]
    shared = random.normal(0, 0.5, 60)
    first = [0.5] * 600
    alone = [0.5 + float(x) for x in random.normal(0, 0.5, 600)]
    together = [0.5 + float(shared[p]) for p in paragraph]
    widths = []
    for second in (alone, together):
        a, b = rows([0] * 600, first, paragraph), rows([0] * 600, second, paragraph)
        found = paired_difference("f1", a, b, seed=1)
        assert found.interval is not None
        low, high = found.interval
        assert low < found.difference < high
        widths.append(high - low)
    assert widths[0] == pytest.approx(2 * 1.96 * 100 * 0.5 / 600**0.5, rel=0.15)
    assert widths[1] == pytest.approx(2 * 1.96 * 100 * 0.5 / 60**0.5, rel=0.25)


def test_answers_to_other_questions_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not of the same questions"):
        paired_difference("exact", rows([1, 0]), rows([1, 0, 1]), seed=1)


def test_rows_without_paragraphs_have_no_interval() -> None:
    plain = [scored("1", 1, 1.0), scored("2", 0, 0.5)]
    assert paired_difference("exact", plain, plain, seed=1).interval is None


def test_both_hops_and_the_share_of_the_teacher() -> None:
    student, published, teacher = rows([1, 1, 0, 0]), rows([1, 1, 1, 0]), rows([1, 1, 1, 1])
    found = decompose("exact", 71.0, student, published=published, teacher=teacher, seed=1)
    assert (found.published, found.student, found.teacher, found.retention) == (75.0, 50.0, 100.0, 50.0)
    assert found.training is not None
    assert found.training.difference == -25.0
    alone = decompose("exact", 71.0, student, published=None, teacher=None, seed=1)
    assert (alone.published, alone.training, alone.retention) == (None, None, None)
