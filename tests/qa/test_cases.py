"""Files of other tools, in the shape of things that people met in public, read as what they mean.

`tests/run/test_cases.py` has every file of the cases through the whole command.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.qa import offsets
from harness.qa.offsets import repaired
from harness.qa.squad import read_squad
from harness.qa.survey import survey

# Of eight questions, two of them unanswerable: what the other files are changed from.
PLAIN = "06-doc-stride-gap/good.json"
AS_PLAIN = [
    "03-empty-qas", "04b-crlf-file", "07-run-qa-flat-json", "08-run-qa-jsonl", "09-top-level-list", "11-bom",
    "14-float-offset", "20-blank-question", "21-long-question",
]  # fmt: skip
OFF = {
    "04-crlf-offsets": "8 of 8 such offsets are counted with CR LF as one character",
    "15-utf16-offsets": "9 of 9 such offsets are counted in UTF-16 units",
}


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    return shared / "cases" / "data"


def answers(path: Path) -> list[Any]:
    return [(p.context, [one.answers for one in p.questions]) for p in read_squad(path)]


@pytest.mark.parametrize("name", AS_PLAIN)
def test_a_file_of_another_form_has_the_same_answers(name: str, cases: Path) -> None:
    plain, found = answers(cases / PLAIN), [one for one in answers(cases / name / "train.json") if one[1]]
    assert found == plain
    assert survey(read_squad(cases / name / "train.json")).notes == ()


@pytest.mark.parametrize("name", OFF)
def test_offsets_in_other_units_are_named_and_mended(name: str, cases: Path) -> None:
    path = cases / name / "train.json"
    found, mended = survey(read_squad(path)), survey(repaired(read_squad(path)))
    assert (found.share_unusable, found.reading, found.unusable[0].what) == (1.0, OFF[name], offsets.NOT_THERE)
    assert (mended.n_unusable, mended.notes[0].what, mended.notes[0].n) == (0, offsets.MOVED, found.n_questions)


def test_numbers_as_ids_are_their_digits(cases: Path) -> None:
    (found,) = read_squad(cases / "01-covidqa-int-ids" / "train.json")
    assert [one.id for one in found.questions] == [str(number) for number in range(262, 270)]
    assert found.title == ""


def test_squad_1_is_read_without_its_flag(cases: Path) -> None:
    found = survey(read_squad(cases / "10-v11-no-flag" / "train.json"))
    assert (found.n_questions, found.notes, found.n_unusable) == (6, (), 0)


def test_odd_texts_are_read_as_they_are(cases: Path) -> None:
    path = cases / "16-odd-text" / "train.json"
    assert survey(read_squad(path)).n_unusable == 0
    listed = json.loads(path.read_text(encoding="utf-8"))["data"]
    assert [one.context for one in read_squad(path)] == [p["context"] for one in listed for p in one["paragraphs"]]
