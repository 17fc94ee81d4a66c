"""Several processes are the same run as one: gloo on the CPU, dropout off, fp32."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from harness.card.references import PACKAGE
from tests.tiny import make_masked_lm, make_model

# Softmax ignores a constant, so these have a true gradient of zero, and Adam turns rounding noise into whole steps.
ZERO_GRADIENT = ("key.bias", "qa_outputs.bias", "layer.1.output.LayerNorm.bias")
# Of a loss: what two orders of summation may differ by. A logarithm of one of T = 224 shares is off by rounding of its
# own size, log T, a few dozen times over the layers below it, and does not shrink where the divergence is small.
ROUNDING = 64 * float(np.finfo(np.float32).eps) * math.log(224)
ROOT = Path(__file__).parents[2]
QUESTIONS = PACKAGE / "pocket" / "squad.json"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reproduce(tmp_path_factory.mktemp("one"))


def reproduce(folder: Path, *options: str) -> Path:
    """The run's folder; 15 questions in batches of 6, so that the last batch is small and odd."""
    teacher = make_model(folder / "teacher", layers=4, dropout=0.0)
    student = make_model(folder / "student", layers=2, dropout=0.0, seed=2)
    settings = ["prediction_layer.embeds_dropout_prob=0"]
    for stage in ("intermediate_layer", "prediction_layer"):
        settings += [f"{stage}.num_train_epochs=2", f"{stage}.max_seq_length=224", f"{stage}.train_batch_size=6"]
    command = [
        sys.executable, "-m", "harness", "reproduce", str(ROOT / "cards" / "tinybert-6l.md"),
        "--teacher", str(teacher), "--student", str(student), "--train", str(QUESTIONS), "--eval", str(QUESTIONS),
        "--masked-lm", str(make_masked_lm(folder / "masked_lm")), "--glove", "none", "--set", "augmentation.factor=2",
        "--limit", "15", "--device", "cpu", "--results", str(folder / "results"),
        *[part for setting in settings for part in ("--set", setting)], *options,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.count("LIMITED") == 1
    (run,) = (folder / "results" / "tinybert-6l").iterdir()
    return run


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--num-processes", "2")),
        pytest.param(("--accelerate-config", "CONFIG", "--gradient-accumulation-steps", "4"), marks=pytest.mark.slow),
    ],
    ids=["two processes", "accelerate's launcher and four micro-batches"],
)
def test_sharing_a_batch_changes_neither_losses_nor_weights(
    options: tuple[str, ...], one: Path, tmp_path: Path
) -> None:
    config = tmp_path / "accelerate.yaml"
    config.write_text("compute_environment: LOCAL_MACHINE\ndistributed_type: 'NO'\nnum_processes: 1\nuse_cpu: true\n")
    other = reproduce(tmp_path, *(str(config) if part == "CONFIG" else part for part in options))
    for stage in ("intermediate_layer", "prediction_layer"):
        for mine, yours in zip(log(one, stage), log(other, stage), strict=True):
            assert mine == pytest.approx(yours, rel=1e-5, abs=ROUNDING)
        weights = [load_file(run / "stages" / stage / "student" / "model.safetensors") for run in (one, other)]
        for name, tensor in weights[0].items():
            tolerance = 1e-3 if name.endswith(ZERO_GRADIENT) else 1e-6
            assert abs(tensor - weights[1][name]).max() < tolerance, name


def log(run: Path, stage: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "stages" / stage / "train.jsonl").read_text().splitlines()]
