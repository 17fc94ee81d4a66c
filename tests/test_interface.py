"""harness as a library: what it exports, that asking for it loads nothing heavy, and the notebook that shows it."""

import ast
import contextlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.cli.main import main
from harness.errors import CardError, DataError, PlanError
from harness.judge import verdict
from harness.record.folder import Run
from tests.recorded import POCKET, QUESTIONS, make_run

NOTEBOOK = Path(__file__).parents[1] / "cards" / "pocket.ipynb"
HEAVY = ("torch", "transformers", "accelerate", "datasets", "huggingface_hub", "numpy", "scipy")


def cells() -> Iterator[str]:
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def test_importing_it_loads_nothing_and_asking_for_its_names_nothing_heavy() -> None:
    code = (
        "import sys, harness\n"
        "assert [name for name in sys.modules if name.startswith('harness')] == ['harness']\n"
        "from harness import Run, plan, read_card, reproduce, score\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())


def test_plan_and_judge_are_packages_and_functions_whatever_was_imported_first(tmp_path: Path) -> None:
    import harness.plan.experiment
    from harness import judge, plan

    assert plan is harness.plan
    assert plan.experiment is harness.plan.experiment  # type: ignore[attr-defined]
    experiment = plan(harness.read_card(POCKET), seed=43, tolerance={"exact": 2.0})
    assert (experiment.run.value("seed"), experiment.run.value("tolerance.exact")) == (43, 2.0)
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    assert judge(run) == judge(Run.open(run)) == Run.open(run).conclusion


def test_several_seeds_are_judged_together(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "pocket" / f"20261123T10150{n}Z-aaaaaaaa", seed=40 + n, limit=None) for n in range(2)]
    assert harness.judge(*runs) == verdict.conclude([Run.open(run) for run in runs])


def test_a_prediction_file_is_scored_as_the_command_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions = make_run(tmp_path / "pocket" / "a", limit=None) / "evaluation" / "predictions.json"
    matrix = harness.score(predictions=predictions, eval=QUESTIONS, card=POCKET)
    assert (
        main(["score", "--predictions", str(predictions), "--eval", str(QUESTIONS), "--card", str(POCKET), "--json"])
        == 0
    )
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["scores"]["exact"], row["signature"]) == (matrix.rows[0].scores["exact"], matrix.rows[0].signature)


def test_wrong_use_is_an_error_of_ours_or_pythons_own(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="no such card"):
        harness.read_card("nope")
    with pytest.raises(PlanError):
        harness.plan(harness.read_card(POCKET), settings={"prediction_layer.learnin_rate": "1"})
    with pytest.raises(TypeError, match="sead"):
        harness.plan(harness.read_card(POCKET), sead=1)
    with pytest.raises(DataError, match="no such folder"):
        harness.judge(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="at least one run"):
        harness.judge()
    with pytest.raises(TypeError, match="takes weights"):
        harness.score()
    with pytest.raises(TypeError, match="predictions with eval"):
        harness.score(predictions="a.json")
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        harness.nope  # noqa: B018


def test_every_name_has_a_docstring_and_types() -> None:
    from harness.judge.interface import judge
    from harness.plan.interface import plan

    functions: dict[str, Callable[..., Any]] = {"plan": plan, "judge": judge}
    for name in ("read_card", "reproduce", "score"):
        functions[name] = getattr(harness, name)
    for name, function in functions.items():
        signature = inspect.signature(function)
        assert inspect.getdoc(function), name
        assert signature.return_annotation is not inspect.Signature.empty, name
        assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values()), name
    assert set(functions) | {"Run", "__version__"} == set(harness.__all__) == set(dir(harness))
    assert (Path(harness.__file__).parent / "py.typed").is_file()


def test_the_notebook_parses_and_uses_names_that_there_are() -> None:
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert all(not cell["outputs"] for cell in document["cells"] if cell["cell_type"] == "code")
    assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
    for node in ast.walk(ast.parse("\n".join(cells()))):
        if isinstance(node, ast.ImportFrom) and node.module == "harness":
            for alias in node.names:
                assert hasattr(harness, alias.name)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("reproduce", "score"):
            given = {one.arg for one in node.keywords}
            assert given <= set(inspect.signature(getattr(harness, node.func.id)).parameters)


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    shown: list[Any] = []
    names: dict[str, Any] = {}
    with contextlib.chdir(tmp_path):
        for cell in cells():
            tree = ast.parse(cell)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, str(NOTEBOOK), "exec"), names)  # noqa: S102 - our own notebook
            if isinstance(last, ast.Expr):
                shown.append(eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names))  # noqa: S307
    outcome, _ = shown[2]
    assert outcome in ("reproduced", "within_tolerance")
    assert shown[4] is True
    assert len(shown[5]) >= 6
