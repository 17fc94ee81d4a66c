"""Which numbers of a card a run is held to: on the evaluation data, not of training, each of several with its line."""

from pathlib import Path

import pytest

from harness.card.read import parse, read_card
from harness.cli.main import main
from harness.domain import Card, Claim
from harness.plan.claims import SortedOut, measured, sort_out
from harness.plan.experiment import plan
from harness.plan.options import Options
from tests.conftest import ROOT, SHARED
from tests.plan.cards import plan_of, problems_of

OVERVIEW = "## Overview\n**Eval data:** SQuAD 2.0 dev set\n"


def card_of(text: str) -> Card:
    return parse(Path("c.md"), text, "0" * 64)


def index_of(name: str, value: float, split: str = "validation", kind: str | None = None) -> str:
    return (
        "---\nmodel-index:\n- name: x\n  results:\n  - task: {type: question-answering}\n"
        f"    dataset: {{name: {name}, type: {kind or name}, split: {split}}}\n"
        f"    metrics:\n    - {{type: exact_match, value: {value}, name: Exact Match}}\n---\n"
    )


def told(card: Card, options: Options | None = None, trained_on: str | None = None) -> SortedOut:
    return sort_out(card, options or Options(), trained_on)


def numbers(claims: tuple[Claim, ...]) -> list[tuple[str, float]]:
    return [(claim.metric, claim.value) for claim in claims]


# --- other data ---


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (index_of("squad", 81.2) + OVERVIEW, "it is on squad, the evaluation data are SQuAD 2.0 dev set"),
        (index_of("adversarial_qa", 40.1) + OVERVIEW, "it is on adversarial_qa, the evaluation data are SQuAD 2.0 dev"),
        (index_of("squad_v2", 99.1, split="train") + OVERVIEW, "it is of the training data"),
        (f'{OVERVIEW}## Performance on the training set\n```\n"exact": 99.1\n```\n', "it is of the training data"),
        (f"{OVERVIEW}## Performance on the training data\n- exact: 99.1\n", "it is of the training data"),
        (f'{OVERVIEW}## Results on XQuAD\n```\n"exact": 70.1\n```\n', "it is on XQuAD"),
    ],
)
def test_a_number_on_other_data_is_no_claim_and_is_listed_with_the_reason(text: str, why: str) -> None:
    found = told(card_of(text))
    assert found.judged == ()
    ((claim, said),) = found.others
    assert (claim.metric, said.startswith(why)) == ("exact", True), said


@pytest.mark.parametrize("name", ["squad_v2", "SQuAD 2.0", "SQuAD v2", "rajpurkar/squad_v2", "SQuAD2.0 dev set"])
def test_a_number_on_the_cards_own_data_is_a_claim_however_it_is_spelt(name: str) -> None:
    assert numbers(measured(card_of(index_of(name, 71.9) + OVERVIEW))) == [("exact", 71.9)]


@pytest.mark.parametrize("heading", ["Performance", "Performance on the dev set", "Results on the evaluation set"])
def test_a_number_that_names_no_data_is_on_the_cards_own(heading: str) -> None:
    assert numbers(measured(card_of(f'{OVERVIEW}## {heading}\n```\n"exact": 71.9\n```\n'))) == [("exact", 71.9)]


def test_without_a_word_on_the_evaluation_the_data_that_a_program_evaluates_on_decide() -> None:
    card = card_of(index_of("squad", 81.2))
    assert numbers(told(card).judged) == [("exact", 81.2)]
    assert told(card, trained_on="rajpurkar/squad_v2:validation").judged == ()
    assert numbers(told(card_of(index_of("squad_v2", 71.9)), trained_on="rajpurkar/squad_v2:validation").judged) == [
        ("exact", 71.9)
    ]


def test_a_plan_lists_what_it_does_not_judge_and_a_card_of_such_numbers_alone_has_no_claim() -> None:
    claim = '"f1": 76.36111895973675'
    experiment = plan_of((claim, f'{claim}\n```\n### Performance on the training set\n```\n"f1": 99.1'))
    assert [one.value for one in experiment.claims] == [71.8773688200118, 76.36111895973676]
    (said,) = experiment.unjudged
    assert said == "tinybert-6l.md:51: f1 99.1 is not judged: it is of the training data"
    assert any(
        "claims no number that we measure" in one for one in problems_of(("## Performance", "## Training set results"))
    )


# --- several numbers for one metric ---

BOTH = index_of("squad_v2", 73.8248) + OVERVIEW + '## Performance\n```\n"exact": 71.877\n"f1": 76.361\n```\n'


def test_metadata_and_text_that_differ_are_two_claims_with_their_lines() -> None:
    found = told(card_of(BOTH)).judged
    assert [(one.metric, one.value, one.line) for one in found] == [
        ("exact", 73.8248, 8), ("exact", 71.877, 14), ("f1", 76.361, 15),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (Options(claims=(14, 15)), [71.877, 76.361]),
        (Options(claims=(8,)), [73.8248]),
        (Options(claims_from="text"), [71.877, 76.361]),
        (Options(claims_from="model-index"), [73.8248]),
        (Options(claims_from="model-index", claims=(8,)), [73.8248]),
    ],
)
def test_options_choose_among_them(options: Options, values: list[float]) -> None:
    found = told(card_of(BOTH), options)
    assert [one.value for one in found.judged] == values
    assert {why for _, why in found.others} == {"the options choose others"}


def test_a_number_that_another_only_rounds_is_no_second_claim() -> None:
    text = index_of("squad_v2", 71.88) + OVERVIEW + '## Performance\n```\n"exact": 71.87736\n```\n'
    (claim,) = told(card_of(text)).judged
    assert claim.value == 71.87736  # of the two the more exact one
    assert told(card_of(text)).others == ()


def test_of_several_numbers_in_one_table_the_first_is_the_claim() -> None:
    text = f"{OVERVIEW}## Results\n| Metric | Value |\n|---|---|\n| EM | 70.1 |\n| EM | 71.2 |\n"
    found = told(card_of(text))
    assert [one.value for one in found.judged] == [70.1]
    assert [why for _, why in found.others] == ["line 6 has the first of several numbers in one place"]


def test_a_line_without_a_claim_is_named_with_those_that_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    claim = '"f1": 76.36111895973675'
    (problem,) = problems_of((claim, claim), options=Options(claims=(3, 47)))
    assert problem.startswith("--claims 3: no number that we measure stands there; such lines: 46 (exact 71.8")
    assert main(["plan", "cards/tinybert-6l.md", "--claims", "f1"]) == 2
    assert "expected line numbers, as in 12,46" in capsys.readouterr().err


def test_the_choice_is_on_record() -> None:
    experiment = plan_of(options=Options(claims=(47,)))
    assert [one.metric for one in experiment.claims] == ["f1"]
    assert [(one.actual, one.option) for one in experiment.deviations if one.option == "--claims"] == [
        ("those of lines 47", "--claims")
    ]
    assert experiment.unjudged == (
        "tinybert-6l.md:46: exact 71.87736882001179 is not judged: the options choose others",
    )


def test_the_live_state_of_the_target_card_is_planned_and_says_both_numbers(tmp_path: Path) -> None:
    """Its README has 73.8248 in the metadata, verified by the Hub, and 71.877 in the text."""
    card = (ROOT / "cards" / "tinybert-6l.md").read_text(encoding="utf-8")
    live = tmp_path / "tinybert-6l.md"
    live.write_text(index_of("squad_v2", 73.8248).rstrip("-\n") + "\n" + card.removeprefix("---\n"), encoding="utf-8")
    experiment = plan(read_card(live), Options())
    exact = [(one.value, one.dialect) for one in experiment.claims if one.metric == "exact"]
    assert exact == [(73.8248, "model_index"), (71.8773688200118, "key_value_block")]
    assert any("exact twice: 73.8248" in one and "--claims" in one for one in experiment.ambiguities)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data are not part of the repository")
@pytest.mark.parametrize(
    ("name", "n_judged", "n_others"),
    [
        ("deepset__xlm-roberta-large-squad2", 6, 4),
        ("deepset__xlm-roberta-base-squad2", 2, 4),
        ("henryk__bert-base-multilingual-cased-finetuned-dutch-squad2", 6, 0),
        ("pierreguillou__t5-base-qa-squad-v1.1-portuguese", 2, 0),
        ("deepset__tinyroberta-squad2", 8, 0),
    ],
)
def test_the_numbers_of_real_cards_are_told_apart(name: str, n_judged: int, n_others: int) -> None:
    found = told(read_card(SHARED / "cards" / f"{name}.md"))
    assert (len(found.judged), len(found.others)) == (n_judged, n_others)
