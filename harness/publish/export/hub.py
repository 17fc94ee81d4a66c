"""What was measured as the Hub reads it: community evaluations (.eval_results/*.yaml), and a card's model-index.

Formats: huggingface.co/docs/hub/eval-results; the model card specification of hub-docs. Both have a place for what was
measured and none for what was claimed, so the claim and what came of it stand in the notes. Neither is ever marked
verified: nobody but harness has looked.
"""

from typing import Any

import yaml

from harness.card.references import Reference, is_data_of_hub
from harness.errors import DataError
from harness.publish import privacy
from harness.publish.export.claim_records import ClaimRecord, records_of
from harness.publish.model_card import Regenerated, index_entry
from harness.report.verdict_rows import number, outcome_text, tolerance_text

_JUDGES_NOTHING = ("limited", "invalid")
_TASKS = {"exact": "exact_match", "f1": "f1"}  # ours, and the Hub's names of the metrics


def to_eval_results(made: Regenerated) -> str:
    """Write an entry for each score; its task is the metric, which a registered benchmark may call otherwise.

    Raises DataError where the data are not the Hub's, or the run judges nothing.
    """
    judgement, data = made.concluded.judgement, str(made.experiment.run.value("eval_data"))
    folder = made.runs[0].folder
    if not is_data_of_hub(data):
        what = f"was scored on {privacy.clean(data)}, which is no data set of the Hub; use --format claims.jsonl"
        raise DataError(folder, "", what)
    if judgement.outcome in _JUDGES_NOTHING:
        raise DataError(folder, "", f"is {judgement.outcome} ({judgement.reason}): it is no result to give away")
    revision = made.runs[0].inputs.eval_data.get("revision")
    entries = [_entry(one, Reference("hub", data).repo, revision) for one in records_of(made) if one.metric in _TASKS]
    return _yaml([one for one in entries if one["value"] is not None])


def to_model_index(made: Regenerated) -> str:
    """Write the front matter's model-index alone, as the regenerated card has it."""
    _, entry = index_entry(made, None)
    if not entry:
        raise DataError(made.runs[0].folder, "", "measured neither exact nor f1: there is nothing to index")
    return _yaml({"model-index": [privacy.clean_json(entry)]})


def _entry(one: ClaimRecord, repo: str, revision: str | None) -> dict[str, Any]:
    dataset = {"id": repo, "task_id": _TASKS[one.metric], **({"revision": revision} if revision else {})}
    date = max(one.provenance.begun)
    return {
        "dataset": dataset,
        "value": None if one.measured is None else round(one.measured, 4),
        **({"date": date} if date else {}),
        "notes": "; ".join(_notes(one)),
    }


def _notes(one: ClaimRecord) -> list[str]:
    """Put the claim and the conditions into words."""
    said = [f"{one.metric} in points, {one.n:,} questions" if one.n else f"{one.metric} in points"]
    said.append(f"seed{'s' * (len(one.seeds) != 1)} {' '.join(map(str, one.seeds))}")
    if one.claimed is not None and one.tolerance is not None:
        claim = f"{number(one.claimed, one.unit)} {tolerance_text(one.tolerance, one.unit)}"
        said.append(f"the card claims {claim}: {outcome_text(one.outcome)} by rule {one.rule}")
    said += [one.provenance.signature] if one.provenance.signature else []
    return [*said, f"identity {' '.join(each[:16] for each in one.provenance.identities)}"]


def _yaml(thing: Any) -> str:
    return yaml.safe_dump(thing, sort_keys=False, allow_unicode=True, width=10**6)
