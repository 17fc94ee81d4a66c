"""What a run costs, before anything is loaded."""

import pytest

from harness.plan.cost import Geometry, forecast, geometry_of
from harness.plan.options import Options
from tests.plan.cards import plan_of

BASE, STUDENT = Geometry(12, 768), Geometry(6, 768)


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("huawei-noah/TinyBERT_General_6L_768D", None, STUDENT),
        ("deepset/bert-base-uncased-squad2", None, BASE),
        ("any", {"num_hidden_layers": 2, "hidden_size": 64}, Geometry(2, 64)),
        ("bert-base", {"n_layer": 2}, BASE),
        ("roberta-large", None, None),
    ],
)
def test_a_size_is_known_from_the_config_or_the_name_or_not_at_all(
    name: str, config: dict[str, int] | None, expected: Geometry | None
) -> None:
    assert geometry_of(name, config) == expected


def test_the_cost_is_the_arithmetic_of_its_passes() -> None:
    # By hand, L = 384, d = 768: one layer forward is 24 d^2 L + 4 L^2 d; 1 000 questions make 1 022.5 rows.
    cost = forecast(plan_of(), n_questions=1000, teacher=BASE, student=STUDENT, n_cpus=2)
    layer, rows = 5_888_802_816, 1022.5
    copies = 20  # of each question in the intermediate stage
    assert cost.stage_tflop["intermediate_layer"] == pytest.approx(copies * rows * layer * (5 * 12 + 5 * 3 * 6) / 1e12)
    assert cost.stage_tflop["prediction_layer"] == pytest.approx(rows * layer * (1 * 12 + 5 * 3 * 6) / 1e12)


def test_cost_grows_with_epochs_and_falls_with_cpus() -> None:
    def hours(n_cpus: int, epochs: int) -> float:
        options = Options(settings={"prediction_layer.num_train_epochs": str(epochs)})
        return forecast(
            plan_of(options=options), n_questions=10, teacher=BASE, student=STUDENT, n_cpus=n_cpus
        ).hours_cpu

    assert hours(1, 5) == pytest.approx(2 * hours(2, 5))
    assert hours(1, 0) < hours(1, 1) < hours(1, 5)


@pytest.mark.parametrize(("n_questions", "is_full_size"), [(10, False), (130_319, True)])
def test_the_full_card_is_too_much_for_a_cpu(n_questions: int, is_full_size: bool) -> None:
    cost = forecast(plan_of(), n_questions=n_questions, teacher=BASE, student=STUDENT, n_cpus=16)
    assert cost.is_full_size() is is_full_size
