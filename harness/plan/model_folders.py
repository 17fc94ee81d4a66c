"""What the files of a model folder say of themselves, without loading a model: what is there, what is in its place,
and what the header of its weights names.

safetensors' format: eight bytes of length, a JSON header with dtype, shape and place of each tensor, the tensors.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.qa.file_kinds import kind_of_file

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel, and of torch.compile
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json",
              "merges.txt", "added_tokens.json")  # fmt: skip
_READ = (*WEIGHT_FILES, "config.json", *_TOKENIZER)
_OTHERS = {
    "language_model_config.json": "is saved by FARM; convert it with AdaptiveModel.convert_to_transformers",
    "adapter_config.json": "holds an adapter, no model; merge it into its base model (merge_and_unload) and save that",
    "tf_model.h5": "holds weights of TensorFlow; save them as safetensors (from_pretrained(..., from_tf=True))",
    "flax_model.msgpack": "holds weights of Flax; save them as safetensors (from_pretrained(..., from_flax=True))",
    "modules.json": "is saved by sentence-transformers; give the folder of its transformer module",
}
# The last words of a tensor's name, which of its sizes, the config's word for it, and what it must be without one.
_SIZES = (
    ("embeddings.word_embeddings.weight", 0, "vocab_size", None),
    ("embeddings.position_embeddings.weight", 0, "max_position_embeddings", None),
    ("embeddings.token_type_embeddings.weight", 0, "type_vocab_size", None),
    ("embeddings.word_embeddings.weight", 1, "hidden_size", None),
    ("qa_outputs.weight", 0, "", 2),
)
_FLOATS = ("F64", "F32", "F16", "BF16")
_LONGEST_HEADER = 100_000_000  # bytes, safetensors' own limit


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


def problems_of(folder: Path, *, needs_weights: bool = True) -> list[str]:
    """All that keeps a folder from being loaded, as far as its files tell; [] where nothing does."""
    if not folder.is_dir():
        return [f"{folder}: no such folder; give a folder with config.json and weights, or a Hub id"]
    problems = [f"{folder / name}: is {kind}" for name in _listed(folder) if (kind := kind_of_file(folder / name))]
    if problems:
        return problems
    if not (folder / "config.json").exists():
        other = next((says for name, says in _OTHERS.items() if (folder / name).exists()), None)
        if other is not None:
            return [f"{folder}: {other}"]
    try:
        config = read_config(folder)
    except DataError as error:
        return [str(error)]
    if not config.get("model_type"):
        problems.append(f'{folder / "config.json"}: names no model_type; add it ("model_type": "bert" for a BERT)')
    if needs_weights and not has_weights(folder):
        other = next((f"; it {says}" for name, says in _OTHERS.items() if (folder / name).exists()), "")
        problems.append(f"{folder}: holds no weights ({', '.join(WEIGHT_FILES)}){other}")
    return [*problems, *(_of_weights(folder, config) if needs_weights else ())]


def _listed(folder: Path) -> list[str]:
    """Files of the folder that are read, parts of weights too."""
    parts = [path.name for pattern in ("*.safetensors", "pytorch_model*.bin") for path in sorted(folder.glob(pattern))]
    return list(dict.fromkeys([*_READ, *parts]))


def _of_weights(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with safetensors, where there are any: a part missing or cut, no floats, sizes that differ from
    the config's, a span head of other than two outputs."""
    try:
        files = weight_files(folder)
        for path in files:
            if not path.is_file():
                yield f"{path}: is missing, and {WEIGHT_FILES[1]} names it; fetch the whole model"
        tensors = {name: one for path in files if path.is_file() for name, one in header_of(path).items()}
    except DataError as error:
        yield str(error)
        return
    odd = next((name for name, one in tensors.items() if "weight" in name and one["dtype"] not in _FLOATS), None)
    if odd is not None:
        what = f"are quantised ({odd} is {tensors[odd]['dtype']}); give the model in fp32, fp16 or bf16"
        yield f"{folder}: its weights {what}"
    for ending, axis, key, fixed in _SIZES:
        name, wanted = next((one for one in tensors if one.endswith(ending)), ""), config.get(key, fixed)
        size = tensors[name]["shape"][axis] if name and len(tensors[name]["shape"]) > axis else wanted
        if isinstance(wanted, int) and size != wanted:
            said = f"config.json has {key} {wanted}" if key else "a span head has two outputs, start and end"
            yield f"{folder}: {name} has {size} {'columns' if axis else 'rows'}, {said}; give a model that fits itself"


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that a model is loaded from, [] where it has none; raises DataError for a broken index."""
    if (folder / WEIGHT_FILES[0]).exists():
        return [folder / WEIGHT_FILES[0]]
    index = folder / WEIGHT_FILES[1]
    if not index.exists():
        return []
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / Path(str(name)).name for name in dict.fromkeys(names)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(index, "", "is no index of weights (weight_map); fetch the model again") from error


def header_of(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """dtype and shape of each tensor of a safetensors file; raises DataError for one that is none, or is cut."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > min(size, _LONGEST_HEADER):
                raise ValueError("its header is longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        tensors = {name: one for name, one in header.items() if name != "__metadata__"}
        end = 8 + length + max((one["data_offsets"][1] for one in tensors.values()), default=0)
        if [one for one in tensors.values() if not isinstance(one["dtype"], str) or not isinstance(one["shape"], list)]:
            raise ValueError("its header names no shapes")
    except (struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = "is not a whole safetensors file (holds no loadable weights); fetch it again"
        raise DataError(path, "", what) from error
    if end > size:
        raise DataError(path, "", f"is cut: {size:,} of {end:,} bytes are there; fetch it again")
    return tensors
