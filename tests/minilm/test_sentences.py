"""The sentences of the page: gaps by question, and where a score is beside that of never answering."""

import dataclasses

import pytest

from tests.minilm.hard_case import lifted, never_answering
from tests.minilm.phrases import by_question
from tests.minilm.records import BOTH, SQUAD2, TEACHER, Told, of_arm, runs

PLAIN_2 = "plain, 2 epochs"


def scored(one: Told, exact: float, f1: float) -> Told:
    return dataclasses.replace(one, scores={**one.scores, "exact": exact, "f1": f1})


def test_a_gap_by_question_is_told_seed_by_seed_and_wins_on_average() -> None:
    ours, others = of_arm(runs(SQUAD2), BOTH), of_arm(runs(SQUAD2), PLAIN_2)
    gap, won = [], []
    for one, other in ((a, b) for a in ours for b in others if a.seed == b.seed):
        gap.append(one.scores["f1"] - other.scores["f1"])
        won.append(sum(a.exact > b.exact for a, b in zip(one.rows, other.rows, strict=True)))
    said = by_question(ours, others)
    assert said.startswith(f"By question, 2 seeds, f1 {min(gap):+.2f} to {max(gap):+.2f} (95 % intervals within ")
    assert f"; {sum(won) / 2:,.0f} won and " in said
    assert said.endswith(" lost a seed.")


def test_one_seed_has_one_interval_and_none_nothing_to_say() -> None:
    ours, others = of_arm(runs(SQUAD2), BOTH), of_arm(runs(SQUAD2), PLAIN_2)
    said = by_question(ours[:1], others)
    assert said.startswith(f"By question, seed {ours[0].seed}, f1 +")
    assert " (95 % interval +" in said
    assert by_question(ours[:1], others[1:]) == ""


@pytest.mark.parametrize(
    ("exact", "f1", "said"),
    [(2.0, 3.5, "exact 2.00 and f1 3.50 above"), (-1.0, -0.5, "exact 1.00 and f1 0.50 below"),
     (-1.0, 0.5, "exact 1.00 below and f1 0.50 above")],
)  # fmt: skip
def test_a_score_is_told_beside_that_of_never_answering(exact: float, f1: float, said: str) -> None:
    found = runs(SQUAD2)
    never, teacher = never_answering(found), of_arm(found, TEACHER)
    student = scored(of_arm(found, BOTH)[0], never + exact, never + f1)
    (line,) = lifted(found, [*teacher, student])
    assert f", to {said} what never answering scores" in line
    assert "the teacher moves by exact +0.00, f1 +0.00;" in line


def test_without_runs_of_the_paired_cards_nothing_is_told_of_them() -> None:
    assert list(lifted(runs(SQUAD2), [])) == []
