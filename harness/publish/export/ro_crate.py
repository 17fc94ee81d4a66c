"""A run as RO-Crate 1.2 metadata (ro-crate-metadata.json), by the profile Process Run Crate 0.5: one action a seed.

Specifications: w3id.org/ro/crate/1.2, w3id.org/ro/wfrun/process/0.5. Put it beside a copy of the record, whose files it
lists: the record itself holds nothing that its manifest does not name.
"""

import json
import mimetypes
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import __version__
from harness.card.references import Reference, is_data_of_hub
from harness.publish import privacy
from harness.publish.export.claim_records import ClaimRecord, records_of
from harness.publish.model_card import Regenerated
from harness.record import store
from harness.record.folder import Run
from harness.record.read import begun
from harness.report.verdict_rows import number, outcome_text

CRATE, PROFILE = "https://w3id.org/ro/crate/1.2", "https://w3id.org/ro/wfrun/process/0.5"
_CODE = "#harness"
_TYPES = {".jsonl": "application/jsonl", ".md": "text/markdown", ".sha256": "text/plain"}


def to_metadata(made: Regenerated) -> str:
    """Write the whole graph: the record's files, what went in, each run as an action, each claim as a value."""
    entities = [_descriptor(), _root(made), _profile(), _code(), *_inputs(made), *_claims(made), *_runs(made)]
    document = {"@context": f"{CRATE}/context", "@graph": privacy.clean_json(entities)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _reference(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def _descriptor() -> dict[str, Any]:
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": _reference("./"),
        "conformsTo": _reference(CRATE),
    }


def _root(made: Regenerated) -> dict[str, Any]:
    judgement, name = made.concluded.judgement, made.experiment.name
    card = made.runs[0].card
    licence = card.fact("license")
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Reproduction of {name}",
        "description": f"{outcome_text(judgement.outcome)}: {judgement.reason}",
        "datePublished": _published(made),
        "license": licence.value if licence else "not stated by the card",
        "conformsTo": _reference(PROFILE),
        "hasPart": [_reference(_place(made, run, path)) for run in made.runs for path in _files(run)],
        "mentions": [_reference(_action(run)) for run in made.runs],
    }


def _published(made: Regenerated) -> str:
    """The day of the last run, of its verdict where the folder does not say."""
    verdict = made.runs[-1].folder / store.VERDICT
    last = datetime.fromtimestamp(verdict.stat().st_mtime, tz=UTC)
    return max(begun(one) for one in made.runs)[:10] or last.date().isoformat()


def _profile() -> dict[str, Any]:
    return {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


def _code() -> dict[str, Any]:
    what = {"@id": _CODE, "@type": "SoftwareApplication", "name": "harness"}
    return {**what, "softwareVersion": __version__, "version": __version__}


def _inputs(made: Regenerated) -> Iterator[dict[str, Any]]:
    """Models and data, by what identifies them."""
    for name, fingerprint in made.runs[0].plain("inputs.json").items():
        named = str(made.experiment.run.get(name, name))
        at_hub = f"https://huggingface.co/datasets/{Reference('hub', named).repo}" if is_data_of_hub(named) else None
        known = [
            {"@type": "PropertyValue", "@id": f"#{name}-{key}", "propertyID": key, "value": value}
            for key, value in (fingerprint or {}).items()
        ]
        link = {"url": at_hub} if at_hub else {}
        yield {"@id": f"#{name}", "@type": "CreativeWork", "name": named, **link,
               "identifier": [_reference(one["@id"]) for one in known]}  # fmt: skip
        yield from known


def _claims(made: Regenerated) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(records_of(made)):
        yield {
            "@id": _claim(place),
            "@type": "PropertyValue",
            "name": one.metric,
            "value": "not measured" if one.measured is None else one.measured,
            "unitText": one.unit,
            "measurementTechnique": one.provenance.signature or "",
            "description": _said(one),
        }


def _said(one: ClaimRecord) -> str:
    if one.claimed is None:
        return f"{outcome_text(one.outcome)}: {one.reason}"
    claimed = f"claimed {number(one.claimed, one.unit)}"
    line = f" on line {one.provenance.line}" if one.provenance.line else ""
    return f"{claimed}{line} of the card; {outcome_text(one.outcome)} by rule {one.rule}: {one.reason}"


def _claim(place: int) -> str:
    return f"#claim-{place + 1}"


def _runs(made: Regenerated) -> Iterator[dict[str, Any]]:
    """Each run as an action, and the files of its record."""
    n_claims = len(records_of(made))
    named = made.runs[0].plain("inputs.json")
    for run in made.runs:
        files = [*_files(run)]
        results = [_place(made, run, path) for path in files if path.parts[0] in (store.EVALUATION, store.VERDICT)]
        card = _place(made, run, Path("card.md"))
        yield {
            "@id": _action(run),
            "@type": "CreateAction",
            "name": f"{made.experiment.recipe} of {made.experiment.name}, seed {run.settings.seed}",
            "instrument": _reference(_CODE),
            "object": [_reference(card), *(_reference(f"#{name}") for name in named)],
            "result": [*map(_reference, results), *(_reference(_claim(place)) for place in range(n_claims))],
            **({"startTime": begun(run)} if begun(run) else {}),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }
        for path in files:
            yield {
                "@id": _place(made, run, path),
                "@type": "File",
                "name": path.as_posix(),
                "contentSize": str(len(run.read(path.as_posix()))),
                "encodingFormat": _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain",
                "sha256": run.sha256(path.as_posix()),
            }


def _action(run: Run) -> str:
    return f"#{run.folder.resolve().name}"


def _files(run: Run) -> list[Path]:
    """The record's files, its verdict among them, by their paths in it."""
    return sorted(map(Path, (*run.names(), store.MANIFEST, store.VERDICT)))


def _place(made: Regenerated, run: Run, path: Path) -> str:
    """Where a file lies in the crate: as in the run's folder, or below the runs' names where there are several."""
    return (path if len(made.runs) == 1 else Path(run.folder.resolve().name) / path).as_posix()
