"""What printed numbers can and cannot be: the rules on numbers that real cards print, and on numbers that say nothing.

Facts about the counts and doubles are arithmetic; those about cards are of the files named in the tests.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from harness.card.forensics import Finding, examine, examine_cards
from harness.card.forensics.counts import count_at, denominators
from harness.card.forensics.digits import HAYSTACK, OFFICIAL, SHIFTED, is_shortest, readings, shifted
from harness.card.forensics.finding import Printed, printed
from harness.card.read import read_card
from harness.domain import Claim, Unit
from harness.errors import CardError

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "cards" / "tinybert-6l.md"


def claim(metric: str, raw: str, line: int = 1, *, unit: Unit = "points", dialect: str = "block") -> Claim:
    value = float(raw) * (100 if unit == "points" and 0 < float(raw) <= 1 else 1)
    return Claim(metric, value, unit, decimals=len(raw.partition(".")[2]), raw=raw, line=line, dialect=dialect)


def number(metric: str, raw: str) -> Printed:
    found = printed(claim(metric, raw))
    assert found is not None
    return found


def found(test: str, *claims: Claim) -> list[Finding]:
    return [finding for finding in examine(claims) if finding.test == test]


def only(test: str, *claims: Claim) -> Finding:
    (finding,) = found(test, *claims)
    return finding


def speaking(claims: tuple[Claim, ...]) -> list[Finding]:
    return [finding for finding in examine(claims) if finding.strength != "none"]


# --- a number as printed ---


def test_a_number_is_read_from_its_characters() -> None:
    assert (number("exact", "72.40").points, number("exact", "72.40").decimals) == (Decimal("72.40"), 2)
    assert (number("exact", "0.7240").points, number("exact", "0.7240").is_shifted) == (Decimal("72.40"), True)
    assert not number("exact", "0").is_shifted
    assert printed(claim("prediction_layer_loss", "0.1247", unit="loss")) is None
    assert printed(Claim("exact", 72.4, "points", 1, "about 72.4", 1, "prose")) is None


# --- integer counts ---


@pytest.mark.parametrize(
    ("metric", "raw", "k", "n"),
    [
        ("exact", "71.87736882001179", 8534, 11873),
        ("exact", "73.67977764676156", 8748, 11873),
        ("exact", "78.69114798281817", 9343, 11873),
        ("exact", "79.87029394424324", 9483, 11873),
        ("HasAns_exact", "76.19770580296895", 4517, 5928),
        ("NoAns_exact", "81.17746005046257", 4826, 5945),
        ("exact", "0.7187736882001179", 8534, 11873),
        ("exact", "79.331256", 9419, 11873),
        ("exact", "100", 11873, 11873),
        ("exact", "0", 0, 11873),
    ],
)
def test_a_count_is_found_at_the_printed_precision(metric: str, raw: str, k: int, n: int) -> None:
    assert n in denominators(metric)
    assert count_at(number(metric, raw), n) == k


def test_the_target_card_is_a_count_over_the_whole_dev_set() -> None:
    finding = only("integer count", claim("exact", "71.87736882001179", 46))
    assert finding.strength == "strong"
    assert finding.lines == (46,)
    assert "is exactly 8,534 of 11,873" in finding.says
    assert "only 11,873 and its multiples fit" in finding.says
    assert "line 46" in finding.says


@pytest.mark.parametrize(
    ("raw", "fits", "k"),
    [("73.8248", "11,870", "8,763"), ("75.6529", "11,870", "8,980"), ("71.1517", "11,869", "8,445")],
)
def test_the_hub_evaluator_s_numbers_are_no_count_over_the_dev_set(raw: str, fits: str, k: str) -> None:
    finding = only("integer count", claim("exact", raw))
    assert "no count at 11,873" in finding.says
    assert f"{fits} fits ({k})" in finding.says
    assert "about 0.7 would by chance" in finding.says


@pytest.mark.parametrize("raw", ["72.4", "71.88", "72", "95.62", "0.72"])
def test_a_coarse_number_says_nothing(raw: str) -> None:
    finding = only("integer count", claim("exact", raw))
    assert finding.strength == "none"
    assert "says nothing" in finding.says


def test_a_number_that_was_cut_is_not_called_impossible() -> None:
    # 4364 of 5928 is 73.61673; deepset's and others' cards round, this one (albert-base-best-squad2) cuts.
    finding = only("integer count", claim("HasAns_exact", "73.616"))
    assert finding.strength == "weak"
    assert "4,364 of 5,928 if it was cut" in finding.says


def test_squad_1_is_found_by_its_own_size() -> None:
    # 8,933 of 10,570 under the official script's order.
    finding = only("integer count", claim("exact", repr(100.0 * 8933 / 10570)))
    assert "is exactly 8,933 of 10,570 (SQuAD 1.1 dev)" in finding.says


def test_a_mean_is_no_count() -> None:
    assert found("integer count", claim("f1", "76.36111895973675"), claim("HasAns_f1", "82.66446878592329", 2)) == []


# --- digits ---


def test_three_orders_of_operation_print_three_numbers_for_the_target() -> None:
    assert repr(8534 / 11873) == "0.7187736882001179"
    assert readings(8534, 11873) == {
        OFFICIAL: "71.8773688200118",
        HAYSTACK: "71.87736882001178",
        SHIFTED: "71.87736882001179",
    }


@pytest.mark.parametrize(("fraction", "text"), [(0.5, "50.0"), (1.0, "100.0"), (0.0, "0.0"), (0.0001, "0.01")])
def test_a_shifted_fraction_stays_a_plain_number(fraction: float, text: str) -> None:
    assert float(shifted(fraction)) == float(text)
    assert "e" not in shifted(fraction).lower()


def test_the_target_was_printed_by_a_fraction_moved_by_hand() -> None:
    exact = only("digits", claim("exact", "71.87736882001179", 46))
    assert exact.strength == "moderate"
    assert "printed exactly by k/n, point moved by hand" in exact.says
    assert "71.8773688200118" in exact.says
    f1 = only("digits", claim("f1", "76.36111895973675", 47))
    assert "0.7636111895973675 is one" in f1.says
    assert "70%" in f1.says
    assert f1.strength == "weak"


def test_tinyroberta_was_printed_by_the_official_script_s_order() -> None:
    finding = only("digits", claim("exact", "78.69114798281817", 99))
    assert f"printed exactly by {OFFICIAL} (the official script's order), not by the rest" in finding.says
    assert "78.69114798281815" in finding.says


@pytest.mark.parametrize("raw", ["79.87029394424324", "79.8366040596311"])
def test_digits_that_every_order_prints_tell_nothing(raw: str) -> None:
    assert only("digits", claim("exact", raw)).strength == "none"


def test_digits_that_no_order_prints_were_printed_by_something_else() -> None:
    finding = only("digits", claim("exact", "71.877368820012"))
    assert "no reading prints these characters" in finding.says


@pytest.mark.parametrize(
    ("text", "is_one"), [("76.36111895973675", False), ("0.7636111895973675", True), ("81.9198998536977", True)]
)
def test_a_shortest_form_is_python_s_own(text: str, is_one: bool) -> None:
    assert is_shortest(text) is is_one


def test_a_mean_that_is_a_double_both_ways_tells_nothing() -> None:
    assert only("digits", claim("f1", "81.9198998536977")).strength == "none"


@pytest.mark.parametrize("raw", ["73.8248", "71.88", "0.7187736882001179"])
def test_rounded_numbers_and_fractions_have_no_digits_to_read(raw: str) -> None:
    assert found("digits", claim("exact", raw)) == []


# --- against one another ---


def test_exact_above_f1_cannot_be() -> None:
    finding = only("exact <= f1", claim("exact", "80.1", 3), claim("f1", "79.5", 4))
    assert (finding.strength, finding.lines) == ("strong", (3, 4))
    assert only("exact <= f1", claim("HasAns_exact", "80.1"), claim("HasAns_f1", "79.5", 2)).metrics == (
        "HasAns_exact",
        "HasAns_f1",
    )


@pytest.mark.parametrize(("exact", "f1"), [("71.9", "76.4"), ("76.4", "76.4"), ("76.4", "76.35")])
def test_exact_up_to_f1_is_silent_rounding_included(exact: str, f1: str) -> None:
    assert found("exact <= f1", claim("exact", exact), claim("f1", f1, 2)) == []


def test_no_answer_scores_that_differ_cannot_be() -> None:
    finding = only("NoAns exact = f1", claim("NoAns_exact", "81.17"), claim("NoAns_f1", "81.25", 2))
    assert finding.strength == "strong"
    assert found("NoAns exact = f1", claim("NoAns_exact", "81.17"), claim("NoAns_f1", "81.18", 2)) == []


TINYROBERTA = (
    claim("exact", "78.69114798281817", 99),
    claim("f1", "81.9198998536977", 100),
    claim("HasAns_exact", "76.19770580296895", 103),
    claim("HasAns_f1", "82.66446878592329", 104),
    claim("NoAns_exact", "81.17746005046257", 106),
    claim("NoAns_f1", "81.17746005046257", 107),
)


def test_parts_of_one_evaluation_recombine_to_the_last_digit() -> None:
    findings = found("parts", *TINYROBERTA)
    assert [finding.metrics[0] for finding in findings] == ["exact", "f1"]
    assert all(finding.strength == "strong" and "recombine" in finding.says for finding in findings)


def test_parts_of_other_questions_name_the_share_that_would_fit() -> None:
    # Josue/BETO-espanhol-Squad2: a Spanish set.
    claims = [
        claim(*pair)
        for pair in (
            ("exact", "76.50501430594491", 61), ("HasAns_exact", "67.93020719738277", 64),
            ("NoAns_exact", "93.34104145255225", 67),
        )
    ]  # fmt: skip
    finding = only("parts", *claims)
    assert "make 80.6538 with the counts of SQuAD 2.0 dev, which is not it" in finding.says
    assert "66.26% of them answerable" in finding.says


def test_a_total_outside_its_parts_cannot_be() -> None:
    finding = only("parts", claim("exact", "85.0"), claim("HasAns_exact", "76.2"), claim("NoAns_exact", "81.2"))
    assert "lies outside its parts" in finding.says


def test_coarse_parts_recombine_by_chance() -> None:
    finding = only("parts", claim("exact", "79"), claim("HasAns_exact", "76"), claim("NoAns_exact", "81"))
    assert finding.strength in ("weak", "none")


@pytest.mark.parametrize(("raw", "is_near"), [("50.0716", True), ("50.29", True), ("49.6", True), ("51.0", False)])
def test_a_number_at_the_all_null_floor_is_named(raw: str, is_near: bool) -> None:
    assert bool(found("all-null floor", claim("exact", raw))) is is_near


def test_both_numbers_of_an_all_null_model_are_one_finding() -> None:
    assert only("all-null floor", claim("exact", "50.07"), claim("f1", "50.07", 2)).metrics == ("exact", "f1")


@pytest.mark.parametrize("raw", ["101.3", "-2.5"])
def test_a_percentage_outside_its_range_is_none(raw: str) -> None:
    out_of_range = Claim("exact", float(raw), "points", 1, raw, 7, "block")
    assert [finding.test for finding in examine([out_of_range])] == ["range"]


def test_two_sources_that_contradict_each_other_are_named_with_the_gap() -> None:
    hub, body = claim("exact", "73.8248", 22, dialect="model_index"), claim("exact", "71.87736882001179", 68)
    finding = only("sources", hub, body)
    assert (finding.strength, finding.lines) == ("strong", (22, 68))
    assert "-1.9474" in finding.says
    assert "model_index and block contradict each other" in finding.says


def test_two_values_in_one_source_may_be_of_two_data_sets() -> None:
    assert only("sources", claim("exact", "79.46"), claim("exact", "49.35", 2)).strength == "weak"


def test_sources_that_agree_as_far_as_both_print_are_silent() -> None:
    rounded, full = claim("exact", "71.88", 3, dialect="model_index"), claim("exact", "71.87736882001179", 68)
    assert found("sources", rounded, full) == []


def test_claims_of_two_sources_are_not_held_against_each_other() -> None:
    hub = [claim("exact", "90.0", 22, dialect="model_index"), claim("f1", "91.0", 27, dialect="model_index")]
    assert found("exact <= f1", *hub, claim("f1", "76.4", 69)) == []


# --- whole cards ---


def test_the_target_card_speaks_on_both_lines() -> None:
    findings = examine(read_card(TARGET).claims)
    assert [(finding.test, finding.lines, finding.strength) for finding in findings] == [
        ("integer count", (46,), "strong"),
        ("digits", (46,), "moderate"),
        ("digits", (47,), "weak"),
    ]


def test_a_card_with_two_decimals_and_nothing_odd_is_silent() -> None:
    assert speaking((claim("exact", "71.88", 1), claim("f1", "76.36", 2))) == []
    assert examine([]) == ()
    assert examine([claim("prediction_layer_loss", "0.12", unit="loss")]) == ()


def test_every_shared_card_can_be_examined(shared: Path) -> None:
    n_findings = 0
    for path in sorted((shared / "cards").glob("*.md")):
        try:
            claims = read_card(path).claims
        except CardError:
            continue
        n_findings += len(examine(claims))
    assert n_findings > 50


def test_tinyroberta_s_card_holds_together_in_whatever_order_it_is_read(shared: Path) -> None:
    claims = read_card(shared / "cards" / "deepset__tinyroberta-squad2.md").claims
    block = [one for one in claims if one.line > 90 and one.unit == "points"]
    assert examine(block) == examine(reversed(block))
    assert {one.raw for one in TINYROBERTA} == {one.raw for one in block}
    assert [finding.says for finding in examine(block)] == [finding.says for finding in examine(TINYROBERTA)]


# --- two cards ---


def test_two_cards_with_the_same_digits_are_named() -> None:
    ours = [claim("exact", "71.87736882001179", 46), claim("f1", "76.36111895973675", 47)]
    copy = [claim("exact", "71.87736882001179", 68), claim("f1", "76.36111895973675", 69)]
    other = [claim("exact", "79.87029394424324", 48)]
    (finding,) = examine_cards({"tinybert": ours, "distbert": copy, "roberta": other})
    assert finding.strength == "strong"
    assert finding.lines == (46, 68, 47, 69)
    assert finding.says.startswith("tinybert and distbert print the same digits: exact 71.87736882001179")


def test_coarse_numbers_in_two_cards_agree_by_chance() -> None:
    assert examine_cards({"a": [claim("exact", "79.9")], "b": [claim("exact", "79.9")]}) == ()
    (finding,) = examine_cards({"a": [claim("exact", "79.87")], "b": [claim("exact", "79.87")]})
    assert finding.strength == "moderate"


def test_copied_cards_are_found_among_the_shared_ones(shared: Path) -> None:
    names = ("deepset__tinybert-6L-768D-squad2", "Shobhank-iiitdwd__DistBERT-squad2-QA", "optimum__roberta-base-squad2")
    findings = examine_cards({name: read_card(shared / "cards" / f"{name}.md").claims for name in names})
    assert [finding.says.split(" print")[0] for finding in findings] == [f"{names[0]} and {names[1]}"]
