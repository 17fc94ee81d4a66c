"""The benchmark for GPUs works as one command, and what it works out from times is right; here on the CPU."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.bench import check, gpu, lengths
from tests.bench.workload import CARD, SMALL, STAGES, WAYS, Rows, hours_of, tflop_of

REFERENCE, SAME, _, DROPPED = WAYS


def test_the_command_checks_measures_and_leaves_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--device", "cpu", "--small", "--steps", "2", "--warm", "1", "--out", str(tmp_path)]
    assert gpu.main(command) == 0
    (path,) = tmp_path.iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    assert [one["is_right"] for one in record["checks"]] == [True] * 14
    assert {one["stage"] for one in record["checks"]} == {one["stage"] for one in record["rows"]}
    assert len(record["rows"]) == 2 * len(WAYS)
    for row in record["rows"]:
        assert len(row["steps_ms"]) == 2
        assert row["packed"] == row["is_engine"]
        assert (row["logits_ms"] is not None) == (row["is_engine"] and row["stage"] == "prediction_layer")
    assert record["machine"]["device"] == "cpu"
    assert record["machine"]["code"]["torch"] == torch.__version__
    out = capsys.readouterr().out
    assert all(out.count(f"| {way.name} |") == 2 for way in WAYS)


def test_a_wrong_gradient_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    given, n_calls = check.gradients_of, [0]

    def spoiled(*args: object) -> tuple[Tensor, dict[str, Tensor]]:
        loss, gradients = given(*args)  # type: ignore[arg-type]
        n_calls[0] += 1
        name = "bert.encoder.layer.0.attention.self.query.weight"
        return loss, {**gradients, name: gradients[name] * (1.01 if n_calls[0] == 4 else 1)}

    monkeypatch.setattr(check, "gradients_of", spoiled)
    found = check.against_reference(SMALL, torch.device("cpu"))
    assert [one["is_right"] for one in found] == [True, False]
    assert found[1]["of"].endswith("query.weight")


def test_flops_are_those_of_the_field_notes() -> None:
    """4.59 TFLOP a batch of 26 in the first stage, 5.89 GFLOP a layer of a row; the second runs the student alone."""
    rows = np.full(26, 384)
    first, second = (tflop_of(stage, SAME, CARD, rows) for stage in STAGES)
    assert first == pytest.approx(4.59, abs=0.01)
    assert second == pytest.approx(26 * 18 * 5.89e-3, rel=1e-3)
    assert tflop_of("prediction_layer", REFERENCE, CARD, rows) == pytest.approx(first)
    assert tflop_of("intermediate_layer", DROPPED, CARD, rows // 2) < first / 2


def test_hours_are_those_of_all_steps_of_the_card() -> None:
    """102,501 steps an epoch on twenty copies, 5,126 without; logits are computed once for five epochs."""
    assert hours_of("intermediate_layer", 36.0, None) == pytest.approx(5 * 102_501 / 1e5, rel=1e-4)
    assert hours_of("prediction_layer", 36.0, 18.0) == pytest.approx(5.5 * 5_126 / 1e5, rel=1e-4)


def test_the_kept_lengths_are_those_of_the_data(shared: Path) -> None:
    assert lengths.kept() == lengths.measured(shared / "data")


def test_without_a_gpu_the_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert "no GPU" in capsys.readouterr().err


def test_a_way_that_takes_too_much_memory_is_a_row_with_the_reason() -> None:
    def fails(_: gpu.Clocked) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")

    found = gpu.measured(fails, Rows(SMALL, 3), gpu.options_of([]), torch.device("cpu"))
    assert found == {"ms": None, "why": "OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"}
    row = {"stage": "prediction_layer", "name": "reference, fp32", "is_engine": False, **found}
    assert "Tried to allocate" in gpu.table_of([row], 1.0)


def test_another_shape_of_tiles_may_be_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="Triton is not installed")
    from harness.train.kernels import gpu_attention

    monkeypatch.setattr(gpu_attention, "SHAPES", dict(gpu_attention.SHAPES))
    monkeypatch.setattr(check, "CHECKS", ())
    monkeypatch.setattr(gpu, "WAYS", WAYS[:1])
    command = ["--device", "cpu", "--small", "--steps", "1", "--warm", "0", "--shape", "32,4,3", "--out", str(tmp_path)]
    assert gpu.main(command) == 0
    assert gpu_attention.SHAPES["16 bits"] == gpu_attention.Shape(32, (4, 3), (4, 3), (4, 3))
