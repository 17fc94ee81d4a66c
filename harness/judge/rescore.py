"""A recorded evaluation worked out again: from answers and gold answers to scores, from scores to sums. No torch.

Scores by text are official ones. Scores by token need the predicted spans, which a record does not hold: they are
summed again, question by question they are taken as recorded.
"""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.card.references import data_reference
from harness.domain import Experiment
from harness.errors import DataError
from harness.qa import official_squad
from harness.qa.signature import signature_of
from harness.qa.squad import Paragraph, first_questions, read_json
from harness.record import store
from harness.record.read import read_experiment, read_rows

OFFICIAL = tuple(field.name for field in dataclasses.fields(official_squad.QuestionScore))


def find_golds(run: Path, experiment: Experiment, eval_file: Path | None) -> tuple[list[Paragraph] | None, str]:
    """The evaluation questions of a run, or None and why they are not to be had.

    Raises DataError for an `eval_file` that is another file than the recorded one. For data of the Hub a record holds
    the revision alone: any file of its questions is taken, and has to give the recorded scores.
    """
    recorded = store.read_json(run / "inputs.json")["eval_data"].get("sha256")
    path, what = eval_file, ""
    if path is None:
        setting = next(one for one in experiment.run.settings if one.name == "eval_data")
        here = Path(experiment.card_path).parent
        path = data_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden").path
        what = f"{setting.value} is not here; give it with --eval FILE"
        if path is None or not path.is_file():
            return None, what
    if not path.is_file():
        raise DataError(path, "", "no such file; give the SQuAD-format file that the run was evaluated on")
    sha256 = store.sha256_of(path)
    if recorded is not None and sha256 != recorded:
        if eval_file is None:
            return None, f"{path} is another file by now; give the one it was with --eval FILE"
        raise DataError(path, "", f"sha256 {sha256[:12]}…, the run was evaluated on {recorded[:12]}…; give that file")
    limit = next((one.value for one in experiment.run.settings if one.name == "limit"), None)
    return list(first_questions(read_json(path), limit if isinstance(limit, int) else None)), ""


def check(run: Path, folder: Path, golds: Sequence[Paragraph] | None) -> Iterator[str]:
    """What is wrong with predictions.json, per_question.jsonl and metrics.json of one scored model, file by file."""
    answers, rows = store.read_json(folder / "predictions.json"), read_rows(folder)
    here = folder.name
    if (folder / "predictions.json").read_bytes() != store.json_text(answers).encode():
        yield f"{here}/predictions.json: is not written as the harness writes it"
    if [row["id"] for row in rows] != list(answers):
        yield f"{here}/per_question.jsonl: is not of the questions of predictions.json, in their order"
        return
    scored = _rescored(rows, answers, golds)
    wrong = [row["id"] for row, again in zip(rows, scored, strict=True) if row != again]
    if wrong:
        yield f"{here}/per_question.jsonl: {len(wrong)} questions score otherwise (first: {wrong[0]})"
    elif (folder / "per_question.jsonl").read_bytes() != "".join(map(_line, scored)).encode():
        yield f"{here}/per_question.jsonl: is not written as the harness writes it"
    yield from _check_metrics(run, folder, scored)


def _rescored(
    rows: Sequence[Mapping[str, Any]], answers: Mapping[str, str], golds: Sequence[Paragraph] | None
) -> list[dict[str, Any]]:
    """The rows with their official part worked out again; without gold answers only the answer is put in again."""
    if golds is None:
        return [{**row, "prediction": answers[row["id"]]} for row in rows]
    questions = itertools.chain.from_iterable(paragraph.questions for paragraph in golds)
    texts = {question.id: [answer.text for answer in question.answers] for question in questions}
    if set(texts) != set(answers):
        n_missing, n_extra = len(set(texts) - set(answers)), len(set(answers) - set(texts))
        raise ValueError(f"predictions.json lacks {n_missing} of the evaluation questions, and has {n_extra} others")
    scores = official_squad.score_questions([(name, texts[name]) for name in answers], answers)
    return [{**row, **store.to_json(score)} for row, score in zip(rows, scores, strict=True)]


def _check_metrics(run: Path, folder: Path, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    path = folder / "metrics.json"
    recorded, data = store.read_json(path), store.read_json(run / "inputs.json")["eval_data"]
    settings = read_experiment(run).evaluation
    scores = [official_squad.QuestionScore(**{name: row[name] for name in OFFICIAL}) for row in rows]
    by_token = _token_index(recorded["token_index"], rows)
    n_by_token = len(rows) - len(by_token["dropped"])
    again = {
        **recorded,
        "signature": signature_of(settings, len(rows), data, scorer="official2.0"),
        "scores": official_squad.summarise(scores),
        "token_index": {**by_token, "signature": signature_of(settings, n_by_token, data, scorer="token-index")},
    }
    was = dict(_leaves(recorded))
    for name, value in _leaves(again):
        if was.get(name) != value:
            yield f"{folder.name}/metrics.json: {name} is {was.get(name)}, the questions and settings give {value}"
    if path.read_bytes() != store.json_text(again).encode():
        yield f"{folder.name}/metrics.json: is not, byte for byte, what the questions and settings give"


def _token_index(recorded: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Its sums over all questions; which of them have an answer in a window, only the weights' tokens can tell."""
    scored = [row for row in rows if row["token_exact"] is not None]
    sums = dict(recorded["scores"])
    if scored:
        sums["exact"] = 100.0 * sum(row["token_exact"] for row in scored) / len(scored)
        sums["f1"] = 100.0 * float(np.mean([row["token_f1"] for row in scored]))
        sums["total"] = len(scored)
    return {**recorded, "scores": sums, "dropped": [row["id"] for row in rows if row["token_exact"] is None]}


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
