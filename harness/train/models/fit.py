"""Whether models can do what a run asks of them: teacher and student together, each with its tokenizer and its rows.

A model is loaded and reads one row of the greatest length, with the highest token ids and both segments: what training
would hit after an hour it hits here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.errors import DataError, PlanError
from harness.plan.model_folders import read_config
from harness.qa.markers import special_tokens
from harness.train.models import packed_bert
from harness.train.models.loading import load_tokenizer, load_with_prefix

# case, accents, punctuation and characters without spaces
_PROBE = "Zoë's NAÏVE café, 3.14% of it… (東京) isn't e-mail"
_PADDED_ROWS = 128  # that an embedding has more than its vocabulary, for the sake of the hardware
_DISTILBERT = {"num_hidden_layers": "n_layers", "hidden_size": "dim", "num_attention_heads": "n_heads"}
_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")  # positions begin behind the padding's


def check_fit(
    teacher: Path,
    student: Path,
    *,
    max_seq_length: int,
    needs_layers: bool = True,
    needs_multiple: bool = True,
    needs_width: bool = True,
) -> None:
    """Raises PlanError with every way in which this teacher cannot teach this student.

    `needs_layers`: a stage compares the models layer by layer, so that their shapes matter; logits alone have none.
    `needs_multiple`: the uniform layer map wants as many teacher layers as a multiple of the student's.
    `needs_width`: the losses compare hidden states as they are, without a projection.
    """
    t, s = read_config(teacher), read_config(student)
    problems = _shaped_apart(teacher, student, needs_multiple, needs_width) if needs_layers else []
    problems += [*_too_short("teacher", t, max_seq_length), *_too_short("student", s, max_seq_length)]
    problems += _tokenized_apart(teacher, student)
    if problems:
        raise PlanError(problems)


def _shaped_apart(teacher: Path, student: Path, needs_multiple: bool, needs_width: bool) -> list[str]:
    """Numbers of layers, widths and heads that the losses of layers cannot compare."""
    t, s = _shape_of(teacher), _shape_of(student)
    problems = []
    t_layers, s_layers = t.get("num_hidden_layers"), s.get("num_hidden_layers")
    if not (isinstance(t_layers, int) and isinstance(s_layers, int) and s_layers > 0):
        problems.append(f"teacher {teacher} or student {student}: config.json states no num_hidden_layers")
    elif t_layers < s_layers or (needs_multiple and t_layers % s_layers):
        must = "the teacher's must be a multiple" if needs_multiple else "the teacher needs no fewer"
        problems.append(f"teacher has {t_layers} layers, student {s_layers}: {must}")
    for key, word in (("hidden_size", "hidden units"), ("num_attention_heads", "attention heads")):
        if t.get(key) != s.get(key) and (needs_width or key != "hidden_size"):
            problems.append(f"teacher has {t.get(key)} {word}, student {s.get(key)}: the losses need them equal")
    return problems


def _shape_of(folder: Path) -> dict[str, Any]:
    """The folder's configuration with BERT's names for what DistilBERT calls otherwise."""
    config = read_config(folder)
    return {**{name: config[own] for name, own in _DISTILBERT.items() if own in config}, **config}


def check_positions(student: Path, *, max_seq_length: int) -> None:
    """Raises PlanError when the student's positions do not reach to the longest row."""
    problems = _too_short("student", read_config(student), max_seq_length)
    if problems:
        raise PlanError(problems)


def check_reads(name: str, folder: Path, *, max_seq_length: int, initialise: bool, needs_head: bool) -> tuple[str, ...]:
    """What is odd about a model that can read its own rows.

    Raises PlanError where it cannot, DataError for weights that cannot be loaded.
    """
    tokenizer, config = load_tokenizer(folder), read_config(folder)
    problems = list(_vocabulary_apart(f"{name} {folder}", tokenizer, config))
    try:
        special_tokens(tokenizer)
    except DataError as error:
        problems.append(str(error))
    if problems:
        raise PlanError(problems)
    model, prefix = load_with_prefix(folder, seed=0, initialise=initialise, needs_head=needs_head)
    try:
        with torch.no_grad():
            logits = packed_bert.span_logits(model.eval(), _widest_row(tokenizer, max_seq_length))
    except (IndexError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        what = f"cannot read a row of {max_seq_length} tokens ({str(error).splitlines()[0] if str(error) else error!r})"
        raise PlanError([f"{name} {folder}: {what}; its config.json and its weights do not belong together"]) from error
    if not torch.isfinite(logits).all():
        raise PlanError([f"{name} {folder}: its logits are no finite numbers; use whole weights, in fp32"])
    wrapped = f"its weights are named with the prefix {prefix} of a wrapper, which is stripped"
    return (*_to_spare(tokenizer, config), *[wrapped] * bool(prefix))


def _widest_row(tokenizer: Any, length: int) -> dict[str, Tensor]:
    """A row (1, T) that uses the last position, the highest ids, and both segments."""
    ids = torch.full((1, length), max(tokenizer.get_vocab().values()))
    ids[0, 0], ids[0, length // 2], ids[0, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.sep_token_id
    segments = (torch.arange(length) > length // 2).long()[None]
    return {"input_ids": ids, "token_type_ids": segments, "attention_mask": torch.ones_like(ids)}


def _vocabulary_apart(name: str, tokenizer: Any, config: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the tokenizer that the embedding has no row for."""
    rows, highest = config.get("vocab_size"), _highest_id(tokenizer)
    if isinstance(rows, int) and highest >= rows:
        yield (
            f"{name}: its tokenizer has ids up to {highest:,}, its embedding {rows:,} rows: they do not belong "
            "together; give the model with its own tokenizer files"
        )


def _to_spare(tokenizer: Any, config: Mapping[str, Any]) -> Iterator[str]:
    """Many rows of an embedding that no token has: the tokenizer may be another model's."""
    rows, highest = config.get("vocab_size"), _highest_id(tokenizer)
    if isinstance(rows, int) and rows - highest > _PADDED_ROWS:
        yield f"its embedding has {rows:,} rows, its tokenizer ids up to {highest:,}: is it its own?"


def _highest_id(tokenizer: Any) -> int:
    return max(tokenizer.get_vocab().values(), default=-1)


def _too_short(name: str, config: Mapping[str, Any], max_seq_length: int) -> list[str]:
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and config.get("model_type") in _AFTER_PADDING:
        positions -= 2
    if isinstance(positions, int) and positions < max_seq_length:
        return [f"{name} has {positions} positions, fewer than max_seq_length {max_seq_length}"]
    return []


def _tokenized_apart(teacher: Path, student: Path) -> list[str]:
    """Both models read the same ids, so their tokenizers must have one vocabulary and cut text alike."""
    first, second = load_tokenizer(teacher), load_tokenizer(student)
    pair = f"teacher {teacher} and student {student}"
    if first.get_vocab() != second.get_vocab():
        return [f"{pair} have different vocabularies; use a matching pair"]
    if first(_PROBE)["input_ids"] != second(_PROBE)["input_ids"]:
        return [f"{pair} have one vocabulary but cut text differently (lower-casing, accents); use a matching pair"]
    return []
