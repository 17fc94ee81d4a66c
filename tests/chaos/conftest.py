"""Counts what the chaos tests did, for a summary at their end; `-m chaos` runs all of them, the quick ones too."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_COUNTS = pytest.StashKey[Counter[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr == "chaos":
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker("chaos")


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What a test adds here counts once it has passed; a test that fails shows as lost."""
    own: Counter[str] = Counter()
    failed = request.session.testsfailed
    yield own
    if request.session.testsfailed == failed:
        request.config.stash.setdefault(_COUNTS, Counter()).update(own)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_COUNTS, Counter())
    if config.option.markexpr == "chaos" and found:
        said = ", ".join(f"{n} {what}" for what, n in sorted(found.items()))
        lost = len(terminalreporter.stats.get("failed", ())) + len(terminalreporter.stats.get("error", ()))
        terminalreporter.section("chaos")
        terminalreporter.write_line(f"{said}; {lost or 'nothing'} lost")
