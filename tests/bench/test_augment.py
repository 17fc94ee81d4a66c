"""How long the candidates of words take: one word at a time, the plain way, against build_table.

The plain way is Haystack's with a batch of one: a forward pass with the whole output layer for each masked word, a
sort of all similarities for each GloVe word, nothing remembered. Both run on one device in one test; loading counts
for build_table alone. On a CPU large models stay far below a ratio of 10: they are bound by the encoder's arithmetic,
which both ways need, and what is saved is the output layer and most of the last layer.

python -m pytest -m bench tests/bench/test_augment.py -s
"""

import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from transformers import BertConfig, BertForMaskedLM

from harness.qa.squad import Paragraph, read_squad
from harness.train.augment import build_table
from harness.train.augment.glove import Glove, read_glove
from harness.train.augment.masked_lm import load
from harness.train.augment.words import MAX_PIECES, Word, words_of
from harness.train.progress import Silent

pytestmark = pytest.mark.bench

K = 5


def make_bert(folder: Path, vocabulary: Path, *, layers: int, width: int) -> Path:
    """A masked BERT of random weights with heads of 64."""
    lines = vocabulary.read_text(encoding="utf-8")
    config = BertConfig(
        vocab_size=len(lines.splitlines()),
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
    )
    torch.manual_seed(1)
    BertForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text(lines, encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def paragraphs(shared: Path) -> Callable[[int], Callable[[], Iterator[Paragraph]]]:
    path = shared / "data" / "squad" / "train-v2.0.first10articles.json"
    return lambda n: lambda: islice(read_squad(path), n)


@torch.inference_mode()
def one_by_one(model: Any, tokenizer: Any, glove: Glove, context: str, limit: int) -> int:
    """Finds candidates of the first `limit` words of a context; returns how many words that was."""
    words = words_of(context, tokenizer, glove.rows)
    pieces = [piece for word in words for piece in word.pieces][:MAX_PIECES]
    ids = [tokenizer.cls_token_id, *pieces, tokenizer.sep_token_id]
    for word in words[:limit]:
        _ask(model, tokenizer, glove, ids, word)
    return len(words[:limit])


def _ask(model: Any, tokenizer: Any, glove: Glove, ids: list[int], word: Word) -> list[str]:
    if word.position is not None:
        masked = torch.tensor([ids], device=model.device)
        masked[0, word.position] = tokenizer.mask_token_id
        best = model(input_ids=masked).logits[0, word.position].topk(K).indices.tolist()
        return [piece for piece in tokenizer.convert_ids_to_tokens(best) if not piece.startswith("##")]
    if word.source == "glove":
        similarities = glove.vectors @ glove.vectors[glove.rows[word.text]]
        return [glove.words[row] for row in similarities.argsort(descending=True)[: K + 1].tolist()]
    return []


@pytest.mark.parametrize(
    ("layers", "width", "n_contexts", "n_plain", "least"),
    [(2, 64, 64, 40, 1.2), (6, 384, 4, 20, 1.5), (12, 768, 1, 40, 1.1)],
    ids=["golden-2x64", "6x384", "base-12x768"],
)
def test_words_a_second_of_a_table_and_one_by_one(
    benchmark: Any,
    goldens: Path,
    shared: Path,
    tmp_path: Path,
    paragraphs: Callable[[int], Callable[[], Iterator[Paragraph]]],
    layers: int,
    width: int,
    n_contexts: int,
    n_plain: int,
    least: float,
) -> None:
    """`n_plain` words of each context the plain way; every word of it, loading included, by build_table."""
    vocabulary, vectors = shared / "data" / "bert-base-uncased-vocab.txt", shared / "data" / "glove.6B.50d.subset.txt"
    golden = width == 64
    folder = goldens / "mlm" if golden else make_bert(tmp_path / "mlm", vocabulary, layers=layers, width=width)
    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    stream = paragraphs(n_contexts)
    tokenizer, model = load(folder, accelerator.device)
    glove = read_glove(vectors, max_words=100_000, device=accelerator.device)
    one_by_one(model, tokenizer, glove, next(stream()).context, 3)  # warm
    begun = time.perf_counter()
    n_words = sum(one_by_one(model, tokenizer, glove, one.context, n_plain) for one in stream())
    plain = n_words / (time.perf_counter() - begun)

    table = benchmark.pedantic(
        build_table,
        args=(stream, tmp_path / "table"),
        kwargs={
            "masked_lm": folder, "glove": vectors, "word_possibilities": K, "max_glove_words": 100_000,
            "accelerator": accelerator, "watch": Silent(),
        },
        rounds=1,
    )  # fmt: skip
    ours = sum(table.n_words.values()) / benchmark.stats["mean"]
    found = {"plain_words_a_second": plain, "table_words_a_second": ours, "ratio": ours / plain}
    benchmark.extra_info |= found
    print(f"\n{layers} x {width} on {accelerator.device}:", {name: round(number, 2) for name, number in found.items()})
    assert ours / plain > least


def test_time_grows_with_the_corpus_and_no_faster(
    benchmark: Any, goldens: Path, tmp_path: Path, paragraphs: Callable[[int], Callable[[], Iterator[Paragraph]]]
) -> None:
    """Words a second of 64 and of 256 contexts differ by no more than a quarter; loading is left out."""
    accelerator = Accelerator(cpu=True)

    def words_a_second(n_contexts: int) -> float:
        watch = FromFirstShard()
        table = build_table(
            paragraphs(n_contexts), tmp_path / str(n_contexts), masked_lm=goldens / "mlm", glove=goldens / "glove.txt",
            word_possibilities=K, max_glove_words=100_000, accelerator=accelerator, watch=watch,
        )  # fmt: skip
        first = table.shard(0).n_words
        return (sum(table.n_words.values()) - sum(first.values())) / watch.took_s

    few, many = words_a_second(128), benchmark.pedantic(words_a_second, args=(320,), rounds=1)
    benchmark.extra_info |= {"few_words_a_second": few, "many_words_a_second": many}
    print(f"\nwords a second: {few:.0f} of 64 contexts, {many:.0f} of 256")
    assert many == pytest.approx(few, rel=0.25)


class FromFirstShard(Silent):
    """Takes the CPU time from the end of the first shard, when all is loaded, to the end: other work does not count."""

    took_s = 0.0

    def steps(self, records: list[dict[str, float]]) -> None:
        if records[-1]["step"] == 1:
            self._begun = time.process_time()

    def end(self) -> None:
        self.took_s = time.process_time() - self._begun
