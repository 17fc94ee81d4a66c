"""The only file that talks to the Hub. Tokens come from the client's own login or HF_TOKEN, never from us."""

from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
from datasets.exceptions import DatasetsError
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

from harness.data.squad import Paragraph, from_table
from harness.errors import HubError

MODEL_FILES = ["README.md", "*.json", "*.txt", "*.model", "*.safetensors"]


def fetch_model(repo_id: str, *, option: str) -> Path:
    """Folder of a model's files: safetensors where the repository has them, else its pickled weights.

    The folder is the client's cache, named after the revision. Raises HubError saying which option supplies it.
    """
    folder = _fetch(repo_id, "model", MODEL_FILES, f"give a local folder with {option}")
    if not any(folder.glob("*.safetensors")):
        folder = _fetch(repo_id, "model", [*MODEL_FILES, "pytorch_model*.bin"], f"give a local folder with {option}")
    return folder


def fetch_squad(repo_id: str, split: str, *, option: str) -> tuple[Path, Callable[[], Iterator[Paragraph]]]:
    """Folder and paragraphs of a SQuAD 2.0 data set in parquet form, read memory-mapped, in the set's own order.

    The second value starts a new pass over the paragraphs each time it is called.
    """
    advice = f"give a SQuAD-format file with {option}"
    folder = _fetch(repo_id, "dataset", ["*.parquet", "**/*.parquet"], advice)
    files = sorted(str(path) for path in folder.rglob(f"{split}-*.parquet"))
    if not files:
        raise HubError(f"data set {repo_id}: revision {folder.name} holds no parquet files of split {split}; {advice}")
    try:
        table = datasets.load_dataset("parquet", data_files=files, split="train")
    except (OSError, ValueError, DatasetsError) as error:
        raise HubError(f"data set {repo_id}: its parquet files cannot be read ({error}); {advice}") from error
    return folder, lambda: from_table(table)


def _fetch(repo_id: str, kind: str, patterns: list[str], advice: str) -> Path:
    try:
        return Path(snapshot_download(repo_id, repo_type=kind, allow_patterns=patterns))
    except (OSError, ValueError, HTTPError) as error:  # ValueError: a name that is none, an answer that is no JSON
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise HubError(f"{kind} {repo_id} could not be fetched from the Hub ({what}); {advice}") from error
