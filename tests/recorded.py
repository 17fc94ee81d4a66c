"""A small finished run, made without training: what the harness writes for eight questions of the pocket card."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.card.read import read_card
from harness.card.references import PACKAGE
from harness.domain import Experiment
from harness.judge import conditions, verdict
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.qa import official_squad, squad, token_index
from harness.qa.rules import rules_of
from harness.qa.signature import signature_of
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.parts import RunEnvironment, ScoredAnswer
from harness.record.read import identity_of

ROOT = Path(__file__).parents[1]
POCKET = ROOT / "tests" / "cards" / "pocket.md"
QUESTIONS = PACKAGE / "pocket" / "squad.json"
N_QUESTIONS = 8
N_STEPS = 4


def make_run(
    folder: Path,
    *,
    wrong: Sequence[int] = (1, 6),
    seed: int | None = None,
    limit: int | None = N_QUESTIONS,
    eval_data: str | None = None,
    described: Path | None = None,
    tolerance: Mapping[str, float] | None = None,
    rule: str | None = None,
    is_silent: bool = False,
) -> Path:
    """A run in which the questions at the places `wrong` are answered wrongly; every other answer is a gold one.

    With `is_silent` no question is answered at all.
    `eval_data` is a name to give the same questions, one of the Hub; `described` is the pocket card, or a copy.
    """
    described = described or POCKET
    own = read_card(described)
    options = Options(
        limit=limit, seed=seed, eval=eval_data, is_measuring=not own.claims, tolerance=tolerance or {}, rule=rule
    )
    experiment = plan(own, options)
    data = {"sha256": store.sha256_of(QUESTIONS)}
    inputs = {"student": {"config.json": "ab" * 32}, "train_data": data, "eval_data": data}
    machine = environment.describe()
    folder.mkdir(parents=True)
    (folder / "card.md").write_bytes(described.read_bytes())
    store.write_json(folder / "experiment.json", experiment)
    store.write_json(folder / "inputs.json", inputs)
    store.write_json(folder / "environment.json", RunEnvironment(machine=machine, device="cpu", threads=1))
    identity = identity_of(store.to_json(experiment), inputs, machine.code)
    store.write_json(
        folder / "identity.json",
        {"schema_version": store.SCHEMA_VERSION, "identity": identity, "rule": conditions.rule_hash(experiment)},
    )
    for stage in experiment.stages:
        _write_stage(folder / "stages" / stage.name)
    _write_evaluation(folder / "evaluation", experiment, data, wrong, limit, is_silent=is_silent)
    store.write_verdict(folder, verdict.conclude([Run.open(folder)]))
    return folder


def _write_stage(folder: Path) -> None:
    steps = [{"step": n + 1, "epoch": n // 2, "learning_rate": 1e-3, "loss": 1 / (n + 3)} for n in range(N_STEPS)]
    store.write_lines(folder / "train.jsonl", [json.dumps(step) + "\n" for step in steps])
    store.write_text(folder / "student" / "model.safetensors", "weights of a toy")
    loss = math.fsum(step["loss"] for step in steps[-2:]) / 2
    weights = {"model.safetensors": store.sha256_of(folder / "student" / "model.safetensors")}
    log = {"n_steps": N_STEPS, "terms": {"loss": loss}}
    store.write_json(folder / "stage.json", {"log": log, "dropped": [], "seconds": 1.5, "weights": weights})


def _write_evaluation(
    folder: Path,
    experiment: Experiment,
    data: dict[str, str],
    wrong: Sequence[int],
    limit: int | None,
    *,
    is_silent: bool = False,
) -> None:
    paragraphs = list(squad.first_questions(squad.read_squad(QUESTIONS), limit))
    places = {q.id: {"article": p.title, "paragraph": n} for n, p in enumerate(paragraphs) for q in p.questions}
    questions = [q for p in paragraphs for q in p.questions]
    answers = {
        q.id: "nothing of the kind" if place in wrong else (q.answers[0].text if q.answers else "")
        for place, q in enumerate(questions)
    }
    answers = dict.fromkeys(answers, "") if is_silent else answers
    scores = official_squad.score_under(
        rules_of(experiment.evaluation), [(q.id, [a.text for a in q.answers]) for q in questions], answers
    )
    by_token = [token_index.TokenScore(one.id, one.has_answer, one.exact, one.f1) for one in scores]
    rows = [
        ScoredAnswer(
            **store.to_json(one), **places[one.id], token_exact=one.exact, token_f1=one.f1, span_over_null=0.25
        )
        for one in scores
    ]
    store.write_json(folder / "predictions.json", answers)
    store.write_lines(
        folder / "per_question.jsonl", [json.dumps(store.to_json(row), ensure_ascii=False) + "\n" for row in rows]
    )
    settings, n = experiment.evaluation, len(scores)
    by_index = {
        "signature": signature_of(settings, n, data, scorer="token-index"),
        "scores": token_index.summarise(by_token),
        "dropped": [],
    }
    signature = signature_of(settings, n, data, scorer="official")
    metrics = {"signature": signature, "scores": official_squad.summarise(scores), "token_index": by_index}
    store.write_json(folder / "metrics.json", metrics)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Changes a JSON file of a record, or a baseline, in place."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    store.write_json(path, plain)
