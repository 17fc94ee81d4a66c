"""The core types: frozen data that every floor shares. Bounded metrics are in points, 0-100."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Value = int | float | str | bool | None
Origin = Literal["stated", "derived", "assumed", "overridden"]
Unit = Literal["points", "loss", "count", "other"]  # other: a scale of its own, such as perplexity or word error rate
Outcome = Literal["reproduced", "better", "not_reproduced", "unmeasured", "limited", "invalid"]


@dataclass(frozen=True, slots=True)
class Stated:
    """One setting that a card gives: `key` and `raw` as printed, `name` the field's term, `section` its stage.

    A tuple has one value for each part of what is printed; `is_grid` is True where the card lists what was tried and
    does not say which one this model was made with.
    """

    key: str
    name: str
    value: Value | tuple[Value, ...]
    raw: str
    section: str
    line: int
    dialect: str
    is_grid: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a card says about itself that is no number: its teacher, its data, the GPU it was made on."""

    name: str
    value: str
    line: int
    dialect: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One number a card states. `value` is in `unit`; `spread` is a standard deviation, where the card prints one.

    `key` is the metric as printed. `subject` says whose number it is; None is this model's own, as it was published.
    """

    metric: str
    value: float
    unit: Unit
    decimals: int
    raw: str
    line: int
    dialect: str
    spread: float | None = None
    key: str = ""
    dataset: str | None = None
    split: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that a card says twice, differently."""

    what: str
    values: tuple[str, str]
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    path: str
    sha256: str
    text: str
    front_matter: Mapping[str, Any]
    facts: tuple[Fact, ...]
    stated: tuple[Stated, ...]
    claims: tuple[Claim, ...]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]

    def fact(self, name: str) -> Fact | None:
        """The first fact of this name, or None when the card does not say."""
        return next((fact for fact in self.facts if fact.name == name), None)


@dataclass(frozen=True, slots=True)
class Setting:
    """One resolved value and where it is from.

    `source` is the card line, the library with version and symbol, the rule it was derived by, or the option
    that overrode it. `inert` says why the value has no effect where it stands; None means that it has one.
    """

    name: str
    value: Value
    origin: Origin
    source: str
    unit: str = ""
    inert: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the experiment; its active settings are the keyword arguments of the recipe's function."""

    name: str
    settings: tuple[Setting, ...]

    def value(self, name: str) -> Any:
        return next(setting.value for setting in self.settings if setting.name == name)

    def arguments(self) -> dict[str, Any]:
        """The settings that have an effect, by name."""
        return {setting.name: setting.value for setting in self.settings if setting.inert is None}


@dataclass(frozen=True, slots=True)
class Deviation:
    """What differs from the card. `may_explain_a_gap` is True where the difference can move the measured numbers."""

    category: Literal["hardware", "precision", "data", "recipe", "evaluation", "scope"]
    claimed: str
    actual: str
    may_explain_a_gap: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that a run needs, every value with its origin. `run` holds what belongs to no single stage."""

    name: str
    card_path: str
    card_sha256: str
    recipe: str
    program: str
    run: Stage
    stages: tuple[Stage, ...]
    evaluation: Stage
    claims: tuple[Claim, ...]
    ambiguities: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    declared_gpu: str | None = None  # in the card's words
    declared_eval_data: str | None = None
    augmentation: Stage | None = None  # of the intermediate stage's data, where the card speaks of it

    def sections(self) -> tuple[Stage, ...]:
        augmentation = () if self.augmentation is None else (self.augmentation,)
        return (self.run, *augmentation, *self.stages, self.evaluation)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured number with its conditions; the signature says under which rules it was scored."""

    metric: str
    value: float
    unit: Unit
    n: int
    seed: int
    signature: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one claim came to. `difference` is measured - claimed, in the claim's unit."""

    metric: str
    claimed: float
    measured: float | None
    difference: float | None
    tolerance: float
    unit: Unit
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts of a run under one rule, and the exit code they end in."""

    outcome: Outcome
    exit_code: int
    rule: str
    reason: str
    verdicts: tuple[Verdict, ...] = field(default=())
