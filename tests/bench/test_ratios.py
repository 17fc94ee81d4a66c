"""Is the engine slower than it was, against a plain reference in the same process? Ratios, so that machines cancel out.

    python -m pytest -m bench tests/bench/test_ratios.py

ratios.json holds the median of each ratio (ours / plain), of processor time on one thread, so that what else a machine
does is not measured. A test fails where its ratio is more than MARGIN above it: noise of shared runners is 5 to 15 %,
and most of it hits both sides, which take turns. A slower engine that is meant
gets a new number there; what was measured stands in the failure and in `extra_info` of --benchmark-json.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from harness.card.references import PACKAGE
from harness.qa import official_squad, squad
from harness.train.engine.loop import optimise
from harness.train.engine.optimiser import Optimisation
from harness.train.progress import Silent

pytestmark = [pytest.mark.bench, pytest.mark.benchmark(timer=time.process_time)]

KNOWN: dict[str, float] = json.loads((Path(__file__).parent / "ratios.json").read_text(encoding="utf-8"))["ratios"]
MARGIN = 1.25
ROUNDS = 11
SETTINGS = Optimisation(
    num_train_epochs=3, train_batch_size=64, learning_rate=1e-3, lr_schedule="LinearWarmup",
    warmup_ratio=0.1, weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def check_ratio(benchmark: Any, name: str, ours: Callable[[], Any], plain: Callable[[], Any]) -> None:
    """Times both in turns; the plain one runs before each round of ours."""
    seconds: list[float] = []

    def time_plain() -> None:
        started = time.process_time()
        plain()
        seconds.append(time.process_time() - started)

    ours()  # warm, as the first round of the plain one is not
    plain()
    benchmark.pedantic(ours, setup=time_plain, rounds=ROUNDS, iterations=1)
    ratio = benchmark.stats["median"] / statistics.median(seconds)
    benchmark.extra_info["ratio"] = ratio
    assert ratio <= KNOWN[name] * MARGIN, f"{name}: {ratio:.3f}, was {KNOWN[name]:.3f}"


class Rows:
    def __init__(self, n: int = 1280, width: int = 512) -> None:
        self.x = np.random.default_rng(5).normal(size=(n, width)).astype(np.float32)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, rows: Any) -> dict[str, Any]:
        return {"x": self.x[rows]}


class Deep(nn.Module):
    def __init__(self, width: int = 512, depth: int = 4) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(*(nn.Sequential(nn.Linear(width, width), nn.GELU()) for _ in range(depth)))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": ((self.layers(batch["x"]) - batch["x"]) ** 2).mean()}


def test_the_optimisation_loop_against_a_bare_one(benchmark: Any) -> None:
    rows, accelerator = Rows(), Accelerator(cpu=True)

    def ours() -> None:
        optimise(Deep(), rows, SETTINGS, accelerator=accelerator, stage="deep", seed=42, watch=Silent())

    def plain() -> None:
        module = Deep()
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.01)
        for epoch in range(3):
            order = np.random.default_rng([42, epoch]).permutation(len(rows))
            for start in range(0, len(order), 64):
                loss = module({"x": torch.from_numpy(rows.x[order[start : start + 64]])})["loss"]
                loss.backward()
                nn.utils.clip_grad_norm_(module.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()

    check_ratio(benchmark, "optimisation loop", ours, plain)


def test_official_scores_against_the_bare_comparison_of_strings(benchmark: Any) -> None:
    questions = [q for p in squad.read_squad(PACKAGE / "pocket" / "squad.json") for q in p.questions] * 10
    golds = [(f"{n}", [answer.text for answer in q.answers]) for n, q in enumerate(questions)]
    answers = {name: (texts[0] + " and more" if texts else "") for name, texts in golds}

    def plain() -> int:
        words = {name: answers[name].lower().split() for name, _ in golds}
        return sum(any(words[name] == text.lower().split() for text in texts) for name, texts in golds)

    check_ratio(
        benchmark,
        "official scores",
        lambda: official_squad.summarise(official_squad.score_questions(golds, answers)),
        plain,
    )
