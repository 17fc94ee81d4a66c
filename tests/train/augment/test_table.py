"""The table on disk: made once, resumed, shared among processes, mended, and of bounded size."""

from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from harness.errors import DataError, StoreError
from harness.qa.squad import Paragraph, read_squad
from harness.train.augment import build_table, candidate_shards, table_key
from harness.train.augment import candidate_table as tables
from harness.train.augment.candidates import Entry
from harness.train.progress import Silent
from tests.train.augment.conftest import Build, files_of, paragraph


class Told(Silent):
    """Remembers what it was told; may be killed after a number of shards."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.log: list[Any] = []
        self.dies_after = dies_after

    def start(self, stage: str, n_steps: int) -> None:
        self.log.append((stage, n_steps))

    def steps(self, records: list[dict[str, float]]) -> None:
        self.log.append(records[-1]["step"])
        if records[-1]["step"] == self.dies_after:
            raise KeyboardInterrupt

    def end(self) -> None:
        self.log.append("end")


def process(index: int, of: int) -> SimpleNamespace:
    return SimpleNamespace(
        process_index=index,
        num_processes=of,
        is_main_process=index == 0,
        device=torch.device("cpu"),
        wait_for_everyone=lambda: None,
    )


def test_a_build_that_was_killed_goes_on_and_ends_in_the_same_table(
    tmp_path: Path, short: list[Paragraph], build: Build
) -> None:
    whole = build(short, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        build(short, watch=Told(dies_after=2))
    folder = tmp_path / "table"
    done = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(done) == 2
    told = Told()
    resumed = build(short, watch=told)
    assert told.log == [("word candidates", 3), 3, "end"]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert files_of(folder) == files_of(tmp_path / "whole")
    assert (resumed.rows, resumed.owners, resumed.n_words) == (whole.rows, whole.owners, whole.n_words)


def test_a_whole_table_is_opened_without_model_and_vectors(
    tmp_path: Path, short: list[Paragraph], build: Build
) -> None:
    made = build(short)
    assert build(short, masked_lm=tmp_path / "gone", glove=tmp_path / "gone.txt").n_words == made.n_words


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "of another"])
def test_a_damaged_shard_is_made_anew_and_no_other(
    tmp_path: Path, short: list[Paragraph], build: Build, damage: str
) -> None:
    table = build(short)
    before, path = files_of(table.folder), tables.path_of(table.folder, 1)
    content = before[path.name]
    middle = len(content) // 2
    path.write_bytes(
        {
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "cut": content[:middle],
            "empty": b"",
            "of another": before["000000.shard"],
        }[damage]
    )
    with pytest.raises(StoreError, match=r"000001\.shard: is missing, damaged or of other contexts"):
        table.shard(1)
    told = Told()
    build(short, watch=told)
    assert told.log == [("word candidates", 3), 3, "end"]
    assert files_of(table.folder) == before


def test_more_paragraphs_keep_the_shards_they_share(short: list[Paragraph], build: Build) -> None:
    build(short[:128])
    told = Told()
    build(short, watch=told)
    assert told.log == [("word candidates", 3), 3, "end"]


def test_processes_make_a_share_each(tmp_path: Path, short: list[Paragraph], build: Build) -> None:
    whole = build(short, tmp_path / "whole")
    with pytest.raises(StoreError, match=r"000000\.shard: is missing"):
        build(short, accelerator=process(1, of=2))  # nobody made the other's: the toy does not wait
    assert list(files_of(tmp_path / "table")) == ["000001.shard"]
    assert build(short, accelerator=process(0, of=2)).n_words == whole.n_words
    assert files_of(tmp_path / "table") == files_of(tmp_path / "whole")


def test_an_identical_context_is_computed_once(short: list[Paragraph], build: Build) -> None:
    once = build(short[:5])
    again = build([*short[:5], *short[:3]])
    assert (len(again.rows), again.n_words, again.owners) == (5, once.n_words, once.owners)


def test_no_paragraphs_make_an_empty_table(tmp_path: Path, build: Build) -> None:
    told = Told()
    assert build([], watch=told).n_words == {"mlm": 0, "glove": 0, "none": 0}
    assert told.log == [("word candidates", 0), "end"]
    assert not (tmp_path / "table").exists()


def test_contexts_without_words_or_candidates_are_held(build: Build) -> None:
    table = build([paragraph(""), paragraph("zzqj zzqj")], glove=None)
    assert [table.shard(0).entries(row) for row in range(2)] == [[], [("zzqj", ()), ("zzqj", ())]]
    assert table.n_words == {"mlm": 0, "glove": 0, "none": 2}


def test_without_glove_its_words_have_no_candidates_and_the_others_keep_theirs(
    tmp_path: Path, goldens: Path, golden: dict[str, Any], build: Build
) -> None:
    paragraphs = list(read_squad(goldens / "augment_input.json"))[-2:]
    with_glove, without = build(paragraphs), build(paragraphs, tmp_path / "without", glove=None)
    assert without.n_words["glove"] == 0
    assert without.n_words["none"] == with_glove.n_words["glove"] + with_glove.n_words["none"]
    for row, expected in enumerate(golden["paragraphs"][-2:]):
        pairs = zip(without.shard(0).entries(row), with_glove.shard(0).entries(row), expected["words"], strict=True)
        assert all(less == (more if word["source"] == "mlm" else (more[0], ())) for less, more, word in pairs)


def test_a_context_of_another_data_set_is_named(short: list[Paragraph], build: Build) -> None:
    with pytest.raises(DataError, match="holds no candidates for the context 'something else'"):
        build(short[:2]).place("something else")


def test_data_that_shrink_between_two_readings_are_named(tmp_path: Path, goldens: Path, short: list[Paragraph]) -> None:
    readings = iter([short[:4], short[:3]])
    with pytest.raises(DataError, match="training data, context 3: is gone on a second reading"):
        build_table(
            lambda: iter(next(readings)), tmp_path, masked_lm=goldens / "mlm", glove=None, word_possibilities=5,
            max_glove_words=10, accelerator=process(0, of=1), watch=Silent(),
        )  # fmt: skip


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path, short: list[Paragraph], build: Build) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        build(short[:1], tmp_path / "file" / "table")


# --- size ---


@pytest.mark.parametrize(("k", "most"), [(5, 18), pytest.param(20, 44, marks=pytest.mark.slow)])
def test_a_word_takes_few_bytes_on_disk(goldens: Path, shared: Path, build: Build, k: int, most: int) -> None:
    path = shared / "data" / "squad" / "train-v2.0.first10articles.json"
    table = build(list(islice(read_squad(path), 16)), word_possibilities=k)
    n_bytes = sum(len(content) for content in files_of(table.folder).values())
    assert n_bytes / sum(table.n_words.values()) < most


def test_a_shard_reads_back_what_was_written_in_wide_ids_too(tmp_path: Path) -> None:
    many = tuple(f"é{number}" for number in range(70_000))
    contexts = [[Entry("ñ", "mlm", ("a", "ñ")), Entry("b", "none", ())], [], [Entry("b", "glove", many)]]
    candidate_shards.write(tmp_path / "s", "owner", contexts)
    shard = candidate_shards.read(tmp_path / "s", "owner")
    assert shard is not None
    assert [shard.entries(row) for row in range(3)] == [[("ñ", ("a", "ñ")), ("b", ())], [], [("b", many)]]
    assert shard.n_words == {"mlm": 1, "glove": 1, "none": 1}
    assert candidate_shards.read(tmp_path / "s", "another") is None
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


# --- key ---

KEY: dict[str, Any] = {
    "masked_lm": {"model.safetensors": "a"},
    "glove_sha256": "b",
    "word_possibilities": 5,
    "max_glove_words": 100_000,
    "train_data": {"sha256": "c"},
}


@pytest.mark.parametrize(
    "change",
    [
        {"masked_lm": {"model.safetensors": "x"}},
        {"glove_sha256": None},
        {"word_possibilities": 20},
        {"max_glove_words": 10},
        {"train_data": {"sha256": "x"}},
    ],
    ids=str,
)
def test_everything_that_decides_a_table_is_in_its_key(change: dict[str, Any]) -> None:
    assert table_key(**KEY) == table_key(**KEY)
    assert table_key(**{**KEY, **change}) != table_key(**KEY)
