"""The only file that downloads from the Hub. Tokens come from the client's own login or HF_TOKEN, never from us."""

import os
import re
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from harness.errors import DataError, HubError
from harness.qa.squad import Paragraph, from_table
from harness.record import store
from harness.run.declared_configs import declared, matching, places

_SHARD = re.compile(r"-\d{5}-of-\d{5}(?:-[0-9a-f]+)?$")
CONVERTED = "refs/convert/parquet"  # where the Hub keeps data sets of scripts and other formats as parquet
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
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
    """Folder and paragraphs of one split of a data set in parquet form, streamed in the set's own order.

    `config` is named where several configurations have that split: they are never merged. A set that is no parquet is
    read as the Hub has converted it, unless a revision is asked for. The second value starts a new pass over the
    paragraphs each time it is called.
    """
    advice = f"give a SQuAD-format file with {option}"
    configs = declared(_fetch(repo_id, "dataset", revision, ["README.md"], advice) / "README.md")
    patterns = [one for splits in configs.values() for one in splits.get(split, ())]
    folder = _fetch(repo_id, "dataset", revision, [f"*{split}*.parquet", *patterns], advice)
    files = {name: found for name, splits in configs.items() if (found := matching(folder, splits.get(split, ())))}
    if not files and revision is None and not any(folder.rglob("*.parquet")):
        converted = _converted(repo_id, split, config, advice)
        folder, revision = (folder, None) if converted is None else (converted, CONVERTED)
    if not files or (config and config not in files):  # a configuration may go by its folder's name as well
        files = _files_of(folder, split)
    if config and files and set(files) <= {"", "data"}:  # the only one, which no folder is named after
        config = ""
    if config not in files if config else not files:
        there = {_place_of(path) for path in _listed(repo_id, revision, folder)} if not configs else set()
        raise _no_such_split(repo_id, folder, split, config, there | places(configs), advice)
    if not config and len(files) > 1:
        what = f"has split {split} in {len(files)} configurations ({', '.join(sorted(files))}), which are not one set"
        raise DataError(f"data set {repo_id}", "", f"{what}; name one, as {repo_id}/{min(files)}:{split}")
    source = files[config] if config else next(iter(files.values()))
    return folder, lambda: _read(repo_id, source, advice)


def _no_such_split(
    repo_id: str, folder: Path, split: str, config: str, there: Set[tuple[str, str]], advice: str
) -> HubError:
    """The error that lists what there is, by configuration and split."""
    listed = ", ".join(f"{split}{f' of {config}' if config else ''}" for config, split in sorted(there)) or "none"
    what = f"holds no parquet files of split {split}{f' of configuration {config}' if config else ''}"
    return HubError(f"data set {repo_id}: revision {folder.name} {what}; {advice} (it has: {listed})")


def _read(repo_id: str, files: Sequence[Path], advice: str) -> Iterator[Paragraph]:
    import datasets  # here: a card or a model alone does without this large library
    from datasets.exceptions import DatasetsError

    paths = [str(path) for path in sorted(files)]
    try:
        rows = datasets.load_dataset("parquet", data_files=paths, split="train", streaming=True)
        yield from from_table(rows, f"data set {repo_id}")
    except (OSError, ValueError, TypeError, DatasetsError) as error:
        raise HubError(f"data set {repo_id}: its parquet files cannot be read ({error}); {advice}") from error


def _files_of(folder: Path, split: str) -> dict[str, list[Path]]:
    """The parquet files of a split by configuration."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        config, named = _place_of(path.relative_to(folder).as_posix())
        if named == split:
            found.setdefault(config, []).append(path)
    return found


def _place_of(path: str) -> tuple[str, str]:
    """Configuration and split of a parquet file, CONFIG/SPLIT-00000-of-00001.parquet or CONFIG/SPLIT/0000.parquet."""
    *folders, name = path.removesuffix(".parquet").split("/")
    if name.isdecimal() and folders:
        *folders, name = folders
    return "/".join(folders), _SHARD.sub("", name)


def _listed(repo_id: str, revision: str | None, folder: Path) -> list[str]:
    """All parquet files of a data set, as far as they are to be seen: for a message."""
    try:
        names = HfApi().list_repo_files(repo_id, repo_type="dataset", revision=revision)
    except (OSError, ValueError, HTTPError):
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")]
    return [name for name in names if name.endswith(".parquet")]


def _converted(repo_id: str, split: str, config: str, advice: str) -> Path | None:
    """A split in the Hub's own conversion to parquet, CONFIG/SPLIT/0000.parquet; None where it has made none."""
    try:
        return _fetch(repo_id, "dataset", CONVERTED, [f"{config or '*'}/{split}/*.parquet"], advice)
    except HubError:
        return None


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
        pinned, what = f" at {revision}" if revision else "", _why(error, repo_id, "model")
        raise HubError(f"the card of {repo_id}{pinned} could not be fetched from the Hub ({what}); {advice}") from error


def fetch_beside(card: Path, repo_id: str, name: str) -> Path | None:
    """A file beside a card that `fetch_card` fetched, of the same commit; None where the repository has none."""
    try:
        return Path(hf_hub_download(repo_id, name, revision=card.parent.name))
    except (OSError, ValueError, HTTPError):
        return None


def list_records(repo_id: str, card: str) -> list[str]:
    """The finished runs of a card in a data set of records, as `<card>/<run-id>`, oldest first."""
    try:
        names = HfApi().list_repo_files(repo_id, repo_type="dataset")
    except (OSError, ValueError, HTTPError) as error:
        what = _why(error, repo_id, "dataset")
        raise HubError(f"data set {repo_id}: its records cannot be listed ({what})") from error
    parts = [name.split("/") for name in names]
    return sorted("/".join(one[:2]) for one in parts if len(one) == 3 and one[0] == card and one[2] == store.VERDICT)


def fetch_records(repo_id: str, under: str, to: Path) -> None:
    """Copies what lies under a folder of a data set of records into a folder here, by the same paths."""
    try:
        snapshot_download(repo_id, repo_type="dataset", allow_patterns=[f"{under}*"], local_dir=to)
    except (OSError, ValueError, HTTPError) as error:
        what = _why(error, repo_id, "dataset")
        raise HubError(f"data set {repo_id}: {under} could not be fetched ({what})") from error


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
        pinned = f" at {revision}" if revision else ""
        said = f"{kind} {repo_id}{pinned} could not be fetched from the Hub ({_why(error, repo_id, kind)}); {advice}"
        raise HubError(said) from error


def _why(error: BaseException, repo_id: str, kind: str) -> str:
    """What kept the Hub's client from a file, and the remedy, from the error and all that led to it."""
    chain = list(_causes(error))
    address = f"{constants.ENDPOINT}/{'datasets/' if kind == 'dataset' else ''}{repo_id}"
    login = "log in with `hf auth login`, or set HF_TOKEN"
    status = next((one.response.status_code for one in chain if isinstance(one, HfHubHTTPError)), None)
    if any(isinstance(one, GatedRepoError) for one in chain):
        return f"gated: ask for access at {address}, then {login}"
    if any(isinstance(one, RepositoryNotFoundError) for one in chain) or status == 401:
        return f"not there, or private: check the name; for a private one {login}"
    if any(isinstance(one, RevisionNotFoundError) for one in chain):
        return f"no such revision: see {address}/refs for branches and tags"
    if constants.HF_HUB_OFFLINE or any(isinstance(one, OfflineModeIsEnabled) for one in chain):
        return "offline, and it was never fetched: run once without --offline and HF_HUB_OFFLINE"
    if status == 429:
        return f"rate limit reached: wait some minutes; {login} for a higher one"
    proxy = next((name for name in _PROXIES if os.environ.get(name)), None)
    if any("proxy" in type(one).__name__.lower() for one in chain) or (proxy and (status is None or status < 500)):
        return f"the proxy of {proxy or 'this machine'} did not let it through: check HTTPS_PROXY, HTTP_PROXY, NO_PROXY"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
