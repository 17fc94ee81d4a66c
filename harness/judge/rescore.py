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
from harness.errors import DataError
from harness.qa import official_squad
from harness.qa.rules import rules_of
from harness.qa.signature import signature_of
from harness.qa.squad import Paragraph, first_questions, read_squad
from harness.record import store
from harness.record.folder import Evaluation, Run
from harness.record.parts import Metrics, ScoredAnswer, TokenIndex

OFFICIAL = tuple(field.name for field in dataclasses.fields(official_squad.QuestionScore))


def find_golds(run: Run, eval_file: Path | None) -> tuple[list[Paragraph] | None, str]:
    """The evaluation questions of a run, or None and why they are not to be had.

    Raises DataError for an `eval_file` that is another file than the recorded one. For data of the Hub a record holds
    the revision alone: any file of its questions is taken, and has to give the recorded scores.
    """
    experiment, recorded = run.experiment, run.inputs.eval_data.get("sha256")
    path, what = eval_file, ""
    if path is None:
        setting = experiment.run["eval_data"]
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
    return list(first_questions(read_squad(path), run.settings.limit)), ""


def check(model: Evaluation, golds: Sequence[Paragraph] | None) -> Iterator[str]:
    """What is wrong with predictions.json, per_question.jsonl and metrics.json of one scored model, file by file."""
    given, answers, here = model.predictions, model.answers, model.name
    if model.run.read(f"{here}/{store.PREDICTIONS}") != store.json_text(given).encode():
        yield f"{here}/predictions.json: is not written as the harness writes it"
    if [one.id for one in answers] != list(given):
        yield f"{here}/per_question.jsonl: is not of the questions of predictions.json, in their order"
        return
    scored = _rescored(answers, given, golds, rules_of(model.run.experiment.evaluation))
    yield from _impossible(model, answers)
    wrong = [one.id for one, again in zip(answers, scored, strict=True) if one != again]
    if wrong:
        yield f"{here}/per_question.jsonl: {len(wrong)} questions score otherwise (first: {wrong[0]})"
    elif model.run.read(f"{here}/{store.ANSWERS}") != "".join(map(_line, scored)).encode():
        yield f"{here}/per_question.jsonl: is not written as the harness writes it"
    yield from _check_metrics(model, scored)


def _impossible(model: Evaluation, answers: Sequence[ScoredAnswer]) -> Iterator[str]:
    """Margins and scores by token that no logits can have given beside these answers.

    What a margin means is the protocol's: by how much the best span beats no answer. An empty answer is right by token
    where there is none, or where no window holds one: of these the sums say how many there are.
    """
    settings, name = model.run.experiment.evaluation, f"{model.name}/{store.ANSWERS}"
    threshold = float(settings.get("null_score_diff_threshold", 0.0))
    is_haystack = settings.value("protocol") == "haystack"
    has_no_answers = settings.get("version_2_with_negative", True)  # else every question gets an answer
    if settings.get("ranking") == "score" if is_haystack else has_no_answers:
        wrong = [one.id for one in answers if one.span_over_null is not None
                 and _is_against(one.prediction, one.span_over_null, threshold, is_haystack=is_haystack)]  # fmt: skip
        if wrong:
            yield f"{name}: {len(wrong)} answers are not what their margin over no answer gives (first: {wrong[0]})"
    scored = [one for one in answers if one.token_exact is not None]
    unlabelled = sum(one.has_answer for one in scored) - int(
        model.metrics.token_index.scores.get("text_answer_total", 0)
    )
    empty = [one.id for one in scored if one.has_answer and one.token_exact and not one.prediction]
    if len(empty) > unlabelled:
        yield f"{name}: {len(empty)} empty answers are right by token where there is an answer (first: {empty[0]})"


def _is_against(answer: str, margin: float, threshold: float, *, is_haystack: bool) -> bool:
    """Whether an answer is not what its margin gives; Haystack strips a span, which may leave nothing of it."""
    if is_haystack:
        return bool(answer) and margin <= 0
    return bool(answer) == (margin < -threshold)


def _rescored(
    answers: Sequence[ScoredAnswer], given: Mapping[str, str], golds: Sequence[Paragraph] | None, rules: str
) -> list[ScoredAnswer]:
    """The answers with their official part worked out again; without gold ones only the text is put in again."""
    if golds is None:
        return [dataclasses.replace(one, prediction=given[one.id]) for one in answers]
    questions = itertools.chain.from_iterable(paragraph.questions for paragraph in golds)
    texts = {question.id: [answer.text for answer in question.answers] for question in questions}
    if set(texts) != set(given):
        n_missing, n_extra = len(set(texts) - set(given)), len(set(given) - set(texts))
        raise ValueError(f"predictions.json lacks {n_missing} of the evaluation questions, and has {n_extra} others")
    scores = official_squad.score_under(rules, [(name, texts[name]) for name in given], given)
    return [
        dataclasses.replace(one, **{name: getattr(score, name) for name in OFFICIAL})
        for one, score in zip(answers, scores, strict=True)
    ]


def _check_metrics(model: Evaluation, answers: Sequence[ScoredAnswer]) -> Iterator[str]:
    recorded, run, name = model.metrics, model.run, f"{model.name}/metrics.json"
    settings, data = run.experiment.evaluation, run.inputs.eval_data
    scores = [official_squad.QuestionScore(**{field: getattr(one, field) for field in OFFICIAL}) for one in answers]
    by_token, dropped = _token_index(recorded.token_index.scores, answers)
    n_by_token = len(answers) - len(dropped)
    again = Metrics(
        signature=signature_of(settings, len(answers), data, scorer="official"),
        scores=official_squad.summarise(scores),
        token_index=TokenIndex(signature_of(settings, n_by_token, data, scorer="token-index"), by_token, dropped),
    )
    was = dict(_leaves(store.to_json(recorded)))
    for leaf, value in _leaves(store.to_json(again)):
        if was.get(leaf) != value:
            yield f"{name}: {leaf} is {was.get(leaf)}, the questions and settings give {value}"
    if run.read(name) != store.json_text(again).encode():
        yield f"{name}: is not, byte for byte, what the questions and settings give"


def _token_index(
    recorded: Mapping[str, int | float], answers: Sequence[ScoredAnswer]
) -> tuple[dict[str, int | float], tuple[str, ...]]:
    """Its sums over all questions, and those without a score; which of them have an answer in a window, only the
    weights' tokens can tell."""
    exact = [one.token_exact for one in answers if one.token_exact is not None]
    sums = dict(recorded)
    if exact:
        sums["exact"] = 100.0 * sum(exact) / len(exact)
        sums["f1"] = 100.0 * float(np.mean([one.token_f1 for one in answers if one.token_exact is not None]))
        sums["total"] = len(exact)
    return sums, tuple(one.id for one in answers if one.token_exact is None)


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _line(answer: ScoredAnswer) -> str:
    return json.dumps(store.to_json(answer), ensure_ascii=False) + "\n"
