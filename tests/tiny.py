"""Tiny random BERTs with the pocket vocabulary, saved as model folders."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, AutoModelForQuestionAnswering, BertConfig

from harness.card.references import PACKAGE

VOCABULARY = PACKAGE / "pocket" / "teacher"


def make_model(
    folder: Path,
    *,
    layers: int,
    width: int = 16,
    heads: int = 2,
    dropout: float = 0.1,
    seed: int = 1,
    kind: Any = AutoModelForQuestionAnswering,
) -> Path:
    """A BERT with 512 positions, for question answering or of another kind, weights drawn from `seed`."""
    config = BertConfig(
        vocab_size=len((VOCABULARY / "vocab.txt").read_text(encoding="utf-8").split()),
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=heads,
        intermediate_size=2 * width,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    torch.manual_seed(seed)
    kind.from_config(config).save_pretrained(folder)
    shutil.copy(VOCABULARY / "vocab.txt", folder)
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def make_masked_lm(folder: Path) -> Path:
    return make_model(folder, layers=1, kind=AutoModelForMaskedLM)
