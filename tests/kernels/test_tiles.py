"""The Triton programs compile for GPUs that are not at hand, within the memory that a block may have there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed: kernels for a GPU are not compiled")
# Bytes that a block may have, by compute capability x 10; CUDA C++ Programming Guide, "Technical Specifications".
SHARED_MEMORY = {80: 99 * 1024, 90: 227 * 1024}  # 8.0 has more, but 8.6 and 8.9 have no more than this
ROOT = Path(__file__).parents[2]


def test_every_program_compiles_and_its_tiles_fit(tmp_path: Path) -> None:
    # In a process of its own, because Triton may be an interpreter in this one (tests/conftest.py).
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.kernels.compiled", *map(str, SHARED_MEMORY)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 9 * len(SHARED_MEMORY)
    for name, shared in found.items():
        assert shared <= SHARED_MEMORY[int(name.split()[0])], name
