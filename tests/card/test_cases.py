"""Kinds of statements that were once misread, on the shared small cards."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

ADAM = {"adam_beta1": 0.9, "adam_beta2": 0.98}
KERAS = {"learning_rate": 2e-5, "weight_decay": 0.01, "lr_schedule": "linear", "decay_steps": 16635}
SHARED = {
    "k01_version_dot": Right({"train_data": ("SQuAD1.1",)}),
    "k02_base_trained_on": Right({"student": ("acme-small-uncased",), "train_data": ("SQuAD 2.0",)}),
    "k03_bold_code_link": Right({"student": ("acme-xlarge",), "train_data": ("SQuAD V2",)}),
    "k04_trained_as": Right(
        {
            "student": ("acme-base",),
            "train_data": ("SQuAD v2", "train-v2.0.json"),
            "eval_data": ("dev-v2.0.json",),
        },
        {"learning_rate": 3e-5, "num_train_epochs": 3},
        (("exact", 65.1, "SQuAD v2", None), ("f1", 68.2, "SQuAD v2", None), ("total", 11873, "SQuAD v2", None)),
    ),
    "k05_dataset_name_flag": Right(
        {"train_data": ("squad_v2",)},
        {"max_seq_length": 512, "doc_stride": 128, "eval_batch_size": 64, "warmup_steps": 814, "fp16": True},
    ),
    "k06_squad1": Right({"student": ("acme/base",), "train_data": ("squad",), "datasets": ("squad",)}),
    "k07_twice": Right(
        claims=(
            ("exact", 69.8, "squad_v2", None),
            ("f1", 72.9, "squad_v2", None),
            ("exact", 68.6, "SQuAD 2.0 dev set", None),
            ("f1", 72.7, "SQuAD 2.0 dev set", None),
        )
    ),
    "k08_one_stage_kd": Right(
        {"teacher": ("acme/large-squad2",), "student": ()},
        {"temperature": 5, "soft_label_weight": 1, "num_train_epochs": 2},
    ),
    "k09_numpy_array": Right(
        claims=(
            ("eval_accuracy", 97.4, None, None),
            *((f"f1[{n}]", f1, None, None) for n, f1 in enumerate((98.18, 94.44, 100.0, 98.15))),
            *((f"eval_precision[{n}]", value, None, None) for n, value in enumerate((98.54, 98.83))),
        )
    ),
    "k10_unfenced_dict": Right(
        claims=(("HasAns_exact", 71.39, None, None), ("HasAns_f1", 77.71, None, None), ("exact", 69.99, None, None))
    ),
    "k11_one_line_fence": Right(claims=(("accuracy", 90.48, None, None),)),
    "k12_emoji_heading": Right(settings={"num_train_epochs": 2, "learning_rate": 2e-6}, section="Model training"),
    "k13_row_is_model_title": Right(
        claims=(("acc", 81, None, None), ("f1", 80, None, None), ("r_arg", 84, None, None), ("p_arg", 76, None, None))
    ),
    "k14_span_header": Right(
        claims=(
            ("f1_direct", 80, "old German", None),
            ("precision_direct", 86, "old German", None),
            ("recall_direct", 74, "old German", None),
            ("f1_direct", 84, "old German", "FastText"),
            ("precision_direct", 90, "old German", "FastText"),
            ("recall_direct", 79, "old German", "FastText"),
        )
    ),
    "k15_hardware_section": Right({"infrastructure": ("1 Tesla P4 GPU",)}, {"num_train_epochs": 3}),
    "k16_hardware_prose_json": Right({"infrastructure": ("2 NVIDIA_TESLA_A100 GPU's", "Tesla V100-SXM2-16GB")}),
    "k17_testing_data_backslash": Right({"train_data": ("XQuAD",), "eval_data": ("XQuAD",)}),
    "k18_float_count": Right(
        claims=(("exact", 84.4, None, None), ("total", 11873, None, None), ("hasans_total", 5928, None, None))
    ),
    "k19_keras_optimizer": Right(settings=KERAS),
    "k20_placeholder": Right({"license": (), "student": ("acme/base",)}),
    "k21_prose_pair": Right(
        claims=(("exact", 77.1, "SQuAD 2.0 dev set", None), ("f1", 80.2, "SQuAD 2.0 dev set", None))
    ),
    "k22_baseline_column": Right(settings={"learning_rate": 3e-5, "num_train_epochs": 2}),
    "k23_subheading_dataset": Right(
        claims=(
            ("exact", 20.6, "ARCD", None),
            ("f1", 48.0, "ARCD", None),
            ("exact", 42.1, "XQuAD (Arabic)", None),
            ("f1", 57.8, "XQuAD (Arabic)", None),
        )
    ),
    "k24_listed_data": Right({"train_data": ("DataA v1.1", "DataB v1.0", "CORP-A", "CORP-B", "CORP-C")}),
    "k25_comment_key": Right(settings={"warmup_steps": 2900, "warmup_ratio": None}),
    "k26_translated": Right(
        {"train_data": ("Swedish translation of SQuAD v2",), "eval_data": ("Swedish translation of SQuAD v2",)}
    ),
    "k27_others_data": Right({"train_data": ()}),
    "k28_paper_number": Right(claims=(("f1", 84.4, None, "other"),)),
    "k29_zh_de": Right(settings={"train_batch_size": 32, "num_train_epochs": 3, "learning_rate": 2e-5}),
    "k30_nested_call": Right(settings={"train_batch_size": 2, "learning_rate": 2e-4}),
    "k31_latex": Right(
        settings={"learning_rate": 3e-5, "warmup_ratio": 0.06, **ADAM}, claims=(("exact", 77.1, None, None),)
    ),
    "k32_finetuned_from": Right({"student": ("acme/small-bert", "acme/t5"), "train_data": ("SQuAD 2.0",)}),
}


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_case_is_read_as_a_reader_does(name: str, shared: Path) -> None:
    path = shared / "cases" / "cards" / f"{name}.md"
    assert_read(parse(path, path.read_text(encoding="utf-8"), ""), SHARED[name])


def test_every_shared_case_is_here(shared: Path) -> None:
    assert {path.stem for path in (shared / "cases" / "cards").glob("k[0-9]*.md")} == set(SHARED)
