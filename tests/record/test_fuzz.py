"""Records that something changed, through the commands that read them: what they say, or an error of our tree."""

import argparse
import contextlib
import importlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record import store
from tests.fuzzing import cases, changed, changes, edits, replaced, tried
from tests.recorded import make_run

CODES = (2, 4, 5)  # wrong use, a record that fails its audit, a record that cannot be read
FILES = ("card.md", "environment.json", "experiment.json", "identity.json", "inputs.json", "verdict.json",
         "evaluation/metrics.json", "evaluation/per_question.jsonl", "evaluation/predictions.json",
         "stages/intermediate_layer/stage.json", "stages/prediction_layer/train.jsonl")  # fmt: skip
COMMANDS = ("audit", "verdict", "card", "diff")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("results") / "pocket" / "one")


@pytest.fixture(scope="module")
def copied(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record to be changed; every case puts back what it changed."""
    return Path(shutil.copytree(whole, tmp_path_factory.mktemp("results") / "pocket" / "two"))


def said_by(command: str, folders: list[Path]) -> int:
    """The exit code of a command of `harness` that reads records, its output left aside."""
    module = importlib.import_module(f"harness.cli.{command}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        return int(module.run(parser.parse_args([*map(str, folders), "--json"])))


def with_edits(content: bytes, found: list[Any]) -> bytes:
    """A JSON file, or lines of JSON, with some nodes changed."""
    lines = content.decode().splitlines() if content.count(b"\n{") else [content.decode()]
    for place, value, how in found:
        at = place % len(lines)
        lines[at] = json.dumps(replaced(json.loads(lines[at]), place, value, how))
    return "\n".join(lines).encode(errors="replace")


@cases(few=8, share=8)
@given(st.sampled_from(FILES), edits, changes, st.booleans(), st.booleans())
@pytest.mark.parametrize("command", COMMANDS)
def test_a_changed_record_is_followed_or_blamed(
    command: str, whole: Path, copied: Path, name: str, found: list[Any], made: Any, is_bytes: bool, is_listed: bool
) -> None:
    plain, path, manifest = (whole / name).read_bytes(), copied / name, copied / store.MANIFEST
    listed = manifest.read_bytes()
    try:
        path.write_bytes(changed(plain, made) if is_bytes or name == "card.md" else with_edits(plain, found))
        if is_listed:  # as if it had been so when the record was made
            store.write_lines(manifest, store.manifest_lines(copied, store.record_files(copied)))
        folders = [whole, copied] if command == "diff" else [copied]
        tried(f"records, harness {command}", lambda: said_by(command, folders), CODES)
    finally:
        path.write_bytes(plain)
        manifest.write_bytes(listed)
