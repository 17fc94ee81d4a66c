"""Models and tokenizers from local folders: weights, checks of fit, and the question-answering head.

Weights come as safetensors where both exist; a pickle is read weights-only; code from a model folder never runs.
"""

import logging as python_logging
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForQuestionAnswering, AutoTokenizer, logging

from harness.errors import DataError, PlanError, StoreError
from harness.plan.model_folders import PREFIXES, WEIGHT_FILES, read_config

HEADS = ("qa_outputs", "qa_classifier")  # the second is BigBird's
MASKED_LM_HEAD = "cls"
_log = python_logging.getLogger(__name__)


def silence_library_logging() -> None:
    """Stops the model library's own bars and advice; what matters of it becomes an error of ours."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load_model(folder: Path, *, seed: int, initialise: bool = False, needs_head: bool = True) -> nn.Module:
    """A question-answering model in fp32 with eager attention (the plain path, whose attention maps can be read).

    Everything is drawn from `seed` with `initialise`; only the head is where it is not in the folder and not needed.
    Raises DataError when the folder holds no such model, or weights that are not all there.
    """
    model, prefix = load_with_prefix(folder, seed=seed, initialise=initialise, needs_head=needs_head)
    if prefix:
        _log.warning("%s: its weights are named with the prefix %s of a wrapper, which is stripped", folder, prefix)
    return model


def load_with_prefix(folder: Path, *, seed: int, initialise: bool, needs_head: bool) -> tuple[nn.Module, str]:
    """The same, and the prefix of a wrapper that was stripped from the names of its weights, "" for none."""
    torch.manual_seed(seed)
    missing, prefix = list[str](), ""
    try:
        if initialise:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False, **_two_outputs(folder))
            model = AutoModelForQuestionAnswering.from_config(config, attn_implementation="eager")
        else:
            model, missing, prefix = _loaded(
                AutoModelForQuestionAnswering, folder, seed=seed, attn_implementation="eager", **_two_outputs(folder)
            )
    except Exception as error:  # whatever the library hits in a folder that is no model
        raise DataError(folder, "", f"holds no loadable question-answering model: {_said_by(error)}") from error
    if not isinstance(model, nn.Module) or not any(isinstance(getattr(model, one, None), nn.Module) for one in HEADS):
        raise DataError(folder, "", f"{type(model).__name__} has no span head called {' or '.join(HEADS)}")
    lacking = [name for name in missing if needs_head or not name.startswith(tuple(f"{one}." for one in HEADS))]
    if lacking:
        raise DataError(folder, "", f"lacks weights of {type(model).__name__}: {', '.join(lacking[:4])}")
    _check_finite(folder, model)
    return model, prefix


def _loaded(kind: Any, folder: Path, *, seed: int, **options: Any) -> tuple[Any, list[str], str]:
    """A model in fp32, the names of weights that the folder lacks, and the prefix of a wrapper that was stripped."""
    options |= {"trust_remote_code": False, "weights_only": True, "dtype": torch.float32, "output_loading_info": True}
    options["use_safetensors"] = True if (folder / WEIGHT_FILES[0]).exists() else None
    model, info = kind.from_pretrained(folder, **options)
    prefixed = [name for name in info["unexpected_keys"] if name.startswith(PREFIXES)]
    if info["missing_keys"] and prefixed:
        torch.manual_seed(seed)
        pattern = "|".join(map(re.escape, PREFIXES))
        model, info = kind.from_pretrained(folder, key_mapping={f"^(?:{pattern})+": ""}, **options)
        stripped = re.match(f"(?:{pattern})+", prefixed[0])
        return _unwrapped(kind, model, options), sorted(info["missing_keys"]), stripped[0] if stripped else ""
    return model, sorted(info["missing_keys"]), ""


def _unwrapped(kind: Any, model: Any, options: Mapping[str, Any]) -> Any:
    """A new model with the same weights: one that was loaded by other names is saved under them again."""
    how = {name: options[name] for name in ("attn_implementation",) if name in options}
    fresh = kind.from_config(model.config, **how).to(torch.float32)
    fresh.load_state_dict(model.state_dict())
    return fresh


def _two_outputs(folder: Path) -> dict[str, int]:
    """A span head has two outputs; a classifier's config, which a student may begin with, says otherwise."""
    try:
        config = read_config(folder)
    except DataError:  # the library says what is wrong with it
        return {}
    labels, n = config.get("id2label"), config.get("num_labels")
    n = len(labels) if isinstance(labels, dict) else n
    return {} if n in (None, 2) else {"num_labels": 2}


def _check_finite(folder: Path, model: nn.Module) -> None:
    """Raises DataError for weights that are no numbers: all that is computed with them is none either."""
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise DataError(folder, name, "holds NaN or infinite weights; fetch or train the model again")


def head_of(model: Any) -> nn.Module:
    """The layer, or layers, between a model's last hidden states and its span logits."""
    head: nn.Module = next(getattr(model, name) for name in HEADS if hasattr(model, name))
    return head


def load_masked_lm(folder: Path) -> nn.Module:
    """A masked language model in fp32 and eval mode, with an encoder (`base_model`) and a head called `cls`.

    Raises DataError when the folder holds no such model, or weights that are not all there.
    """
    try:
        model, missing, _ = _loaded(AutoModelForMaskedLM, folder, seed=0)
    except Exception as error:  # whatever the library hits in a folder that is no model
        raise DataError(folder, "", f"holds no loadable masked language model: {_said_by(error)}") from error
    if not isinstance(model, nn.Module) or not isinstance(getattr(model, MASKED_LM_HEAD, None), nn.Module):
        raise DataError(folder, "", f"{type(model).__name__} has no masked-language-model head called {MASKED_LM_HEAD}")
    if missing:
        raise DataError(folder, "", f"lacks weights of {type(model).__name__}: {', '.join(missing[:4])}")
    _check_finite(folder, model)
    return model.eval()


def _said_by(error: Exception) -> str:
    """The first line of a library's message; of a refused pickle our own words, as torch advises to trust it."""
    if isinstance(error, UnpicklingError):
        return "its weights are a pickle with more than tensors in it; only safetensors or plain tensors are loaded"
    if "ignore_mismatched_sizes" in str(error):
        return "its weights have other sizes than its config.json says, or a head of other than two outputs"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def load_tokenizer(folder: Path) -> Any:
    """The folder's fast tokenizer; raises DataError when it has none (windows need character offsets)."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever the library hits in a folder that is no model
        raise DataError(folder, "", f"holds no tokenizer: {_said_by(error)}") from error
    if not tokenizer.is_fast:
        raise DataError(folder, "", "its tokenizer gives no character offsets; a fast tokenizer is needed")
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise DataError(folder, "", "its tokenizer has no vocabulary; add vocab.txt or tokenizer.json")
    try:
        tokenizer("a", "b", return_offsets_mapping=True)
    except Exception as error:  # a setting of another kind shows in use alone
        raise DataError(folder, "", f"its tokenizer cannot be used: {_said_by(error)}; mend its files") from error
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
