"""What the command line asks for, and the notes that are taken while a plan is made."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.domain import Card, Deviation


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for beyond the card; None and empty mean: as the card says."""

    recipe: str | None = None
    teacher: str | None = None
    student: str | None = None
    train: str | None = None
    eval: str | None = None
    check_teacher: bool = False
    published: str | None = None
    rule: str | None = None
    masked_lm: str | None = None
    glove: str | None = None
    is_measuring: bool = False  # a card that claims nothing yet
    student_layers: str | None = None
    seed: int | None = None
    precision: str | None = None  # as the card, which is fp32 where it says nothing
    padding: str | None = None  # "drop": out of every stage that has a setting of that name
    limit: int | None = None
    repair_offsets: bool = False
    allow_dropped: float | None = None
    tolerance: Mapping[str, float] = field(default_factory=dict)
    claims: tuple[int, ...] | None = None  # lines of the numbers that are judged
    claims_from: str | None = None  # text or model-index
    settings: Mapping[str, str] = field(default_factory=dict)  # "stage.name" -> value as typed


class Draft:
    """Problems and remarks gathered while the plan is made; nothing is raised until all of it was looked at."""

    def __init__(self, card: Card, options: Options) -> None:
        self.card, self.options = card, options
        self.problems: list[str] = []
        self.ambiguities: list[str] = []
        self.deviations: list[Deviation] = []

    def place(self, line: int) -> str:
        return f"{self.card.path}:{line}"


def similar(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the closest known one, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(names)}"
