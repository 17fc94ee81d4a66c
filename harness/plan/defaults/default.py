"""The shape of a program's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.domain import Source, Value


@dataclass(frozen=True, slots=True)
class Default:
    """A value the program uses when nobody says otherwise, and the symbol (file, line) where it stands.

    `is_fixed`: the program has no option for it, so what a card states about it cannot have had an effect.
    """

    value: Value
    symbol: str
    unit: str = ""
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """`stages` maps stage -> setting -> default; `inert` maps stage -> setting -> why it has no effect there."""

    library: str
    version: str
    stages: Mapping[str, Mapping[str, Default]]
    inert: Mapping[str, Mapping[str, str]]

    @property
    def name(self) -> str:
        return f"{self.library} {self.version}"

    def source(self, default: Default) -> Source:
        return Source("default", library=self.library, version=self.version, symbol=default.symbol)
