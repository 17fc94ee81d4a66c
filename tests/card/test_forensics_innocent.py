"""No honest number is accused: 300 of each kind that programs print, whole cards with all their parts.

A card here is a random set of answers to SQuAD 2.0's dev set, scored and printed as a program would; whatever is
called a contradiction, or strong evidence against a number, would be a false accusation.
"""

import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.card.forensics import Finding, examine
from harness.card.forensics.counts import UP_TO, _fitting, count_at
from harness.card.forensics.finding import printed
from harness.card.lint import lint
from harness.card.read import read_card
from harness.domain import Claim
from tests.conftest import SHARED

N_CARDS = 300
N_HAS, N_NO = 5_928, 5_945


def double(right: float, n: int) -> str:
    return repr(100.0 * right / n)


def single(right: float, n: int) -> str:
    return repr(float(np.float32(right) / np.float32(n) * np.float32(100)))


def single_fraction(right: float, n: int) -> str:
    return repr(float(np.float32(right) / np.float32(n)) * 100)


def single_short(right: float, n: int) -> str:
    return str(np.float32(right) / np.float32(n) * np.float32(100))


def fraction(right: float, n: int) -> str:
    return repr(right / n * 100)


def rounded_fraction(right: float, n: int) -> str:
    return repr(round(right / n, 4) * 100)


def quantised(digits: int, mode: str) -> Callable[[float, int], str]:
    return lambda right, n: str(
        Decimal(100.0 * right / n).quantize(Decimal(1).scaleb(-digits), rounding=getattr(decimal, mode))
    )


def rounded_single(right: float, n: int) -> str:
    return f"{np.float32(right) / np.float32(n) * np.float32(100):.4f}"


PRINTED: Mapping[str, Callable[[float, int], str]] = {
    "double": double,
    "float32": single,
    "float32, a fraction": single_fraction,
    "float32, short": single_short,
    "float32, rounded": rounded_single,
    "fraction x 100": fraction,
    "fraction rounded, x 100": rounded_fraction,
    **{
        f"{mode.removeprefix('ROUND_').lower()}, {digits}": quantised(digits, mode)
        for mode in ("ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN")
        for digits in (1, 2, 3, 4, 6)
    },
}


SINGLE = (single, single_fraction, single_short, rounded_single)  # these sum in single precision too


def card_of(random: np.random.Generator, shown: Callable[[float, int], str]) -> list[Claim]:
    """Exact and f1 of a random model, in all and in parts, each sum in an order of its own."""
    has_exact, no_exact = int(random.integers(0, N_HAS)), int(random.integers(0, N_NO))
    partial = random.uniform(0, 1, N_HAS - has_exact) * (random.uniform(size=N_HAS - has_exact) < 0.3)
    kind = np.float32 if shown in SINGLE else np.float64
    has_f1 = float(np.cumsum(np.concatenate([np.ones(has_exact), partial]).astype(kind))[-1])
    everyone = np.concatenate([partial, np.ones(has_exact + no_exact), np.zeros(N_NO - no_exact)])
    all_f1 = float(np.cumsum(random.permutation(everyone).astype(kind))[-1])
    printed = {
        "exact": shown(has_exact + no_exact, N_HAS + N_NO),
        "f1": shown(all_f1, N_HAS + N_NO),
        "HasAns_exact": shown(has_exact, N_HAS),
        "HasAns_f1": shown(has_f1, N_HAS),
        "NoAns_exact": shown(no_exact, N_NO),
        "NoAns_f1": shown(no_exact, N_NO),
    }
    return [
        Claim(metric, float(raw), "points", len(raw.partition(".")[2]), raw, line, "block")
        for line, (metric, raw) in enumerate(printed.items(), start=1)
    ]


def accusations(findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if one.is_contradiction]


@pytest.mark.parametrize("name", PRINTED)
def test_no_honest_card_is_accused(name: str) -> None:
    random = np.random.default_rng(0)
    cards = [card_of(random, PRINTED[name]) for _ in range(N_CARDS)]
    accused = [(claims[one.lines[0] - 1].raw, one.says) for claims in cards for one in accusations(examine(claims))]
    assert accused == []


def test_a_number_that_no_count_gives_is_still_told() -> None:
    """The power that is left: of random doubles in full all are called, of numbers with four decimals most."""
    random = np.random.default_rng(0)

    def share_called(shown: Callable[[float], str]) -> float:
        raws = [shown(float(random.uniform(20, 90))) for _ in range(N_CARDS)]
        claims = [Claim("exact", float(raw), "points", 4, raw, 1, "block") for raw in raws]
        return sum(bool(accusations(examine([one]))) for one in claims) / N_CARDS

    assert share_called(repr) == 1.0
    assert share_called(lambda number: f"{number:.4f}") > 0.9


def test_the_official_scripts_own_noise_is_no_contradiction(tmp_path: Path) -> None:
    """evaluate-v2.0.py sums f1 for best_f1 in the order of the null odds."""
    path = tmp_path / "card.md"
    path.write_text(
        '# Reader\n\nOn SQuAD 2.0:\n```\n"f1": 79.98343832723452,\n"best_f1": 79.98343832723432,\n```\n',
        encoding="utf-8",
    )
    assert [remark.text for remark in lint(read_card(path)).remarks if remark.kind == "implausible"] == []


def test_parts_that_recombine_are_evidence_for_a_card(tmp_path: Path) -> None:
    block = "\n".join(f'"{one.metric}": {one.raw},' for one in card_of(np.random.default_rng(1), double))
    path = tmp_path / "card.md"
    path.write_text(f"# Reader\n\nOn SQuAD 2.0:\n```\n{block}\n```\n", encoding="utf-8")
    said = {remark.kind: remark.text for remark in lint(read_card(path)).remarks if "recombine" in remark.text}
    assert set(said) == {"evidence"}


def test_a_stated_total_is_the_number_of_questions() -> None:
    """The Hub's evaluator lost four questions; a card that says so is held to what it says."""
    total = Claim("total", 11_869.0, "count", 0, "11869", 3, "index")
    exact = Claim("exact", 79.9309, "points", 4, "79.9309", 1, "index")
    (finding,) = [one for one in examine([exact, total]) if one.test == "integer count"]
    assert "is exactly 9,487 of 11,869 (the total that the card states)" in finding.says
    assert accusations(examine([exact])) != []


@pytest.mark.parametrize("name", ["verified-total-11869", "best-thresh-zero", "best-thresh-zero-as-printed"])
def test_genuine_output_is_not_called_implausible(name: str) -> None:
    path = SHARED / "cases" / "cards" / f"{name}.md"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    remarks: list[Any] = [one for one in lint(read_card(path)).remarks if one.kind == "implausible"]
    assert remarks == []


def test_denominators_that_fit_are_those_that_trying_all_finds() -> None:
    for raw in (repr(100.0 * 8534 / 11873), repr(100.0 * 239 / 310), "71.87736882", "33.3333333"):
        number = printed(Claim("exact", float(raw), "points", 4, raw, 1, "block"))
        assert number is not None
        assert _fitting(number) == [n for n in range(1, UP_TO + 1) if count_at(number, n) is not None]
