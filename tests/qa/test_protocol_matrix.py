"""The evaluator matrix: rows, differences from claims, the nearest row, and how it is printed."""

import json

import pytest

from harness.domain import Claim
from harness.qa.protocol_matrix import Matrix, Row, claims_in_points, limit_of, row_of
from harness.report.text.score import to_json_text, to_text


def row(protocol: str, exact: float, f1: float, **other: float) -> Row:
    return Row(protocol, "official text", {"exact": exact, "f1": f1, **other}, 100, f"squad2|n:100|protocol:{protocol}")


ROWS = (row("haystack", 71.9, 76.2), row("run_qa", 73.8, 77.2))
CLAIMS = {"exact": 71.8, "f1": 76.4}


def test_the_nearest_row_has_the_smallest_sum_of_absolute_differences() -> None:
    matrix = Matrix("model", ROWS, CLAIMS)
    assert matrix.nearest() is ROWS[0]
    assert matrix.differences(ROWS[1]) == pytest.approx({"exact": 2.0, "f1": 0.8})


def test_nothing_is_near_without_claims_or_on_other_questions() -> None:
    assert Matrix("model", ROWS, {}).nearest() is None
    limited = Matrix("model", ROWS, CLAIMS, limited="the first 8 of 100 questions")
    assert (limited.nearest(), limited.differences(ROWS[0])) == (None, {})


def test_a_matrix_says_what_is_nearest_that_it_is_no_proof_and_what_sets_the_rows_apart() -> None:
    lines = to_text(Matrix("model", ROWS, CLAIMS), "results/model").splitlines()
    marked = [line for line in lines if line.endswith("<- nearest")]
    assert len(marked) == 1
    assert marked[0].startswith("haystack")
    assert "nearest: haystack, official text: exact +0.1, f1 -0.2 (evidence, not proof)" in lines
    assert sum(line.startswith("warning: ") for line in lines) == 1
    assert [line for line in lines if line.startswith("scored as ")] == [f"scored as {one.signature}" for one in ROWS]
    assert lines[-1] == "record: results/model"


def test_one_row_alone_is_not_called_nearest() -> None:
    text = to_text(Matrix("file", ROWS[:1], CLAIMS), None)
    assert "nearest" not in text
    assert "+0.10" in text


def test_best_thresholds_are_kept_apart_from_the_scores() -> None:
    best = {"best_exact": 80.0, "best_exact_thresh": 0.25, "best_f1": 81.0, "best_f1_thresh": 0.5}
    matrix = Matrix("file", ROWS[:1], CLAIMS, best=best)
    assert "best_exact 80.0000 at threshold 0.25: chosen on these labels" in to_text(matrix, None)
    document = json.loads(to_json_text(matrix, None))
    assert document["best"] == best
    assert document["rows"][0]["scores"] == {"exact": 71.9, "f1": 76.2}


def test_a_limited_matrix_and_a_missing_part_are_said() -> None:
    matrix = Matrix("model", ROWS, CLAIMS, limited="the first 8", left_out=("official-bert: no pieces",))
    text = to_text(matrix, None)
    assert "LIMITED: the first 8" in text
    assert "left out: official-bert: no pieces" in text
    assert "HasAns_f1" in text


def test_the_json_document_says_the_same() -> None:
    document = json.loads(to_json_text(Matrix("model", ROWS, CLAIMS), "results/model"))
    assert document["schema_version"] >= 1
    assert [one["is_nearest"] for one in document["rows"]] == [True, False]
    assert document["rows"][0]["differences"]["exact"] == pytest.approx(0.1)
    assert "protocol (haystack / run_qa)" in document["warning"]


def test_token_index_scores_get_the_official_words() -> None:
    summary = {"exact": 1.0, "f1": 2.0, "total": 5, "text_answer_exact": 3.0, "text_answer_f1": 4.0,
               "text_answer_total": 3, "no_answer_exact": 5.0, "no_answer_f1": 5.0, "no_answer_total": 2}  # fmt: skip
    found = row_of("haystack", "token-index", summary, "s")
    assert found.scores == {
        "exact": 1.0, "f1": 2.0, "HasAns_exact": 3.0, "HasAns_f1": 4.0, "NoAns_exact": 5.0, "NoAns_f1": 5.0,
    }  # fmt: skip
    assert found.n == 5


def test_only_points_are_claims_of_a_matrix_and_the_first_of_a_metric_counts() -> None:
    made = [("exact", 70.0, "points"), ("exact", 71.0, "points"), ("loss", 0.1, "loss"), ("best_f1", 80.0, "points")]
    claims = [Claim(metric, value, unit, 2, "", 1, "") for metric, value, unit in made]  # type: ignore[arg-type]
    assert claims_in_points(claims) == {"exact": 70.0}


def test_other_questions_than_the_cards_are_no_ground_for_comparison() -> None:
    assert limit_of(240, n_all=240, declared_n=None) is None
    assert limit_of(11_873, declared_n=11_873) is None
    assert (
        limit_of(8, n_all=240, declared_n=None)
        == "the first 8 of 240 questions; a claim about all of them is not compared"
    )
    assert "240 questions, where the card's data has 11,873" in str(limit_of(240, declared_n=11_873))
