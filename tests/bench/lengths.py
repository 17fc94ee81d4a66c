"""Lengths of windows of real training questions, measured once and kept in lengths.json for machines without the data.

    python -m tests.bench.lengths ../shared/data

520 of them, twenty batches of the target card, drawn at random without replacement from all windows of the first ten
articles of SQuAD 2.0's training file (CC BY-SA 4.0), cut at length 384 with step 128 as the card's first stage does.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from harness.qa.features import build_features
from harness.qa.squad import first_questions, read_squad
from harness.train.models import loading

PATH = Path(__file__).with_suffix(".json")
LONGEST, N = 384, 520


def measured(data: Path) -> list[int]:
    """Tokens of each window, markers included, in the order in which they were drawn."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(data / "bert-base-uncased-vocab.txt", folder / "vocab.txt")
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
        rows = build_features(
            first_questions(read_squad(data / "squad" / "train-v2.0.first10articles.json"), None),
            loading.load_tokenizer(folder), folder, max_seq_length=LONGEST, doc_stride=128, max_query_length=64,
            for_training=True,
        )  # fmt: skip
        lengths = rows.lengths
        return [int(one) for one in lengths[np.random.default_rng(0).permutation(len(lengths))[:N]]]


def kept() -> list[int]:
    found: list[int] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    PATH.write_text(json.dumps(measured(Path(sys.argv[1]))) + "\n", encoding="utf-8")
