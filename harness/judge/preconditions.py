"""What must hold before anything is judged, and what a reader must be told beside a verdict.

A failed precondition makes a run invalid: its number may be right or wrong, but it does not speak about the card.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.qa import official_squad

ANSWERS = 1.0  # points of HasAns_f1 below which a model answers nothing that has an answer
KEEPS_SILENT = 99.0  # points of NoAns_exact above which it hardly ever gives an answer where there is none
NEAR_FLOOR = 0.5  # points within which a card claims just what never answering scores
_SLACK = 1e-6

Scores = Mapping[str, float]


def failed(scores: Scores, counts: tuple[int, int, int] | None = None) -> list[str]:
    """The preconditions that one evaluation does not meet; `scores` has the official keys, in points.

    `counts` are the questions that the evaluation data are known to have: all, with an answer, without one.
    """
    return [*_wrong_scorer(), *_wrong_counts(scores, counts), *_wrong_parts(scores)]


def failed_over_seeds(seeds: Sequence[int], answers: Sequence[Sequence[str]]) -> list[str]:
    """What several seeds must meet together; `answers` are their predictions, in one order of questions."""
    problems = []
    if len(set(seeds)) < len(seeds):
        problems.append(f"seeds {', '.join(map(str, seeds))} are not distinct")
    first: dict[tuple[str, ...], int] = {}
    for seed, given in zip(seeds, answers, strict=True):
        other = first.setdefault(tuple(given), seed)
        if other != seed:
            problems.append(f"seeds {other} and {seed} have the same answer to every question: one is a copy")
    return problems


def floor_of(scores: Scores) -> float:
    """What a model scores that never answers, in points of exact and f1 alike."""
    return 100.0 * scores.get("NoAns_total", 0) / scores["total"]


def is_collapsed(scores: Scores, claimed_exact: float | None) -> bool:
    """True for a model that hardly ever answers, where the card does not claim just that."""
    floor = floor_of(scores)
    if floor == 0 or (claimed_exact is not None and abs(claimed_exact - floor) <= NEAR_FLOOR):
        return False
    return scores.get("HasAns_f1", 0.0) < ANSWERS and scores.get("NoAns_exact", 0.0) > KEEPS_SILENT


def _wrong_scorer() -> Iterator[str]:
    """The scorer on four answers whose scores are known by hand."""
    golds = [("a", ["the Old  King!"]), ("b", []), ("c", ["king of Spain", "a king"]), ("d", ["7"])]
    found = official_squad.summarise(
        official_squad.score_questions(golds, {"a": "old king", "b": "", "c": "the king of France", "d": "seven"})
    )
    expected = {"exact": 50.0, "f1": 100.0 * (1 + 1 + 2 / 3 + 0) / 4, "total": 4}
    if any(abs(found[name] - value) > _SLACK for name, value in expected.items()):
        yield f"the scorer fails its self-test: {found} for {expected}"


def _wrong_counts(scores: Scores, expected: tuple[int, int, int] | None) -> Iterator[str]:
    counts = tuple(int(scores.get(f"{part}total", 0)) for part in ("", "HasAns_", "NoAns_"))
    if counts[0] == 0:
        yield "nothing was evaluated"
    if counts[1] + counts[2] != counts[0]:
        yield f"{counts[1]} answerable and {counts[2]} unanswerable questions do not make {counts[0]}"
    if expected is not None and counts != expected:
        yield f"evaluated on {counts} questions (all, answerable, not), the data have {expected}"


def _wrong_parts(scores: Scores) -> Iterator[str]:
    for metric in ("exact", "f1"):
        parts = sum(
            scores.get(f"{part}{metric}", 0.0) * scores.get(f"{part}total", 0) for part in ("HasAns_", "NoAns_")
        )
        if abs(parts / max(scores["total"], 1) - scores[metric]) > _SLACK:
            yield f"the HasAns and NoAns parts of {metric} do not recombine to {scores[metric]}"
    if scores["exact"] > scores["f1"] + _SLACK:
        yield f"exact {scores['exact']} is above f1 {scores['f1']}"
    if abs(scores.get("NoAns_exact", 0.0) - scores.get("NoAns_f1", 0.0)) > _SLACK:
        yield "NoAns_exact and NoAns_f1 differ, which no scoring of empty answers can give"
