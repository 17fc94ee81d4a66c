"""Cards as read: the target card in full, what cannot be read, and what is said twice."""

from pathlib import Path

import pytest

from harness.card.read import MAX_BYTES, MAX_LINES, parse
from harness.card.read import read_card as read
from harness.domain import Card
from harness.errors import CardError

TARGET = Path(__file__).parents[2] / "cards" / "tinybert-6l.md"
TEXT = TARGET.read_bytes().decode("utf-8")
PUBLISHED = "deepset__tinybert-6L-768D-squad2.md"
INTERMEDIATE, PREDICTION = "Intermediate layer distillation", "Prediction layer distillation"


@pytest.fixture(scope="module")
def target() -> Card:
    return read(TARGET)


def card_of(text: str) -> Card:
    return parse(Path("card.md"), text, "")


# --- the target card ---


def test_the_target_card_is_byte_identical_to_the_published_one(shared: Path) -> None:
    assert TARGET.read_bytes() == (shared / "cards" / PUBLISHED).read_bytes()


def test_every_setting_of_the_target_card_is_found_as_printed_on_its_line(target: Card) -> None:
    lines = TEXT.split("\n")
    assert [lines[one.line - 1] for one in target.stated] == [f"{one.key} = {one.raw}" for one in target.stated]
    assert [(one.line, one.section, one.name, one.value) for one in target.stated] == [
        (25, INTERMEDIATE, "train_batch_size", 26),
        (26, INTERMEDIATE, "num_train_epochs", 5),
        (27, INTERMEDIATE, "max_seq_length", 384),
        (28, INTERMEDIATE, "learning_rate", 5e-5),
        (29, INTERMEDIATE, "lr_schedule", "LinearWarmup"),
        (30, INTERMEDIATE, "embeds_dropout_prob", 0.1),
        (31, INTERMEDIATE, "temperature", 1),
        (35, PREDICTION, "train_batch_size", 26),
        (36, PREDICTION, "num_train_epochs", 5),
        (37, PREDICTION, "max_seq_length", 384),
        (38, PREDICTION, "learning_rate", 3e-5),
        (39, PREDICTION, "lr_schedule", "LinearWarmup"),
        (40, PREDICTION, "embeds_dropout_prob", 0.1),
        (41, PREDICTION, "temperature", 1),
        (42, PREDICTION, "soft_label_weight", 1.0),
    ]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("model", "deepset/tinybert-6L-768D-squad2", 12),
        ("teacher", "deepset/bert-base-uncased-squad2", 20),
        ("student", "huawei-noah/TinyBERT_General_6L_768D", 20),
        ("framework", "haystack", 20),
        ("train_data", "SQuAD 2.0 training set x 20 augmented + SQuAD 2.0 training set without augmentation", 14),
        ("eval_data", "SQuAD 2.0 dev set", 15),
        ("infrastructure", "1x V100 GPU", 16),
        ("license", "mit", 5),
        ("datasets", "squad_v2", 4),
    ],
)
def test_a_fact_of_the_target_card_is_found_with_its_line(target: Card, name: str, value: str, line: int) -> None:
    fact = target.fact(name)
    assert fact is not None
    assert (fact.value, fact.line) == (value, line)


def test_claims_of_the_target_card_keep_every_printed_digit(target: Card) -> None:
    assert [(c.metric, c.raw, c.value, c.decimals, c.unit, c.line, c.spread) for c in target.claims] == [
        ("exact", "71.87736882001179", 71.87736882001179, 14, "points", 46, None),
        ("f1", "76.36111895973675", 76.36111895973675, 14, "points", 47, None),
    ]


def test_mojibake_of_the_target_card_is_noted_and_kept(target: Card) -> None:
    (note,) = target.notes
    assert note.line == 51
    assert note.text.startswith("'Ã¶'")
    assert "MÃ¶ller" in target.text


def test_the_target_card_contradicts_itself_nowhere(target: Card) -> None:
    assert target.conflicts == ()


def test_line_ends_of_windows_change_no_finding(tmp_path: Path, target: Card) -> None:
    path = tmp_path / "card.md"
    path.write_bytes(TARGET.read_bytes().replace(b"\n", b"\r\n"))
    found = read(path)
    assert (found.stated, found.claims, found.facts) == (target.stated, target.claims, target.facts)


# --- what cannot be read ---


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such card"),
        (b"# Title\n\nna\xefve\n", ":3: byte 11 is not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "is larger than 4 MiB"),
        (b"x\n" * (MAX_LINES + 1), "has more than 10000 lines"),
    ],
    ids=["missing", "not UTF-8", "too large", "too many lines"],
)
def test_a_card_that_cannot_be_read_says_why_and_where(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "card.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CardError) as raised:
        read(path)
    assert str(raised.value).startswith(str(path))
    assert says in str(raised.value)


def test_a_directory_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="is a directory; give the card itself"):
        read(tmp_path)


def test_front_matter_that_is_never_closed_is_body() -> None:
    found = card_of("---\nlanguage: en\n\n## Hyperparameters\n```\nlr = 1\n```\n")
    assert (dict(found.front_matter), [one.line for one in found.stated]) == ({}, [6])


def test_a_byte_order_mark_does_not_hide_the_front_matter(target: Card) -> None:
    assert card_of("\ufeff" + TEXT).front_matter == target.front_matter


@pytest.mark.parametrize("separator", ["\x0c", "\x85", "\u2028"])
def test_a_separator_that_is_no_line_end_does_not_shift_lines(separator: str, target: Card) -> None:
    found = card_of(TEXT.replace("batch_size = 26\n", f"batch_size = 26{separator}\n", 1))
    assert [one.line for one in found.stated] == [one.line for one in target.stated]


# --- what is said twice ---


def test_a_setting_stated_twice_differently_is_a_conflict_with_both_lines() -> None:
    (conflict,) = card_of("## A\n```\nlr = 1e-5\n```\n```\nlearning_rate = 2e-5\n```\n").conflicts
    assert (conflict.what, conflict.values, conflict.lines) == ("learning_rate under 'A'", ("1e-5", "2e-5"), (3, 6))


def test_a_setting_stated_twice_alike_or_under_two_headings_is_no_conflict() -> None:
    text = "## A\n```\nlr = 1e-5\nlearning_rate = 0.00001\n```\n## B\n```\nlr = 2e-5\n```\n"
    assert card_of(text).conflicts == ()


@pytest.mark.parametrize(("second", "n_conflicts"), [("76.36", 0), ("0.7636", 0), ("76.4", 0), ("76.35", 1)])
def test_a_claim_that_is_only_rounded_is_no_conflict(second: str, n_conflicts: int) -> None:
    assert len(card_of(f'```\n"f1": 76.36111\n"f1": {second}\n```\n').conflicts) == n_conflicts
