"""Progress of a run as its parts: each by card, name and number, with what is left of all, on stderr and on disk."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.domain import Experiment
from harness.plan import model_folders
from harness.plan.cost import evaluation_tflop, geometry_of
from harness.record import progress
from harness.record.parts import RunSettings
from harness.record.progress import Progress
from harness.record.store import PUBLISHED, TEACHER
from harness.run import preflight
from harness.run.inputs import Inputs
from harness.train.progress import ProgressCallback

WRITE_EVERY_S = 2.0
STUDENT = "student"


@dataclass(slots=True)
class Watched:
    """Passes on what a run says of its progress, under names that tell which part of which card it is.

    `work` has the parts of the run in order, with their estimated teraflops: the share of one that is done, and the
    time it took, say how long the others will take.
    """

    inner: ProgressCallback
    experiment: Experiment
    run: Path
    work: Mapping[str, float]
    _at: Progress | None = None
    _begun: float = 0.0
    _before: int = 0
    _written: float = 0.0

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        name, names = self.experiment.name, list(self.work)
        number = names.index(stage) + 1 if stage in self.work else 0
        part = f"{name}: {stage}, {number} of {len(names)}" if number else f"{name}: {stage}"
        self._begun, self._before = time.monotonic(), begin
        pid, host = progress.here()
        self._at = Progress(
            name, self.run.name, RunSettings.of(self.experiment).seed, stage, number, len(names), begin, n_steps,
            None, None, None, pid, host, progress.now(),
        )  # fmt: skip
        progress.write(self.run.parents[1], self._at)
        self._written = self._begun
        self.inner.start(part, n_steps, begin)

    def steps(self, records: list[dict[str, float]]) -> None:
        after = self._note(records[-1])
        self.inner.steps([*records[:-1], {**records[-1], **({} if after is None else {"run_left_s": after})}])

    def end(self) -> None:
        self.inner.end()

    def _note(self, record: Mapping[str, float]) -> float | None:
        """Writes how far the part is, now and then; returns the seconds that the parts behind it take."""
        if self._at is None:
            return None
        step, now, n_steps = int(record["step"]), time.monotonic(), self._at.n_steps
        left = (now - self._begun) / max(step - self._before, 1) * (n_steps - step)
        after = self._after(now - self._begun, (step - self._before) / max(n_steps, 1))
        if now - self._written >= WRITE_EVERY_S:
            self._written = now
            of_run = None if after is None else left + after
            self._at = replace(
                self._at, step=step, loss=record.get("loss"), left_s=left, run_left_s=of_run, updated=progress.now()
            )
            progress.write(self.run.parents[1], self._at)
        return after

    def _after(self, took: float, share: float) -> float | None:
        names = list(self.work)
        if self._at is None or self._at.part not in names or not share > 0:
            return None
        done = self.work[self._at.part] * share
        rest = sum(self.work[name] for name in names[names.index(self._at.part) + 1 :])
        return took / done * rest if done > 0 and rest > 0 else None


def watched(experiment: Experiment, inputs: Inputs, run: Path, inner: ProgressCallback) -> Watched:
    """The progress of a run with all its parts: models that are scored before, stages, the student's evaluation."""
    n_questions = sum(len(paragraph.questions) for paragraph in inputs.eval)

    def evaluation(kind: str, folder: Path | None) -> dict[str, float]:
        if folder is None:
            return {}
        size = geometry_of("", model_folders.read_config(folder))
        return {f"evaluation: {kind}": evaluation_tflop(experiment.evaluation, n_questions, size)}

    work = {
        **evaluation(TEACHER, inputs.teacher),
        **evaluation(PUBLISHED, inputs.published),
        **preflight.estimate(experiment, inputs).stage_tflop,
        **evaluation(STUDENT, inputs.student),
    }
    return Watched(inner, experiment, run, work)
