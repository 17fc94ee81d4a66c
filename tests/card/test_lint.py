"""Completeness, remarks and what of a card reaches a terminal or a workflow."""

import json
from pathlib import Path

import pytest

from harness.card.completeness import completeness
from harness.card.lint import lint
from harness.card.read import parse, read_card
from harness.cli.main import main
from harness.report.printable import printable

TARGET = Path(__file__).parents[2] / "cards" / "tinybert-6l.md"
SLIPS = """## Hyperparameters
```
learning_rate = 3
n_epochs = 2
batch_size = 16
```
## Results
- Accuracy: 104.2
```
"exact": 82.5,
"f1": 80.1
```
- F1: 79.0
"""


def remarks_of(text: str) -> list[tuple[str, int]]:
    return [(one.kind, one.line) for one in lint(parse(Path("c.md"), text, "")).remarks if one.kind != "missing"]


def test_the_target_card_states_two_thirds_of_what_a_re_run_needs() -> None:
    found = completeness(read_card(TARGET))
    assert found.score == 72
    assert "seed" in found.missing
    assert "warmup of 'Prediction layer distillation'" in found.missing
    assert not {"teacher", "base model", "training data"} & set(found.missing)


def test_slips_are_found_on_their_lines() -> None:
    assert remarks_of(SLIPS) == [("implausible", 3), ("implausible", 8), ("implausible", 10), ("conflict", 13)]


def test_word_error_rates_above_a_hundred_are_no_slip() -> None:
    assert remarks_of("## Results\n- Wer: 113.5\n") == []


def test_a_score_below_the_least_one_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TARGET), "--min-score", "72"]) == 0
    assert main(["lint", str(TARGET), "--min-score", "73"]) == 1
    assert "72 % complete" in capsys.readouterr().out


def test_lint_as_json_has_a_score_for_each_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TARGET), str(TARGET), "--json"]) == 0
    assert [one["score"] for one in json.loads(capsys.readouterr().out)["lints"]] == [72, 72]


def test_annotations_stand_on_the_cards_lines_and_cannot_be_forged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a,b.md"
    path.write_text(SLIPS.replace("Accuracy: 104.2", "Accuracy 100%::error x: 104.2"), encoding="utf-8")
    assert main(["lint", "--github", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("::warning file=", "::notice file=")) for line in lines)
    assert any(
        "a%2Cb.md,line=10::implausible: exact 82.5 (line 10) is above f1 80.1 (line 11): it cannot be" in line
        for line in lines
    )


def test_many_cards_are_one_document_and_a_bad_one_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parse", str(TARGET), str(tmp_path / "none.md"), str(TARGET), "--json"]) == 2
    captured = capsys.readouterr()
    assert [one["name"] for one in json.loads(captured.out)["cards"]] == ["tinybert-6l"] * 2
    assert "no such card" in captured.err


def test_parse_says_both_readings_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", str(TARGET)]) == 0
    out = capsys.readouterr().out
    for part in ("the other reading is one merged set", "missing: ", "1x V100 GPU", "note: line 51"):
        assert part in " ".join(out.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x07b\rc\x9bd", "a\\x07b\\rc\\x9bd"),
        ("right\u202eleft", "right\\u202eleft"),
        ("naïve 🏋️\u200d", "naïve 🏋️\u200d"),
    ],
)
def test_control_characters_are_shown_as_their_codes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_card_cannot_write_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "card.md"
    path.write_text(
        "**Infrastructure**: \x1b[2J1x V100\n\n## A\x1b[0m\n```\nlr = \x1b]0;x\x071\n```\n", encoding="utf-8"
    )
    assert main(["parse", str(path)]) == 0
    assert main(["lint", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out
