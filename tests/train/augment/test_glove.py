"""GloVe files: what is read, what is refused by line, and who is near whom."""

from pathlib import Path

import pytest
import torch

from harness.errors import DataError
from harness.train.augment.glove import Glove, neighbours, read_glove

CPU = torch.device("cpu")


def glove(tmp_path: Path, content: bytes | str, max_words: int = 100) -> Glove:
    path = tmp_path / "glove.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_glove(path, max_words=max_words, device=CPU)


def test_neighbours_are_by_angle_nearest_first_without_the_word(tmp_path: Path) -> None:
    read = glove(tmp_path, "east 1 0\nnorth 0 9\nnortheast 2 2\neastnortheast 4 2\nwest -3 0\n")
    found = neighbours(read, ["east", "west", "east"], k=2)
    assert found == {"east": ("eastnortheast", "northeast"), "west": ("north", "northeast")}


def test_a_list_shorter_than_what_is_asked_gives_all_it_has(tmp_path: Path) -> None:
    assert neighbours(glove(tmp_path, "a 1 0\nb 1 1"), ["a"], k=5) == {"a": ("b",)}
    assert neighbours(glove(tmp_path, "a 1 0"), ["a"], k=5) == {"a": ()}


def test_many_words_are_looked_up_as_one_by_one(tmp_path: Path) -> None:
    torch.manual_seed(1)
    vectors = torch.nn.functional.normalize(torch.randn(700, 8, dtype=torch.float64), dim=1).float()
    words = [f"w{row}" for row in range(700)]
    read = Glove(words, {word: row for row, word in enumerate(words)}, vectors)
    together = neighbours(read, words, k=3)
    assert all(neighbours(read, [word], k=3)[word] == together[word] for word in words[::50])


def test_lines_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    assert glove(tmp_path, "a 1 0\nb 1 1\nnot a vector", max_words=2).words == ["a", "b"]


def test_the_last_line_of_a_word_that_stands_twice_is_its_vector(tmp_path: Path) -> None:
    assert glove(tmp_path, "a 1 0\nb 1 1\na 0 1").rows == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("the 1 2 3\nof 1 2\n", "line 2: has 2 numbers, the lines before it 3"),
        ("400000 50\nthe 1 2 3\n", "line 2: has 3 numbers, the lines before it 1"),
        ("the 1 2\nof one two\n", "line 2: is not a word and its vector"),
        ("the 1 2\n\nof 1 2\n", "line 2: is not a word and its vector"),
        ("the 1 2\nof 1 nan\n", "line 2: is not a word and finite numbers"),
        ("the 1 2\nof 1 inf\n", "line 2: is not a word and finite numbers"),
        ("the\nof\n", "line 1: is not a word and finite numbers"),
        ('{"data": []}', "line 1: is not a word and its vector"),
        (b"the 1 2\n\xff\xfe 1 2\n", "line 2: is not UTF-8"),
        (b"PK\x03\x04\x80\x81", "line 1: is not UTF-8"),
        ("", ": is empty"),
    ],
)
def test_a_file_that_is_not_glove_is_refused_by_line(tmp_path: Path, content: bytes | str, said: str) -> None:
    with pytest.raises(DataError) as raised:
        glove(tmp_path, content)
    assert f"{tmp_path / 'glove.txt'}" in str(raised.value)
    assert said in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        read_glove(tmp_path / "none.txt", max_words=10, device=CPU)
