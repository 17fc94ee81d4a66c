"""One prediction file against its questions, by the official rules of SQuAD 2.0 or 1.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.domain import Card
from harness.qa import official_squad, prediction_files, protocol_matrix, squad
from harness.qa.official_squad import QuestionScore
from harness.qa.protocol_matrix import Matrix
from harness.qa.signature import signature_of_file
from harness.qa.survey import survey
from harness.record import store
from harness.run.cards import declared_questions


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What to score: `predictions` to the questions of `eval`, held against the claims of `card` where there is one.

    `na_prob` has their no-answer probabilities, or null odds; above `threshold`, None for the usual one, is no answer.
    """

    predictions: Path
    eval: Path
    card: Card | None = None
    is_v1: bool = False
    na_prob: Path | None = None
    threshold: float | None = None


def score_file(request: FileRequest) -> Matrix:
    """Score the file: one row, since it does not say how its answers were chosen. Raises DataError for a bad file."""
    paragraphs = squad.check_unique(list(squad.read_squad(request.eval)), str(request.eval))
    given = prediction_files.read_predictions(request.predictions)
    golds = [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]
    score = official_squad.score_questions_v1 if request.is_v1 else official_squad.score_questions
    scores: Sequence[QuestionScore] = score(golds, given.by_id)
    repeated = prediction_files.repeated_text(scores)
    notes = [*map(str, survey(paragraphs).notes), *given.notes, *filter(None, [repeated])]
    best = threshold = None
    if request.na_prob is not None:
        found = prediction_files.read_probabilities(request.na_prob)
        usual = 0.0 if prediction_files.are_odds(found) else official_squad.NULL_THRESHOLD
        threshold = usual if request.threshold is None else request.threshold
        notes += found.notes
        best = official_squad.best_thresholds(scores, found.by_id)
        scores = official_squad.with_null_threshold(scores, found.by_id, threshold)
    data, of_answers = {"sha256": store.sha256_of(request.eval)}, store.sha256_of(request.predictions)
    rules = "1.1" if request.is_v1 else "2.0"
    signature = signature_of_file(len(scores), data, of_answers, rules=rules, null_threshold=threshold)
    row = protocol_matrix.row_of("as predicted", "official text", official_squad.summarise(scores), signature)
    claims = protocol_matrix.claims_in_points(request.card.claims) if request.card else {}
    limited = protocol_matrix.limit_of(len(scores), declared_n=declared_questions(request.card))
    return Matrix(request.predictions.name, (row,), claims, limited=limited, best=best, notes=tuple(notes))
