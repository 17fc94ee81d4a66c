"""The one view of a verdict's rows: decimals by unit, words for outcomes, nothing for what is not known."""

import pytest

from harness.domain import Claim, Measurement
from harness.judge.rules import judge
from harness.record.judgement import GapDecomposition
from harness.report.verdict_rows import number, outcome_text, rows_of_judgement

CLAIMS = (
    Claim("exact", 71.877, "points", 3, "71.877", 1, "toy"),
    Claim("prediction_layer_loss", 0.1247, "loss", 4, "0.1247", 3, "toy"),
)
MEASURED = [Measurement("exact", value, "points", 100, seed, "toy") for seed, value in ((1, 71.5), (2, 72.5))]


def test_a_row_has_its_numbers_in_the_decimals_of_its_unit() -> None:
    judgement = judge(CLAIMS, MEASURED, {"exact": 1.0, "prediction_layer_loss": 0.01})
    published = GapDecomposition(
        "exact", 71.877, published=73.8249, teacher=None, student=72.0, training=None, retention=None
    )
    exact, loss = rows_of_judgement(judgement, [published])
    assert (exact.claimed, exact.measured, exact.difference) == ("71.88", "72.00", "+0.12")
    assert (exact.tolerance, exact.sd, exact.n_seeds, exact.published) == ("±1.00", "0.71", 2, "73.82")
    assert exact.interval is not None
    assert all(end[0] in "+-" and end[-3] == "." for end in exact.interval)
    assert (loss.claimed, loss.tolerance, loss.outcome) == ("0.1247", "±0.0100", "unmeasured")
    assert (loss.measured, loss.difference, loss.interval, loss.sd, loss.published) == (None,) * 5


@pytest.mark.parametrize(
    ("value", "unit", "sign", "text"), [(0.5, "points", "", "0.50"), (0.5, "loss", "+", "+0.5000")]
)
def test_decimals_are_the_units(value: float, unit: str, sign: str, text: str) -> None:
    assert number(value, unit, sign) == text


@pytest.mark.parametrize(("outcome", "text"), [("better", "better than claimed"), ("not_reproduced", "not reproduced")])
def test_an_outcome_has_the_same_words_everywhere(outcome: str, text: str) -> None:
    assert outcome_text(outcome) == text
