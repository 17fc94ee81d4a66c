"""The Triton programs compile for GPUs that are not at hand, once, within the memory that a block may have there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed: kernels for a GPU are not compiled")
ROOT = Path(__file__).parents[3]


# Bytes that a block may have; 8.0 has more, but 8.6 and 8.9, for which the same code is made, have no more than this.
@pytest.mark.parametrize(
    ("capability", "most"), [(80, 99 * 1024), pytest.param(90, 227 * 1024, marks=pytest.mark.slow)]
)
def test_every_program_is_made_once_and_its_tiles_fit(capability: int, most: int, tmp_path: Path) -> None:
    # In a process of its own, because Triton may be an interpreter in this one (tests/conftest.py).
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.train.kernels.compiled", str(capability)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 9
    for name, shared in found.items():
        assert len(shared) == 1, name
        assert shared[0] <= most, name
