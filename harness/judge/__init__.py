"""Recorded numbers against claims.

The package is also a function, `harness.judge(run)`: see `interface.py`.
"""

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.record.folder import Run
    from harness.record.judgement import Conclusion


class _Callable(ModuleType):
    """A package that is called as the function of its name: one name can be no two things in `harness`."""

    def __call__(self, *runs: "Run | str | os.PathLike[str]") -> "Conclusion":
        from harness.judge.interface import judge

        return judge(*runs)


sys.modules[__name__].__class__ = _Callable
