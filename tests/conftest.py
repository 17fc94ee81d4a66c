"""What tests share: the reference data, a command that runs on tiny models, and a clean accelerate for each test."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    # Each of several test processes has its share of the cores: more threads than cores wait for one another.
    n_workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // n_workers)))

# What is printed names temporary folders, whose length is the machine's: on a wide page no sentence is cut by it.
os.environ.setdefault("COLUMNS", "200")

import torch
from huggingface_hub import constants
from huggingface_hub.utils import _http

if not torch.cuda.is_available():
    # Kernels for a GPU are tested in Triton's interpreter where there is none; Triton looks when it is imported.
    os.environ.setdefault("TRITON_INTERPRET", "1")

from harness.card import never_answering, references
from harness.card.references import PACKAGE
from harness.qa import registered, squad
from harness.record import store
from tests.browser import Browser, find_chromium
from tests.hub_server import Hub, serving
from tests.tiny import make_masked_lm, make_model

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
QUESTIONS = PACKAGE / "pocket" / "squad.json"
STAGES = ("intermediate_layer", "prediction_layer")
# The target card's own length, with windows and epochs that a test can afford.
SHORT = [
    option
    for stage in STAGES
    for option in ("--set", f"{stage}.num_train_epochs=1", "--set", f"{stage}.max_seq_length=224")
]


def without(command: list[str], *options: str) -> list[str]:
    """The command without these options and their values."""
    dropped = {at + n for at, part in enumerate(command) if part in options for n in (0, 1)}
    return [part for at, part in enumerate(command) if at not in dropped]


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


@pytest.fixture
def tiny_pair(tmp_path: Path) -> tuple[Path, Path]:
    return make_model(tmp_path / "teacher", layers=4), make_model(tmp_path / "student", layers=2, seed=2)


@pytest.fixture
def command(tiny_pair: tuple[Path, Path], tmp_path: Path) -> list[str]:
    """`harness reproduce` of the target card with a tiny 4-layer teacher and 2-layer student on eight questions."""
    teacher, student = tiny_pair
    return [
        "reproduce", str(ROOT / "cards" / "tinybert-6l.md"), "--teacher", str(teacher), "--student", str(student),
        "--train", str(QUESTIONS), "--eval", str(QUESTIONS), "--limit", "8", "--device", "cpu", "--quiet",
        "--published", "none",
        "--masked-lm", str(make_masked_lm(tmp_path / "masked_lm")), "--glove", "none", "--set", "augmentation.factor=2",
        "--results", str(tmp_path / "results"), *SHORT,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium is installed")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def own_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub that this process's client talks to, with a cache of its own and files sent as they are (without Xet)."""
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    with serving() as one:
        monkeypatch.setattr(constants, "ENDPOINT", one.endpoint)
        files = one.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        _http.close_session()
        yield one
        _http.close_session()


def take_for(monkeypatch: pytest.MonkeyPatch, reference: str) -> None:
    """Makes the 240 pocket questions those of a registered data set."""
    questions = registered.content_of(squad.read_squad(QUESTIONS))
    known = registered.Registered("the pocket questions", questions, (store.sha256_of(QUESTIONS),))
    monkeypatch.setitem(registered.REGISTERED, reference, known)
    monkeypatch.setitem(references.HUB_QUESTIONS, reference, 240)
    monkeypatch.setitem(never_answering.COUNTS, reference, (240, 131, 109))


@pytest.fixture
def untrained(command: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command on all 240 questions, taken for the card's own, without training."""
    take_for(monkeypatch, "rajpurkar/squad_v2:validation")
    no_epochs = [part for stage in STAGES for part in ("--set", f"{stage}.num_train_epochs=0")]
    plain = [part.replace("augmentation.factor=2", "augmentation.factor=0") for part in command]
    return [*without(plain, "--limit", "--masked-lm", "--glove"), *no_epochs]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes reports those of a terminal of so many columns, without colours; what goes elsewhere is never wrapped."""

    def of(columns: int) -> None:
        monkeypatch.setattr("harness.report.text.tables.os.isatty", lambda _: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("NO_COLOR", "1")

    return of


@pytest.fixture(autouse=True)
def _clean_accelerate() -> Iterator[None]:
    """Forgets accelerate's process-wide state, so that no test inherits another one's precision or accumulation."""
    yield
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.AcceleratorState._reset_state(True)
        state.GradientState._reset_state()
