"""The machine: which GPUs it has, and whether they are the declared ones."""

import math
from pathlib import Path

import pytest

from harness.record import environment
from harness.record.environment import compare_gpu


@pytest.mark.parametrize(
    ("declared", "gpus"),
    [
        ("1x V100 GPU", ["Tesla V100-SXM2-16GB"]),
        ("4x Tesla v100", ["Tesla V100-SXM2-16GB"] * 4),
        ("1 x A10 GPU", ["NVIDIA A10"]),
        ("CPU", []),
        (None, ["Tesla V100-SXM2-16GB"]),
    ],
)
def test_the_declared_machine_is_no_deviation(declared: str | None, gpus: list[str]) -> None:
    assert compare_gpu(declared, gpus) is None


@pytest.mark.parametrize(
    ("declared", "gpus", "actual"),
    [
        ("1x V100 GPU", [], "no GPU (CPU)"),
        ("1x V100 GPU", ["NVIDIA H200"], "NVIDIA H200"),
        ("4x V100 GPU", ["Tesla V100-SXM2-16GB"], "Tesla V100-SXM2-16GB"),
        ("1x A10 GPU", ["NVIDIA A100-SXM4-80GB"], "NVIDIA A100-SXM4-80GB"),
    ],
)
def test_another_machine_than_the_declared_is_a_deviation_of_hardware(
    declared: str, gpus: list[str], actual: str
) -> None:
    deviation = compare_gpu(declared, gpus)
    assert deviation is not None
    assert (deviation.category, deviation.claimed, deviation.actual) == ("hardware", declared, actual)
    assert not deviation.may_explain_a_gap


def fake_nvidia_smi(folder: Path, script: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 'Tesla V100, 16GB, 550.1'; echo 'NVIDIA H200, 550.1'", (("Tesla V100, 16GB", "NVIDIA H200"), "550.1")),
        ("echo 'No devices were found'", ((), None)),
        ("exit 9", ((), None)),
    ],
)
def test_gpus_are_those_that_nvidia_smi_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, expected: object
) -> None:
    fake_nvidia_smi(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert environment.find_gpus() == expected


def test_a_machine_is_described_without_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no-such-package"))
    found = environment.describe()
    assert (found.commit, found.dirty, found.gpus, found.driver) == (None, None, (), None)
    assert found.code["numpy"] is not None
    assert found.code["no-such-package"] is None


# --- threads ---


@pytest.mark.parametrize(
    ("said", "cores", "quota", "expected"),
    [("3", 8, math.inf, 3), ("2,1", 8, math.inf, 2), ("", 8, math.inf, 8), ("", 8, 1.5, 2), ("", 4, 16.0, 4),
     ("0", 4, math.inf, 4), ("many", 4, 0.5, 1)],
)  # fmt: skip
def test_threads_are_those_that_were_asked_for_or_what_the_machine_has(
    said: str, cores: int, quota: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(environment, "_n_cores", lambda: cores)
    monkeypatch.setattr(environment, "_quota", lambda: quota)
    assert environment.n_threads() == expected


def test_free_cores_are_those_that_were_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([(100, 1000), (250, 1200)])
    monkeypatch.setattr(environment, "_idle_and_all", lambda: next(ticks))
    monkeypatch.setattr(environment, "n_cpus", lambda: 2)
    monkeypatch.setattr(environment, "_quota", lambda: math.inf)
    assert environment.free_cores(0) == 1.5
    monkeypatch.setattr(environment, "_idle_and_all", lambda: None)
    assert environment.free_cores(0) is None


def test_this_machine_has_cores_and_ticks() -> None:
    assert 1 <= environment._n_cores() <= environment.n_cpus()
    assert environment._quota() > 0
    found = environment._idle_and_all()
    assert found is None or 0 < found[0] < found[1]


@pytest.mark.parametrize(
    ("declared", "is_cpu"),
    [
        ("CPU", True), ("2 x CPU", True), ("Intel Xeon CPU, 8 cores", True), (None, False), ("4x V100 GPU", False),
        ("1 x A100, CPU: AMD EPYC", False), ("Tesla T4 and a CPU", False), ("CPU and GPU", False),
    ],
)  # fmt: skip
def test_a_cpu_is_declared_where_no_gpu_is_named_beside_it(declared: str | None, is_cpu: bool) -> None:
    assert environment.declares_cpu(declared) is is_cpu


def test_a_gpu_in_place_of_a_declared_cpu_is_a_deviation() -> None:
    found = environment.compare_gpu("CPU", ["NVIDIA H200"])
    assert found is not None
    assert (found.claimed, found.actual, found.may_explain_a_gap) == ("CPU", "NVIDIA H200", False)
    assert environment.compare_gpu("CPU", []) is None
