"""How long commands take to start, as multiples of the processor time of `python -c pass`, taking turns in one run.

python -m pytest -m bench -s tests/bench/test_start_up.py
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = sorted((ROOT / "results" / "minilm-3l-squad2").iterdir())[0]
ROUNDS = 9
# name -> arguments of python, and at most how many times `pass`. A verdict's Student quantiles are scipy.special's,
# whose import alone takes some 15 times `pass`.
COMMANDS = {
    "pass": (["-c", "pass"], 1),
    "--help": (["-m", "harness", "--help"], 10),
    "parse": (["-m", "harness", "parse", "cards/tinybert-6l.md"], 25),
    "plan": (["-m", "harness", "plan", "cards/pocket.md"], 25),
    "verdict": (["-m", "harness", "verdict", str(RUN)], 40),
}


def processor_time(arguments: list[str]) -> float:
    # Bytecode is kept, as on any machine where a command is called twice.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.bench
def test_commands_start_within_a_few_times_what_python_takes() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(ROUNDS + 1):
        for name, (arguments, _) in COMMANDS.items():
            took = processor_time(arguments)
            if turn:  # the first fills caches
                times[name].append(took)
    base = statistics.median(times["pass"])
    ratios = {name: statistics.median(found) / base for name, found in times.items()}
    print({name: round(ratio, 1) for name, ratio in ratios.items()})
    assert {name: ratio for name, ratio in ratios.items() if ratio > COMMANDS[name][1]} == {}
