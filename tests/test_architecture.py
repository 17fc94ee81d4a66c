"""The packages of `harness` in the order in which they may import one another, and where heavy libraries may live."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import harness

PACKAGE = Path(harness.__file__).parent
ROOMS = ("card", "qa", "record", "plan", "train", "judge", "run", "report", "publish", "fleet", "cli")
BELOW_ALL = ("domain", "errors")
HEAVY = {"torch", "transformers", "accelerate"}  # in train/ and run/ alone
HUB = {"datasets", "huggingface_hub"}  # in the files that download, upload and rent; their errors anywhere
PACKAGES = {"ray": "fleet/engines/ray_tasks.py", "submitit": "fleet/engines/slurm.py"}  # each for its engine alone
TALK_TO_THE_HUB = ("run/download.py", "publish/upload.py", "fleet/hub.py", "fleet/engines/hf_jobs.py")


def sources() -> Iterator[tuple[str, Path]]:
    """Each module with its package, or its own name where it stands at the root."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere in it, functions included; relative ones are none of ours."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_root_holds_the_rooms_and_what_lies_below_them() -> None:
    assert {room for room, _ in sources()} == {*ROOMS, *BELOW_ALL, "__init__", "__main__"}
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} == {*ROOMS, "pocket"}


def test_a_room_imports_only_those_before_it() -> None:
    order = {name: place for place, name in enumerate((*BELOW_ALL, *ROOMS))}
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for room, path in sources()
        if room in order
        for name in imported(path)
        for target in name.split(".")[1:2]
        if name.startswith("harness.") and target in order and order[target] > order[room]
    ]
    assert wrong == []


def test_heavy_libraries_live_in_their_rooms() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for room, path in sources()
        for name in imported(path)
        for library in [name.split(".")[0]]
        if (library in HEAVY and room not in ("train", "run"))
        or (library in HUB and path.relative_to(PACKAGE).as_posix() not in TALK_TO_THE_HUB)
        or (library in PACKAGES and path.relative_to(PACKAGE).as_posix() != PACKAGES[library])
        if ".errors." not in name
    ]
    assert wrong == []


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = "import harness.cli.main, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert not (HEAVY | HUB) & set(done.stdout.split())


def test_files_and_functions_are_short_enough_to_be_read_at_once() -> None:
    long = []
    for _, path in sources():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            long.append(path.relative_to(PACKAGE).as_posix())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60:
                long.append(f"{path.relative_to(PACKAGE).as_posix()}: {node.name}")
    assert long == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    # The root itself is left out: it names to the type checker what it loads when somebody asks for it.
    names = {
        path: ".".join(("harness", *path.relative_to(PACKAGE).with_suffix("").parts))
        for room, path in sources()
        if room != "__init__"
    }
    modules = {name.removesuffix(".__init__"): path for path, name in names.items()}
    graph = {
        name: {found if found in modules else found.rpartition(".")[0] for found in imported(path)} & set(modules)
        for name, path in modules.items()
    }
    assert list(cycles(graph)) == []


def cycles(graph: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Each import that leads back to where it stands."""

    def reached(start: str) -> set[str]:
        seen, open_names = set[str](), [start]
        while open_names:
            for name in graph[open_names.pop()] - seen:
                seen.add(name)
                open_names.append(name)
        return seen

    for name, found in graph.items():
        for target in sorted(found):
            if name in reached(target):
                yield name, target
