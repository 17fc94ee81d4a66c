"""A run's folder opened for reading: each file is read once, hashed and parsed from the same bytes, and typed."""

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from harness.domain import Card, Deviation, Experiment
from harness.errors import StoreError
from harness.record import compact, losses, store, typed
from harness.record.judgement import Conclusion
from harness.record.parts import (
    Broken,
    Concluded,
    DataReading,
    Fingerprint,
    Identity,
    Inputs,
    Metrics,
    Missing,
    RunEnvironment,
    RunSettings,
    ScoredAnswer,
    StageRecord,
    Step,
)
from harness.record.upgrade import OLDEST, upgrade

T = TypeVar("T")


class Run:
    """The record of one run, or of a series of seeds, finished or not; what is not asked for is not read.

    A part raises StoreError where its file is missing, damaged, or of a schema version that is not read here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bytes: dict[str, bytes] = {}
        self._stages: dict[str, StageRecord] = {}
        self._evaluations: dict[str, Evaluation] = {}

    @classmethod
    def open(cls, folder: Path) -> "Run":
        return cls(folder)

    # --- files ---

    def has(self, name: str) -> bool:
        return compact.has(self.folder, name)

    def names(self) -> list[str]:
        """What the manifest covers, by name, whether the record is compact or not."""
        return compact.names(self.folder)

    def read(self, name: str) -> bytes:
        """The bytes of a file as they were written, read once."""
        if name not in self._bytes:
            self._bytes[name] = compact.read(self.folder, name, self.read)
        return self._bytes[name]

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.read(name)).hexdigest()

    def manifest_lines(self, names: Iterable[str]) -> list[str]:
        """The manifest of some of its files, a line a file."""
        return [f"{self.sha256(name)}  {name}\n" for name in names]

    def plain(self, name: str) -> dict[str, Any]:
        """The JSON of a file as it was written, to be hashed or shown whole; `part` reads what it says."""
        return typed.plain_of(self.read(name), self.folder / name)

    def part(self, name: str, kind: type[T]) -> T:
        """The JSON of a file as a type, in the shape of today."""
        text, version = self.read(name), self._version_of(name)
        if version < store.SCHEMA_VERSION:
            try:
                text = json.dumps(upgrade(name, self.plain(name), version)).encode()
            except (LookupError, TypeError, AttributeError) as error:
                what = f"is damaged: it has not the shape of schema version {version} ({error})"
                raise StoreError(f"{self.folder / name}: {what}; use --fresh, or take the whole file") from error
        return typed.parse(kind, text, self.folder / name)

    def _version_of(self, name: str) -> int:
        """The schema version of a file: the record's, or a later one of a verdict that was made again."""
        if name not in (store.VERDICT, store.SERIES):
            return self.version
        version = self.plain(name).get("schema_version")
        if type(version) is not int or not self.version <= version <= store.SCHEMA_VERSION:
            what = f"has schema version {version}, the record it is of {self.version}"
            raise StoreError(f"{self.folder / name}: {what}; take the whole record")
        return version

    # --- the run ---

    @cached_property
    def version(self) -> int:
        """The schema version that the record was begun with, today's where it says nothing yet."""
        name = next((name for name in ("identity.json", store.SERIES) if self.has(name)), None)
        version = self.plain(name).get("schema_version") if name else store.SCHEMA_VERSION
        if type(version) is not int or not OLDEST <= version <= store.SCHEMA_VERSION:
            what = f"has schema version {version}; this harness reads {OLDEST} to {store.SCHEMA_VERSION}"
            newer = isinstance(version, int) and version > store.SCHEMA_VERSION
            raise StoreError(f"{self.folder / str(name)}: {what}{'; take a newer harness' if newer else ''}")
        return version

    @cached_property
    def identity(self) -> Identity:
        return self.part("identity.json", Identity)

    @cached_property
    def experiment(self) -> Experiment:
        return self.part("experiment.json", Experiment)

    @cached_property
    def card(self) -> Card:
        """The card that was planned; raises CardError where it is none."""
        # Here, because what reads cards takes longer to load than a verdict to be worked out.
        from harness.card.read import card_of

        return card_of(self.folder / "card.md", self.read("card.md"))

    @cached_property
    def inputs(self) -> Inputs:
        return self.part("inputs.json", Inputs)

    @cached_property
    def environment(self) -> RunEnvironment:
        return self.part("environment.json", RunEnvironment)

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What departs from the card: as planned, in the machine (records of before have all in the plan), in the
        questions, and in their labels."""
        data = self.part(store.DATA, DataReading).deviations if self.has(store.DATA) else ()
        labels = [one for stage in self.experiment.stages if self.has(f"stages/{stage.name}/stage.json")
                  for one in self.stage(stage.name).deviations]  # fmt: skip
        return (*self.experiment.deviations, *self.environment.deviations, *data, *labels)

    @cached_property
    def verdict(self) -> Concluded:
        return self.part(store.VERDICT, Concluded)

    @cached_property
    def series(self) -> Concluded:
        return self.part(store.SERIES, Concluded)

    @property
    def conclusion(self) -> Conclusion:
        """What was written down of the run, or of the series."""
        return (self.series if self.has(store.SERIES) else self.verdict).conclusion

    @cached_property
    def settings(self) -> RunSettings:
        return RunSettings.of(self.experiment)

    @cached_property
    def broken(self) -> Broken | None:
        return self.part("error.json", Broken) if self.has("error.json") else None

    # --- stages ---

    def stage(self, name: str) -> StageRecord:
        if name not in self._stages:
            self._stages[name] = self.part(f"stages/{name}/stage.json", StageRecord)
        return self._stages[name]

    @cached_property
    def stages(self) -> dict[str, StageRecord]:
        """The stages that are finished, by name."""
        paths = sorted(self.folder.glob("stages/*/stage.json"))
        return {path.parent.name: self.stage(path.parent.name) for path in paths}

    def lines(self, stage: str) -> list[tuple[int, Step | None]]:
        """The numbered lines of a stage's log, None for what is no step; none where it was not trained."""
        name = f"stages/{stage}/{store.LOSSES}"
        return list(losses.lines_of(self.read(name))) if self.has(name) else []

    def steps(self, stage: str) -> list[Step]:
        """The steps of a stage, in order; none where it was not trained."""
        found = []
        for number, step in self.lines(stage):
            if step is None:
                path = self.folder / "stages" / stage / store.LOSSES
                raise StoreError(f"{path}: is broken (line {number} is no step); start the run again with --fresh")
            found.append(step)
        return found

    # --- scored models ---

    def scored(self, name: str) -> "Evaluation":
        """The evaluation in a folder of the run, whether it is there or not."""
        return self._evaluations.setdefault(name, Evaluation(self, name))

    @property
    def evaluation(self) -> "Evaluation":
        """Of the student of the last stage."""
        return self.scored(store.EVALUATION)

    @property
    def published(self) -> "Evaluation | None":
        """Of the card's own weights, None where they were not scored."""
        return self.scored(store.PUBLISHED) if self.has(f"{store.PUBLISHED}/metrics.json") else None

    @property
    def teacher(self) -> "Evaluation | None":
        return self.scored(store.TEACHER) if self.has(f"{store.TEACHER}/metrics.json") else None

    @cached_property
    def published_missing(self) -> str | None:
        """Why the published weights were not scored, None where they were or nobody asked."""
        name = f"{store.PUBLISHED}/{store.MISSING}"
        return self.part(name, Missing).why if self.published is None and self.has(name) else None


class Evaluation:
    """One scored model of a run: its answers, their scores, and the sums."""

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name

    @property
    def folder(self) -> Path:
        return self.run.folder / self.name

    @cached_property
    def metrics(self) -> Metrics:
        return self.run.part(f"{self.name}/metrics.json", Metrics)

    @cached_property
    def weights(self) -> Fingerprint:
        return self.run.part(f"{self.name}/weights.json", dict[str, str])

    @cached_property
    def predictions(self) -> dict[str, str]:
        """The answer to each question, in file order."""
        return self.run.part(f"{self.name}/{store.PREDICTIONS}", dict[str, str])

    @cached_property
    def answers(self) -> tuple[ScoredAnswer, ...]:
        """The answers with their scores, in file order."""
        name = f"{self.name}/{store.ANSWERS}"
        lines = b",".join(line for line in self.run.read(name).split(b"\n") if line)
        return typed.parse(tuple[ScoredAnswer, ...], b"[%s]" % lines, self.run.folder / name)
