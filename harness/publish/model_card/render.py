"""A run's regenerated card, as a function of its record: rendering it twice gives the same bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.card import generated
from harness.card.references import Reference, is_data_of_hub, unpinned
from harness.domain import Experiment
from harness.errors import CardError
from harness.publish.model_card.eval_results import mean_of, source_of
from harness.publish.model_card.machine_block import Block, experiment_hash
from harness.publish.model_card.model_index import with_index
from harness.publish.model_card.section import section_lines
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.parts import Fingerprint
from harness.record.read import blaming_the_record, require_finished, seeds_of

_METRICS = {"exact": "exact_match", "f1": "f1"}  # ours, and the Hub's names for them


@dataclass(frozen=True, slots=True)
class Regenerated:
    """What a regenerated card is made from; `runs` are its seeds."""

    runs: tuple[Run, ...]
    experiment: Experiment
    concluded: Conclusion


def read(folder: Path) -> Regenerated:
    """A finished run, or a series of seeds; raises DataError or StoreError for what is neither."""
    record = Run.open(folder)
    runs = seeds_of(record)
    for run in runs:
        require_finished(run)
    with blaming_the_record(folder):
        return Regenerated(tuple(runs), runs[0].experiment, record.conclusion)


def render(made: Regenerated, licences: Mapping[str, str] | None = None, source: str | None = None) -> bytes:
    """The card of the run with what was measured, as UTF-8; `licences` are those of the models it was made from.

    `source` is where the record can be seen. Raises CardError where the front matter cannot be added to, or holds an
    open mark of ours.
    """
    run = made.runs[0]
    path = run.folder / "card.md"
    with blaming_the_record(run.folder):
        original = _text_of(path, run.read("card.md"))
        data, entry = index_entry(made, source)
        block = Block(
            experiment=experiment_hash(made.experiment),
            card_sha256=made.experiment.card_sha256,
            runs=tuple(one.identity.identity for one in made.runs),
            outcome=made.concluded.judgement.outcome,
            rule=made.concluded.judgement.rule,
            verdicts=made.concluded.judgement.verdicts,
            measurements=made.concluded.measurements,
        )
        lines = section_lines(made.experiment, made.concluded, run.environment, block, licences or {}, run.deviations)
    text = with_index(original, entry, data, str(path)) if entry else original
    return with_section(text, lines).encode()


def with_section(text: str, lines: Sequence[str]) -> str:
    """The text with our section where it was before, else at its end, in the line ends of the text."""
    end = generated.line_end_of(text)
    section = "".join(f"{line}{end}" for line in lines)
    before = generated.lines_of(text)
    region = next((one for one in generated.regions(before) if not one.is_header), None)
    if region is not None:
        return "".join([*before[: region.first], section, *before[region.last + 1 :]])
    is_open = bool(before) and not before[-1].endswith(("\n", "\r"))
    is_blank = not before or not before[-1].strip("\r\n \t")
    return text + end * is_open + end * (not is_blank) + section


def _text_of(path: Path, content: bytes) -> str:
    text = content.decode("utf-8")
    n_open = sum(line.strip("\r\n") == generated.BEGIN for line in generated.lines_of(text))
    n_sections = sum(not region.is_header for region in generated.regions(generated.lines_of(text)))
    if n_open != n_sections or n_sections > 1:
        what = f"holds {n_open} openings of a section of ours and {n_sections} whole ones; leave one whole, or none"
        raise CardError(path, None, what)
    return text


def index_entry(made: Regenerated, source: str | None) -> tuple[str, dict[str, Any]]:
    """The name of the evaluation data, and the index's entry for it; no entry where nothing was scored."""
    data = str(made.experiment.run.value("eval_data"))
    metrics = []
    for metric, kind in _METRICS.items():
        found = [one for one in made.concluded.measurements if one.metric == metric]
        if found:
            seeds = [one.seed for one in found]
            of = f"mean of {len(seeds)} seeds, " if len(seeds) > 1 else ""
            n = min(one.n for one in found)
            arguments = {"questions": n, "seeds": seeds, "signature": found[0].signature}
            name = f"{metric} ({of}{n:,} questions)"
            metrics.append({"type": kind, "name": name, "value": round(mean_of(found), 4), "args": arguments})
    if not metrics:
        return unpinned(data), {}
    dataset = _dataset(data, made.runs[0].inputs.eval_data)
    task = {"type": "question-answering", "name": "Question Answering"}
    result = {"task": task, "dataset": dataset, "metrics": metrics, **({"source": source_of(source)} if source else {})}
    return unpinned(data), {"name": made.experiment.name, "results": [result]}


def _dataset(data: str, fingerprint: Fingerprint) -> dict[str, Any]:
    """How the index names data: one of the Hub with configuration, split and revision, a file by its name and hash."""
    of_hub = Reference("hub", data)
    if is_data_of_hub(data):
        repo, config = "/".join(of_hub.repo.split("/")[:2]), of_hub.repo.rpartition("/")[2]
        revision = {"revision": fingerprint["revision"]} if fingerprint.get("revision") else {}
        return {"type": repo, "name": config, "config": config, "split": of_hub.split, **revision}
    file = re.sub(r"[^\w.-]", "-", re.split(r"[\\/]", data)[-1])
    return {"type": file, "name": file, "args": {"sha256": fingerprint.get("sha256", "")}}
