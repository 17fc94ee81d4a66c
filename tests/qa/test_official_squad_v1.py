"""Scores under the rules of evaluate-v1.1.py, and answers of protocols that may not leave a question unanswered."""

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.errors import InvalidRunError
from harness.qa import official_squad
from harness.qa.squad import Answer, Paragraph, Question, write_json

GOLDS = [("a", ["the tall tower", "tower"]), ("b", ["Paris"]), ("c", ["42"])]


def test_the_best_gold_counts_and_a_question_without_a_prediction_scores_zero() -> None:
    """By hand, after evaluate-v1.1.py: exact (1 + 0 + 0) / 3, f1 (1 + 2/3 + 0) / 3."""
    scores = official_squad.score_questions_v1(GOLDS, {"a": "Tower", "b": "in Paris", "z": "of no question"})
    assert [(one.exact, one.f1) for one in scores] == [(1, 1.0), (0, pytest.approx(2 / 3)), (0, 0.0)]
    found = official_squad.summarise(scores)
    assert (found["exact"], found["total"]) == (pytest.approx(100 / 3), 3)
    assert found["f1"] == pytest.approx(100 * (1 + 2 / 3) / 3)


def test_an_answer_that_normalises_to_nothing_shares_no_word() -> None:
    (score,) = official_squad.score_questions_v1([("a", ["the"])], {"a": "a"})
    assert (score.exact, score.f1) == (1, 0.0)


def test_no_prediction_at_all_and_an_unanswerable_question_are_refused() -> None:
    with pytest.raises(InvalidRunError, match="none of the 3 questions has a prediction"):
        official_squad.score_questions_v1(GOLDS, {"z": "x"})
    with pytest.raises(InvalidRunError, match="question a has no gold answer"):
        official_squad.score_questions_v1([("a", [])], {"a": "x"})


def test_a_prediction_file_is_scored_by_version_1_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tuple(Question(name, "?", tuple(Answer(text, 0) for text in golds)) for name, golds in GOLDS)
    write_json(tmp_path / "dev.json", [Paragraph("t", "the tall tower Paris 42", questions)])
    (tmp_path / "given.json").write_text(json.dumps({"a": "Tower"}), encoding="utf-8")
    command = ["score", "--predictions", str(tmp_path / "given.json"), "--eval", str(tmp_path / "dev.json"), "--json"]
    assert main(command) == 4
    assert main([*command, "--squad-version", "1.1"]) == 0
    printed = capsys.readouterr().out
    assert "scorer:official1.1" in printed
    assert main(["score", "org/model", "--squad-version", "1.1"]) == 2
