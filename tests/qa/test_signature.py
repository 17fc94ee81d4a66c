"""What a signature says, and what sets two of them apart."""

from harness.qa.signature import differing, signature_of_file, warning_of

HAYSTACK = (
    "squad2|n:11873|data:01234567|protocol:haystack|len:256|stride:128/step|null:every-window+0|scorer:official2.0"
)
RUN_QA = (
    "squad2|n:11873|data:01234567|protocol:run_qa|len:384|stride:128/overlap|nbest:20|null:min-window>0"
    "|scorer:official2.0"
)


def test_equal_signatures_differ_in_nothing() -> None:
    assert differing(HAYSTACK, HAYSTACK) == {}
    assert warning_of(HAYSTACK, HAYSTACK) is None
    assert warning_of() is None


def test_the_fields_that_differ_are_named_with_their_values_absent_ones_too() -> None:
    assert differing(HAYSTACK, RUN_QA) == {
        "protocol": ("haystack", "run_qa"),
        "len": ("256", "384"),
        "stride": ("128/step", "128/overlap"),
        "null": ("every-window+0", "min-window>0"),
        "nbest": ("-", "20"),
    }


def test_a_warning_names_each_value_once() -> None:
    said = warning_of(HAYSTACK, RUN_QA, RUN_QA)
    assert said is not None
    assert "len (256 / 384)" in said
    assert "scorer" not in said


def test_another_task_is_a_difference() -> None:
    assert differing("squad2|n:1", "train_loss|n:1") == {"task": ("squad2", "train_loss")}


def test_a_prediction_file_is_named_by_its_hash_and_its_threshold() -> None:
    plain = signature_of_file(3, {"sha256": "0123456789"}, "abcdef0123")
    assert plain == "squad2|n:3|data:01234567|predictions:abcdef01|scorer:official2.0"
    with_threshold = signature_of_file(3, {"sha256": "0123456789"}, "abcdef0123", null_threshold=0.5)
    assert differing(plain, with_threshold) == {"null": ("-", "probability>0.5")}
