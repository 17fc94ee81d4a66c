import pytest

from harness.dialects.document import read_document
from harness.dialects.key_value_block import claim_of, find
from harness.domain import Claim, Stated


def found_in(block: str) -> list[tuple[str, object]]:
    document = read_document("card.md", f"## Hyperparameters\n```\n{block}\n```\n")
    return [(one.metric if isinstance(one, Claim) else one.name, one.value) for one in find(document)]


@pytest.mark.parametrize(
    ("raw", "value", "decimals", "spread"),
    [
        ("71.877", 71.877, 3, None),
        ("0.8762", 87.62, 2, None),
        ("1", 100.0, 0, None),
        ("0", 0.0, 0, None),
        ("86.5 ± 1.25", 86.5, 1, 1.25),
        ("86.5 +/- 1.25", 86.5, 1, 1.25),
        ("0.865 ± 0.0125", 86.5, 1, 1.25),
    ],
)
def test_a_score_is_in_points_with_its_digits_and_spread(
    raw: str, value: float, decimals: int, spread: float | None
) -> None:
    claim = claim_of('"f1"', raw, line=7)
    assert claim is not None
    assert (claim.metric, claim.unit, claim.decimals, claim.line) == ("f1", "points", decimals, 7)
    assert claim.value == pytest.approx(value, abs=1e-12)
    assert claim.spread == (None if spread is None else pytest.approx(spread, abs=1e-12))


def test_a_loss_below_one_is_no_fraction() -> None:
    claim = claim_of("finetune_loss", "0.5 ± 0.1", line=1)
    assert claim is not None
    assert (claim.value, claim.unit, claim.spread) == (0.5, "loss", 0.1)


@pytest.mark.parametrize("value", ["tbd", "about 76", "-"])
def test_a_metric_without_a_number_is_no_claim(value: str) -> None:
    assert claim_of("f1", value, line=1) is None


def test_equals_sets_and_colon_claims() -> None:
    assert found_in('n_epochs = 5\nwidth: 3\n"exact": 71.5\nEM = 70.5\nimport torch') == [
        ("num_train_epochs", 5),
        ("exact", 71.5),
        ("exact", 70.5),
    ]


def test_a_colon_makes_a_setting_of_a_key_we_know() -> None:
    assert found_in("learning_rate: 3e-3\nquestion: why?") == [("learning_rate", 3e-3)]


@pytest.mark.parametrize("value", ["96,04", "8534/11873", "101.5", "71.8 of 100"])
def test_a_value_that_is_not_wholly_a_number_of_points_is_no_claim(value: str) -> None:
    assert claim_of("exact", value, line=1) is None


def test_settings_outside_a_block_are_not_taken() -> None:
    assert list(find(read_document("card.md", "## Hyperparameters\nlr = 1e-5\n"))) == []


def test_a_setting_belongs_to_the_nearest_heading_above_it() -> None:
    document = read_document("card.md", "# A\n## B\n```\nx = 1\n```\n### C\n```\nx = 2\n```\n")
    stated = [one for one in find(document) if isinstance(one, Stated)]
    assert [(one.section, one.line) for one in stated] == [("B", 4), ("C", 8)]
