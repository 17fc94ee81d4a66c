import gzip
import shutil
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.errors import StoreError
from harness.judge.audit import audit
from harness.judge.verdict import conclude
from harness.publish.bundle import RECORD, publication_of
from harness.record import compact, store
from harness.record.folder import Run
from tests import recorded

ANSWERS, PREDICTIONS = "evaluation/per_question.jsonl", "evaluation/predictions.json"


def make_results(folder: Path) -> tuple[Path, Path]:
    """A teacher's run, and a student's that scored this teacher: its `teacher/` is the teacher's `evaluation/`."""
    teacher, student = (
        recorded.make_run(folder / "teacher" / "a"),
        recorded.make_run(folder / "pocket" / "b", wrong=(2,)),
    )
    shutil.copytree(teacher / "evaluation", student / "teacher")
    store.write_verdict(student, conclude([Run.open(student)]))
    return teacher, student


def contents(run: Path) -> dict[str, bytes]:
    record = Run.open(run)
    return {name: record.read(name) for name in record.names()}


def stored(run: Path) -> list[str]:
    return sorted(path.relative_to(run).as_posix() for path in store.record_files(run))


def test_a_compact_record_reads_byte_for_byte_as_it_was_and_passes_its_audit(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    before, manifest = contents(student), (student / store.MANIFEST).read_bytes()
    n_plain = len(stored(student))
    compact.compact(student)
    assert contents(student) == before
    assert (student / store.MANIFEST).read_bytes() == manifest
    left = stored(student)
    assert len(left) == n_plain - 2  # the two predictions.json
    assert "teacher/per_question.jsonl.from" in left
    losses = [name for name in left if name.startswith("stages/") and "train.jsonl" in name]
    assert f"{ANSWERS}.gz" in left
    assert losses
    assert all(name.endswith(".gz") for name in losses)
    assert audit(Run.open(student)).is_passed
    assert [one.prediction for one in Run.open(student).evaluation.answers] == list(
        Run.open(student).evaluation.predictions.values()
    )


def test_expanding_gives_the_plain_record_back(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    plain = {name: (student / name).read_bytes() for name in stored(student)}
    compact.compact(student)
    compact.compact(student)  # a second time changes nothing
    compact.expand(student)
    assert {name: (student / name).read_bytes() for name in stored(student)} == plain


def test_one_that_was_killed_halfway_is_whole_and_goes_on(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    (student / f"{ANSWERS}.gz").write_bytes(gzip.compress((student / ANSWERS).read_bytes()))
    found = audit(Run.open(student))
    assert [problem for one in found.checks for problem in one.problems if f"{ANSWERS}.gz: extra" in problem]
    compact.compact(student)
    assert audit(Run.open(student)).is_passed


def test_answers_of_another_record_are_missed_by_name(tmp_path: Path) -> None:
    teacher, student = make_results(tmp_path)
    compact.compact(student)
    shutil.rmtree(teacher)
    with pytest.raises(StoreError, match="these answers are in teacher/a/evaluation, which is not here"):
        Run.open(student).read("teacher/per_question.jsonl")
    assert not audit(Run.open(student)).is_passed


@pytest.mark.parametrize("words", ["../../etc/passwd", "/etc/passwd/x", "a/b", "teacher/../teacher/a", ""])
def test_answers_are_taken_from_the_same_results_folder_alone(tmp_path: Path, words: str) -> None:
    _, student = make_results(tmp_path)
    compact.compact(student)
    (student / "teacher" / "per_question.jsonl.from").write_text(words)
    with pytest.raises(StoreError, match="no CARD/RUN/FOLDER of the same results folder"):
        Run.open(student).read("teacher/per_question.jsonl")


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"x" + b[1:], lambda b: b + b"more", lambda b: b[:0]])
def test_a_damaged_file_is_named(tmp_path: Path, damage: object) -> None:
    _, student = make_results(tmp_path)
    compact.compact(student)
    packed = student / f"{ANSWERS}.gz"
    packed.write_bytes(damage(packed.read_bytes()))  # type: ignore[operator]
    with pytest.raises(StoreError, match=r"per_question\.jsonl\.gz: is (damaged|cut short)"):
        Run.open(student).read(PREDICTIONS)


def test_a_few_bytes_that_stand_for_very_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, student = make_results(tmp_path)
    compact.compact(student)
    monkeypatch.setattr(compact, "_LARGEST", 10_000)
    (student / f"{ANSWERS}.gz").write_bytes(gzip.compress(b" " * 10_001))
    with pytest.raises(StoreError, match="over 10,000 bytes"):
        Run.open(student).read(ANSWERS)


def test_a_changed_record_is_not_made_compact(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    changed = (student / ANSWERS).read_bytes().replace(b'"exact": 0', b'"exact": 1')
    (student / ANSWERS).write_bytes(changed)
    with pytest.raises(StoreError, match=r"is not as MANIFEST\.sha256 has it"):
        compact.compact(student)
    assert (student / ANSWERS).read_bytes() == changed


def test_predictions_that_do_not_follow_from_the_answers_stay(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    (student / PREDICTIONS).write_text("{}")
    store.write_manifest(student)
    compact.compact(student)
    assert (student / PREDICTIONS).read_text() == "{}"


def test_a_compact_record_is_pushed_whole(tmp_path: Path) -> None:
    _, student = make_results(tmp_path)
    plain = list(publication_of(student, allow_verdict=True, accept_license=True).listed())
    compact.compact(student)
    packed = publication_of(student, allow_verdict=True, accept_license=True)
    assert list(packed.listed()) == plain
    assert f"{RECORD}/{PREDICTIONS}" in packed.files


def test_the_command_says_what_it_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, student = make_results(tmp_path)
    assert main(["compact", str(student)]) == 0
    assert " MB, now " in capsys.readouterr().out
    assert main(["compact", "--expand", str(student)]) == 0
    assert (student / PREDICTIONS).is_file()
