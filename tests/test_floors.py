"""Imports go down: every module stands on a floor and imports only from floors below it, or from its own folder."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import harness

PACKAGE = Path(harness.__file__).parent
FLOORS = {
    "domain": 0, "errors": 0, "traces": 0.5,
    "dialects": 1, "scoring": 1, "programs": 1, "references": 1, "environment": 1, "forecast": 1, "store": 1,
    "interrupts": 1, "lock": 1, "sealed": 1.5,
    "forensics": 1, "priors": 1, "marks": 1, "privacy": 1,
    "card": 2, "planning": 2, "launch": 2, "verdict": 2, "completeness": 2, "record": 2,
    "baseline": 1.5, "gate": 2, "lint": 2.2, "shipped": 2.2, "reports": 2.5,
    "conclusion": 3, "cores": 3, "data": 3, "models": 3, "memory": 3, "ranks": 3, "kernels": 3, "encoder": 3.5,
    "attention": 3,
    "augment": 4, "rescoring": 4, "differences": 4, "plots": 4, "audit": 5,
    "board": 4, "page": 5,
    "engine": 4, "hub": 4, "evaluation": 4, "regenerate": 4,
    "recipes": 5, "logit_cache": 5, "licences": 5,
    "inputs": 6, "publication": 6,
    "training": 7, "teachers": 7, "preflight": 7, "calibration": 7, "costing": 7.5,
    "matrix": 7,
    "pipeline": 8,
    "series": 9, "gating": 9,
    "commands": 10,
    "cli": 11,
}  # fmt: skip
HEAVY = {"torch", "transformers", "datasets", "accelerate"}
HEAVY_FROM = 3


def units() -> Iterator[tuple[str, Path]]:
    """Each module with its unit: a file of the package itself, or a folder with all that is in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        unit = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if unit not in ("__init__", "__main__"):
            yield unit, path


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere in it, functions included; relative ones are none of ours."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_stands_on_a_floor_and_every_floor_is_in_use() -> None:
    assert {unit for unit, _ in units()} == set(FLOORS)


def test_imports_go_strictly_down_or_stay_in_their_folder() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} (floor {FLOORS[unit]}) imports {name} (floor {FLOORS[target]})"
        for unit, path in units()
        for name in imported(path)
        for target in name.split(".")[1:2]
        if name.startswith("harness.") and target in FLOORS and target != unit and FLOORS[target] >= FLOORS[unit]
    ]
    assert wrong == []


def test_heavy_libraries_are_imported_only_upstairs() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for unit, path in units()
        for name in imported(path)
        if name.split(".")[0] in HEAVY and FLOORS[unit] < HEAVY_FROM
    ]
    assert wrong == []


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = "import harness.cli, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert not (HEAVY | {"huggingface_hub"}) & set(done.stdout.split())
