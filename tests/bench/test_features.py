"""Windows a second on one core, and the memory that the whole augmented training set would take.

    python -m pytest -m bench tests/bench/test_features.py -s

Real SQuAD 2.0 questions, length 384, step 128. Processor time, so that what else a machine does is not measured. Memory
is what the process holds at most, at two sizes; the line through them is read off at the rows of the target card's
first stage.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

BAR_A_SECOND, BAR_BYTES = 5_000, 2 * 10**9
N_ROWS = 2_711_650  # windows of the 20 augmented copies
_PROGRAM = """
import itertools, json, resource, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from harness import models
from harness.qa.features import build_features
from harness.qa.squad import read_squad
path, folder, copies = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
tokenizer = models.load_tokenizer(folder)
started = time.process_time()
rows = build_features(
    itertools.chain.from_iterable(read_squad(path) for _ in range(copies)), tokenizer, folder / "scratch",
    max_seq_length=384, doc_stride=128, max_query_length=64, for_training=True,
)
took = time.process_time() - started
print(json.dumps([len(rows), took, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def measured(path: Path, folder: Path, copies: int) -> tuple[int, float, int]:
    """Windows, seconds of the processor, and bytes at most, of a process of its own."""
    (folder / "scratch").mkdir(exist_ok=True)
    command = [sys.executable, "-c", _PROGRAM, str(path), str(folder), str(copies)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=_one_thread()).stdout
    n_rows, seconds, n_bytes = json.loads(printed)
    return n_rows, seconds, n_bytes


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def test_windows_a_second_and_the_memory_of_the_whole_set(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(shared / "data" / "bert-base-uncased-vocab.txt", tmp_path / "vocab.txt")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    path = shared / "data" / "squad" / "train-v2.0.first10articles.json"
    few, many = (measured(path, tmp_path, copies) for copies in (2, 20))
    a_second = many[0] / many[1]
    a_row = max(0.0, (many[2] - few[2]) / (many[0] - few[0]))
    whole = few[2] + a_row * (N_ROWS - few[0])
    with capsys.disabled():
        print(f"\n{a_second:,.0f} windows a second ({many[0]:,} in {many[1]:.1f} s); {few[2] / 1e6:,.0f} MB at "
              f"{few[0]:,} windows, {many[2] / 1e6:,.0f} MB at {many[0]:,}: {whole / 1e6:,.0f} MB at {N_ROWS:,}",
              end="")  # fmt: skip
    assert a_second >= BAR_A_SECOND
    assert whole < BAR_BYTES
