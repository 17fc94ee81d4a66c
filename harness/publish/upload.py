"""The only file that uploads to the Hub. Tokens come from the client's own login or HF_TOKEN, never from us."""

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    get_token,
)
from huggingface_hub.errors import HFValidationError, HTTPError, RepositoryNotFoundError, RevisionNotFoundError  # type: ignore[attr-defined]
from huggingface_hub.hf_api import DatasetInfo, ModelInfo, RepoFile
from huggingface_hub.utils._validators import validate_repo_id
from huggingface_hub.utils.tqdm import disable_progress_bars

from harness.errors import DataError, HubError

_SAID = {
    401: "the token is not accepted, or the repository is not yours; log in with `hf auth login`, or set HF_TOKEN",
    403: "the token may not write there; give one with write permission",
    404: "there is no such repository, branch or file",
    409: "something else is changing it at the moment",
    412: "it was changed meanwhile",
    429: "it is asked too often",
}


def benchmark_task(repo_id: str, split: str) -> str | None:
    """Name of the task under which the Hub ranks results on a split of a data set; None where it is no benchmark.

    A benchmark is tagged as one, and its eval.yaml lists the tasks; of several on a split none is the one that is
    meant. Source: huggingface.co/docs/hub/eval-results. Raises HubError when the Hub does not say.
    """
    api = HfApi()
    try:
        tags = api.dataset_info(repo_id).tags or []
        if not any(tag.startswith("benchmark:") for tag in tags):
            return None
        listed = yaml.safe_load(Path(api.hf_hub_download(repo_id, "eval.yaml", repo_type="dataset")).read_bytes())
        tasks = [one["id"] for one in listed["tasks"] if one.get("split") in (None, split)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError, HTTPError) as error:
        raise HubError(f"data set {repo_id}: whether it is a benchmark cannot be seen ({_said_by(error)})") from error
    return str(tasks[0]) if len(tasks) == 1 else None


@dataclass(frozen=True, slots=True)
class Push:
    """How to push; `folder` belongs to what is pushed: files in it that are not pushed are deleted there."""

    repo_id: str
    folder: str
    message: str
    repo_type: Literal["model", "dataset"] = "model"
    private: bool = False
    create_pr: bool = False
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where it is now; `changed` are the files that the commit changed, none where all was there before."""

    url: str
    changed: tuple[str, ...]


def push(files: Mapping[str, bytes | Path], how: Push) -> Pushed:
    """Makes the repository hold these files, in one commit or not at all; nothing is sent where it holds them.

    The commit names the one that it was compared with, so what was changed meanwhile is never overwritten. Raises
    HubError, which never holds the token.
    """
    disable_progress_bars()
    api, token = HfApi(), get_token()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the Hub's advice on metadata
            return _push(api, files, how)
    except (OSError, ValueError, RuntimeError, LookupError, HTTPError) as error:
        what = _said_by(error)
        if token:
            what = what.replace(token, "…")
        advice = "the repository holds all of it or nothing; the same command finishes it"
        raise HubError(f"{how.repo_id}: {what}; {advice}") from None


def has_token() -> bool:
    return bool(get_token())


def check_repo_name(option: str, name: str) -> None:
    """Raises DataError for a name under which the Hub can have no repository of an organisation or a user."""
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise DataError(option, name, f"is no repository name: {error}") from error
    if "/" not in name:
        raise DataError(option, name, "is no repository name: expected ORG/NAME")


def address_of(repo_id: str, repo_type: str) -> str:
    """Where a repository is seen in a browser."""
    return f"{HfApi().endpoint}/{'datasets/' if repo_type == 'dataset' else ''}{repo_id}"


def _push(api: HfApi, files: Mapping[str, bytes | Path], how: Push) -> Pushed:
    info = _open_repository(api, how)
    changed, stale = _differences(api, files, how, str(info.sha))
    url = address_of(how.repo_id, how.repo_type)
    if not changed and not stale:
        return Pushed(url, ())
    if how.create_pr:
        for number in _open_requests(api, how):
            if _differences(api, files, how, f"refs/pr/{number}") == ([], []):
                return Pushed(f"{url}/discussions/{number}", ())
    contents = {name: files[name] for name in changed}
    done = api.create_commit(
        how.repo_id,
        [
            *(CommitOperationAdd(name, content) for name, content in contents.items()),
            *(CommitOperationDelete(name) for name in stale),
        ],
        commit_message=how.message,
        revision=how.revision,
        create_pr=how.create_pr,
        parent_commit=info.sha,
        repo_type=how.repo_type,
    )
    return Pushed(str(done.pr_url or done.commit_url), (*changed, *stale))


def _open_repository(api: HfApi, how: Push) -> ModelInfo | DatasetInfo:
    """The repository at the revision; made where there is none. One that is public is not made private on the way."""
    try:
        info = _info(api, how)
    except RevisionNotFoundError:
        raise
    except RepositoryNotFoundError as error:
        if how.create_pr or how.revision or error.response.status_code == 401:
            raise
        api.create_repo(how.repo_id, private=how.private or None, exist_ok=True, repo_type=how.repo_type)
        info = _info(api, how)
    if how.private and not info.private:
        raise ValueError("the repository is public and --private was asked; make it private, or leave that out")
    return info


def _info(api: HfApi, how: Push) -> ModelInfo | DatasetInfo:
    ask = api.dataset_info if how.repo_type == "dataset" else api.model_info
    return ask(how.repo_id, revision=how.revision)


def _differences(
    api: HfApi, files: Mapping[str, bytes | Path], how: Push, revision: str
) -> tuple[list[str], list[str]]:
    """Files that are not there as they are here, and those of our folder there that are not here."""
    there = {
        one.path: one
        for one in api.list_repo_tree(how.repo_id, recursive=True, revision=revision, repo_type=how.repo_type)
        if isinstance(one, RepoFile)
    }
    changed = [name for name, content in files.items() if name not in there or not _is_same(content, there[name])]
    return changed, [name for name in there if name.startswith(f"{how.folder}/") and name not in files]


def _is_same(content: bytes | Path, there: RepoFile) -> bool:
    """By the hash that the Hub has of a file: sha256 of a large one, else git's, which is sha1 behind a header."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size != there.size:
        return False
    known = hashlib.sha256()
    if there.lfs is None:
        known = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    if isinstance(content, bytes):
        known.update(content)
    else:
        with content.open("rb") as stream:
            hashlib.file_digest(stream, lambda: known)
    return known.hexdigest() == (there.lfs.sha256 if there.lfs is not None else there.blob_id)


def _open_requests(api: HfApi, how: Push) -> list[int]:
    found = api.get_repo_discussions(
        how.repo_id, discussion_type="pull_request", discussion_status="open", repo_type=how.repo_type
    )
    return [one.num for one in found if one.title == how.message]


def _said_by(error: BaseException) -> str:
    """What happened, in a sentence: by the Hub's status where there is one behind it, else in the client's words."""
    # A ValueError of the client's own lists what it found, such as each fault of the metadata.
    is_of_client = isinstance(error, ValueError) and not isinstance(error, HTTPError)
    cause: BaseException | None = None if is_of_client else error
    while cause is not None:
        response = getattr(cause, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int):
            said = _SAID.get(status) or ("the Hub failed" if status >= 500 else "the Hub refused it")
            wait = response.headers.get("Retry-After") if response is not None else None
            why = " ".join((getattr(cause, "server_message", None) or "").split())
            return f"{said} (status {status}{f': {why}' if why else ''}{f', wait {wait} s' if wait else ''})"
        cause = cause.__cause__ or cause.__context__
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} ({error.__cause__})" if isinstance(error, RuntimeError) and error.__cause__ else text
