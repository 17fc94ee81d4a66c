"""Values of metrics that are no one number: carried with their line and reason, told by lint, refused by the plan."""

from pathlib import Path

import pytest

from harness.card.lint import lint
from harness.card.read import parse
from harness.cli.main import main
from harness.domain import Card
from tests.plan.cards import plan_of, problems_of

EXACT = '"exact": 71.87736882001179'


def card_of(text: str) -> Card:
    return parse(Path("c.md"), text, "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("71,877", "may have a decimal comma, or commas between thousands"),
        ('"71,877"', "may have a decimal comma, or commas between thousands"),
        ("NaN", "is no number"),
        ("-inf", "is no number"),
        ("1e999", "is too large to be a number"),
        (">45", "is a bound, not the number itself"),
        ("44-46", "is a range"),
        ("8534/11873", "is a count of a count: state the share as a number"),
        ("71.9 / 73.2", "is not one number"),
    ],
)
@pytest.mark.parametrize(
    "form", ['```\n"exact": {},\n"f1": 76.4\n```', "- F1: 76.4\n- Exact Match: {}", "| F1 | EM |\n|-|-|\n| 76.4 | {} |"]
)
def test_a_value_that_is_no_one_number_is_unread_and_no_claim(form: str, value: str, reason: str) -> None:
    found = card_of(f"## Results\n\n{form.format(value)}\n")
    assert [claim.metric for claim in found.claims] == ["f1"]
    (one,) = found.unread
    assert (one.metric, one.raw, one.reason, one.subject) == ("exact", value.strip('"'), reason, None)
    assert one.raw in found.text.split("\n")[one.line - 1]
    assert [remark.line for remark in lint(found).remarks if remark.kind == "unread"] == [one.line]


@pytest.mark.parametrize(("value", "points"), [("71,87", 71.87), ("71,9", 71.9), ("0,718", 71.8), ("71,8773", 71.8773)])
def test_a_comma_that_can_only_be_decimal_is(value: str, points: float) -> None:
    (claim,) = card_of(f'## Results\n```\n"exact": {value},\n```\n').claims
    assert (claim.value, claim.raw) == (pytest.approx(points), value)


def test_a_count_may_have_commas_between_thousands() -> None:
    claims = card_of('## Results\n```\n"f1": 76.4,\n"total": 11,873,\n```\n').claims
    assert [(claim.metric, claim.value) for claim in claims] == [("f1", 76.4), ("total", 11873)]


def test_a_range_in_a_sentence_is_not_its_lower_end() -> None:
    found = card_of("# m\n\nIt reaches an exact match of 44-46 on the dev set.\n")
    assert (found.claims, [one.raw for one in found.unread]) == ((), ["44-46"])


@pytest.mark.parametrize("value", ["see below", "n/a", "-", "TBD"])
def test_words_in_the_place_of_a_value_state_nothing(value: str) -> None:
    found = card_of(f"## Results\n- F1: 76.4\n- Exact Match: {value}\n")
    assert found.unread == ()


@pytest.mark.parametrize("value", ["71,877", "NaN", ">45", "44-46", "1e999", "8534/11873"])
def test_the_plan_refuses_a_card_of_which_a_claim_cannot_be_read(value: str) -> None:
    (problem,) = problems_of((EXACT, f'"exact": {value}'))
    assert problem.startswith(f"tinybert-6l.md:46: exact = {value} ")


def test_parse_prints_what_it_could_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "card.md"
    path.write_text("## Results\n- F1: 76.4\n- EM: 44-46\n", encoding="utf-8")
    assert main(["parse", str(path)]) == 0
    assert "unread: exact = 44-46 is a range (line 3)" in capsys.readouterr().out


def test_another_models_unread_value_is_no_problem_of_the_plan() -> None:
    table = "\n| Model | EM |\n|-|-|\n| other | 44-46 |\n"
    assert len(plan_of(("## Authors", f"{table}\n## Authors")).claims) == 2


def test_a_best_exact_match_beside_f1_is_said_to_be_no_claim_of_exact() -> None:
    change = (EXACT, EXACT.replace('"exact"', '"best_exact"'))
    found = plan_of(change)
    assert [claim.metric for claim in found.claims] == ["f1"]
    said = "exact is not claimed: best_exact = 71.87736882001179 has a threshold chosen on the answers"
    assert any(said in text for text in found.ambiguities)
    text = '## Results\n```\n"best_exact": 71.9,\n"f1": 76.4\n```\n'
    assert [remark.line for remark in lint(card_of(text)).remarks if remark.kind == "unread"] == [3]
