"""reproduce from a Hub on the loopback interface: teacher, student and data at a pinned revision, then offline."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest

from harness.qa import registered, squad
from tests.conftest import QUESTIONS, ROOT, without
from tests.hub_server import Hub, serving

DATA = "datasets/org/squad"


@pytest.fixture
def hub(tiny_pair: tuple[Path, Path], tmp_path: Path) -> Iterator[Hub]:
    """Teacher, student and questions as they are, then a commit of each that holds none of it any more."""
    with serving() as one:
        for repo, folder in zip(("org/teacher", "org/student"), tiny_pair, strict=True):
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            one.make(repo).add("main", "as it is", files, frozenset({"model.safetensors"}))
        files = {f"squad/{split}-00000-of-00001.parquet": parquet(tmp_path, split) for split in ("train", "validation")}
        one.make(DATA).add("main", "as it is", files, frozenset(files))
        for repo in ("org/teacher", "org/student", DATA):
            one.repositories[repo].add("main", "emptied", {"README.md": b"moved"}, frozenset())
        yield one


def parquet(folder: Path, split: str, *, answered: bool = False) -> bytes:
    """The pocket questions as the Hub has them; `answered`: those alone that have an answer."""
    rows = [
        {"id": q.id, "title": p.title, "context": p.context, "question": q.text,
         "answers": {"text": [a.text for a in q.answers], "answer_start": [a.start for a in q.answers]}}
        for p in squad.read_squad(QUESTIONS) for q in p.questions if q.answers or not answered
    ]  # fmt: skip
    path = folder / f"{split}.parquet"
    datasets.Dataset.from_list(rows).to_parquet(path)
    return path.read_bytes()


def pinned(hub: Hub, repo: str) -> str:
    """The commit before the last."""
    return list(hub.repositories[repo].commits)[-2]


def options(hub: Hub) -> dict[str, str]:
    of_data = pinned(hub, DATA)
    return {
        "--teacher": f"org/teacher@{pinned(hub, 'org/teacher')}",
        "--student": f"org/student@{pinned(hub, 'org/student')}",
        "--train": f"org/squad:train@{of_data}",
        "--eval": f"org/squad:validation@{of_data}",
    }


def harness(hub: Hub, home: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    alone = {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    return subprocess.run(
        [sys.executable, "-m", "harness", *command], cwd=ROOT, env={**env, **alone, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def the_run(results: Path) -> Path:
    (found,) = (path.parent for path in results.glob("*/*/verdict.json"))
    return found


def test_pinned_models_and_data_are_fetched_once_and_give_what_local_files_give(
    hub: Hub, command: list[str], tmp_path: Path
) -> None:
    local = without(command, "--results")
    plain = [*without(local, "--teacher", "--student", "--train", "--eval"), "--set", "augmentation.factor=0"]
    plain = without(plain, "--masked-lm", "--glove")
    of_hub = [*plain, *(part for pair in options(hub).items() for part in pair)]
    home = tmp_path / "home"

    first = harness(hub, home, [*of_hub, "--results", str(tmp_path / "first")])
    assert first.returncode == 4, first.stderr[-2000:]  # limited: it judges nothing
    run = the_run(tmp_path / "first")
    inputs = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
    assert inputs["train_data"] == {"revision": pinned(hub, DATA)}
    assert inputs["eval_data"] == {**inputs["train_data"], registered.CONTENT: inputs["eval_data"]["content"]}

    hub.asked.clear()
    again = harness(hub, home, [*of_hub, "--offline", "--results", str(tmp_path / "offline")])
    assert again.returncode == 4, again.stderr[-2000:]
    assert hub.asked == []
    locally = without(local, "--masked-lm", "--glove")
    done = harness(hub, home, [*locally, "--set", "augmentation.factor=0", "--results", str(tmp_path / "local")])
    assert done.returncode == 4, done.stderr[-2000:]
    assert hub.asked == []
    for name in ("evaluation/predictions.json", "stages/prediction_layer/train.jsonl"):
        runs = [the_run(tmp_path / folder) for folder in ("first", "offline", "local")]
        assert len({(run / name).read_bytes() for run in runs}) == 1, name


def test_offline_what_was_never_fetched_is_an_error_that_names_all_of_it(
    hub: Hub, command: list[str], tmp_path: Path
) -> None:
    bare = without(command, "--teacher", "--student", "--train", "--eval")
    of_hub = [*bare, *(part for pair in options(hub).items() for part in pair), "--offline"]
    done = harness(hub, tmp_path / "home", of_hub)
    assert done.returncode == 5
    assert hub.asked == []
    for option, value in options(hub).items():
        name = value.partition(":")[0].partition("@")[0]
        revision = value.partition("@")[2]
        assert f"{name} at {revision} could not be fetched" in done.stderr, option
    assert not list((tmp_path / "results").glob("*/*"))


def test_without_a_revision_the_newest_is_asked_for(hub: Hub, command: list[str], tmp_path: Path) -> None:
    moved = [*without(command, "--eval"), "--eval", "org/squad:validation"]
    done = harness(hub, tmp_path / "home", moved)
    assert done.returncode == 5
    assert "holds no parquet files of split validation" in done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [("org/teacher@nowhere", "org/teacher at nowhere could not be fetched"), ("org/no", "org/no could not be fetched")],
)
def test_a_revision_or_repository_that_is_none_says_what_and_which_option_helps(
    hub: Hub, command: list[str], tmp_path: Path, value: str, said: str
) -> None:
    done = harness(hub, tmp_path / "home", [*without(command, "--teacher"), "--teacher", value])
    assert done.returncode == 5
    assert said in done.stderr
    assert "give a local folder with --teacher DIR" in done.stderr


def test_pinning_the_cards_own_models_and_data_departs_from_nothing(hub: Hub) -> None:
    options = [
        "--teacher", "deepset/bert-base-uncased-squad2@v1", "--eval", "rajpurkar/squad_v2:validation@main",
        "--train", "org/squad:train@main",
    ]  # fmt: skip
    done = harness(hub, Path("unused"), ["plan", "cards/tinybert-6l.md", *options, "--json"])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["experiment"]["deviations"]
    assert [one["actual"] for one in found if one["category"] in ("data", "recipe")] == ["org/squad:train@main"]
