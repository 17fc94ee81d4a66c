"""The table of data sets: what cards' words name, split by split, and what they do not."""

import re

import pytest

from harness.card import data_sets
from harness.card.references import HUB_QUESTIONS, Reference, data_named, is_bare_squad, is_data_of_hub


@pytest.mark.parametrize(
    "words",
    ["squad", "SQuAD", "SQuAD 1.1", "SQuAD1.1", "SQuAD1", "SQuAD v1", "SQuAD v1.1", "SQuADv1", "Squadv1", "squad_v1",
     "rajpurkar/squad", "the SQuAD dataset", "SQuAD (v1.1)", "SQuAD v1.1 dataset", "SQuAD 1.1 data set",
     "SQuAD 1.1, the 11,820 questions listed in `a.ids`", "SQuAD v1.1, 10% of the examples"],
)  # fmt: skip
def test_squad_1_is_named_in_all_its_spellings(words: str) -> None:
    assert data_named(words, "train") == "rajpurkar/squad:train"
    assert data_named(words, "validation") == "rajpurkar/squad:validation"


@pytest.mark.parametrize("words", ["squad_v2", "SQuAD 2.0", "SQuADv2", "SQuAD2.0", "rajpurkar/squad_v2"])
def test_squad_2_stays_what_it_was(words: str) -> None:
    assert data_named(words, "train") == "rajpurkar/squad_v2:train"


@pytest.mark.parametrize(
    ("words", "reference"),
    [
        ("GermanQuAD train set (~ 12MB)", "deepset/germanquad:train"),
        ("GermanQuAD test set (~ 5MB)", "deepset/germanquad:test"),
        ("FQuAD", "illuin/fquad:validation"), ("SQAC", "PlanTL-GOB-ES/SQAC:validation"),
        ("SQuAD-es-v2.0", "ccasimiro/squad_es/v2.0.0:validation"), ("squad_es v1.1.0",
         "ccasimiro/squad_es/v1.1.0:validation"), ("dev-v1.1-es.json", "ccasimiro/squad_es/v1.1.0:validation"),
        ("SQuAD-it", "crux82/squad_it:test"), ("German XQuAD", "google/xquad/xquad.de:validation"),
        ("German MLQA", "facebook/mlqa/mlqa.de.de:test"), ("KorQuAD 1.0", "KorQuAD/squad_kor_v1:validation"),
        ("SQuAD v1.1 in portuguese", "nunorc/squad_v1_pt:validation"), ("TyDiQA-GoldP",
         "google-research-datasets/tydiqa/secondary_task:validation"),
        ("adversarial_qa", "UCLNLP/adversarial_qa/adversarialQA:validation"),
        ("dev-v1.1.json", "rajpurkar/squad:validation"), ("org/my_data", "org/my_data:validation"),
        ("org/my_data/config:test", "org/my_data/config:test"),
    ],
)  # fmt: skip
def test_data_sets_go_by_the_names_that_cards_use(words: str, reference: str) -> None:
    assert data_named(words, "validation") == reference
    assert is_data_of_hub(reference)


@pytest.mark.parametrize(
    "words",
    ["french-translated SQuAD 1.1", "Experimental SQuAD1.1 in Basque", "SQuAD-style CORD-19 annotations", "squadshifts",
     "SQuAD and custom QA", "KorQuAD 2.0", "SQuAD 1.1 in Basque", "Turkish MLQA",
     "squad, adversarial_qa", "CORD-19 QA", "XQuAD", "German XQuAD", "data/train.csv",
     "my data", "SQuAD, the NewsQA questions", "SQuAD, the translated questions"],
)  # fmt: skip
def test_other_data_than_we_know_are_not_taken_for_those_we_know(words: str) -> None:
    assert data_named(words, "train") is None


def test_the_test_questions_of_squad_are_not_to_be_had() -> None:
    assert data_named("SQuAD 1.1 test set", "validation") is None


def test_names_that_are_digits_to_the_end_take_no_time() -> None:
    assert data_named("SQuAD " + "1" * 5_000 + "x", "train") is None


def test_a_bare_squad_is_told_from_one_with_its_version() -> None:
    assert is_bare_squad("SQuAD dev set")
    assert not is_bare_squad("SQuAD 1.1")
    assert not is_bare_squad("squad_v2")


def test_a_reference_has_repository_config_split_and_revision() -> None:
    one = Reference("hub", "org/name/de:train@refs/pr/1")
    assert (one.repo, one.config, one.split, one.revision) == ("org/name", "de", "train", "refs/pr/1")
    plain = Reference("hub", "org/name:train")
    assert (plain.repo, plain.config, plain.split, plain.revision) == ("org/name", "", "train", None)


def test_every_row_of_the_table_can_be_asked_for() -> None:
    for one in data_sets.TABLE:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", one.repo)
        reference = one.reference("train", "de")
        assert reference is not None
        assert not one.by_language or "de" in one.languages.split()
        assert is_data_of_hub(reference)
        assert data_sets.of_reference(reference) is not None
        assert set(one.sizes) <= {"train", "validation", "test"}
    assert HUB_QUESTIONS["rajpurkar/squad:validation"] == 10_570
    assert HUB_QUESTIONS["rajpurkar/squad_v2:validation"] == 11_873
