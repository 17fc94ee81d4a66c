"""exact and f1 as the official evaluate-v2.0.py gives them."""

import json
from pathlib import Path

import pytest

from harness.data.squad import read_json
from harness.errors import InvalidRunError
from harness.scoring.official import exact_match, normalise, score_questions, summarise, token_f1

Golds = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def dev_golds(shared: Path) -> Golds:
    paragraphs = read_json(shared / "data" / "squad" / "dev-v2.0.rebuilt.json")
    return [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]


# Official evaluate-v2.0.py on real prediction files, as in shared/data/predictions/expected.
@pytest.mark.parametrize("name", ["BiDAF-SA-ELMo-single", "adsml6g9-predictions", "hanguantianxia-prediction"])
def test_scores_equal_evaluate_v2_0_to_every_digit_golden(shared: Path, dev_golds: Golds, name: str) -> None:
    folder = shared / "data" / "predictions"
    predictions = json.loads((folder / f"v2.0-{name}.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected" / f"v2.0-{name}.eval.json").read_text(encoding="utf-8"))
    assert summarise(score_questions(dev_golds, predictions)) == expected


def test_a_question_without_a_prediction_is_an_error() -> None:
    with pytest.raises(InvalidRunError, match=r"first: q2\)"):
        score_questions([("q1", ["a"]), ("q2", [])], {"q1": "a"})


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
