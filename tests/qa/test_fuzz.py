"""Structured and plain fuzzing of what reads files of other tools: a result, or an error of our tree, nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.model_folders import problems_of
from harness.qa.offsets import repaired
from harness.qa.prediction_files import read_predictions, read_probabilities, repeated_text
from harness.qa.squad import from_table, read_squad, write_json
from harness.qa.survey import survey
from tests.fuzzing import anything, changed, changes, edits, often, replaced, texts, tried
from tests.fuzzing import optional as record

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")

numbers = st.integers(-3, 60) | st.floats() | st.integers() | st.sampled_from(["4", "4.0", " 5", "x", None, True])
ids = texts | st.integers() | st.floats() | anything


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


@often
@given(files, st.sampled_from(ENCODINGS))
def test_a_file_of_questions_is_read_or_refused(tmp_path: Path, content: str, encoding: str) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace"))
    found = tried("files of questions", lambda: list(read_squad(path)))
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
    found = tried("rows of a table", lambda: survey(from_table(rows)))
    assert found is None or found.n_unusable >= 0


@often
@given(prediction_files, st.sampled_from(ENCODINGS))
@pytest.mark.parametrize("read", [read_predictions, read_probabilities])
def test_a_file_of_predictions_is_read_or_refused(tmp_path: Path, read: Any, content: str, encoding: str) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(content.encode(encoding, "replace"))
    found = tried(f"prediction files, {read.__name__}", lambda: read(path))
    if found is None:
        return
    assert all(isinstance(value, str | int | float) for value in found.by_id.values())
    assert repeated_text([]) is None


WHOLE = [
    b'{"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "It is 31 metres tall.", "qas": [{'
    b'"id": "a", "question": "?", "is_impossible": false, "answers": [{"text": "31 metres", "answer_start": 6}]}]}]}]}',
    b'{"id": "a", "context": "It is 31", "question": "?", "answers": {"text": ["31"], "answer_start": [6]}}\n'
    b'{"id": "b", "title": "T", "context": "It is 31", "question": "?", "answers": {"text": [], "answer_start": []}}\n',
    b'{"a": "31 metres", "b": "", "c": null}',
    b'[{"id": "a", "prediction_text": "31", "no_answer_probability": 0.25}]',
    b'{"a": [{"text": "31", "probability": 0.9, "start_logit": 1.5, "end_logit": 2}]}',
    b'{"a": -3.25, "b": 1e2}',
]  # fmt: skip
READERS = {"questions": lambda path: list(read_squad(path)), "predictions": read_predictions,
           "probabilities": read_probabilities}  # fmt: skip


@often
@given(st.sampled_from([json.loads(one.splitlines()[0]) for one in WHOLE[:2]]), numbers | texts, edits, st.booleans())
def test_a_file_of_which_a_few_fields_are_changed_is_read_or_refused(
    tmp_path: Path, plain: Any, value: Any, found: Any, is_other: bool
) -> None:
    path, content = tmp_path / "data.json", json.loads(json.dumps(plain))
    for place, given_value, how in found[: 1 + is_other]:
        content = replaced(content, place, given_value if is_other else value, how)
    path.write_text(json.dumps(content), encoding="utf-8", errors="replace")
    read = tried("files of questions, a few fields changed", lambda: list(read_squad(path)))
    assert read is None or survey(repaired(read)).n_unusable <= survey(read).n_unusable


@often
@given(st.binary(max_size=60) | st.sampled_from(WHOLE) | files.map(str.encode), st.sampled_from(ENCODINGS), changes)
@pytest.mark.parametrize("reader", READERS)
def test_bytes_are_read_or_refused(tmp_path: Path, reader: str, content: bytes, encoding: str, made: Any) -> None:
    path = tmp_path / "data.json"
    text = content.decode(errors="replace").encode(encoding, "replace")
    path.write_bytes(changed(text, made))
    tried(f"bytes, read as {reader}", lambda: READERS[reader](path))


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
    found = tried("model folders", lambda: problems_of(tmp_path))
    assert all(isinstance(problem, str) for problem in found)
    (tmp_path / "model.safetensors").unlink()
    assert all(isinstance(problem, str) for problem in problems_of(tmp_path))
