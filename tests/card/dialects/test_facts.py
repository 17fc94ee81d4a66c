"""The dialects that state facts: overview, prose, front matter."""

import pytest

from harness.card.dialects import front_matter, overview, prose_models
from harness.card.dialects.document import Document, read_document
from harness.domain import Fact


def document(text: str) -> Document:
    return read_document(text)


@pytest.mark.parametrize(
    "line", ["**Infrastructure**: 1x V100", "**Infrastructure:** 1x V100  ", "- **Infrastructure:** 1x V100"]
)
def test_an_overview_line_is_known_with_its_colon_inside_or_outside(line: str) -> None:
    assert list(overview.find(document(f"# T\n{line}\n"))) == [Fact("infrastructure", "1x V100", 2, "overview")]


def test_a_base_model_is_its_name_without_backticks_and_remarks() -> None:
    (fact,) = overview.find(document("**Base model:** `random:pocket/teacher` (BERT, 4 layers)"))
    assert fact == Fact("student", "random:pocket/teacher", 1, "overview")


def test_an_overview_line_in_a_code_block_is_no_fact() -> None:
    assert list(overview.find(document("```\n**Infrastructure**: 1x V100\n```\n"))) == []


@pytest.mark.parametrize(
    ("sentence", "teacher"),
    [
        ("deepset/bert-base was used as the teacher model", "deepset/bert-base"),
        ("Here [org/big-1.0](https://x.y/z) was used as the teacher model.", "org/big-1.0"),
        ("`random:pocket/big` was used as the teacher model", "random:pocket/big"),
        ("[pocket-teacher.md](pocket-teacher.md) was used as the teacher model", "pocket-teacher.md"),
    ],
)
def test_a_sentence_names_the_teacher(sentence: str, teacher: str) -> None:
    assert list(prose_models.find(document(sentence))) == [Fact("teacher", teacher, 1, "prose")]


def test_front_matter_lists_give_one_fact_an_item_on_the_line_of_the_key() -> None:
    text = "---\nlicense: mit\ndatasets:\n- a\n- b\nbase_model: org/x\n---\n"
    assert sorted((fact.name, fact.value, fact.line) for fact in front_matter.find(document(text))) == [
        ("datasets", "a", 4),
        ("datasets", "b", 5),
        ("license", "mit", 2),
        ("student", "org/x", 6),
    ]
