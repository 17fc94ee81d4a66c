"""Records on disk: whole or not there, found again by identity, hashed."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from harness.domain import Measurement
from harness.errors import StoreError
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion, Judgement, Verdict

JUDGEMENT = Judgement(
    "better",
    0,
    "tolerance",
    "f1 above",
    (Verdict("f1", 76.0, 78.5, 2.5, 1.0, "points", "better", "2.5 above", "tolerance", is_no_worse=True),),
)
MEASUREMENT = Measurement("f1", 78.5, "points", 100, 42, "squad2|n:100")


def make_file(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- writing ---


def test_a_file_is_written_with_its_folders_and_its_line_ends(tmp_path: Path) -> None:
    store.write_text(tmp_path / "a" / "b.txt", "one\r\ntwo\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"one\r\ntwo\n"


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_content_and_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_file(tmp_path / "a.json", "old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StoreError, match=r"a\.json: cannot be written \(No space left on device\)"):
        store.write_text(path, "new")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.json", "old")]


@pytest.mark.parametrize(
    ("in_the_way", "is_folder"),
    [("run/a.json", True), ("run/a.json.partial", True), ("run", False)],
    ids=["a folder of that name", "a folder of the temporary name", "a file where the folder should be"],
)
def test_what_stands_in_the_way_is_a_store_error_and_stays(tmp_path: Path, in_the_way: str, is_folder: bool) -> None:
    obstacle = tmp_path / in_the_way
    make_file(obstacle / "inside" if is_folder else obstacle)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match=r"a\.json: cannot be written"):
        store.write_text(tmp_path / "run" / "a.json", "new")
    assert sorted(tmp_path.rglob("*")) == before


def test_json_holds_dataclasses_and_tuples_as_plain_values(tmp_path: Path) -> None:
    store.write_json(tmp_path / "a.json", {"m": MEASUREMENT, "t": (1, "ö")})
    found = store.read_json(tmp_path / "a.json")
    assert (found["m"]["signature"], found["m"]["value"], found["t"]) == ("squad2|n:100", 78.5, [1, "ö"])


def test_json_never_holds_a_number_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        store.write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


# --- reading ---


@pytest.mark.parametrize(
    ("content", "says"), [(None, "is this a run folder"), ("{", "is broken"), ("", "is broken")], ids=str
)
def test_a_record_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: str | None, says: str) -> None:
    if content is not None:
        make_file(tmp_path / "a.json", content)
    with pytest.raises(StoreError, match=says):
        store.read_json(tmp_path / "a.json")


def test_a_verdict_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert not store.is_finished(tmp_path)
    concluded = Conclusion(JUDGEMENT, (MEASUREMENT,), (), ())
    store.write_verdict(tmp_path, concluded)
    assert store.is_finished(tmp_path)
    assert Run.open(tmp_path).conclusion == concluded


@pytest.mark.parametrize("plain", ['{"judgement": {"outcome": "better"}}', '{"judgement": {"verdicts": [{}]}}', "{}"])
def test_a_verdict_of_another_version_is_a_store_error(tmp_path: Path, plain: str) -> None:
    make_file(tmp_path / "verdict.json", plain)
    with pytest.raises(StoreError, match="has schema version None"):
        Run.open(tmp_path).conclusion  # noqa: B018


# --- runs ---


def test_a_run_is_found_by_its_identity_newest_first(tmp_path: Path) -> None:
    for name, identity in [("20260101T000000Z-a", "a"), ("20260102T000000Z-a", "a"), ("20260103T000000Z-b", "b")]:
        store.write_json(tmp_path / "card" / name / "identity.json", {"identity": identity})
    assert store.find_run(tmp_path, "card", "a") == tmp_path / "card" / "20260102T000000Z-a"
    assert store.find_run(tmp_path, "card", "c") is None
    assert store.find_run(tmp_path, "other", "a") is None


def test_two_runs_of_the_same_second_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.time, "gmtime", lambda: (2026, 1, 2, 3, 4, 5, 0, 0, 0))
    names = [store.new_run(tmp_path, "card", "0123456789abcdef").name for _ in range(3)]
    assert names == [f"20260102T030405Z-01234567{end}" for end in ("", "-1", "-2")]


def test_results_that_cannot_be_made_are_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="give a folder that can be written with --results DIR"):
        store.new_run(make_file(tmp_path / "results"), "card", "0123456789abcdef")


def test_a_hash_depends_on_values_alone() -> None:
    # sha256 of '{"a": [1, "ö"], "b": null}' in UTF-8, by sha256sum (coreutils 9.1).
    expected = "323a247e26b80ecd6d573c389dc26ada3c6c50070559adb21d9644dc89e6ffa4"
    assert store.hash_of({"b": None, "a": (1, "ö")}) == store.hash_of({"a": [1, "ö"], "b": None}) == expected
    assert store.hash_of({"a": [1, "o"], "b": None}) != expected


def test_the_manifest_hashes_every_file_but_weights_verdict_and_itself(tmp_path: Path) -> None:
    for name in ("card.md", "stages/x/train.jsonl", "stages/x/student/model.safetensors", "evaluation/metrics.json"):
        make_file(tmp_path / name, name)
    store.write_verdict(tmp_path, Conclusion(JUDGEMENT, (), (), ()))
    store.write_manifest(tmp_path)
    names = ("card.md", "evaluation/metrics.json", "stages/x/train.jsonl")
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in names]
    assert (tmp_path / "MANIFEST.sha256").read_text().splitlines() == lines


def test_scratch_is_empty_at_first_and_gone_afterwards_even_after_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    make_file(folder / "left by a killed run")

    def work() -> None:
        with store.scratch(folder):
            assert list(folder.iterdir()) == []
            make_file(folder / "rows.bin")
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert not folder.exists()


def test_a_file_that_would_not_fit_is_refused_before_it_is_made(tmp_path: Path) -> None:
    store.check_space(tmp_path, 1)
    with pytest.raises(StoreError, match=r"free the space, or give --results DIR"):
        store.check_space(tmp_path, 2**60)
