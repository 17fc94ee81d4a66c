"""A card reads the same whatever its file is called; whose row a number stands in is told from the card's own words."""

from pathlib import Path

import pytest

from harness.card.read import parse

TABLE = "\n| Model | EM | F1 |\n|--|--|--|\n| {} | 71.9 | 76.4 |\n| other-base | 60.1 | 64.2 |\n"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("# small-net-squad2\n", "small-net-squad2"),
        ("### Welcome to SmallNet!\n", "SmallNet"),
        ("---\nmodel-index:\n- name: org/small-net-squad2\n---\n# Model\n", "small-net-squad2"),
        ("# Model\n```python\npipeline('question-answering', model='org/small-net')\n```\n", "small-net"),
        (
            "# Model\n```python\nmodel_name = 'org/small-net'\n```\n",
            "[org/small-net](https://huggingface.co/org/small-net)",
        ),
        ("# Nets\n\nThis is the Small NET v2 model with six layers.\n", "**Small-NET-v2**<sup>1</sup>"),
        ("# Nets\n\nWe tune our model (SmallNet-SQuAD2) further.\n", "SmallNet-SQuAD2-Legal"),
        ("# Nets\n", "SmallNet (ours)"),
    ],
)
def test_the_row_of_a_name_that_the_card_gives_its_model_is_this_models(text: str, label: str) -> None:
    claims = parse(Path("README.md"), f"{text}{TABLE.format(label)}", "").claims
    subjects = [(claim.raw, claim.subject) for claim in claims]
    assert subjects == [("71.9", None), ("76.4", None), ("60.1", "other-base"), ("64.2", "other-base")]


@pytest.mark.parametrize("label", ["BERT", "bert-base", "M-FAC"])
def test_the_row_of_what_the_model_was_made_from_or_with_is_not_this_models(label: str) -> None:
    text = f"---\nbase_model: org/bert-base\n---\n# small-net tuned from BERT with M-FAC\n{TABLE.format(label)}"
    assert {claim.subject for claim in parse(Path("README.md"), text, "").claims} == {label, "other-base"}


def test_every_card_reads_the_same_as_a_readme(shared: Path) -> None:
    for path in sorted((shared / "cards").glob("*.md")):
        text = path.read_bytes().decode("utf-8")
        one, two = parse(path, text, ""), parse(Path("README.md"), text, "")
        assert (one.facts, one.stated, one.claims) == (two.facts, two.stated, two.claims), path.name
