"""What a training's output folder says of itself: the Trainer's, or a FARM or Haystack reader's. JSON and the README.

Nothing in it is run or unpickled: `training_args.bin` is a pickle, so what only that knows stays to be filled in.
Read are README.md (the Trainer's own card), trainer_state.json, all_results.json, eval_results.json, config.json and
tokenizer_config.json (transformers), processor_config.json and language_model_config.json (FARM, Haystack 1).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.card.read import read_card
from harness.errors import CardError, DataError

_MOST_BYTES = 64_000_000  # of trainer_state.json, whose log may be long
_PLAIN = re.compile(r"[\w./:@+, ()%-]{1,200}")  # what may stand in a card: one line, and no markup
_FACTS = ("student", "teacher", "train_data", "eval_data", "infrastructure", "framework", "license", "language")
_SETTINGS = (
    "learning_rate", "train_batch_size", "num_train_epochs", "max_seq_length", "doc_stride", "lr_schedule",
    "warmup_ratio", "warmup_steps", "weight_decay", "optimizer", "seed",
)  # fmt: skip
_SCORES = {
    "eval_exact": "exact", "eval_exact_match": "exact", "eval_f1": "f1", "exact": "exact", "exact_match": "exact",
    "f1": "f1",
}  # fmt: skip
_LONGEST = 100_000  # tokens: a tokenizer without a limit of its own names a huge number


@dataclass(frozen=True, slots=True)
class Filled:
    """One value of a card as it is printed, and the file that it is from."""

    value: str
    source: str


def read_output(folder: Path) -> dict[str, Filled]:
    """Read what a folder says, by the field's term (`student`, `learning_rate`, `exact`, …); the first file wins.

    Of a checkpoint, the folder above it is read too. Raises DataError for a folder that is not there or says nothing,
    and for a file that is damaged.
    """
    if not folder.is_dir():
        raise DataError(folder, "", "no such folder; give a training's output folder with --from")
    found: dict[str, Filled] = {}
    for here in _folders(folder):
        for name, read in _READERS.items():
            if (here / name).is_file():
                for term, value in read(here / name):
                    text = _printed(value)
                    if text is not None:
                        found.setdefault(term, Filled(text, name))
    if not found:
        raise DataError(folder, "", f"says nothing of a training; expected one of {', '.join(_READERS)} in it")
    return found


def _folders(folder: Path) -> Iterator[Path]:
    yield folder
    if folder.resolve().name.startswith("checkpoint"):
        yield folder.resolve().parent


def _printed(value: Any) -> str | None:
    """A value as a card prints it; None for what is none, and for a text that might be markup."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return (str(int(value)) if value == int(value) else repr(value)) if math.isfinite(value) else None
    text = str(value).strip()
    return text if _PLAIN.fullmatch(text) else None


def _of_card(path: Path) -> Iterator[tuple[str, Any]]:
    """The Trainer's own README.md, read as any card."""
    try:
        card = read_card(path)
    except CardError:
        return  # it is only one of several files that may speak
    yield from ((fact.name, fact.value) for fact in card.facts if fact.name in _FACTS)
    for stated in card.stated:
        if stated.name in _SETTINGS and not isinstance(stated.value, tuple):
            yield stated.name, stated.raw
    for one in card.claims:
        if one.metric in ("exact", "f1") and one.subject is None:
            yield one.metric, f"{one.value:.{one.decimals}f}"


def _of_state(path: Path) -> Iterator[tuple[str, Any]]:
    """trainer_state.json: the last evaluation's scores, the epochs and the batch."""
    state = _json(path)
    log = state.get("log_history")
    entries = [one for one in log if isinstance(one, dict)] if isinstance(log, list) else []
    for entry in reversed(entries):
        yield from _of_results(entry)
    yield "num_train_epochs", _number(state.get("num_train_epochs"))
    yield "train_batch_size", _number(state.get("train_batch_size"))


def _of_results_file(path: Path) -> Iterator[tuple[str, Any]]:
    yield from _of_results(_json(path))


def _of_results(results: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Scores in points, with the digits that they have; shares, 0 to 1, are turned into points."""
    numbers = [(term, _number(results.get(name))) for name, term in _SCORES.items()]
    found = [(term, Decimal(repr(one))) for term, one in numbers if one is not None and math.isfinite(one)]
    are_shares = all(0 < one <= 1 for _, one in found)
    for term, one in found:
        yield term, format(one.scaleb(2) if are_shares else one, "f")


def _of_config(path: Path) -> Iterator[tuple[str, Any]]:
    """config.json: which weights it began with, and the library; a path of some machine is no name of weights."""
    config = _json(path)
    yield "student", _hub_name(config.get("_name_or_path"))
    version = config.get("transformers_version")
    yield "framework", f"transformers {version}" if isinstance(version, str) else None


def _of_tokenizer(path: Path) -> Iterator[tuple[str, Any]]:
    length = _number(_json(path).get("model_max_length"))
    yield "max_seq_length", length if length is not None and length < _LONGEST else None


def _of_processor(path: Path) -> Iterator[tuple[str, Any]]:
    """processor_config.json of FARM and Haystack 1."""
    config = _json(path)
    yield "max_seq_length", _number(config.get("max_seq_len"))
    yield "doc_stride", _number(config.get("doc_stride"))


def _of_language_model(path: Path) -> Iterator[tuple[str, Any]]:
    """language_model_config.json of FARM and Haystack 1."""
    config = _json(path)
    yield "student", _hub_name(config.get("_name_or_path") or config.get("name"))


def _hub_name(value: Any) -> str | None:
    is_name = isinstance(value, str) and re.fullmatch(r"(?:[\w.-]+/)?[\w.-]+", value) and not value.startswith(".")
    return value if is_name else None


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise DataError(path, "", f"is larger than {_MOST_BYTES:,} bytes; take it out of the folder")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(
            path, "", f"is damaged ({type(error).__name__}); mend it, or take it out of the folder"
        ) from error
    if not isinstance(plain, dict):
        raise DataError(path, "", "is no JSON object; mend it, or take it out of the folder")
    return plain


_READERS = {
    "README.md": _of_card,
    "all_results.json": _of_results_file,
    "eval_results.json": _of_results_file,
    "trainer_state.json": _of_state,
    "processor_config.json": _of_processor,
    "language_model_config.json": _of_language_model,
    "config.json": _of_config,
    "tokenizer_config.json": _of_tokenizer,
}
