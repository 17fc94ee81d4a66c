"""The only file that downloads from the Hub. Tokens come from the client's own login or HF_TOKEN, never from us."""

from collections.abc import Callable, Iterator
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HTTPError, RemoteEntryNotFoundError  # type: ignore[attr-defined]

from harness.errors import HubError
from harness.qa.squad import Paragraph, from_table

CONVERTED = "refs/convert/parquet"  # where the Hub keeps data sets of scripts and other formats as parquet
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
    repo_id: str, split: str, revision: str | None = None, *, config: str = "", option: str
) -> tuple[Path, Callable[[], Iterator[Paragraph]]]:
    """Folder and paragraphs of a SQuAD-form data set in parquet form, read memory-mapped, in the set's own order.

    A set that is no parquet is read as the Hub has converted it, unless a revision is asked for. The second value
    starts a new pass over the paragraphs each time it is called. Raises HubError where the split is not there, or
    stands in several configs of which none is named.
    """
    import datasets  # here: a card or a model alone does without this large library
    from datasets.exceptions import DatasetsError

    advice = f"give a SQuAD-format file with {option}"
    folder = _fetch(repo_id, "dataset", revision, ["*.parquet", "**/*.parquet"], advice)
    if revision is None and not any(folder.rglob("*.parquet")):
        folder = _converted(repo_id, advice) or folder
    files = _files_of(folder, split, config, f"data set {repo_id}", advice)
    try:
        table = datasets.load_dataset("parquet", data_files=files, split="train")
    except (OSError, ValueError, DatasetsError) as error:
        raise HubError(f"data set {repo_id}: its parquet files cannot be read ({error}); {advice}") from error
    return folder, lambda: from_table(table)


def _converted(repo_id: str, advice: str) -> Path | None:
    """The Hub's own conversion to parquet, CONFIG/SPLIT/0000.parquet; None where it has made none."""
    try:
        return _fetch(repo_id, "dataset", CONVERTED, ["**/*.parquet"], advice)
    except HubError:
        return None


def _files_of(folder: Path, split: str, config: str, name: str, advice: str) -> list[str]:
    """The parquet files of a split, SPLIT-*.parquet or SPLIT/*.parquet; those of one config where it has several."""
    files = sorted((*folder.rglob(f"{split}-*.parquet"), *folder.rglob(f"{split}/*.parquet")))
    places: dict[str, list[str]] = {}
    for path in files:
        parts = [one for one in path.relative_to(folder).parts[:-1] if one not in (split, "data")]
        places.setdefault("/".join(parts), []).append(str(path))
    if not files:
        raise HubError(f"{name}: revision {folder.name} holds no parquet files of split {split}; {advice}")
    if config in places:
        return places[config]
    if config and set(places) != {""}:
        raise HubError(f"{name}: has no config {config} with a split {split}; it has {', '.join(sorted(places))}")
    if len(places) > 1:
        known = ", ".join(sorted(places)[:12])
        raise HubError(f"{name}: has several configs ({known}); name one, as ORG/NAME/CONFIG:{split}")
    return next(iter(places.values()))


def fetch_card(repo_id: str, revision: str | None = None) -> Path:
    """README.md of a model, in the client's cache, under the commit that `revision` stands for.

    Without a network the cached one is taken. Raises HubError where there is none.
    """
    advice = "give the path of a card"
    try:
        return Path(hf_hub_download(repo_id, "README.md", revision=revision))
    except RemoteEntryNotFoundError as error:
        raise HubError(f"model {repo_id}: has no README.md, which is its card; {advice}") from error
    except (OSError, ValueError, HTTPError) as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        pinned = f" at {revision}" if revision else ""
        raise HubError(f"the card of {repo_id}{pinned} could not be fetched from the Hub ({what}); {advice}") from error


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
