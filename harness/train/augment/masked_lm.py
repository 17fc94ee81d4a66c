"""What a masked language model would put in a word's place, as Haystack 1.x (augment_squad) asks it.

The method is TinyBERT's (Jiao et al. 2020, Algorithm 1). Every word asked about has its own masked copy of the whole
sequence, so nearly all of Haystack's arithmetic is needed. Saved, without changing a number but for the rounding of
differently shaped products: the output layer over the vocabulary and most of the last layer, which only the masked
positions go through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertForMaskedLM

from harness.errors import DataError
from harness.train.augment.words import MAX_PIECES, Word, check_is_bert
from harness.train.models import loading

CPU_TOKENS, GPU_TOKENS = 1024, 32768  # in one forward pass: stays within the caches of a CPU, fills a GPU


def load(folder: Path, device: torch.device) -> tuple[Any, BertForMaskedLM]:
    """Tokenizer and BERT of a folder; raises DataError when the two do not fit, or do not fit 512 positions."""
    tokenizer, model = loading.load_tokenizer(folder), loading.load_masked_lm(folder)
    check_is_bert(tokenizer, folder)
    if not isinstance(model, BertForMaskedLM):
        raise DataError(folder, "", f"is a {type(model).__name__}; words are masked by a BertForMaskedLM")
    config = model.config
    if config.max_position_embeddings < MAX_PIECES + 2:
        raise DataError(folder, "", f"has {config.max_position_embeddings} positions; {MAX_PIECES + 2} are needed")
    if config.vocab_size < len(tokenizer):
        raise DataError(folder, "", f"its tokenizer has {len(tokenizer)} pieces, its model only {config.vocab_size}")
    return tokenizer, model.to(device)


def best_pieces(model: BertForMaskedLM, tokenizer: Any, words: Sequence[Word], *, k: int) -> list[tuple[str, ...]]:
    """For each mlm word of a context, in order, the k pieces of the highest logits, best first, less those with ##.

    Nothing else is left out: the word itself, a punctuation mark or [UNK] may be among them.
    """
    positions = [word.position for word in words if word.position is not None]
    if not positions:
        return []
    pieces = [piece for word in words for piece in word.pieces][:MAX_PIECES]
    ids = torch.tensor([tokenizer.cls_token_id, *pieces, tokenizer.sep_token_id])
    best = _best_at(model, ids, torch.tensor(positions), tokenizer.mask_token_id, k).tolist()
    named = (tokenizer.convert_ids_to_tokens(row) for row in best)
    # A model padded beyond its vocabulary has ids that name no piece: None here.
    return [tuple(piece for piece in row if piece and not piece.startswith("##")) for row in named]


def _best_at(model: BertForMaskedLM, ids: Tensor, positions: Tensor, mask: int, k: int) -> Tensor:
    """Ids (n, k) of the highest logits at each of n positions of the sequence `ids` (T,), one masked at a time."""
    ids, positions = ids.to(model.device), positions.to(model.device)
    budget = CPU_TOKENS if model.device.type == "cpu" else GPU_TOKENS
    found = []
    with torch.inference_mode():
        for masked in torch.split(positions, max(1, budget // len(ids))):
            rows = ids.repeat(len(masked), 1)
            rows[torch.arange(len(masked), device=masked.device), masked] = mask
            with _last_layer_only_at(model, masked):
                hidden = model.bert(input_ids=rows).last_hidden_state[:, 0]
            logits = model.cls(hidden)
            found.append(logits.topk(min(k, logits.shape[-1]), dim=-1).indices.cpu())
    return torch.cat(found)


@contextmanager
def _last_layer_only_at(model: BertForMaskedLM, positions: Tensor) -> Iterator[None]:
    """Narrows the last layer to one position of each row, (B, T, D) to (B, 1, D), once its attention has seen all T.

    Nothing later looks at another position, so what comes out is the same, for 7 % less time in BERT-base.
    """
    rows = torch.arange(len(positions), device=positions.device)

    def narrow(_: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(states[rows, positions].unsqueeze(1) for states in inputs)

    hook = model.bert.encoder.layer[-1].attention.output.register_forward_pre_hook(narrow)
    try:
        yield
    finally:
        hook.remove()
