"""A model card to begin with: everything that a re-run needs has its line, and what is not known yet is marked.

The values that stand where nothing is known are the Trainer's defaults (transformers 5, TrainingArguments; run_qa.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from harness.card.output_folder import Filled

MARK = "fill in"
_DEFAULTS = {
    "student": "ORG/BASE-MODEL", "teacher": "ORG/TEACHER", "train_data": "SQuAD 2.0 training set",
    "eval_data": "SQuAD 2.0 dev set", "infrastructure": "1x GPU", "framework": "transformers 5.0.0",
    "license": "apache-2.0", "language": "en", "learning_rate": "5e-05", "train_batch_size": "8",
    "num_train_epochs": "3", "max_seq_length": "384", "doc_stride": "128", "lr_schedule": "linear",
    "warmup_ratio": "0.0", "weight_decay": "0.0", "optimizer": "adamw_torch", "seed": "42", "exact": "0.00",
    "f1": "0.00",
}  # fmt: skip
_SETTINGS = (
    "learning_rate", "train_batch_size", "num_train_epochs", "max_seq_length", "doc_stride", "lr_schedule",
    "warmup_ratio", "weight_decay", "optimizer", "seed",
)  # fmt: skip
_OF_DISTILLATION = ("temperature = 1.0", "distillation_loss_weight = 0.5")
_STAGES = ("Intermediate layer distillation", "Prediction layer distillation")


@dataclass(frozen=True, slots=True)
class Template:
    """A card as text; `open_lines` are those that are still to be filled in, `filled` what was, by its term."""

    text: str
    open_lines: tuple[tuple[int, str], ...]
    filled: Mapping[str, Filled]


def make_template(name: str, filled: Mapping[str, Filled], *, is_distilled: bool = False) -> Template:
    """Write the card of a fine-tuned model, or of one that was distilled in TinyBERT's two stages."""
    lines = [*_header(filled), *_overview(name, filled, is_distilled=is_distilled)]
    for heading in _STAGES if is_distilled else (None,):
        lines += [f"### {heading}"] if heading else []
        more = _OF_DISTILLATION if heading == _STAGES[1] else _OF_DISTILLATION[:1] if heading else ()
        lines += ["```", *(_setting(term, filled) for term in _SETTINGS), *(f"{one}  # {MARK}" for one in more), "```"]
    lines += ["", *_performance(filled), "", "### Framework versions", f"- {_framework(filled)}"]
    text = "\n".join(lines) + "\n"
    is_open = [(number, line) for number, line in enumerate(lines, start=1) if MARK in line]
    return Template(text, tuple(is_open), filled)


def _header(filled: Mapping[str, Filled]) -> Iterator[str]:
    front = {
        "language": _value("language", filled),
        "license": _value("license", filled).lower(),
        "library_name": "transformers",
        "pipeline_tag": "question-answering",
        "base_model": _value("student", filled),
        "metrics": ["exact_match", "f1"],
    }
    yield "---"
    yield from yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=10**6).splitlines()
    yield "---"


def _overview(name: str, filled: Mapping[str, Filled], *, is_distilled: bool) -> Iterator[str]:
    yield from (
        "",
        f"# {name}",
        "",
        f"What this model is for, and what it is not for. <!-- {MARK} -->",
        "",
        "## Overview",
    )
    yield f"**Language model:** {name}"
    yield _fact("Base model", "student", filled)
    if is_distilled:
        yield _fact("Teacher model", "teacher", filled)
    yield "**Downstream-task:** Extractive QA"
    yield _fact("Language", "language", filled)
    yield _fact("Training data", "train_data", filled)
    yield _fact("Eval data", "eval_data", filled)
    yield _fact("Infrastructure", "infrastructure", filled)
    yield _fact("License", "license", filled)
    yield from ("", "## Hyperparameters")


def _performance(filled: Mapping[str, Filled]) -> Iterator[str]:
    yield "## Performance"
    yield f"Evaluated on the {_value('eval_data', filled)}."
    yield from ("```", _score("exact", filled), _score("f1", filled), "```")


def _score(term: str, filled: Mapping[str, Filled]) -> str:
    return f"{term} = {_value(term, filled)}{'' if term in filled else f'  # {MARK}'}"


def _setting(term: str, filled: Mapping[str, Filled]) -> str:
    if term == "warmup_ratio" and "warmup_steps" in filled and term not in filled:
        return f"warmup_steps = {filled['warmup_steps'].value}"
    return f"{term} = {_value(term, filled)}{'' if term in filled else f'  # {MARK}'}"


def _fact(label: str, term: str, filled: Mapping[str, Filled]) -> str:
    return f"**{label}:** {_value(term, filled)}{'' if term in filled else f' <!-- {MARK} -->'}"


def _framework(filled: Mapping[str, Filled]) -> str:
    said = _value("framework", filled)
    return f"{said[:1].upper()}{said[1:]}{'' if 'framework' in filled else f' <!-- {MARK} -->'}"


def _value(term: str, filled: Mapping[str, Filled]) -> str:
    return filled[term].value if term in filled else _DEFAULTS[term]
