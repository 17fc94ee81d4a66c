"""What tests share: the reference data, and a clean accelerate for each test (tiny models: tests/tiny.py)."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: the reference data is not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def goldens(shared: Path) -> Path:
    return shared / "goldens"


@pytest.fixture(scope="session", params=["shared", "committed"])
def golden_sets(request: pytest.FixtureRequest) -> Path:
    """Each set of golden numbers in turn: the whole one, where it is, and the small one of tests/goldens."""
    if request.param == "committed":
        return Path(__file__).parent / "goldens"
    return Path(request.getfixturevalue("goldens"))


@pytest.fixture(autouse=True)
def _clean_accelerate() -> Iterator[None]:
    """Forgets accelerate's process-wide state, so that no test inherits another one's precision or accumulation."""
    yield
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.AcceleratorState._reset_state(True)
        state.GradientState._reset_state()
