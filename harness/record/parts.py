"""What the files of a record hold, beside the core types: one frozen dataclass a file, in the order of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.domain import Deviation, Experiment, Measurement
from harness.record.environment import Environment
from harness.record.judgement import Conclusion, GapDecomposition, Judgement, Rates, Rule

# Of a model: the sha256 of each of its files. Of data: `sha256` of a file, or `revision` of a data set of the Hub.
Fingerprint = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Identity:
    """identity.json: the hash by which the run is found, and that of what decides its verdict."""

    schema_version: int
    identity: str
    rule: str


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What of an experiment belongs to the run as a whole; `limit` is None for a run on all questions."""

    seed: int
    limit: int | None
    rule: Rule
    precision: str

    @classmethod
    def of(cls, experiment: Experiment) -> "RunSettings":
        run = experiment.run
        return cls(int(run.value("seed")), run.get("limit"), run.value("rule"), str(run.value("precision")))


@dataclass(frozen=True, slots=True)
class Inputs:
    """inputs.json: which models and data went in; None where a run needs no such input."""

    student: Fingerprint
    train_data: Fingerprint
    eval_data: Fingerprint
    teacher: Fingerprint | None = None
    masked_lm: Fingerprint | None = None
    glove: Fingerprint | None = None
    train_ids: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class DataReading:
    """data.json: how the questions of a run were read, which of them were dropped, and what is odd about its models."""

    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnvironment:
    """environment.json: the machine, and what the run used of it."""

    machine: Environment
    device: str
    num_processes: int = 1
    gradient_accumulation_steps: int = 1
    mixed_precision: str = "no"
    threads: int
    deterministic: bool = False
    deviations: tuple[Deviation, ...] = ()  # of this machine from the one that the card declares


@dataclass(frozen=True, slots=True)
class StageLog:
    """`terms` are means over the steps of the last epoch; `n_micro` micro-batches a batch at the end."""

    n_steps: int
    terms: Mapping[str, float]
    n_micro: int = 1


@dataclass(frozen=True, slots=True)
class Mass:
    """The teacher's probability on padding: mean over the rows, and the largest of one row."""

    mean: float
    largest: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The table of words that augmented the training data: its hash, and how many words it was made with."""

    sha256: str
    words: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """stage.json: a stage that is finished. `dropped` are training questions that could not be used, `deviations` say
    which of the others have no label."""

    log: StageLog
    dropped: tuple[str, ...]
    seconds: float
    encoder: str | None = None  # which encoder computed the student; older records do not say
    candidates: Candidates | None = None
    mass_on_padding: Mass | None = None
    deviations: tuple[Deviation, ...] = ()
    weights: Fingerprint


@dataclass(frozen=True, slots=True)
class TokenIndex:
    """Scores by token; `dropped` are questions that have none."""

    signature: str
    scores: Mapping[str, int | float]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """metrics.json: the sums over all questions, in points under the official keys, with their conditions."""

    signature: str
    scores: Mapping[str, int | float]
    token_index: TokenIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAnswer:
    """One line of per_question.jsonl: `exact` 0 or 1, `f1` in 0..1, official; `paragraph` counted through the file."""

    id: str
    has_answer: bool
    prediction: str
    exact: int
    f1: float
    article: str | None = None
    paragraph: int | None = None
    token_exact: int | None
    token_f1: float | None
    span_over_null: float | None

    def score(self, metric: str) -> float:
        """The question's share of a metric, `exact` or `f1`."""
        return {"exact": float(self.exact), "f1": self.f1}[metric]


@dataclass(frozen=True, slots=True)
class Missing:
    """missing.json: why a model was not scored."""

    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """error.json: what stopped a run, in which stage and at which step."""

    error: str
    stage: str
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """verdict.json of a run, or series.json of the runs that it names; `is_sequential`: with a look after each."""

    schema_version: int
    is_sequential: bool = False
    runs: tuple[str, ...] = ()
    judgement: Judgement
    measurements: tuple[Measurement, ...]
    attributions: tuple[GapDecomposition, ...]
    operating: tuple[Rates, ...]

    @property
    def conclusion(self) -> Conclusion:
        return Conclusion(self.judgement, self.measurements, self.attributions, self.operating)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of train.jsonl: the terms of the loss before the update, NaN for what is no number."""

    step: int
    epoch: Any
    learning_rate: float
    terms: Mapping[str, float]
