"""A small Hub on the loopback interface, for the real huggingface_hub client: repositories in memory, faults on demand.

It answers as huggingface_hub 2.4.0 asks: creation, preupload, LFS batches, commits that name their parent, pull
requests, validation of metadata, listings, downloads; jobs and the machines for them. It holds itself to what the Hub
promises: a commit is applied whole or not at all, uploads that no commit names are nowhere to be seen, and what may not
be read is not found.
"""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN = "hf_" + "T0psecretT0psecretT0psecretT0psec"
READ_TOKEN = "hf_" + "R3adonlyR3adonlyR3adonlyR3adonlyR3"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a matching request gets in place of an answer, `times` times.

    `cut`: the connection ends half-way through what is sent. `after`: only once the work is done. `delay`: seconds
    before the ordinary answer, where there is no status and no cut.
    """

    method: str
    path: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    after: bool = False
    delay: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Commit:
    oid: str
    title: str
    tree: Mapping[str, bytes]
    large: frozenset[str]  # paths that are kept as LFS files


@dataclass
class Repository:
    private: bool = False
    tags: list[str] = field(default_factory=list)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)  # titles of pull requests, number 1 first

    def at(self, revision: str) -> Commit | None:
        return self.commits.get(self.refs.get(revision, revision))

    def add(self, ref: str, title: str, tree: Mapping[str, bytes], large: frozenset[str]) -> Commit:
        number = f"{len(self.commits)} {title} {sorted(tree)}"
        commit = Commit(hashlib.sha1(number.encode()).hexdigest(), title, dict(tree), large & set(tree))  # noqa: S324
        self.commits[commit.oid] = commit
        self.refs[ref] = commit.oid
        return commit


# As `list_jobs_hardware` of huggingface_hub 2.4.0 documents its fields; sizes and prices are made up for tests.
HARDWARE = [
    {"name": name, "prettyName": name, "cpu": "8 vCPU", "ram": "32 GB", "ephemeralStorage": "50 GB",
     "accelerator": gpu and {"type": "gpu", "model": gpu, "quantity": "1", "vram": vram, "manufacturer": "Nvidia"},
     "unitCostMicroUSD": micro, "unitCostUSD": micro / 1e6, "unitLabel": "minute"}
    for name, gpu, vram, micro in (("cpu-basic", None, "", 167), ("t4-small", "T4", "16 GB", 6667),
                                   ("a10g-small", "A10G", "24 GB", 16667), ("h200", "H200", "141 GB", 83333))
]  # fmt: skip


@dataclass
class Job:
    """A job as it was asked for, and the stage that it is in; `tell` is what it wrote."""

    id: str
    spec: Mapping[str, Any]
    stage: str = "COMPLETED"
    message: str | None = None
    running_s: int = 60
    tell: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        known = {name: self.spec.get(name) for name in ("command", "arguments", "environment", "flavor", "labels",
                                                        "dockerImage", "volumes")}  # fmt: skip
        durations = {"schedulingSecs": 1, "runningSecs": self.running_s, "totalSecs": self.running_s + 1}
        return {**known, "id": self.id, "createdAt": "2026-01-01T00:00:00.000Z", "secrets": {},
                "owner": {"id": "1", "name": "org", "type": "org"}, "durations": durations,
                "status": {"stage": self.stage, "message": self.message}}  # fmt: skip


class Refused(Exception):  # noqa: N818
    def __init__(self, status: int, message: str, code: str = "", body: Any = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.body = status, message, code, body


class Hub:
    """`repositories` has models as ORG/NAME and data sets as datasets/ORG/NAME; `asked` lists every request as
    `METHOD path`; `faults` are used up in their order."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.faults: list[Fault] = []
        self.endpoint = ""
        self.jobs: dict[str, Job] = {}
        self.work: Callable[[Job], object] = str  # done when a job is begun
        self.credit = True
        self._used: dict[int, int] = {}
        self._lock = threading.RLock()

    def files(self, repo_id: str, revision: str = "main") -> dict[str, bytes]:
        """What a repository holds, without what it was made with."""
        commit = self.repositories[repo_id].at(revision)
        assert commit is not None
        return {name: content for name, content in commit.tree.items() if name != ".gitattributes"}

    def make(self, repo_id: str, *, private: bool = False) -> Repository:
        made = self.repositories[repo_id] = Repository(private=private)
        made.add("main", "initial commit", {".gitattributes": b"*.safetensors filter=lfs\n"}, frozenset())
        return made

    def fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for number, one in enumerate(self.faults):
                if one.method == method and re.search(one.path, path) and self._used.get(number, 0) < one.times:
                    self._used[number] = self._used.get(number, 0) + 1
                    return one
        return None

    # --- what is asked for; each gives a status, headers and a body ---

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        split = urlsplit(url)
        path, query = unquote(split.path), {name: values[0] for name, values in parse_qs(split.query).items()}
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in (TOKEN, READ_TOKEN):
            raise Refused(401, "Invalid credentials in Authorization header")
        with self._lock:
            for verb, pattern, name in _ROUTES:
                found = re.fullmatch(pattern, path.replace("/api/models/", "/api/"))
                if found and verb == method.replace("HEAD", "GET"):
                    given: Any = getattr(self, name)(token=token, body=body, query=query, **found.groupdict())
                    if isinstance(given, tuple):
                        return given
                    return 200, {"Content-Type": "application/json"}, json.dumps(given).encode()
        raise Refused(404, f"no such address: {method} {path}")

    def _repository(self, repo: str, token: str, *, write: bool = False) -> Repository:
        found = self.repositories.get(repo)
        if found is None or (found.private and not token):
            raise Refused(404 if token else 401, "Repository not found", "RepoNotFound")
        if write and token != TOKEN:
            raise Refused(403 if token else 401, "You don't have the rights to write to it")
        return found

    def _commit(self, repo: str, revision: str, token: str) -> Commit:
        found = self._repository(repo, token).at(revision)
        if found is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    def create(self, token: str, body: bytes, query: Any) -> Any:
        asked = json.loads(body)
        if token != TOKEN:
            raise Refused(403 if token else 401, "You don't have the rights to create a model under this namespace")
        kind = "datasets/" if asked.get("type") == "dataset" else ""
        repo = f"{kind}{asked['organization']}/{asked['name']}"
        if repo in self.repositories:
            raise Refused(409, "You already created this model repo", body={"url": f"{self.endpoint}/{repo}"})
        self.make(repo, private=asked.get("visibility") == "private")
        return {"url": f"{self.endpoint}/{repo}"}

    def validate(self, token: str, body: bytes, query: Any) -> Any:
        content = json.loads(body)["content"]
        found = re.match(r"^(\s*---[\r\n]+)([\S\s]*?)([\r\n]+---(\r\n|\r|\n|$))", content.removeprefix("\ufeff"))
        errors = []
        try:
            header = yaml.safe_load(found[2]) if found else {}
            for model in (header or {}).get("model-index", []):
                for result in model["results"]:
                    if (
                        not re.fullmatch(r"(?:[\w-]+/)?[\w.-]+", result["dataset"]["type"])
                        or not result["task"]["type"]
                    ):
                        errors.append({"message": '"model-index" has a dataset type that is none'})
                    errors += [{"message": "a metric without value"} for one in result["metrics"] if "value" not in one]
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            errors.append({"message": f'"model-index" or the whole metadata is invalid: {error}'})
        if errors:
            raise Refused(400, "Invalid metadata", body={"errors": errors, "warnings": []})
        return {"errors": [], "warnings": [] if found else [{"message": "empty or missing yaml metadata"}]}

    def info(self, token: str, body: bytes, query: Any, repo: str, revision: str = "main") -> Any:
        commit = self._commit(repo, revision, token)
        there = self.repositories[repo]
        siblings = [{"rfilename": name} for name in sorted(commit.tree)]
        return {"id": repo.removeprefix("datasets/"), "modelId": repo, "sha": commit.oid, "private": there.private,
                "siblings": siblings, "tags": there.tags}  # fmt: skip

    def tree(self, token: str, body: bytes, query: Any, repo: str, revision: str, under: str = "") -> Any:
        commit = self._commit(repo, revision, token)
        if under:
            raise Refused(404, f"{under} does not exist", "EntryNotFound")
        return [_entry(name, content, name in commit.large) for name, content in sorted(commit.tree.items())]

    def preupload(self, token: str, body: bytes, query: Any, repo: str, revision: str) -> Any:
        self._repository(repo, token, write=True)
        commit = self._commit(repo, revision, token)
        files = []
        for one in json.loads(body)["files"]:
            name, there = one["path"], commit.tree.get(one["path"])
            mode = "lfs" if name.endswith(".safetensors") else "regular"
            oid = None if there is None else _oid(there, is_large=name in commit.large)
            files.append({"path": name, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return {"files": files}

    def batch(self, token: str, body: bytes, query: Any, repo: str) -> Any:
        self._repository(repo, token, write=True)
        objects: list[dict[str, Any]] = []
        for one in json.loads(body)["objects"]:
            there = one["oid"] in self.objects
            upload = {"upload": {"href": f"{self.endpoint}/lfs/{one['oid']}"}}
            objects.append({**one, **({} if there else {"actions": upload})})
        return {"transfer": "basic", "objects": objects}

    def upload(self, token: str, body: bytes, query: Any, oid: str) -> Any:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refused(400, "the object is not the one that was announced")
        self.objects[oid] = body
        return {}

    def commit(self, token: str, body: bytes, query: Any, repo: str, revision: str) -> Any:
        there = self._repository(repo, token, write=True)
        parent = self._commit(repo, revision, token)
        lines = [json.loads(line) for line in body.splitlines()]
        head = next(line["value"] for line in lines if line["key"] == "header")
        if head.get("parentCommit") not in (None, parent.oid) and "create_pr" not in query:
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        tree, large = dict(parent.tree), set(parent.large)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
                large.discard(value["path"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.objects:
                    raise Refused(400, f"{value['path']}: its object was never uploaded")
                tree[value["path"]] = self.objects[value["oid"]]
                large.add(value["path"])
            elif line["key"] == "deletedFile":
                if value["path"] not in tree:
                    raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
                del tree[value["path"]]
        if "create_pr" in query:
            there.requests.append(head["summary"])
            ref, url = f"refs/pr/{len(there.requests)}", f"{self.endpoint}/{repo}/discussions/{len(there.requests)}"
        else:
            ref, url = revision, None
        made = there.add(ref, head["summary"], tree, frozenset(large))
        return {"commitUrl": f"{self.endpoint}/{repo}/commit/{made.oid}", "commitOid": made.oid, "pullRequestUrl": url}

    # --- jobs ---

    def whoami(self, token: str, body: bytes, query: Any) -> Any:
        if not token:
            raise Refused(401, "Invalid username or password.")
        return {"type": "user", "name": "org", "orgs": []}

    def hardware(self, token: str, body: bytes, query: Any) -> Any:
        return HARDWARE

    def start_job(self, token: str, body: bytes, query: Any, namespace: str) -> Any:
        if token != TOKEN:
            raise Refused(403 if token else 401, "You don't have the rights to start jobs in this namespace")
        if not self.credit:
            raise Refused(402, "Pre-paid credit balance is insufficient")
        spec = json.loads(body)
        if spec["flavor"] not in {one["name"] for one in HARDWARE}:
            raise Refused(400, f"Unknown flavor: {spec['flavor']}")
        job = self.jobs[f"job{len(self.jobs)}"] = Job(f"job{len(self.jobs)}", spec)
        self.work(job)
        return job.shown()

    def list_jobs(self, token: str, body: bytes, query: Any, namespace: str) -> Any:
        wanted = [query["label"].partition("=")] if "label" in query else []
        return [one.shown() for one in self.jobs.values()
                if all((one.spec.get("labels") or {}).get(name) == value for name, _, value in wanted)]  # fmt: skip

    def _job(self, job: str) -> Job:
        if job not in self.jobs:
            raise Refused(404, "Job not found")
        return self.jobs[job]

    def show_job(self, token: str, body: bytes, query: Any, namespace: str, job: str) -> Any:
        return self._job(job).shown()

    def cancel_job(self, token: str, body: bytes, query: Any, namespace: str, job: str) -> Any:
        self._job(job).stage = "CANCELED"
        return self._job(job).shown()

    def job_logs(self, token: str, body: bytes, query: Any, namespace: str, job: str) -> Any:
        lines = self._job(job).tell[-int(query.get("tail", 0)) :]
        events = [{"data": line, "timestamp": "2026-01-01T00:00:00.000Z"} for line in lines]
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return 200, {"Content-Type": "text/event-stream"}, text.encode()

    def discussions(self, token: str, body: bytes, query: Any, repo: str) -> Any:
        kind = "dataset" if repo.startswith("datasets/") else "model"
        found = [
            {"title": title, "num": number, "author": {"name": "org"}, "createdAt": "2026-01-01T00:00:00.000Z",
             "status": "open", "repo": {"name": repo, "type": kind}, "isPullRequest": True}
            for number, title in enumerate(self._repository(repo, token).requests, start=1)
        ]  # fmt: skip
        return {"discussions": found, "count": len(found), "start": 0}

    def resolve(self, token: str, body: bytes, query: Any, repo: str, revision: str, file: str) -> Any:
        commit = self._commit(repo, revision, token)
        if file not in commit.tree:
            raise Refused(404, "Entry not found", "EntryNotFound")
        content = commit.tree[file]
        etag = _oid(content, is_large=file in commit.large)
        return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}, content


_REPO, _REV = r"(?P<repo>(?:datasets/)?[^/]+/[^/]+)", r"(?P<revision>refs/pr/\d+|refs/convert/\w+|feature/[^/]+|[^/]+)"
_ROUTES = (
    ("GET", r"/api/whoami-v2", "whoami"),
    ("GET", r"/api/jobs/hardware", "hardware"),
    ("POST", r"/api/jobs/(?P<namespace>[^/]+)", "start_job"),
    ("GET", r"/api/jobs/(?P<namespace>[^/]+)", "list_jobs"),
    ("GET", r"/api/jobs/(?P<namespace>[^/]+)/(?P<job>[^/]+)", "show_job"),
    ("POST", r"/api/jobs/(?P<namespace>[^/]+)/(?P<job>[^/]+)/cancel", "cancel_job"),
    ("GET", r"/api/jobs/(?P<namespace>[^/]+)/(?P<job>[^/]+)/logs", "job_logs"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET", rf"/api/{_REPO}", "info"),
    ("GET", rf"/api/{_REPO}/revision/{_REV}", "info"),
    ("GET", rf"/api/{_REPO}/tree/{_REV}(?:/(?P<under>.+))?", "tree"),
    ("POST", rf"/api/{_REPO}/preupload/{_REV}", "preupload"),
    ("POST", rf"/api/{_REPO}/commit/{_REV}", "commit"),
    ("GET", rf"/api/{_REPO}/discussions", "discussions"),
    ("POST", rf"/{_REPO}\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", "upload"),
    ("GET", rf"/{_REPO}/resolve/{_REV}/(?P<file>.+)", "resolve"),
)


def _oid(content: bytes, *, is_large: bool) -> str:
    """The hash that the Hub gives a file: sha256 of a large one, git's of another."""
    if is_large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()  # noqa: S324


def _entry(name: str, content: bytes, is_large: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": _oid(content, is_large=False)}
    if is_large:
        entry["lfs"] = {"oid": _oid(content, is_large=True), "size": len(content), "pointerSize": 134}
    return entry


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def _serve(self) -> None:
        hub, length = self.hub, int(self.headers.get("Content-Length") or 0)
        hub.asked.append(f"{self.command} {self.path}")
        fault = hub.fault(self.command, self.path)
        if fault is not None and fault.cut and not fault.after:
            self.rfile.read(length // 2)
            self.connection.close()
            return
        body = self.rfile.read(length)
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        if fault is not None and fault.status is not None and not fault.after:
            self._send(fault.status, {"X-Error-Message": "as the test wants it", **fault.headers}, b"{}")
            return
        try:
            status, headers, content = hub.answer(self.command, self.path, self.headers, body)
        except Refused as error:
            headers = {"X-Error-Message": error.message, **({"X-Error-Code": error.code} if error.code else {})}
            status, content = error.status, json.dumps(error.body or {"error": error.message}).encode()
        if fault is not None and fault.after:
            if fault.status is not None:
                self._send(fault.status, dict(fault.headers), b"{}")
            self.connection.close()
            return
        self._send(status, headers, content)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        start, end = 0, len(content)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and status == 200:
            start, end = int(asked[1]), min(end, int(asked[2] or end - 1) + 1)
            status, headers = 206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[start:end])

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a connection that a test cut, or that the client dropped."""


@contextmanager
def serving() -> Iterator[Hub]:
    """A Hub of its own, at `endpoint`."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with _Server(("127.0.0.1", 0), handler) as server:
        hub.endpoint = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield hub
        server.shutdown()
