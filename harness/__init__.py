"""harness: does this model card hold up?

    from harness import read_card, plan, reproduce, score, judge, Run

    card = read_card("pocket")
    run = reproduce(card, results="results")
    print(run.conclusion.judgement.outcome, judge(run) == run.conclusion)

Each name is loaded when it is asked for: `import harness` loads nothing else, and torch not before something is run.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.judge.interface import judge as judge
    from harness.plan.interface import plan as plan
    from harness.record.folder import Run as Run
    from harness.run.interface import read_card as read_card
    from harness.run.interface import reproduce as reproduce
    from harness.run.interface import score as score

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "judge", "plan", "read_card", "reproduce", "score"]
# Where each name is from; `plan` and `judge` are packages that can be called.
_FROM = {
    "Run": "harness.record.folder",
    "read_card": "harness.run.interface",
    "reproduce": "harness.run.interface",
    "score": "harness.run.interface",
}


def __getattr__(name: str) -> Any:
    """Load what was asked for, the first time (PEP 562)."""
    if name in ("plan", "judge"):
        return importlib.import_module(f"harness.{name}")
    if name not in _FROM:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return __all__
