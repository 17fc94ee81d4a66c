import pytest

from harness.card.dialects.document import read_document
from harness.card.dialects.key_value_block import NAME, find
from harness.card.dialects.metrics import claim_of
from harness.domain import Claim, Stated


def found_in(block: str, heading: str = "Hyperparameters") -> list[tuple[str, object]]:
    document = read_document(f"## {heading}\n```\n{block}\n```\n")
    return [(one.metric if isinstance(one, Claim) else one.name, one.value) for one in find(document)]


@pytest.mark.parametrize(
    ("raw", "value", "decimals", "spread"),
    [
        ("71.877", 71.877, 3, None),
        ("0.8762", 87.62, 2, None),
        ("1", 100.0, -2, None),
        ("0", 0.0, 0, None),
        ("90.48%", 90.48, 2, None),
        ("0.95%", 0.95, 2, None),
        ("93,06", 93.06, 2, None),
        ("0.4088 (419 / 1025)", 40.88, 2, None),
        ("**67.38**", 67.38, 2, None),
        ("86.5 ± 1.25", 86.5, 1, 1.25),
        ("86.5 +/- 1.25", 86.5, 1, 1.25),
        ("0.865 ± 0.0125", 86.5, 1, 1.25),
        ("101.5", 101.5, 1, None),
    ],
)
def test_a_score_is_in_points_with_its_digits_and_spread(
    raw: str, value: float, decimals: int, spread: float | None
) -> None:
    claim = claim_of('"f1"', raw, 7, NAME)
    assert claim is not None
    assert (claim.metric, claim.unit, claim.decimals, claim.line) == ("f1", "points", decimals, 7)
    assert claim.value == pytest.approx(value, abs=1e-12)
    assert claim.spread == (None if spread is None else pytest.approx(spread, abs=1e-12))


def test_a_loss_below_one_is_no_fraction() -> None:
    claim = claim_of("finetune_loss", "0.5 ± 0.1", 1, NAME)
    assert claim is not None
    assert (claim.value, claim.unit, claim.spread) == (0.5, "loss", 0.1)


@pytest.mark.parametrize("value", ["tbd", "about 76", "-", "8534/11873", "71.8 of 100", "nan", "[0.1, 0.2]", "{wer}"])
def test_a_metric_without_a_number_is_no_claim(value: str) -> None:
    assert not isinstance(claim_of("f1", value, 1, NAME), Claim)


def test_equals_sets_and_a_block_with_a_score_claims() -> None:
    assert found_in("n_epochs = 5\nmodel_width = 3") == [("num_train_epochs", 5), ("model_width", 3)]
    assert found_in('"exact": 71.5\n"total": 11873\nEM = 70.5') == [("exact", 71.5), ("total", 11873), ("exact", 70.5)]


def test_a_colon_makes_a_setting_of_a_key_we_know() -> None:
    assert found_in("learning_rate: 3e-3\nwidth: 3") == [("learning_rate", 3e-3), ("width", 3)]
    assert found_in("question: why?\nwidth: 3") == []


def test_a_comment_states_nothing() -> None:
    assert found_in("warmup_steps = 2900    # warmup_proportion = 0.2\n# lr = 1") == [("warmup_steps", 2900)]


def test_code_output_and_configuration_are_no_settings() -> None:
    assert found_in("import torch\nbatch_size = 6\nmodel = f(x)") == []
    assert found_in('{"score": 0.83, "start": 0, "answer": "Amsterdam"}') == []
    assert found_in('{"hidden_size": 768, "vocab_size": 30522, "hidden_dropout_prob": 0.1}') == []


def test_a_pair_outside_a_block_is_taken_where_its_key_is_known() -> None:
    document = read_document("## Settings\nlr = 1e-5\nwhy: not\n\nem=58.80, f1=67.40\n\nf1 = 84.3\n")
    assert [(one.line, one.value) for one in find(document)] == [(2, 1e-5), (7, 84.3)]


def test_a_setting_belongs_to_the_nearest_heading_above_it() -> None:
    document = read_document("# A\n## B\n```\nx = 1\n```\n### C\n```\nx = 2\n```\n")
    stated = [one for one in find(document) if isinstance(one, Stated)]
    assert [(one.section, one.line) for one in stated] == [("B", 4), ("C", 8)]
