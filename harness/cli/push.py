"""harness push RUN --repo ORG/NAME"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.card import generated
from harness.errors import DataError
from harness.record import store
from harness.report.printable import printable

if TYPE_CHECKING:
    from harness.publish.bundle import Publication
    from harness.publish.upload import Pushed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run_folder", type=Path, metavar="RUN", help="folder of a finished run")
    add("--repo", required=True, metavar="ORG/NAME", help="model repository; made where there is none")
    what = "data set repository that keeps records: gets this one too, in a commit before, and the card links to it"
    add("--results-repo", metavar="ORG/NAME", help=what)
    add("--dry-run", action="store_true", help="list what would be pushed, and stop; needs no token")
    add("--private", action="store_true", help="make the repository private")
    add("--create-pr", action="store_true", help="open a pull request in place of a commit")
    add("--revision", metavar="BRANCH", help="branch to commit to, which must be there (default: main)")
    add("--commit-message", metavar="TEXT", help="default: what the run is and came to")
    add("--allow-verdict", action="store_true", help="push a run that is invalid or limited, and so judges nothing")
    add("--accept-license", action="store_true", help="push although a licence is unknown or forbids derivatives")


def run(arguments: argparse.Namespace) -> int:
    # Here and below, because a verdict's statistics and the Hub's client take longer to load than other commands run.
    from harness.publish import upload
    from harness.publish.bundle import publication_of

    upload.check_repo_name("--repo", arguments.repo)
    records = None
    if arguments.results_repo is not None:
        upload.check_repo_name("--results-repo", arguments.results_repo)
        records = upload.address_of(arguments.results_repo, "dataset")
    if arguments.commit_message is not None and not arguments.commit_message.strip():
        raise DataError("--commit-message", "", "is empty")
    publication = publication_of(
        arguments.run_folder,
        repo=arguments.repo,
        allow_verdict=arguments.allow_verdict,
        accept_license=arguments.accept_license,
        records=records,
        task_of=upload.benchmark_task,
    )
    for said in publication.refused:
        print(printable(f"harness: the Hub would refuse this card, {said}"), file=sys.stderr)
    if arguments.dry_run:
        print(_json(publication, arguments) if arguments.json else _text(publication, arguments))
        return 0
    if not upload.has_token():
        raise DataError(arguments.repo, "", "no token to push with; log in with `hf auth login`, or set HF_TOKEN")
    kept = None if arguments.results_repo is None else _push_record(publication, arguments)
    pushed = _push(publication, arguments)
    if arguments.json:
        print(_json(publication, arguments, pushed, kept))
        return 0
    for one in filter(None, (kept, pushed)):
        if one.changed:
            print(f"pushed {len(one.changed)} files in one commit: {one.url}")
        else:
            print(f"nothing to push: {one.url} holds all of it as it is here")
    return 0


def _push(publication: "Publication", arguments: argparse.Namespace) -> "Pushed":
    from harness.publish import upload
    from harness.publish.bundle import RECORD

    said = f"{publication.name}: {publication.outcome.replace('_', ' ')}"
    how = upload.Push(
        repo_id=arguments.repo,
        folder=RECORD,
        message=arguments.commit_message or f"Push the student, card and record of {said}",
        private=arguments.private,
        create_pr=arguments.create_pr,
        revision=arguments.revision,
    )
    return upload.push(publication.files, how)


def _push_record(publication: "Publication", arguments: argparse.Namespace) -> "Pushed":
    from harness.publish import upload

    how = upload.Push(
        repo_id=arguments.results_repo,
        folder=publication.folder,
        message=arguments.commit_message or f"Keep the record {publication.folder}",
        repo_type="dataset",
        private=arguments.private,
    )
    return upload.push(publication.record(), how)


def _text(publication: "Publication", arguments: argparse.Namespace) -> str:
    listed = list(publication.listed())
    width = max(len(name) for name, _, _ in listed)
    section = publication.card.partition(generated.BEGIN)[2].partition(generated.END)[0].partition("<details>")[0]
    lines = [
        f"to {arguments.repo}, in one commit:",
        *(f"  {name:{width}}  {size:>12,}  {sha256}" for name, size, sha256 in listed),
        f"{len(listed)} files, {sum(size for _, size, _ in listed):,} bytes",
        *_kept(publication, arguments.results_repo),
        *(f"cleaned of paths, hosts and tokens: {name}" for name in publication.cleaned),
        *(f"licence of the {name}: {licence}" for name, licence in publication.licences.items()),
        "",
        "the card will say:",
        *section.splitlines(),
    ]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _kept(publication: "Publication", results_repo: str | None) -> list[str]:
    if results_repo is None:
        return []
    return [f"the record's {len(publication.record())} files also to data set {results_repo}, in {publication.folder}"]


def _json(
    publication: "Publication",
    arguments: argparse.Namespace,
    pushed: "Pushed | None" = None,
    kept: "Pushed | None" = None,
) -> str:
    document = {
        "schema_version": store.SCHEMA_VERSION,
        "repo": arguments.repo,
        "results_repo": arguments.results_repo,
        "outcome": publication.outcome,
        "files": [{"path": name, "size": size, "sha256": sha256} for name, size, sha256 in publication.listed()],
        "cleaned": publication.cleaned,
        "licences": publication.licences,
        "card": publication.card,
        "pushed": pushed,
        "record_pushed": kept,
    }
    return json.dumps(store.to_json(document), indent=1, ensure_ascii=False)
