"""Data sets and models of a Hub in the shapes that public ones have: read, or one sentence with the remedy."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import pytest
from huggingface_hub.errors import HfHubHTTPError

from harness.run import download
from tests.conftest import ROOT
from tests.hub_server import Fault, Hub, serving

CODE = """
import json, sys
from harness.errors import HarnessError
from harness.run import download

for kind, name, split, revision in json.loads(sys.argv[1]):
    try:
        if kind == "model":
            folder = download.fetch_model(name, revision, option="--teacher DIR")
            print(json.dumps(sorted(path.name for path in folder.iterdir())))
            continue
        repo, config = "/".join(name.split("/")[:2]), "/".join(name.split("/")[2:])
        folder, questions = download.fetch_squad(repo, split, revision, config=config, option="--train FILE")
        print(json.dumps([[p.title, p.context, [[q.id, len(q.answers)] for q in p.questions]] for p in questions()]))
    except HarnessError as error:
        print(json.dumps(f"{error.exit_code} {type(error).__name__} {error}"))
"""


def row(number: Any, context: str = "The king", **changes: Any) -> dict[str, Any]:
    answers = {"text": ["king"], "answer_start": [4]}
    one = {"id": number, "title": "T", "context": context, "question": "who ?", "answers": answers, **changes}
    return {name: value for name, value in one.items() if value is not ...}


def parquet(folder: Path, rows: list[dict[str, Any]]) -> bytes:
    path = folder / "rows.parquet"
    datasets.Dataset.from_list(rows).to_parquet(path)
    return path.read_bytes()


def put(hub: Hub, repo: str, files: dict[str, bytes], ref: str = "main") -> None:
    if repo not in hub.repositories:
        hub.make(repo)
    hub.repositories[repo].add(ref, f"files of {ref}", files, frozenset(files))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving() as one:
        yield one


def fetch(hub: Hub, home: Path, *asked: tuple[str, ...], **variables: str) -> list[Any]:
    """What each of these is read as, or the error, in a process of its own."""
    calls = [[kind, name, *rest, *[None] * (2 - len(rest))] for kind, name, *rest in asked]
    alone = {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1", **variables}
    env = {name: value for name, value in os.environ.items() if not name.upper().startswith(("HF_", "HUGGING"))}
    env = {name: value for name, value in env.items() if not name.upper().endswith("_PROXY")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(calls)], cwd=ROOT, env={**env, **alone}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_rows_are_read_whatever_is_optional_in_them(hub: Hub, tmp_path: Path) -> None:
    nothing = {"text": [], "answer_start": []}
    plain = [row(7, title=...), row(8, title=..., answers=nothing), row(9, "A king", title=...)]
    listed = [row("a", title=None, answers=[{"text": "king", "answer_start": 4}])]
    put(hub, "datasets/org/plain", {"data/train-00000-of-00001.parquet": parquet(tmp_path, plain)})
    put(hub, "datasets/org/listed", {"train/0000.parquet": parquet(tmp_path, listed)})
    put(hub, "datasets/org/null", {"train.parquet": parquet(tmp_path, [row("a"), row("b", answers=None)])})
    put(hub, "datasets/org/other", {"train.parquet": parquet(tmp_path, [{"text": "x", "label": 1}])})
    put(hub, "datasets/org/broken", {"train.parquet": b"PAR1 and no more"})
    names = ("plain", "listed", "null", "other", "broken")
    found = fetch(hub, tmp_path / "home", *(("data", f"org/{n}", "train") for n in names))
    *read, null, other, broken = found
    assert read[0] == [["", "The king", [["7", 1], ["8", 0]]], ["", "A king", [["9", 1]]]]
    assert read[1] == [["", "The king", [["a", 1]]]]
    assert null.startswith("2 DataError data set org/null, row 2, question b: answers: is null; give []")
    assert other.startswith("2 DataError data set org/other, row 1: context: is absent")
    assert broken.startswith("5 HubError data set org/broken: its parquet files cannot be read")


def test_a_data_set_of_a_script_is_read_as_the_hub_has_converted_it(hub: Hub, tmp_path: Path) -> None:
    answers = {"texts": ["king", "The king"], "answers_starts": [4, 0]}
    listed = [{"context": "The king", "questions": ["who ?", "which ?"], "answers": answers}]
    put(hub, "datasets/org/script", {"script.py": b"raise SystemExit", "README.md": b""})
    converted = {
        "v1/train/0000.parquet": parquet(tmp_path, [row("a")]),
        "v1/validation/0000.parquet": parquet(tmp_path, [row("b")]),
        "v2/train/0000.parquet": parquet(tmp_path, listed),
    }
    put(hub, "datasets/org/script", converted, "refs/convert/parquet")
    put(hub, "datasets/org/raw", {"data.tar": b""})
    one, both, second, absent, pinned, raw = fetch(
        hub, tmp_path / "home", ("data", "org/script", "validation"), ("data", "org/script", "train"),
        ("data", "org/script/v2", "train"), ("data", "org/script", "test"), ("data", "org/script", "train", "main"),
        ("data", "org/raw", "train"),
    )  # fmt: skip
    assert one == [["T", "The king", [["b", 1]]]]
    assert both.startswith("2 DataError data set org/script: has split train in 2 configurations (v1, v2)")
    assert second == [["", "The king", [["1.0", 1], ["1.1", 1]]]]
    assert absent.endswith("(it has: train of v1, validation of v1, train of v2)")
    assert "holds no parquet files of split train; give a SQuAD-format file with --train FILE" in pinned
    assert raw.endswith("(it has: none)")


def test_configurations_are_never_merged_and_splits_that_are_not_there_are_listed(hub: Hub, tmp_path: Path) -> None:
    files = {f"{lang}/validation-00000-of-00001.parquet": parquet(tmp_path, [row(lang)]) for lang in ("ar", "de", "en")}
    files["en/train-00000-of-00001.parquet"] = parquet(tmp_path, [row("t")])
    put(hub, "datasets/org/many", files)
    merged, german, one, absent, missing = fetch(
        hub, tmp_path / "home", ("data", "org/many", "validation"), ("data", "org/many/de", "validation"),
        ("data", "org/many", "train"), ("data", "org/many", "test"), ("data", "org/many/fr", "validation"),
    )  # fmt: skip
    assert merged.startswith("2 DataError data set org/many: has split validation in 3 configurations (ar, de, en)")
    assert merged.endswith("name one, as org/many/ar:validation")
    assert (german, one) == ([["T", "The king", [["de", 1]]]], [["T", "The king", [["t", 1]]]])
    there = "(it has: validation of ar, validation of de, train of en, validation of en)"
    assert "holds no parquet files of split test; give a SQuAD-format file with --train FILE" in absent
    assert absent.endswith(there)
    assert "no parquet files of split validation of configuration fr;" in missing
    assert not [asked for asked in hub.asked if "resolve" in asked and "/train-" in asked and "validation" in asked]


def test_only_the_split_that_is_asked_for_is_downloaded(hub: Hub, tmp_path: Path) -> None:
    files = {
        f"data/{split}-00000-of-00001.parquet": parquet(tmp_path, [row(split)]) for split in ("train", "validation")
    }
    put(hub, "datasets/org/two", files)
    assert fetch(hub, tmp_path / "home", ("data", "org/two", "validation")) == [
        [["T", "The king", [["validation", 1]]]]
    ]
    assert not [asked for asked in hub.asked if "train-" in asked]


@pytest.mark.parametrize("revision", ["refs/pr/1", "feature/new"])
def test_a_revision_with_slashes_is_fetched(revision: str, hub: Hub, tmp_path: Path) -> None:
    put(hub, "org/model", {"config.json": b"{}", "model.safetensors": b"w"})
    put(hub, "org/model", {"config.json": b"{}", "model.safetensors": b"v", "vocab.txt": b"a"}, revision)
    (names,) = fetch(hub, tmp_path / "home", ("model", "org/model", "", revision))
    assert names == ["config.json", "model.safetensors", "vocab.txt"]
    assert any(revision.replace("/", "%2F") in asked for asked in hub.asked)


def test_what_keeps_a_model_away_is_said_with_the_remedy(hub: Hub, tmp_path: Path) -> None:
    put(hub, "org/gated", {"config.json": b"{}"})
    hub.make("org/private", private=True)
    put(hub, "org/model", {"config.json": b"{}"})
    gated = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/gated is restricted."}
    hub.faults = [Fault(verb, "org/gated", status=403, headers=gated, times=9) for verb in ("GET", "HEAD")]
    said = dict(zip(("gated", "private", "none", "revision"), fetch(
        hub, tmp_path / "home", ("model", "org/gated"), ("model", "org/private"), ("model", "org/none"),
        ("model", "org/model", "", "nope")), strict=True))  # fmt: skip
    assert all(one.startswith("5 HubError model org/") and one.endswith("with --teacher DIR") for one in said.values())
    assert f"gated: ask for access at {hub.endpoint}/org/gated, then log in" in said["gated"]
    assert "not there, or private: check the name; for a private one log in" in said["private"]
    assert "not there, or private: check the name; for a private one log in" in said["none"]
    assert "at nope could not be fetched from the Hub (no such revision: see" in said["revision"]


def test_offline_and_behind_a_proxy_that_refuses_the_sentence_says_so(hub: Hub, tmp_path: Path) -> None:
    put(hub, "org/model", {"config.json": b"{}", "model.safetensors": b"w"})
    (offline,) = fetch(hub, tmp_path / "home", ("model", "org/model"), HF_HUB_OFFLINE="1")
    assert "5 HubError model org/model could not be fetched from the Hub (offline, and it was never fetched" in offline
    proxy = {"HTTP_PROXY": "http://user:secret@127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    (proxied,) = fetch(hub, tmp_path / "home", ("model", "org/model"), **proxy)
    assert "the proxy of HTTPS_PROXY did not let it through: check HTTPS_PROXY, HTTP_PROXY, NO_PROXY" in proxied
    assert "secret" not in proxied


def test_a_rate_limit_is_said_as_such() -> None:
    answer: Any = SimpleNamespace(status_code=429, headers={}, request=None)
    limited = OSError("no snapshot folder")
    limited.__cause__ = HfHubHTTPError("429 Client Error", response=answer)
    assert download._why(limited, "org/model", "model").startswith("rate limit reached: wait some minutes")
