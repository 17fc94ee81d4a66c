"""The Hub: what is asked of it, and the one error when it does not give it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import datasets
import pytest

from harness.errors import HubError
from harness.qa.squad import Answer, Paragraph, Question
from harness.run import download

ROOT = Path(__file__).parents[2]
CODE = """
from harness.run import download
from harness.errors import HubError
for fetch, name, option in (
    (download.fetch_model, ("org/teacher",), "--teacher DIR"),
    (download.fetch_squad, ("org/squad", "train"), "--train FILE"),
):
    try:
        fetch(*name, option=option)
    except HubError as error:
        print(error)
"""


def errors_of(endpoint: str, home: Path) -> list[str]:
    """What both fetches say, in a process that has never seen a Hub."""
    alone = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env={**os.environ, **alone},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


class Broken(BaseHTTPRequestHandler):
    """Answers as a login page does, as a failing server does, or not at all: by the first part of the path."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind == "silent":
            self.connection.close()
            return
        self.send_response({"login": 200, "failing": 500, "gone": 404}[kind])
        self.end_headers()
        self.wfile.write(b"<html>please log in</html>")

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Broken) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def assert_both_are_named(errors: list[str]) -> None:
    model, data = errors
    assert model.startswith("model org/teacher could not be fetched from the Hub")
    assert model.endswith("give a local folder with --teacher DIR")
    assert data.startswith("dataset org/squad could not be fetched from the Hub")
    assert data.endswith("give a SQuAD-format file with --train FILE")


def test_no_network_is_one_error_that_names_the_way_around_it(tmp_path: Path) -> None:
    assert_both_are_named(errors_of("http://127.0.0.1:9", tmp_path))


@pytest.mark.parametrize("kind", ["failing", "gone", "login", "silent"])
def test_a_hub_that_answers_wrongly_is_the_same_error(server: str, tmp_path: Path, kind: str) -> None:
    assert_both_are_named(errors_of(f"{server}/{kind}", tmp_path))


# --- what the Hub's client is asked for; the client itself is replaced by a folder ---


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The file patterns of each download; every download gives `tmp_path`."""
    patterns: list[list[str]] = []

    def given(repo_id: str, *, repo_type: str, revision: str | None, allow_patterns: list[str]) -> str:
        patterns.append(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(download, "snapshot_download", given)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return patterns


@pytest.mark.parametrize(("weights", "n_downloads"), [("model.safetensors", 1), ("pytorch_model.bin", 2)])
def test_pickles_are_fetched_only_where_there_are_no_safetensors(
    tmp_path: Path, asked: list[list[str]], weights: str, n_downloads: int
) -> None:
    (tmp_path / weights).touch()
    assert download.fetch_model("org/x", option="--teacher DIR") == tmp_path
    assert [any(one.endswith(".bin") for one in patterns) for patterns in asked] == [False, True][:n_downloads]
    assert not any(one.endswith(".py") or one == "*" for patterns in asked for one in patterns)


def test_a_data_set_is_read_in_its_own_order_as_often_as_asked(tmp_path: Path, asked: list[list[str]]) -> None:
    def row(number: str, context: str) -> dict[str, object]:
        answers = {"text": ["king"], "answer_start": [4]}
        return {"id": number, "title": "T", "context": context, "question": "who ?", "answers": answers}

    for shard, rows in enumerate(([row("b", "The king"), row("a", "The king")], [row("c", "Old king")])):
        table = datasets.Dataset.from_list(rows)
        table.to_parquet(tmp_path / "squad_v2" / f"train-0000{shard}-of-00002.parquet")
    folder, questions = download.fetch_squad("org/squad", "train", option="--train FILE")

    def question(number: str) -> Question:
        return Question(number, "who ?", (Answer("king", 4),))

    expected = [
        Paragraph("T", "The king", (question("b"), question("a"))),
        Paragraph("T", "Old king", (question("c"),)),
    ]
    assert (folder, list(questions()), list(questions())) == (tmp_path, expected, expected)


def test_a_data_set_without_the_split_says_so(
    tmp_path: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.download._listed", lambda *_: [])
    (tmp_path / "train-00000-of-00001.parquet").touch()
    with pytest.raises(HubError, match="no parquet files of split validation; give a SQuAD-format file with --eval"):
        download.fetch_squad("org/squad", "validation", option="--eval FILE")
