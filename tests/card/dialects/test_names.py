import pytest

from harness.card.dialects.metrics import metric_of
from harness.card.dialects.names import setting_name
from harness.card.dialects.values import value_of


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("26", 26), ("5e-5", 5e-5), ("1.0,", 1.0), ("True", True), ("false", False), ('"LinearWarmup"', "LinearWarmup"),
        ("inf", "inf"), ("nan", "nan"), ("1e999", "1e999"), ("", ""),
    ],
)  # fmt: skip
def test_a_value_is_a_finite_number_or_a_truth_value_or_text(raw: str, value: object) -> None:
    assert value_of(raw) == value
    assert type(value_of(raw)) is type(value)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("batch_size", "train_batch_size"),
        ('"n_epochs"', "num_train_epochs"),
        ("Learning Rate", "learning_rate"),
        ("distillation_loss_weight", "soft_label_weight"),
        ("My-Own key", "my_own_key"),
    ],
)
def test_a_key_gets_the_name_of_the_field(key: str, name: str) -> None:
    assert setting_name(key) == name


def test_metric_keys_are_known_by_their_spellings_alone() -> None:
    assert metric_of('"EM"') == ("exact", "points")
    assert metric_of("HasAns_f1") == ("HasAns_f1", "points")
    assert metric_of("best_f1") == ("best_f1", "points")
    assert metric_of("why it is so") is None
