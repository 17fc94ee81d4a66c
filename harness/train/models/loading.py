"""Models and tokenizers from local folders: weights, checks of fit, and the question-answering head.

Weights come as safetensors where both exist; a pickle is read weights-only; code from a model folder never runs.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForQuestionAnswering, AutoTokenizer, logging

from harness.errors import DataError, PlanError, StoreError

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
HEADS = ("qa_outputs", "qa_classifier")  # the second is BigBird's
_DISTILBERT = {"num_hidden_layers": "n_layers", "hidden_size": "dim", "num_attention_heads": "n_heads"}
_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")  # positions begin behind the padding's
_PROBE = (
    "Zoë's NAÏVE café, 3.14% of it… (東京) isn't e-mail"  # case, accents, punctuation and characters without spaces
)
MASKED_LM_HEAD = "cls"

# What the model library raises for a folder it cannot use: its own checks of config.json come as TypeError's kin.
_UNLOADABLE = (
    OSError, ValueError, TypeError, KeyError, RuntimeError, EOFError, AttributeError, SafetensorError, UnpicklingError,
    StrictDataclassError,
)  # fmt: skip


def silence_library_logging() -> None:
    """Stops the model library's own bars and advice; what matters of it becomes an error of ours."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load_model(folder: Path, *, seed: int, initialise: bool = False, needs_head: bool = True) -> nn.Module:
    """A question-answering model in fp32 with eager attention (the plain path, whose attention maps can be read).

    Everything is drawn from `seed` with `initialise`; only the head is where it is not in the folder and not needed.
    Raises DataError when the folder holds no such model, or weights that are not all there.
    """
    torch.manual_seed(seed)
    try:
        if initialise:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            model, missing = AutoModelForQuestionAnswering.from_config(config, attn_implementation="eager"), []
        else:
            model, info = AutoModelForQuestionAnswering.from_pretrained(
                folder,
                trust_remote_code=False,
                use_safetensors=True if (folder / WEIGHT_FILES[0]).exists() else None,
                weights_only=True,
                attn_implementation="eager",
                dtype=torch.float32,
                output_loading_info=True,
            )
            missing = sorted(info["missing_keys"])
    except _UNLOADABLE as error:
        raise DataError(folder, "", f"holds no loadable question-answering model: {_said_by(error)}") from error
    if not isinstance(model, nn.Module) or not any(isinstance(getattr(model, one, None), nn.Module) for one in HEADS):
        raise DataError(folder, "", f"{type(model).__name__} has no span head called {' or '.join(HEADS)}")
    lacking = [name for name in missing if needs_head or not name.startswith(tuple(f"{one}." for one in HEADS))]
    if lacking:
        raise DataError(folder, "", f"lacks weights of {type(model).__name__}: {', '.join(lacking[:4])}")
    return model


def head_of(model: Any) -> nn.Module:
    """The layer, or layers, between a model's last hidden states and its span logits."""
    head: nn.Module = next(getattr(model, name) for name in HEADS if hasattr(model, name))
    return head


def load_masked_lm(folder: Path) -> nn.Module:
    """A masked language model in fp32 and eval mode, with an encoder (`base_model`) and a head called `cls`.

    Raises DataError when the folder holds no such model, or weights that are not all there.
    """
    try:
        model, info = AutoModelForMaskedLM.from_pretrained(
            folder,
            trust_remote_code=False,
            use_safetensors=True if (folder / WEIGHT_FILES[0]).exists() else None,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except _UNLOADABLE as error:
        raise DataError(folder, "", f"holds no loadable masked language model: {_said_by(error)}") from error
    if not isinstance(model, nn.Module) or not isinstance(getattr(model, MASKED_LM_HEAD, None), nn.Module):
        raise DataError(folder, "", f"{type(model).__name__} has no masked-language-model head called {MASKED_LM_HEAD}")
    missing = sorted(info["missing_keys"])
    if missing:
        raise DataError(folder, "", f"lacks weights of {type(model).__name__}: {', '.join(missing[:4])}")
    return model.eval()


def _said_by(error: Exception) -> str:
    """The first line of a library's message; of a refused pickle our own words, as torch advises to trust it."""
    if isinstance(error, UnpicklingError):
        return "its weights are a pickle with more than tensors in it; only safetensors or plain tensors are loaded"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def load_tokenizer(folder: Path) -> Any:
    """The folder's fast tokenizer; raises DataError when it has none (windows need character offsets)."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except _UNLOADABLE as error:
        raise DataError(folder, "", f"holds no tokenizer: {_said_by(error)}") from error
    if not tokenizer.is_fast:
        raise DataError(folder, "", "its tokenizer gives no character offsets; a fast tokenizer is needed")
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise DataError(folder, "", "its tokenizer has no vocabulary; add vocab.txt or tokenizer.json")
    return tokenizer


def save_model(model: nn.Module, tokenizer: Any, folder: Path) -> None:
    """Writes safetensors, config and tokenizer into `folder`, which is there whole or not at all."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        model.save_pretrained(partial)  # type: ignore[operator]
        tokenizer.save_pretrained(partial)
        partial.replace(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreError(
            f"{folder}: weights cannot be written ({error}); free the space, or give --results DIR"
        ) from error


def save_layers(folder: Path, layers: Sequence[int], out: Path) -> None:
    """Writes into `out` the model of `folder` with these of its layers alone, from 1, in this order, and no span head.

    Raises PlanError for a layer that it does not have. Which one a student's head is drawn as is for its run's seed.
    """
    tokenizer, model = load_tokenizer(folder), load_model(folder, seed=0, needs_head=False)
    encoder: Any = model.base_model
    n = n_layers(model)
    if any(not 1 <= layer <= n for layer in layers):
        raise PlanError([f"student_layers {', '.join(map(str, layers))}: {folder} has layers 1 to {n}"])
    name = next((name for name, one in encoder.named_modules() if isinstance(one, nn.ModuleList) and len(one) == n), "")
    if not name:
        raise PlanError([f"student_layers: no list of {n} layers is found in {type(encoder).__name__} of {folder}"])
    encoder.set_submodule(name, nn.ModuleList(encoder.get_submodule(name)[layer - 1] for layer in layers))
    encoder.config.num_hidden_layers = len(layers)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_model(encoder, tokenizer, out)


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's config.json; raises DataError where there is none."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); a model folder holds config.json") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, "", f"is not JSON ({error})") from error
    if not isinstance(config, dict):
        raise DataError(path, "", "is not a JSON object")
    if "auto_map" in config:
        raise DataError(path, "", "asks for code of its own (auto_map), which is never run; use a model without")
    return config


def has_weights(folder: Path) -> bool:
    return any((folder / name).exists() for name in WEIGHT_FILES)


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


def be_deterministic() -> None:
    """Makes torch refuse every operation that may differ from run to run, and cuBLAS work in one order."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


def n_layers(model: Any) -> int:
    return int(model.config.num_hidden_layers)


def n_heads(model: Any) -> int:
    return int(model.config.num_attention_heads)


def width(model: Any) -> int:
    return int(model.config.hidden_size)


def span_logits(
    model: Any, batch: Mapping[str, Tensor], head_dropout: nn.Module | None = None, *, maps: bool = False
) -> Any:
    """Encoder output of a batch with `logits` (B, T, 2) added, start first; dropout before the head where given.

    `maps` also returns attention maps (of the kind that `attention.show_maps` chose) and hidden states of all layers.
    """
    encoder = model.base_model
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = batch["token_type_ids"]
    if model.config.model_type == "longformer":  # all see the question, as in LongformerForQuestionAnswering
        is_sep = batch["input_ids"] == model.config.sep_token_id
        inputs["global_attention_mask"] = (is_sep.cumsum(1) == 0).long()
    out = encoder(**inputs, return_dict=True, output_attentions=maps, output_hidden_states=maps)
    hidden = out.last_hidden_state
    out["logits"] = head_of(model)(head_dropout(hidden) if head_dropout else hidden)
    return out
