"""How much faster the engine is than the plain way, in one process, taking turns: the ratios of the README's table.

    python -m pytest -m bench tests/bench/test_engine.py -s

Teacher 12 x 256, student 6 x 256, 4 heads, random weights, batches of 8 at length 384, real SQuAD 2.0 questions, one
thread; processor time, so that what else a machine does is not measured. A step is everything from rows to updated
weights. The engine's share of the teacher's logits, computed once for two epochs, is part of its prediction step.
"""

import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from transformers import AutoModelForQuestionAnswering, BertConfig

from harness import models
from harness.data.features import Features, build_features
from harness.data.squad import first_questions, read_json
from harness.engine.loop import optimise
from harness.engine.optimiser import Optimisation
from harness.evaluation import batch_logits
from harness.recipes.haystack import HaystackHead, IntermediateLayerLoss, Padding, PredictionLayerLoss
from harness.recipes.workbench import TaughtRows
from harness.reports.progress import Silent
from tests.bench.reference import PlainIntermediate, PlainPrediction

pytestmark = pytest.mark.bench

BATCH, STEPS, ROUNDS = 8, 3, 3
SETTINGS = Optimisation(
    num_train_epochs=1, train_batch_size=BATCH, learning_rate=1e-5, lr_schedule="LinearWarmup",
    warmup_ratio=0.2, weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip
BARS = {"counted": 1.3, "dropped": 3.0}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def bert(n_layers: int) -> Any:
    config = BertConfig(
        vocab_size=30522, num_hidden_layers=n_layers, hidden_size=256, num_attention_heads=4, intermediate_size=1024
    )
    torch.manual_seed(n_layers)
    return AutoModelForQuestionAnswering.from_config(config, attn_implementation="eager")


@pytest.fixture(scope="module")
def rows(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Features:
    """Windows of real questions, drawn at random from ten articles, as many as the steps of a round need."""
    folder = tmp_path_factory.mktemp("rows")
    shutil.copy(shared / "data" / "bert-base-uncased-vocab.txt", folder / "vocab.txt")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    path = shared / "data" / "squad" / "train-v2.0.first10articles.json"
    return build_features(
        first_questions(read_json(path), None), models.load_tokenizer(folder), folder, max_seq_length=384,
        doc_stride=128, max_query_length=64, for_training=True,
    )  # fmt: skip


class Some:
    """A few rows of many, drawn once."""

    def __init__(self, rows: Any, n: int) -> None:
        self._rows, self._which = rows, np.random.default_rng(0).permutation(len(rows))[:n]

    def __len__(self) -> int:
        return len(self._which)

    def batch(self, rows: Any) -> dict[str, Any]:
        given: dict[str, Any] = self._rows.batch(self._which[rows])
        return given


def plain_steps(module: torch.nn.Module, rows: Any) -> Callable[[], None]:
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=1e-5, weight_decay=0.01)

    def steps() -> None:
        for start in range(0, len(rows), BATCH):
            batch = {name: torch.from_numpy(a) for name, a in rows.batch(np.arange(start, start + BATCH)).items()}
            module(batch)["loss"].backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    return steps


def engine_steps(module: torch.nn.Module, rows: Any, accelerator: Accelerator) -> Callable[[], None]:
    def steps() -> None:
        optimise(module, rows, SETTINGS, accelerator=accelerator, stage="s", seed=1, watch=Silent())

    return steps


def seconds_of(*works: Callable[[], None]) -> list[float]:
    """Median seconds of a step of each, the works taking turns."""
    found: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        for own, work in zip(found, works, strict=True):
            started = time.process_time()
            work()
            if number:  # the first round warms up
                own.append((time.process_time() - started) / STEPS)
    return [statistics.median(one) for one in found]


@pytest.mark.parametrize(
    ("padding", "precision"),
    [("counted", "fp32"), ("dropped", "fp32"), ("dropped", "bf16")],
    ids=["same loss", "padding dropped", "padding dropped, bf16"],
)
@pytest.mark.parametrize("stage", ["intermediate_layer", "prediction_layer"])
def test_a_step_against_the_plain_way(
    stage: str, padding: Padding, precision: str, rows: Features, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher, some = bert(12).eval(), Some(rows, STEPS * BATCH)
    student, other = bert(6).train(), bert(6).train()
    cpu = Accelerator(cpu=True, mixed_precision="no" if precision == "fp32" else precision)
    extra = 0.0
    if stage == "intermediate_layer":
        plain = plain_steps(PlainIntermediate(other, teacher), some)
        ours = IntermediateLayerLoss(student, teacher, (2, 4, 6, 8, 10, 12), padding)
        engine = engine_steps(ours, some, cpu)
    else:
        plain = plain_steps(PlainPrediction(other, teacher), some)
        started = time.process_time()
        batches = np.arange(STEPS * BATCH).reshape(STEPS, BATCH)
        logits = np.concatenate([batch_logits(teacher, some, batch, cpu) for batch in batches])  # type: ignore[arg-type]
        extra = (time.process_time() - started) / STEPS / 2
        head = HaystackHead(student, 0.1, is_learned=True, padding=padding)
        module = PredictionLayerLoss(
            head, temperature=1.0, soft_label_weight=0.5, hard_label_weight=0.5, padding=padding
        )
        engine = engine_steps(module, TaughtRows(some, logits), cpu)  # type: ignore[arg-type]
    by_plain, by_engine = seconds_of(plain, engine)
    ratio = by_plain / (by_engine + extra)
    with capsys.disabled():
        said = f"{stage}, {padding}, {precision}: plain {by_plain:.2f} s, engine {by_engine + extra:.2f} s a step"
        print(f"\n{said} (teacher's logits {extra:.2f}), {ratio:.2f} times", end="")
    assert ratio >= BARS[padding]
