"""Tokenizer folders and configurations that something changed: loaded, or an error of our tree."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.model_folders import problems_of
from harness.qa.markers import special_tokens
from harness.train.models.fit import check_reads
from harness.train.models.loading import load_tokenizer, silence_library_logging
from tests.fuzzing import anything, changed, changes, replaced, seldom, tried
from tests.tiny import make_model

numbers = (
    st.integers(-2, 4) | st.sampled_from(["bert", "roberta", "gelu", 10**9, 0.5, True, "[PAD]", "[MASK]"]) | anything
)
edits = st.lists(
    st.tuples(st.integers(0, 2**20), numbers, st.sampled_from(["absent", "renamed", "other", "other"])),
    min_size=1, max_size=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose tokenizer has all its files, with 60 words."""
    folder = make_model(tmp_path_factory.mktemp("models") / "whole", layers=1)
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    (folder / "vocab.txt").write_text("\n".join(words[:60]), encoding="utf-8")
    silence_library_logging()
    load_tokenizer(folder).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(whole, tmp_path_factory.mktemp("models") / "changed"))


def put(whole: Path, folder: Path, name: str, found: Any, made: Any, is_bytes: bool) -> None:
    content = (whole / name).read_bytes()
    if is_bytes or not name.endswith(".json"):
        content = changed(content, made)
    else:
        plain = json.loads(content)
        for edit in found:
            plain = replaced(plain, *edit)
        content = json.dumps(plain).encode(errors="replace")
    (folder / name).write_bytes(content)


@seldom
@given(edits, changes, st.booleans())
@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "vocab.txt"])
def test_a_tokenizer_is_loaded_or_refused(
    name: str, whole: Path, folder: Path, found: Any, made: Any, is_bytes: bool
) -> None:
    try:
        put(whole, folder, name, found, made, is_bytes)
        if name == "vocab.txt":  # which is read only where there is no tokenizer.json
            (folder / "tokenizer.json").unlink()
        problems_of(folder)
        tried(f"tokenizers, {name}", lambda: special_tokens(load_tokenizer(folder)))
    finally:
        for one in (name, "tokenizer.json"):
            shutil.copy(whole / one, folder / one)


@seldom
@given(edits, changes, st.booleans())
def test_a_configuration_is_read_or_refused(whole: Path, folder: Path, found: Any, made: Any, is_bytes: bool) -> None:
    try:
        put(whole, folder, "config.json", found, made, is_bytes)
        if not problems_of(folder):
            tried("config.json", lambda: check_reads("student", folder, max_seq_length=32, initialise=False,
                                                     needs_head=True))  # fmt: skip
        else:
            tried("config.json", lambda: None)
    finally:
        shutil.copy(whole / "config.json", folder / "config.json")
