"""What the runs on SQuAD 2.0 teach, in sentences that hold whatever their numbers are."""

import statistics
from collections.abc import Iterator, Sequence

from tests.minilm.phrases import by_question, gaps
from tests.minilm.records import BOTH, PAIRED, SQUAD2, TEACHER, Told, mean_of, of_arm, of_same_seeds


def never_answering(found: Sequence[Told]) -> float:
    """What a model scores that never answers, in exact and in f1: the share of questions without an answer."""
    return 100 * statistics.fmean(not row.has_answer for row in found[0].rows)


def floor(found: Sequence[Told]) -> Iterator[str]:
    best = max(of_arm(found, BOTH), key=lambda one: one.scores["f1"])
    yield (
        f"Half of the {int(found[0].scores['total']):,} questions of the {SQUAD2.data} have no answer: **a model that "
        f"never answers scores {never_answering(found):.2f} there, in exact and f1. The best student of "
        f"[{SQUAD2.student}](../cards/{SQUAD2.student}.md) reaches {best.scores['exact']:.2f} and "
        f"{best.scores['f1']:.2f}**, from 14,766 questions of which 2,946 have none. What these numbers can show is "
        "which training does better, not a good model."
    )
    yield ""


def lifted(found: Sequence[Told], paired: Sequence[Told]) -> Iterator[str]:
    """What questions made without an answer bring: each model against the same one without them, and the floor."""
    ours, teacher = of_arm(paired, BOTH), of_arm(paired, TEACHER)
    if not (ours and teacher):
        return
    others = of_same_seeds(of_arm(found, BOTH), ours)
    before = of_arm(found, TEACHER)
    is_none = [mean_of("NoAns_f1", told) for told in (ours, others)]
    moved = [f"{name} {mean_of(name, teacher) - mean_of(name, before):+.2f}" for name in ("exact", "f1")]
    yield (
        "- With 8,874 questions more that have no answer, so that half have none ([made](../tests/minilm/"
        "pair_questions.py) by asking a question of another paragraph of its article; nobody checked that none holds "
        f"an answer): the teacher moves by {', '.join(moved)}; the student of both stages by "
        f"{gaps(found, ours, others)}, to {_from_floor(ours, never_answering(found))} what never answering scores. "
        f"On questions without an answer its f1 is {is_none[0]:.2f}, and {is_none[1]:.2f} without the made ones. "
        f"{by_question(ours, others)} Cards: [teacher](../tests/minilm/{PAIRED.teacher}.md), "
        f"[student](../tests/minilm/{PAIRED.student}.md)."
    )


def _from_floor(told: Sequence[Told], never: float) -> str:
    """How far both metrics are from the score of never answering: `exact 1.20 and f1 3.00 above`."""
    by = {name: mean_of(name, told) - never for name in ("exact", "f1")}
    sides = {name: "above" if far > 0 else "below" for name, far in by.items()}
    exact, f1 = (f"{name} {abs(far):.2f}" for name, far in by.items())
    same = sides["exact"] == sides["f1"]
    return f"{exact}{'' if same else ' ' + sides['exact']} and {f1} {sides['f1']}"
