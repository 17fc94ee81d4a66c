"""A run shown by an experiment tracker while it trains: trackio, TensorBoard or wandb, through accelerate's trackers.

One run of the tracker a seed, in a project of the card's name: the losses of every step, counted through all stages; at
the end scores, verdict and a table of the claims. Nothing is sent unless `--track` asks for it: trackio and TensorBoard
then write to this machine, unless their own settings name another place; wandb sends to where it is logged in.
A tracker that fails is given up with a warning, and the run goes on.
"""

import contextlib
import functools
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate.tracking import GeneralTracker, TensorBoardTracker, TrackioTracker, WandBTracker

from harness.domain import Experiment, Measurement
from harness.errors import PlanError
from harness.record.folder import Run
from harness.record.judgement import Conclusion, Judgement
from harness.record.parts import RunSettings

_log = logging.getLogger(__name__)
NAMES = ("trackio", "tensorboard", "wandb")
FOLDER = ".tensorboard"  # below the results: where TensorBoard's files go
_COLUMNS = ("metric", "claimed", "measured", "difference", "tolerance", "outcome")
_PLACE = ("step", "epoch", "run_left_s")  # of a step's record; all else in it is a curve


def check_installed(name: str) -> None:
    """Raise PlanError where the tracker's package is missing, before anything is computed."""
    if importlib.util.find_spec(name) is None:
        raise PlanError([f"--track {name}: {name} is not installed; pip install {name}"])


class Tracking:
    """The tracker of that name; without one, or once it has failed, every word is taken and nothing shown."""

    def __init__(self, name: str | None = None) -> None:
        self._name, self._n_before, self._n_done = name, 0, 0
        self._tracker: GeneralTracker | None = None

    def begin(self, experiment: Experiment, run: Path, stage: str) -> None:
        """Begin a stage of a run; its steps are counted behind those of the stages before: a tracker's only rise."""
        if self._name is None:
            return
        if self._tracker is None:
            self._tracker = _start(self._name, experiment, run)
        if self._tracker is None:
            self._name = None
        names, record = [one.name for one in experiment.stages], Run.open(run)
        self._n_before = sum(record.stage(name).log.n_steps for name in names[: names.index(stage)])

    def steps(self, stage: str, records: Sequence[dict[str, float]]) -> None:
        """Show the losses and the learning rate of some steps of a stage."""
        for record in records:
            values = {f"{stage}/{name}": value for name, value in record.items() if name not in _PLACE}
            self._n_done = self._n_before + int(record["step"])
            self._do(functools.partial(_log_values, values=values, step=self._n_done))

    def conclude(self, conclusion: Conclusion) -> None:
        """Show scores, verdict and claims."""
        judgement = conclusion.judgement
        values = {one.metric: one.value for one in conclusion.measurements if one.unit == "points"}
        words = {"outcome": judgement.outcome, "reason": judgement.reason, "rule": judgement.rule}
        step = self._n_done + 1
        self._do(functools.partial(_log_values, values={**values, **words}, step=step))
        self._do(lambda tracker: _log_table(tracker, rows_of(judgement, conclusion.measurements), step + 1))

    def close(self) -> None:
        self._do(_finish)
        self._tracker = None

    def _do(self, what: Callable[[Any], Any]) -> None:
        """Ask the tracker for something; what it prints is no result of ours."""
        if self._tracker is None:
            return
        try:
            with contextlib.redirect_stdout(sys.stderr):
                what(self._tracker)
        except Exception as error:  # others' code, over a network too: no hour of training is lost for it
            _log.warning("--track %s failed and is given up: %s", self._name, error)
            self._tracker = self._name = None


@contextmanager
def tracked(name: str | None) -> Iterator[Tracking]:
    """Give a run its tracker, which begins when a stage does, and close it whatever happens."""
    tracking = Tracking(name)
    try:
        yield tracking
    finally:
        tracking.close()


def rows_of(judgement: Judgement, measurements: Sequence[Measurement]) -> list[list[Any]]:
    """List a row a claim, in the order of `_COLUMNS`; of a card that claims nothing one a score."""
    if not judgement.verdicts:
        scores = [one for one in measurements if one.metric in ("exact", "f1")]
        return [[one.metric, None, one.value, None, None, judgement.outcome] for one in scores]
    return [
        [one.metric, one.claimed, one.measured, one.difference, one.tolerance, one.outcome]
        for one in judgement.verdicts
    ]


def _start(name: str, experiment: Experiment, run: Path) -> GeneralTracker | None:
    """Begin the tracker's run, or go on with it where ours was stopped; None where it does not start."""
    settings = RunSettings.of(experiment)
    called = f"seed-{settings.seed}-{run.name}"
    config: dict[str, Any] = {"recipe": experiment.recipe, "card_sha256": experiment.card_sha256}
    config |= {f"{part.name}.{one.name}": one.value for part in experiment.sections() for one in part.settings}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            tracker = _MAKERS[name](experiment.name, called, run)
            tracker.start()
            tracker.store_init_configuration({key: "none" if value is None else value for key, value in config.items()})
    except Exception as error:  # as above
        _log.warning("--track %s does not start, and the run goes on without it: %s", name, error)
        return None
    return tracker


def _trackio(project: str, called: str, run: Path) -> GeneralTracker:
    return TrackioTracker(project, name=called, group=run.parent.name, resume="allow")


def _tensorboard(project: str, called: str, run: Path) -> GeneralTracker:
    return TensorBoardTracker(called, logging_dir=run.parents[1] / FOLDER / project)


def _wandb(project: str, called: str, run: Path) -> GeneralTracker:
    return WandBTracker(project, name=called, id=run.name, group=run.parent.name, resume="allow")


_MAKERS: dict[str, Callable[[str, str, Path], GeneralTracker]] = {
    "trackio": _trackio,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}


def _finish(tracker: Any) -> None:
    """End the tracker's run; trackio would end it once more, in words on stdout, when the process does."""
    if isinstance(tracker, TrackioTracker):
        import trackio

        trackio.finish()
    else:
        tracker.finish()


def _log_values(tracker: Any, values: dict[str, Any], step: int) -> None:
    tracker.log(values, step=step)


def _log_table(tracker: Any, rows: Sequence[Sequence[Any]], step: int) -> None:
    """Log the claims as each tracker has tables; as text where it has none."""
    if isinstance(tracker, WandBTracker):
        tracker.log_table("claims", columns=list(_COLUMNS), data=[list(row) for row in rows], step=step)
    elif isinstance(tracker, TrackioTracker):
        import pandas  # trackio brings it
        import trackio

        tracker.log({"claims": trackio.Table(dataframe=pandas.DataFrame(rows, columns=list(_COLUMNS)))}, step=step)
    else:
        lines = [_COLUMNS, ("---",) * len(_COLUMNS), *rows]
        text = "\n".join("| " + " | ".join("" if one is None else str(one) for one in line) + " |" for line in lines)
        tracker.log({"claims": text}, step=step)
