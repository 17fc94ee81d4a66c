"""Structured and plain fuzzing of what reads files of other tools: a result, or an error of our tree, nothing else.

HARNESS_FUZZ=N makes N cases of each kind; without it a short run.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.plan.model_folders import problems_of
from harness.qa.offsets import repaired
from harness.qa.prediction_files import read_predictions, read_probabilities, repeated_text
from harness.qa.squad import from_table, read_squad, write_json
from harness.qa.survey import survey

N = int(os.environ.get("HARNESS_FUZZ", "150"))
often = settings(
    max_examples=N, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")

texts = st.text(max_size=6) | st.sampled_from(
    ["", " ", "The 🚢 of 1854.\r\nIt is 31 metres.", "1854", "🚢", "31 metres"]
)
numbers = st.integers(-3, 60) | st.floats() | st.integers() | st.sampled_from(["4", "4.0", " 5", "x", None, True])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
ids = texts | st.integers() | st.floats() | anything


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of which any field may be absent."""
    return st.fixed_dictionaries({}, optional=fields)


answer = record(text=texts | anything, answer_start=numbers, answer_category=texts)
columns = record(text=st.lists(texts | anything, max_size=2) | texts, answer_start=st.lists(numbers, max_size=2))
answers = st.lists(answer, max_size=3) | columns | answer | anything
flag = st.sampled_from([True, False, None, "true", 1]) | anything
question = record(id=ids, question=texts | anything, answers=answers, is_impossible=flag)
paragraph = record(context=texts | anything, qas=st.lists(question | anything, max_size=3) | anything)
article = record(title=texts | anything, paragraphs=st.lists(paragraph | anything, max_size=3) | anything)
row = record(id=ids, title=texts, context=texts, question=texts, answers=answers, is_impossible=flag)
items = st.lists(article | paragraph | row | anything, max_size=3)
lines = items.map(lambda found: "\n".join(map(json.dumps, found)))
files = (items.map(lambda found: {"data": found}) | items | anything).map(json.dumps) | lines
predicted = st.dictionaries(
    ids.filter(lambda one: isinstance(one, str)), texts | anything | st.lists(answer, max_size=2)
)
entries = st.lists(
    record(id=ids, prediction_text=texts | anything, no_answer_probability=numbers) | anything, max_size=3
)
prediction_files = (predicted | entries | anything).map(json.dumps) | entries.map(
    lambda found: "\n".join(map(json.dumps, found))
)


def tried(read: Callable[[], Any]) -> Any:
    """What is read; None where it is refused as wrong use or as an invalid run, and nothing else."""
    code = 0
    try:
        return read()
    except HarnessError as error:
        code = error.exit_code
    assert code in (2, 4)
    return None


@often
@given(files, st.sampled_from(ENCODINGS))
def test_a_file_of_questions_is_read_or_refused(tmp_path: Path, content: str, encoding: str) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace"))
    found = tried(lambda: list(read_squad(path)))
    if found is None:
        return
    before, mended = survey(found), list(repaired(found))
    assert survey(mended).n_unusable <= before.n_unusable
    assert [[q.id for q in p.questions] for p in mended] == [[q.id for q in p.questions] for p in found]
    write_json(path, found)
    again = [[(q.id, q.text, q.answers) for q in p.questions] for p in read_squad(path)]
    assert again == [[(q.id, q.text, q.answers) for q in p.questions] for p in found]


@often
@given(st.lists(row | anything.filter(lambda one: isinstance(one, dict)), max_size=3))
def test_rows_of_a_table_are_read_or_refused(rows: list[dict[str, Any]]) -> None:
    found = tried(lambda: survey(from_table(rows)))
    assert found is None or found.n_unusable >= 0


@often
@given(prediction_files, st.sampled_from(ENCODINGS))
@pytest.mark.parametrize("read", [read_predictions, read_probabilities])
def test_a_file_of_predictions_is_read_or_refused(tmp_path: Path, read: Any, content: str, encoding: str) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(content.encode(encoding, "replace"))
    found = tried(lambda: read(path))
    if found is None:
        return
    assert all(isinstance(value, str | int | float) for value in found.by_id.values())
    assert repeated_text([]) is None


@often
@given(st.binary(max_size=60) | files.map(str.encode), st.integers(0, 200), st.binary(max_size=4))
def test_bytes_are_read_or_refused(tmp_path: Path, content: bytes, at: int, inserted: bytes) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content[:at] + inserted + content[at:])
    for read in (lambda: list(read_squad(path)), lambda: read_predictions(path), lambda: read_probabilities(path)):
        tried(read)


sizes = st.lists(st.integers(-1, 3) | anything, max_size=2)
header = st.dictionaries(
    st.sampled_from(["bert.embeddings.word_embeddings.weight", "qa_outputs.weight", "x.weight", "__metadata__"]),
    record(dtype=st.sampled_from(["F32", "I8", "F16"]) | anything, shape=sizes | anything,
           data_offsets=st.lists(st.integers(-1, 9) | anything, max_size=2) | anything) | anything, max_size=3,
)  # fmt: skip
config = (
    record(model_type=texts | anything, vocab_size=numbers, hidden_size=numbers, type_vocab_size=anything) | anything
)


@often
@given(config, header | anything, st.binary(max_size=12), st.integers(-2, 2))
def test_a_model_folder_is_looked_at_whatever_it_holds(
    tmp_path: Path, config: Any, header: Any, tensors: bytes, off: int
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8", errors="replace")
    text = json.dumps(header).encode(errors="replace")
    length = max(0, len(text) + off).to_bytes(8, "little")
    (tmp_path / "model.safetensors").write_bytes(length + text + tensors)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(header), encoding="utf-8", errors="replace")
    assert all(isinstance(problem, str) for problem in problems_of(tmp_path))
    (tmp_path / "model.safetensors").unlink()
    assert all(isinstance(problem, str) for problem in problems_of(tmp_path))
