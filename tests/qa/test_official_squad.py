"""exact and f1 as the official evaluate-v2.0.py gives them."""

import json
from pathlib import Path

import pytest

from harness.errors import InvalidRunError
from harness.qa.official_squad import (
    best_thresholds,
    exact_match,
    normalise,
    score_questions,
    summarise,
    token_f1,
    with_null_threshold,
)
from harness.qa.prediction_files import read_predictions, read_probabilities
from harness.qa.squad import read_squad

Golds = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def dev_golds(shared: Path) -> Golds:
    paragraphs = read_squad(shared / "data" / "squad" / "dev-v2.0.rebuilt.json")
    return [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]


# Official evaluate-v2.0.py on real prediction files, as in shared/data/predictions/expected.
@pytest.mark.parametrize("name", ["BiDAF-SA-ELMo-single", "adsml6g9-predictions", "hanguantianxia-prediction"])
def test_scores_equal_evaluate_v2_0_to_every_digit_golden(shared: Path, dev_golds: Golds, name: str) -> None:
    folder = shared / "data" / "predictions"
    predictions = json.loads((folder / f"v2.0-{name}.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected" / f"v2.0-{name}.eval.json").read_text(encoding="utf-8"))
    assert summarise(score_questions(dev_golds, predictions)) == expected


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_scores_with_probabilities_equal_evaluate_v2_0_to_every_digit_golden(
    shared: Path, dev_golds: Golds, threshold: float
) -> None:
    folder = shared / "data" / "predictions"
    scores = score_questions(dev_golds, read_predictions(folder / "v2.0-adsml6g9-predictions.json").by_id)
    probabilities = read_probabilities(folder / "v2.0-adsml6g9-na_prob.json").by_id
    name = f"v2.0-adsml6g9.na_prob.thresh{threshold}.eval.json"
    expected = json.loads((folder / "expected" / name).read_text(encoding="utf-8"))
    found = summarise(with_null_threshold(scores, probabilities, threshold))
    assert {**found, **best_thresholds(scores, probabilities)} == expected


def test_answering_nothing_on_the_dev_set_scores_50_0716(dev_golds: Golds) -> None:
    scores = summarise(score_questions(dev_golds, {question: "" for question, _ in dev_golds}))
    assert scores["exact"] == scores["f1"] == 100 * 5945 / 11873
    assert round(scores["exact"], 4) == 50.0716


def test_a_file_three_questions_short_is_invalid(shared: Path, dev_golds: Golds) -> None:
    path = shared / "data" / "predictions" / "v2.0-BiDAF-SA-ELMo-single.json"
    predictions = dict(list(read_predictions(path).by_id.items())[:-3])
    with pytest.raises(InvalidRunError, match=r"3 of 11873 questions have no prediction"):
        score_questions(dev_golds, predictions)


# --- by hand ---

PAIR: Golds = [("q1", ["a cat"]), ("q2", [])]


def test_a_question_without_a_prediction_is_an_error() -> None:
    with pytest.raises(InvalidRunError, match=r"1 of 2 questions have no prediction \(first: q2\)"):
        score_questions(PAIR, {"q1": "a"})


def test_a_prediction_for_an_unknown_question_is_an_error() -> None:
    with pytest.raises(InvalidRunError, match=r"1 ids with a prediction are no question .*first: q3\)"):
        score_questions(PAIR, {"q1": "a", "q2": "", "q3": ""})


def test_predictions_for_another_data_set_are_named_so() -> None:
    with pytest.raises(InvalidRunError, match=r"another data set \(first here: q1; first given: x1\)"):
        score_questions(PAIR, {"x2": "", "x1": ""})
    with pytest.raises(InvalidRunError, match="first given: none"):
        score_questions(PAIR, {})


def test_an_empty_split_is_an_error() -> None:
    with pytest.raises(InvalidRunError, match="holds no questions"):
        score_questions([], {})


def test_a_question_asked_twice_is_an_error() -> None:
    with pytest.raises(InvalidRunError, match="question q1 occurs twice"):
        score_questions([*PAIR, PAIR[0]], {"q1": "", "q2": ""})


def test_only_a_probability_above_the_threshold_makes_a_question_unanswered() -> None:
    scores = score_questions(PAIR, {"q1": "cat", "q2": "dog"})
    assert [one.exact for one in scores] == [1, 0]
    for threshold, exact in ((0.5, [1, 1]), (0.4, [0, 1]), (1.0, [1, 0])):
        found = with_null_threshold(scores, {"q1": 0.5, "q2": 0.7}, threshold)
        assert [one.exact for one in found] == exact
    assert [one.prediction for one in with_null_threshold(scores, {"q1": 0.5, "q2": 0.7}, 0.5)] == ["cat", ""]


def test_best_thresholds_are_found_on_the_labels() -> None:
    scores = score_questions([*PAIR, ("q3", ["x y"])], {"q1": "cat", "q2": "dog", "q3": "x"})
    found = best_thresholds(scores, {"q1": 0.1, "q2": 0.9, "q3": 0.5})
    assert found == {
        "best_exact": 100 * 2 / 3,
        "best_exact_thresh": 0.1,
        "best_f1": 100 * (2 + 2 / 3) / 3,
        "best_f1_thresh": 0.5,
    }


def test_every_question_needs_a_probability() -> None:
    scores = score_questions(PAIR, {"q1": "cat", "q2": ""})
    for probabilities in ({"q1": 0.5}, {"q1": 0.5, "q2": 0.5, "q3": 0.5}):
        with pytest.raises(InvalidRunError, match="no-answer probability"):
            with_null_threshold(scores, probabilities)
        with pytest.raises(InvalidRunError, match="no-answer probability"):
            best_thresholds(scores, probabilities)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat, a.k.a. 'an' Ox!", "cat aka ox"),
        ("theatre", "theatre"),
        ("a", ""),
        ("1,000", "1000"),
        ("Café—naïve", "café—naïve"),
    ],
)
def test_text_is_compared_without_case_punctuation_and_articles(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("gold", "predicted", "exact", "f1"),
    [
        ("the cat", "Cat", 1, 1.0),
        ("big red cat", "red dog", 0, 0.4),
        ("cat cat", "cat", 0, 2 / 3),
        ("", "", 1, 1.0),
        ("", "cat", 0, 0.0),
        ("cat", "", 0, 0.0),
        ("the", "a", 1, 1.0),
    ],
)
def test_words_are_counted_as_bags(gold: str, predicted: str, exact: int, f1: float) -> None:
    assert exact_match(gold, predicted) == exact
    assert token_f1(gold, predicted) == pytest.approx(f1, abs=1e-15)


def test_the_best_gold_answer_counts_and_one_of_articles_alone_does_not() -> None:
    golds: Golds = [("q1", ["dog", "the cat"]), ("q2", ["the", "dog"]), ("q3", ["the"]), ("q4", [])]
    scores = score_questions(golds, {"q1": "cat", "q2": "", "q3": "", "q4": ""})
    assert [(one.has_answer, one.exact) for one in scores] == [(True, 1), (True, 0), (True, 1), (False, 1)]


def test_a_group_without_questions_has_no_score() -> None:
    summary = summarise(score_questions([("q1", ["a cat"])], {"q1": "cat"}))
    assert summary.keys() == {"exact", "f1", "total", "HasAns_exact", "HasAns_f1", "HasAns_total"}
