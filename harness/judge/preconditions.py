"""What must hold before anything is judged, and what a reader must be told beside a verdict.

A failed precondition makes a run invalid: its number may be right or wrong, but it does not speak about the card.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.qa import official_squad

# SQuAD 2.0's dev set: questions in all, with an answer, without one.
DEV = (11_873, 5_928, 5_945)
NEAR_FLOOR = 0.5  # points from what a model scores that never answers
_SLACK = 1e-6

Scores = Mapping[str, float]


def failed(scores: Scores, *, is_dev_set: bool) -> list[str]:
    """The preconditions that one evaluation does not meet; `scores` has the official keys, in points."""
    return [*_wrong_scorer(), *_wrong_counts(scores, is_dev_set=is_dev_set), *_wrong_parts(scores)]


def failed_over_seeds(seeds: Sequence[int], collapsed: Sequence[int]) -> list[str]:
    """What several seeds must meet together; `collapsed` are those near the floor."""
    problems = []
    if len(set(seeds)) < len(seeds):
        problems.append(f"seeds {', '.join(map(str, seeds))} are not distinct")
    if len(seeds) > 1 and 5 * len(collapsed) > len(seeds):
        problems.append(f"{len(collapsed)} of {len(seeds)} seeds collapsed: this training is not stable")
    return problems


def is_collapsed(scores: Scores, claimed_exact: float | None) -> bool:
    """True for a model that hardly ever answers, where the card does not claim just that."""
    total = scores["total"]
    floor = 100.0 * scores.get("NoAns_total", 0) / total
    near = abs(scores["exact"] - floor) <= NEAR_FLOOR and abs(scores["f1"] - floor) <= NEAR_FLOOR
    return near and not (claimed_exact is not None and abs(claimed_exact - floor) <= NEAR_FLOOR)


def _wrong_scorer() -> Iterator[str]:
    """The scorer on four answers whose scores are known by hand."""
    golds = [("a", ["the Old  King!"]), ("b", []), ("c", ["king of Spain", "a king"]), ("d", ["7"])]
    found = official_squad.summarise(
        official_squad.score_questions(golds, {"a": "old king", "b": "", "c": "the king of France", "d": "seven"})
    )
    expected = {"exact": 50.0, "f1": 100.0 * (1 + 1 + 2 / 3 + 0) / 4, "total": 4}
    if any(abs(found[name] - value) > _SLACK for name, value in expected.items()):
        yield f"the scorer fails its self-test: {found} for {expected}"


def _wrong_counts(scores: Scores, *, is_dev_set: bool) -> Iterator[str]:
    counts = tuple(int(scores.get(f"{part}total", 0)) for part in ("", "HasAns_", "NoAns_"))
    if counts[0] == 0:
        yield "nothing was evaluated"
    if counts[1] + counts[2] != counts[0]:
        yield f"{counts[1]} answerable and {counts[2]} unanswerable questions do not make {counts[0]}"
    if is_dev_set and counts != DEV:
        yield f"evaluated on {counts} questions (all, answerable, not), SQuAD 2.0's dev set has {DEV}"


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
