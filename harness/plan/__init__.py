"""Card and options to experiment.

The package is also a function, `harness.plan(card, seed=43)`: see `interface.py`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.domain import Card, Experiment


class _Callable(ModuleType):
    """A package that is called as the function of its name: one name can be no two things in `harness`."""

    def __call__(self, card: "Card", **options: Any) -> "Experiment":
        from harness.plan.interface import plan

        return plan(card, **options)


sys.modules[__name__].__class__ = _Callable
