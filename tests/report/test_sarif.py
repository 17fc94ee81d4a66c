"""SARIF of `harness lint`: the required properties of the official schema, and what GitHub's code scanning reads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main

CARD = """---
license: mit
---
## Performance
```
exact = 171.877
f1 = 76.361
```
"""
# sarif-schema-2.1.0.json: `required` of each object that we write.
REQUIRED: Mapping[str, Sequence[str]] = {
    "sarifLog": ("version", "runs"),
    "run": ("tool",),
    "tool": ("driver",),
    "toolComponent": ("name",),
    "reportingDescriptor": ("id",),
    "multiformatMessageString": ("text",),
    "result": ("message",),
}
LEVELS = ("none", "note", "warning", "error")


def require(kind: str, thing: Mapping[str, Any]) -> None:
    assert set(REQUIRED[kind]) <= set(thing), (kind, thing)


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards here").mkdir()
    (tmp_path / "cards here" / "a card.md").write_text(CARD, encoding="utf-8")
    out = tmp_path / "lint.sarif"
    assert main(["lint", "cards here/a card.md", "--sarif", str(out)]) == 0
    assert "implausible" in capsys.readouterr().out
    made: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return made


def test_all_that_the_schema_requires_is_there(document: dict[str, Any]) -> None:
    require("sarifLog", document)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    require("run", run)
    require("tool", run["tool"])
    driver = run["tool"]["driver"]
    require("toolComponent", driver)
    for rule in driver["rules"]:
        require("reportingDescriptor", rule)
        require("multiformatMessageString", rule["shortDescription"])
        assert rule["defaultConfiguration"]["level"] in LEVELS
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for result in run["results"]:
        require("result", result)
        assert result["message"]["text"]
        assert result["level"] in LEVELS
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert all(isinstance(one, str) for one in result["partialFingerprints"].values())


def test_findings_stand_on_the_lines_of_the_card_below_the_repositorys_root(document: dict[str, Any]) -> None:
    results = document["runs"][0]["results"]
    (place,) = {json.dumps(one["locations"][0]["physicalLocation"]["artifactLocation"]) for one in results}
    assert json.loads(place) == {"uri": "cards%20here/a%20card.md"}
    found = {
        (one["locations"][0]["physicalLocation"]["region"]["startLine"], one["message"]["text"]) for one in results
    }
    assert (6, "exact = 171.877 is above 100") in found
    assert min(one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results) >= 1
    fingerprints = [one["partialFingerprints"]["remark/v1"] for one in results]
    assert len(set(fingerprints)) == len(fingerprints)
