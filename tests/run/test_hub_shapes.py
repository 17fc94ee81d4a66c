"""Data sets and models of a Hub in the shapes that public ones have: read, or one sentence with the remedy."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import pytest
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import _http

from harness.errors import HarnessError
from harness.run import download
from tests.hub_server import Fault, Hub


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


def fetch(*asked: tuple[str, ...]) -> list[Any]:
    """What each of these is read as, or the error: KIND NAME SPLIT REVISION."""
    return [_fetched(kind, name, *rest, *[""] * (2 - len(rest))) for kind, name, *rest in asked]


def _fetched(kind: str, name: str, split: str, revision: str) -> Any:
    try:
        if kind == "model":
            folder = download.fetch_model(name, revision or None, option="--teacher DIR")
            return sorted(path.name for path in folder.iterdir())
        repo, config = "/".join(name.split("/")[:2]), "/".join(name.split("/")[2:])
        _, questions = download.fetch_squad(repo, split, revision or None, config=config, option="--train FILE")
        return [[p.title, p.context, [[q.id, len(q.answers)] for q in p.questions]] for p in questions()]
    except HarnessError as error:
        return f"{error.exit_code} {type(error).__name__} {error}"


def test_rows_are_read_whatever_is_optional_in_them(own_hub: Hub, tmp_path: Path) -> None:
    nothing = {"text": [], "answer_start": []}
    plain = [row(7, title=...), row(8, title=..., answers=nothing), row(9, "A king", title=...)]
    listed = [row("a", title=None, answers=[{"text": "king", "answer_start": 4}])]
    put(own_hub, "datasets/org/plain", {"data/train-00000-of-00001.parquet": parquet(tmp_path, plain)})
    put(own_hub, "datasets/org/listed", {"train/0000.parquet": parquet(tmp_path, listed)})
    put(own_hub, "datasets/org/null", {"train.parquet": parquet(tmp_path, [row("a"), row("b", answers=None)])})
    put(own_hub, "datasets/org/other", {"train.parquet": parquet(tmp_path, [{"text": "x", "label": 1}])})
    put(own_hub, "datasets/org/broken", {"train.parquet": b"PAR1 and no more"})
    names = ("plain", "listed", "null", "other", "broken")
    found = fetch(*(("data", f"org/{n}", "train") for n in names))
    *read, null, other, broken = found
    assert read[0] == [["", "The king", [["7", 1], ["8", 0]]], ["", "A king", [["9", 1]]]]
    assert read[1] == [["", "The king", [["a", 1]]]]
    assert null.startswith("2 DataError data set org/null, row 2, question b: answers: is null; give []")
    assert other.startswith("2 DataError data set org/other, row 1: context: is absent")
    assert broken.startswith("5 HubError data set org/broken: its parquet files cannot be read")


def test_a_data_set_of_a_script_is_read_as_the_hub_has_converted_it(own_hub: Hub, tmp_path: Path) -> None:
    answers = {"texts": ["king", "The king"], "answers_starts": [4, 0]}
    listed = [{"context": "The king", "questions": ["who ?", "which ?"], "answers": answers}]
    put(own_hub, "datasets/org/script", {"script.py": b"raise SystemExit", "README.md": b""})
    converted = {
        "v1/train/0000.parquet": parquet(tmp_path, [row("a")]),
        "v1/validation/0000.parquet": parquet(tmp_path, [row("b")]),
        "v2/train/0000.parquet": parquet(tmp_path, listed),
    }
    put(own_hub, "datasets/org/script", converted, "refs/convert/parquet")
    put(own_hub, "datasets/org/raw", {"data.tar": b""})
    one, both, second, absent, pinned, raw = fetch(
        ("data", "org/script", "validation"), ("data", "org/script", "train"),
        ("data", "org/script/v2", "train"), ("data", "org/script", "test"), ("data", "org/script", "train", "main"),
        ("data", "org/raw", "train"),
    )  # fmt: skip
    assert one == [["T", "The king", [["b", 1]]]]
    assert both.startswith("2 DataError data set org/script: has split train in 2 configurations (v1, v2)")
    assert second == [["", "The king", [["1.0", 1], ["1.1", 1]]]]
    assert absent.endswith("(it has: train of v1, validation of v1, train of v2)")
    assert "holds no parquet files of split train; give a SQuAD-format file with --train FILE" in pinned
    assert raw.endswith("(it has: none)")


def test_configurations_are_never_merged_and_splits_that_are_not_there_are_listed(own_hub: Hub, tmp_path: Path) -> None:
    files = {f"{lang}/validation-00000-of-00001.parquet": parquet(tmp_path, [row(lang)]) for lang in ("ar", "de", "en")}
    files["en/train-00000-of-00001.parquet"] = parquet(tmp_path, [row("t")])
    put(own_hub, "datasets/org/many", files)
    merged, german, one, absent, missing = fetch(
        ("data", "org/many", "validation"), ("data", "org/many/de", "validation"),
        ("data", "org/many", "train"), ("data", "org/many", "test"), ("data", "org/many/fr", "validation"),
    )  # fmt: skip
    assert merged.startswith("2 DataError data set org/many: has split validation in 3 configurations (ar, de, en)")
    assert merged.endswith("name one, as org/many/ar:validation")
    assert (german, one) == ([["T", "The king", [["de", 1]]]], [["T", "The king", [["t", 1]]]])
    there = "(it has: validation of ar, validation of de, train of en, validation of en)"
    assert "holds no parquet files of split test; give a SQuAD-format file with --train FILE" in absent
    assert absent.endswith(there)
    assert "no parquet files of split validation of configuration fr;" in missing
    assert not [asked for asked in own_hub.asked if "resolve" in asked and "/train-" in asked and "validation" in asked]


YAML = """---
configs:
- config_name: german
  data_files:
  - split: train
    path: files/de-*.parquet
  - split: test
    path: [files/rest.parquet]
- config_name: french
  data_files: files/fr.parquet
- config_name: broken
  data_files: {a: b}
---
# many
"""


def test_configurations_that_only_a_readme_declares_are_read(own_hub: Hub, tmp_path: Path) -> None:
    files = {f"files/{name}.parquet": parquet(tmp_path, [row(name)]) for name in ("de-1", "de-2", "fr", "rest")}
    put(own_hub, "datasets/org/many", {**files, "README.md": YAML.encode()})
    merged, german, french, test, missing = fetch(
        ("data", "org/many", "train"), ("data", "org/many/german", "train"), ("data", "org/many/french", "train"),
        ("data", "org/many", "test"), ("data", "org/many/italian", "train"),
    )  # fmt: skip
    assert merged.startswith("2 DataError data set org/many: has split train in 2 configurations (french, german)")
    assert [one[2] for one in german] == [[["de-1", 1], ["de-2", 1]]]
    assert ([one[2] for one in french], [one[2] for one in test]) == ([[["fr", 1]]], [[["rest", 1]]])
    assert "no parquet files of split train of configuration italian;" in missing
    assert "(it has: train of french, test of german, train of german)" in missing


def test_only_the_split_that_is_asked_for_is_downloaded(own_hub: Hub, tmp_path: Path) -> None:
    files = {
        f"data/{split}-00000-of-00001.parquet": parquet(tmp_path, [row(split)]) for split in ("train", "validation")
    }
    put(own_hub, "datasets/org/two", files)
    assert fetch(("data", "org/two", "validation")) == [[["T", "The king", [["validation", 1]]]]]
    assert not [asked for asked in own_hub.asked if "train-" in asked]


def test_what_keeps_a_model_away_is_said_with_the_remedy(own_hub: Hub, tmp_path: Path) -> None:
    put(own_hub, "org/gated", {"config.json": b"{}"})
    own_hub.make("org/private", private=True)
    put(own_hub, "org/model", {"config.json": b"{}"})
    gated = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/gated is restricted."}
    own_hub.faults = [Fault(verb, "org/gated", status=403, headers=gated, times=9) for verb in ("GET", "HEAD")]
    said = dict(zip(("gated", "private", "none", "revision"), fetch(
        ("model", "org/gated"), ("model", "org/private"), ("model", "org/none"),
        ("model", "org/model", "", "nope")), strict=True))  # fmt: skip
    assert all(one.startswith("5 HubError model org/") and one.endswith("with --teacher DIR") for one in said.values())
    assert f"gated: ask for access at {own_hub.endpoint}/org/gated, then log in" in said["gated"]
    assert "not there, or private: check the name; for a private one log in" in said["private"]
    assert "not there, or private: check the name; for a private one log in" in said["none"]
    assert "at nope could not be fetched from the Hub (no such revision: see" in said["revision"]


def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends this process's client through a proxy that takes no connection."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    _http.close_session()


def test_a_rate_limit_is_said_as_such() -> None:
    answer: Any = SimpleNamespace(status_code=429, headers={}, request=None)
    limited = OSError("no snapshot folder")
    limited.__cause__ = HfHubHTTPError("429 Client Error", response=answer)
    assert download._why(limited, "org/model", "model").startswith("rate limit reached: wait some minutes")
