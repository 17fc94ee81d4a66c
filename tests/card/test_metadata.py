"""Metadata that the Hub refuses, named by `lint` before a push is."""

from pathlib import Path

import pytest

from harness.card.lint import lint
from harness.card.read import parse, read_card

RESULT = """\
model-index:
- name: reader
  results:
  - task: {type: question-answering}
    dataset: {name: squad_v2, type: squad_v2}
    metrics: [{type: f1, value: 81.2}]
"""


def said(header: str) -> list[tuple[int, str]]:
    card = parse(Path("card.md"), f"---\n{header}---\n# reader\n", "")
    return [(one.line, one.text) for one in lint(card).remarks if one.kind == "metadata"]


def test_what_the_hub_takes_is_left_alone() -> None:
    good = "license: apache-2.0\nlanguage: en\ndatasets:\n- squad_v2\nmetrics:\n- f1\nbase_model: org/x\n"
    assert said(good + RESULT) == []
    assert said("license:\ndatasets: []\nmodel-index:\n") == []


@pytest.mark.parametrize(
    ("header", "line", "text"),
    [
        ("datasets:\n- null\n", 3, "datasets[0] is null"),
        ("datasets: [a, 3]\n", 2, "datasets[1] is '3', no text"),
        ("language: no\n", 2, "language is 'no', no text"),
        ("tags:\n- a\n- {b: c}\n", 4, "tags[1] is no text"),
        ("license: my own\n", 2, "license 'my own' is none that the Hub knows"),
        ("model-index: not correct\n", 2, "model-index is no list"),
        ("model-index: {name: x}\n", 2, "model-index is no list"),
        ("model-index: [{name: x}]\n", 2, "a model without a list of results"),
        (RESULT.replace("type: squad_v2", "type: squad_v2, config: 2"), 6, "dataset.config is '2', no text"),
        (RESULT.replace("type: squad_v2", "type: squad_v2, split: null"), 6, "dataset.split is null"),
        (RESULT.replace("type: squad_v2", "type: SQuAD 2.0"), 6, "dataset.type 'SQuAD 2.0' is no id of a data set"),
        (RESULT.replace("name: squad_v2, ", ""), 6, "a result without dataset.name"),
        (RESULT.replace("value: 81.2", "value: null"), 7, "a metric without a value"),
        (RESULT.replace("type: f1, ", ""), 7, "a metric without type"),
        (RESULT.replace("{type: question-answering}", "{}"), 5, "a result without task.type"),
    ],
)  # fmt: skip
def test_what_the_hub_would_refuse_is_named_with_its_line(header: str, line: int, text: str) -> None:
    found = said(header)
    assert [one for one, _ in found] == [line]
    assert text in found[0][1]


def test_the_cards_of_the_cases_are_named(shared: Path) -> None:
    cards = shared / "cases" / "cards"
    found = {
        name: [one.text for one in lint(read_card(cards / f"{name}.md")).remarks if one.kind == "metadata"]
        for name in ("trainer-null-datasets", "eval-results-string", "multi-gpu")
    }
    assert [
        one.removeprefix("the Hub would refuse this: ").split(";")[0] for one in found["trainer-null-datasets"]
    ] == [
        "datasets[0] is null",
        "model-index: dataset.config is '2', no text",
        "model-index has a metric without a value",
    ]
    assert "model-index is no list" in found["eval-results-string"][0]
    assert found["multi-gpu"] == []
