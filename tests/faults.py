"""Faults to plant in the pocket experiment: by an option where one exists, else by a patch at a seam."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.qa import features
from harness.train.recipes.context import StageContext

Patch = Callable[[pytest.MonkeyPatch], None]


def shift_labels(patch: pytest.MonkeyPatch) -> None:
    """Every answer's label one token to the right; no-answer stays where it is."""
    original = features.window_labels

    def shifted(*arguments: Any) -> list[features.Labels]:
        labels = original(*arguments)
        return [label if label == features.NO_ANSWER else (label[0] + 1, label[1] + 1) for label in labels]

    patch.setattr(features, "window_labels", shifted)


def keep_teacher_in_training_mode(patch: pytest.MonkeyPatch) -> None:
    """The teacher of the intermediate stage keeps its dropout."""
    original = StageContext.required_teacher
    patch.setattr(StageContext, "taught_by", lambda context: original(context).train())


def _nothing(_: pytest.MonkeyPatch) -> None:
    return


@dataclass(frozen=True, slots=True)
class Fault:
    """`shows_in` is the stage whose first steps give it away."""

    shows_in: str
    settings: Mapping[str, str] = field(default_factory=dict)
    patch: Patch = _nothing

    @contextmanager
    def planted(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self.patch(patch)
            yield


FAULTS: Mapping[str, Fault] = {
    "intermediate stage skipped": Fault("intermediate_layer", {"intermediate_layer.num_train_epochs": "0"}),
    "prediction stage skipped": Fault("prediction_layer", {"prediction_layer.num_train_epochs": "0"}),
    "layers mapped i to i": Fault("intermediate_layer", {"intermediate_layer.layer_map": "first"}),
    "intermediate learning rate x10": Fault("intermediate_layer", {"intermediate_layer.learning_rate": "1e-2"}),
    "intermediate learning rate /10": Fault("intermediate_layer", {"intermediate_layer.learning_rate": "1e-4"}),
    "prediction learning rate x10": Fault("prediction_layer", {"prediction_layer.learning_rate": "2e-2"}),
    "prediction learning rate /10": Fault("prediction_layer", {"prediction_layer.learning_rate": "2e-4"}),
    "labels shifted by one token": Fault("prediction_layer", patch=shift_labels),
    "teacher in training mode": Fault("intermediate_layer", patch=keep_teacher_in_training_mode),
}
