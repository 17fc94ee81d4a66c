"""fleet.toml: cards, seeds, options and engine of a fleet, as the command line would have them."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import DataError, PlanError
from harness.plan.options import similar

KEYS = ("name", "cards", "seeds", "on", "options", "results", "engine", "budget", "any_code")


def read(words: Sequence[str]) -> dict[str, Any]:
    """What a fleet.toml says; its cards and its results are looked for beside it."""
    files = [one for one in words if one.endswith(".toml")]
    if not files:
        return {}
    path = Path(files[0])
    if len(words) > 1:
        raise PlanError([f"{path}: a fleet's file names its cards; give it alone"])
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(path, "", f"is no fleet ({error})") from None
    problems = [f"{path}: {name}: no such key{similar(name, KEYS)}" for name in given if name not in KEYS]
    problems += _wrong_types(path, given)
    if problems:
        raise PlanError(problems)
    given["cards"] = [_beside(path, card) for card in given.get("cards", [])]
    if "results" in given:
        given["results"] = _beside(path, given["results"], must_be_there=False)
    given["budget"] = [given["budget"]] if "budget" in given else []
    return {"name": path.stem, **given}


def _wrong_types(path: Path, given: dict[str, Any]) -> list[str]:
    wanted: dict[str, Any] = {"name": str, "on": str, "results": str, "budget": str, "any_code": bool, "engine": dict}
    found = [f"{path}: {name}: expected a {kind.__name__}" for name, kind in wanted.items()
             if name in given and not isinstance(given[name], kind)]  # fmt: skip
    for name in ("cards", "options"):
        value = given.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            found.append(f"{path}: {name}: expected a list of strings")
    seeds = given.get("seeds", 1)
    if seeds != "auto" and (not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 1):
        found.append(f'{path}: seeds: expected a number from 1 up, or "auto"')
    return found


def _beside(path: Path, text: str, *, must_be_there: bool = True) -> str:
    """A path as it stands in a file, from where that lies; what is none there, such as a name on the Hub, stays."""
    found = path.parent / text
    return str(found) if found.exists() or not must_be_there else text
