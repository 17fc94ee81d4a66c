"""What the tests of the gate share: the baseline that a run makes."""

from pathlib import Path

import pytest

from harness.cli.main import main


@pytest.fixture
def baseline(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The baseline of the module's own `run`."""
    path = tmp_path / "baseline" / "pocket.json"
    assert main(["gate", str(run), "--baseline", str(path), "--update-baseline"]) == 0
    capsys.readouterr()
    return path
