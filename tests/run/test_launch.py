"""Several processes: one launcher, and the exit code of the main process."""

from pathlib import Path

import pytest

from harness.errors import PlanError
from harness.run import launch


@pytest.mark.parametrize(
    ("launched", "processes", "config", "wanted"),
    [(False, 1, None, False), (False, 2, None, True), (False, 1, Path("c.yaml"), True), (True, 2, None, False)],
)
def test_a_launcher_is_wanted_once(
    monkeypatch: pytest.MonkeyPatch, launched: bool, processes: int, config: Path | None, wanted: bool
) -> None:
    monkeypatch.delenv("HARNESS_EXIT_FILE", raising=False)
    if launched:
        monkeypatch.setenv("HARNESS_EXIT_FILE", "/tmp/exit")  # noqa: S108
    assert launch.is_wanted(processes, config) is wanted


@pytest.mark.parametrize(("rank", "left"), [("0", "4"), ("1", None)])
def test_the_main_process_hands_its_exit_code_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str, left: str | None
) -> None:
    monkeypatch.setenv("HARNESS_EXIT_FILE", str(tmp_path / "exit"))
    monkeypatch.setenv("RANK", rank)
    assert launch.leave(4)
    assert (tmp_path / "exit").exists() is (left is not None)
    assert left is None or (tmp_path / "exit").read_text() == left


def test_an_accelerate_config_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such file; make one with `accelerate config`"):
        launch.relaunch([], 1, tmp_path / "none.yaml", on_cpu=True)
