"""The core types: frozen data that every floor shares. Bounded metrics are in points, 0-100."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Value = int | float | str | bool | None
Origin = Literal["stated", "derived", "assumed", "overridden"]
Unit = Literal["points", "loss", "count", "other"]  # other: a scale of its own, such as perplexity or word error rate


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
class Unread:
    """A value that a card gives for a metric we know and that is no one number; `subject` as of a claim."""

    metric: str
    raw: str
    line: int
    reason: str
    dataset: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that a card says twice, differently."""

    what: str
    values: tuple[str, str]
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a card as a text; `line` is None where it is of the whole."""

    text: str
    line: int | None = None

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


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
    notes: tuple[Note, ...]
    unread: tuple[Unread, ...] = ()

    def fact(self, name: str) -> Fact | None:
        """The first fact of this name, or None when the card does not say."""
        return next((fact for fact in self.facts if fact.name == name), None)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value is from; `plan.sources.describe` puts it into words.

    card: it stands on `lines`. option: `option` gave it, --set for the `setting` STAGE.NAME. default: `library` at
    `version` has it at `symbol`, file and line. rule: it follows by `rule`, in words, from `lines` where it names any.
    """

    kind: Literal["card", "option", "default", "rule"]
    lines: tuple[int, ...] = ()
    option: str = ""
    setting: str = ""
    library: str = ""
    version: str = ""
    symbol: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One resolved value and where it is from. `inert` says why it has no effect where it stands; None: it has one."""

    name: str
    value: Value
    origin: Origin
    source: Source
    unit: str = ""
    inert: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the experiment; the recipe's function takes those of its settings that it has arguments for."""

    name: str
    settings: tuple[Setting, ...]

    def __contains__(self, name: str) -> bool:
        return any(setting.name == name for setting in self.settings)

    def __getitem__(self, name: str) -> Setting:
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(f"{self.name} has no setting {name!r}")

    def value(self, name: str) -> Any:
        """The value of a setting; raises KeyError where there is none."""
        return self[name].value

    def get(self, name: str, default: Any = None) -> Any:
        return self[name].value if name in self else default

    def values(self) -> dict[str, Value]:
        return {setting.name: setting.value for setting in self.settings}


@dataclass(frozen=True, slots=True)
class Deviation:
    """What differs from the card, and the option that asked for it; `may_explain_a_gap`: it can move a measurement."""

    category: Literal["hardware", "precision", "seed", "data", "recipe", "evaluation", "scope"]
    claimed: str
    actual: str
    may_explain_a_gap: bool
    reason: str = ""
    option: str = ""

    @property
    def why(self) -> str:
        return "; ".join(filter(None, (self.option, self.reason)))

    @property
    def severity(self) -> Literal["none", "low", "medium", "high"]:
        """How far it can move a number: another seed by its spread, another precision a little more, others freely."""
        if not self.may_explain_a_gap:
            return "none"
        return {"seed": "low", "precision": "medium"}.get(self.category, "high")  # type: ignore[return-value]


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
    unjudged: tuple[str, ...] = ()  # numbers of the card that no claim is made of: which, on which line, and why

    def sections(self) -> tuple[Stage, ...]:
        return (self.run, *filter(None, [self.augmentation]), *self.stages, self.evaluation)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured number with its conditions; the signature says under which rules it was scored."""

    metric: str
    value: float
    unit: Unit
    n: int
    seed: int
    signature: str
