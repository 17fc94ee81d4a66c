"""The only file that downloads from the Hub. Tokens come from the client's own login or HF_TOKEN, never from us."""

from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
from datasets.exceptions import DatasetsError
from huggingface_hub import snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

from harness.errors import HubError
from harness.qa.squad import Paragraph, from_table

MODEL_FILES = ["README.md", "*.json", "*.txt", "*.model", "*.safetensors"]


def fetch_model(repo_id: str, revision: str | None = None, *, option: str) -> Path:
    """Folder of a model's files: safetensors where the repository has them, else its pickled weights.

    The folder is the client's cache, named after the commit that `revision` stands for. Raises HubError saying which
    option supplies it.
    """
    advice = f"give a local folder with {option}"
    folder = _fetch(repo_id, "model", revision, MODEL_FILES, advice)
    if not any(folder.glob("*.safetensors")):
        folder = _fetch(repo_id, "model", revision, [*MODEL_FILES, "pytorch_model*.bin"], advice)
    return folder


def fetch_squad(
    repo_id: str, split: str, revision: str | None = None, *, option: str
) -> tuple[Path, Callable[[], Iterator[Paragraph]]]:
    """Folder and paragraphs of a SQuAD 2.0 data set in parquet form, read memory-mapped, in the set's own order.

    The second value starts a new pass over the paragraphs each time it is called.
    """
    advice = f"give a SQuAD-format file with {option}"
    folder = _fetch(repo_id, "dataset", revision, ["*.parquet", "**/*.parquet"], advice)
    files = sorted(str(path) for path in folder.rglob(f"{split}-*.parquet"))
    if not files:
        raise HubError(f"data set {repo_id}: revision {folder.name} holds no parquet files of split {split}; {advice}")
    try:
        table = datasets.load_dataset("parquet", data_files=files, split="train")
    except (OSError, ValueError, DatasetsError) as error:
        raise HubError(f"data set {repo_id}: its parquet files cannot be read ({error}); {advice}") from error
    return folder, lambda: from_table(table)


def cached_readme(repo_id: str, revision: str | None = None) -> Path | None:
    """A model's card as the client's cache has it; None where it has none."""
    try:
        found = try_to_load_from_cache(repo_id, "README.md", revision=revision)
    except ValueError:  # a name that is none
        return None
    return Path(found) if isinstance(found, str) else None


def _fetch(repo_id: str, kind: str, revision: str | None, patterns: list[str], advice: str) -> Path:
    try:
        return Path(snapshot_download(repo_id, repo_type=kind, revision=revision, allow_patterns=patterns))
    except (OSError, ValueError, HTTPError) as error:  # ValueError: a name that is none, an answer that is no JSON
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        pinned = f" at {revision}" if revision else ""
        raise HubError(f"{kind} {repo_id}{pinned} could not be fetched from the Hub ({what}); {advice}") from error
