"""What is kept for the record under results/: every run passes its audit, and the page says what the records do."""

from pathlib import Path

import pytest

from harness import store
from harness.cli import main
from tests import tell_minilm
from tests.conftest import SHARED

ROOT = Path(__file__).parents[1]
RUNS = sorted(path.parent for path in (ROOT / "results").glob(f"minilm-*/*/{store.VERDICT}"))


def test_there_are_records() -> None:
    assert {run.parent.name for run in RUNS} == {tell_minilm.TEACHER, tell_minilm.STUDENT}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_a_committed_record_follows_from_itself_and_its_answers_from_the_dev_set(run: Path) -> None:
    path = SHARED / "data" / "squad" / "dev-v2.0.rebuilt.json"
    golds = ["--eval", str(path)] if path.is_file() else []
    assert main(["audit", str(run), *golds]) == 0
    assert not list(run.rglob("*.safetensors"))


def test_the_page_is_what_the_records_say() -> None:
    printed = "\n".join(tell_minilm.page(tell_minilm.runs())) + "\n"
    assert (ROOT / "results" / "README.md").read_text(encoding="utf-8") == printed
