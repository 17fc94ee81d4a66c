"""A run's regenerated card, as a function of its record: rendering it twice gives the same bytes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.card import generated, metadata
from harness.card.read import card_of
from harness.card.references import Reference, is_data_of_hub, unpinned
from harness.domain import Experiment
from harness.errors import CardError
from harness.publish.model_card.eval_results import mean_of, source_of
from harness.publish.model_card.machine_block import Block, experiment_hash
from harness.publish.model_card.model_index import with_index
from harness.publish.model_card.section import section_lines
from harness.qa import registered
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


def render(
    made: Regenerated,
    licences: Mapping[str, str] | None = None,
    source: str | None = None,
    *,
    repo: str | None = None,
    absent: Sequence[str] = (),
) -> bytes:
    """The card of the run with what was measured, as UTF-8; `licences` are those of the models it was made from.

    `source` is where the record can be seen, `repo` where on the Hub the card will stand, `absent` are files that it
    names and that will not stand beside it. Raises CardError where the front matter cannot be added to, or holds an
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
        lines = section_lines(
            made.experiment, made.concluded, run.environment, block, licences or {}, run.deviations,
            repo=repo, absent=[*absent, *_local_data(made)],
        )  # fmt: skip
    text = with_index(original, entry, data, str(path)) if entry else original
    return with_section(text, lines).encode()


def refused(card: bytes) -> Iterator[str]:
    """What the Hub would not take of a card's metadata, each with its line."""
    for note in metadata.refused(card_of(Path("README.md"), card)):
        yield f"line {note.line or 1}: {note.text}"


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
    data = _data_of(made)
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
    dataset = _dataset(
        data, min(one.n for one in made.concluded.measurements if one.metric in _METRICS), made.runs[0].inputs.eval_data
    )
    task = {"type": "question-answering", "name": "Question Answering"}
    result = {"task": task, "dataset": dataset, "metrics": metrics, **({"source": source_of(source)} if source else {})}
    return unpinned(data), {"name": made.experiment.name, "results": [result]}


def _data_of(made: Regenerated) -> str:
    """The evaluation data by their name; a file whose content is a registered data set by that one's."""
    data, fingerprint = str(made.experiment.run.value("eval_data")), made.runs[0].inputs.eval_data
    if is_data_of_hub(data):
        return data
    return next((name for name, one in registered.REGISTERED.items() if registered.is_of(fingerprint, one)), data)


def _dataset(data: str, n: int, fingerprint: Fingerprint) -> dict[str, Any]:
    """How the index names data: one of the Hub with configuration, split and revision, a file by what it holds."""
    if is_data_of_hub(data):
        of_hub = Reference("hub", data)
        name = of_hub.repo.rpartition("/")[2]
        revision = {"revision": fingerprint["revision"]} if fingerprint.get("revision") else {}
        return {"type": of_hub.repo, "name": name, "config": of_hub.config or name, "split": of_hub.split, **revision}
    arguments = {"args": {"sha256": fingerprint.get("sha256", "")}}
    return {"type": "squad-form", "name": f"{n:,} questions in SQuAD form", **arguments}


def _local_data(made: Regenerated) -> Iterator[str]:
    """Data that are files of the machine that ran it, by name and hash: what the card's command reads."""
    inputs = made.runs[0].inputs
    for name, fingerprint in (("train_data", inputs.train_data), ("eval_data", inputs.eval_data)):
        data = str(made.experiment.run.value(name))
        if not data.startswith("package:") and not is_data_of_hub(data):
            file = re.split(r"[\\/]", data)[-1].replace("`", "'")
            yield f"`{file}` ({name}), sha256 `{fingerprint.get('sha256', '')}`"
