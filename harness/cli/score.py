"""harness score WEIGHTS|CARD, and harness score --predictions FILE --eval FILE"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.card.references import HUB_QUESTIONS, data_named
from harness.domain import Card
from harness.errors import PlanError
from harness.plan.defaults import EVALUATIONS
from harness.record import environment
from harness.run.cards import card_on_hub_if_any, find_card, name_on_hub, shipped

if TYPE_CHECKING:
    from harness.qa.protocol_matrix import Matrix

_ALL = "all"
_OF_MODEL: Mapping[str, object] = {"protocol": _ALL, "set": [], "limit": None, "device": None, "offline": False}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("weights", nargs="?", metavar="WEIGHTS|CARD", help="model folder, Hub id, or a card for its own weights")
    add("--eval", type=Path, metavar="FILE", help="SQuAD-format questions (default: the card's, else SQuAD 2.0 dev)")
    add("--protocol", choices=(*EVALUATIONS, _ALL), default=_ALL, help="how answers are chosen (default: all)")
    add("--card", metavar="CARD", help="card whose claims the scores are compared with")
    add("--set", metavar="evaluation.NAME=VALUE", action="append", default=[], help="override one setting; repeatable")
    add("--offline", action="store_true", help="ask the Hub nothing: what it gave before, or an error")
    add("--limit", type=int, metavar="N", help="only the first N questions; LIMITED, and compared with no claim")
    add("--device", choices=("cpu",), help="stay on the CPU, however long it takes")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where records go (default: results)")
    add("--predictions", type=Path, metavar="FILE", help="score this file in place of a model: ids and texts, n-best")
    what = "official rules for a prediction file (default: 2.0); under 1.1 a missing one scores 0"
    add("--squad-version", choices=("1.1", "2.0"), default="2.0", help=what)
    add("--na-prob", type=Path, metavar="FILE", help="its no-answer probabilities, or run_qa's null odds")
    add("--na-prob-thresh", type=float, metavar="X", help="unanswered above it (default: 1, so none; of null odds 0)")


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    if arguments.offline:
        environment.go_offline()
    from harness.report.text import score  # here, as all below: what scores loads NumPy, and a model torch

    if arguments.predictions is not None:
        matrix, record = _score_file(arguments), None
    else:
        matrix, folder = _score_model(arguments)
        record = str(folder)
    print(score.to_json_text(matrix, record) if arguments.json else score.to_text(matrix, record))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    problems = []
    is_v1 = arguments.squad_version == "1.1"
    if is_v1 and (arguments.predictions is None or arguments.na_prob is not None):
        problems.append("--squad-version 1.1 goes with --predictions, and knows no --na-prob")
    of_file = {"--na-prob": arguments.na_prob, "--na-prob-thresh": arguments.na_prob_thresh}
    if (arguments.weights is None) == (arguments.predictions is None):
        problems.append("give either WEIGHTS (or a CARD), or --predictions FILE")
    if arguments.predictions is None:
        problems += [f"{name} goes with --predictions" for name, value in of_file.items() if value is not None]
    else:
        given = [name for name, usual in _OF_MODEL.items() if getattr(arguments, name) != usual]
        problems += [f"--{name} has no part in scoring a prediction file" for name in given]
        if arguments.eval is None:
            problems.append("--predictions needs the questions it answers: --eval FILE")
    threshold = arguments.na_prob_thresh
    if threshold is not None and (arguments.na_prob is None or math.isnan(threshold)):
        problems.append(f"--na-prob-thresh {threshold}: expected a number, and --na-prob FILE")
    if arguments.limit is not None and arguments.limit < 1:
        problems.append(f"--limit {arguments.limit}: expected a positive number of questions")
    if problems:
        raise PlanError(problems)


def _setting(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip() or not value.strip():
        raise PlanError([f"--set {text}: expected evaluation.NAME=VALUE"])
    return name.strip(), value.strip()


def _card_of(arguments: argparse.Namespace) -> Card | None:
    return find_card(arguments.card) if arguments.card else None


def _declared_questions(card: Card | None) -> int | None:
    """How many questions the data set has that the card's claims are about; None where that is not known."""
    fact = card.fact("eval_data") if card else None
    return HUB_QUESTIONS.get(data_named(fact.value, "validation") or "") if fact else None


def _score_model(arguments: argparse.Namespace) -> "tuple[Matrix, Path]":
    from harness.run import score
    from harness.train.progress import make_watcher

    weights = str(arguments.weights)
    is_card = weights.endswith(".md") or (weights in shipped() and not Path(weights).exists())
    if is_card and arguments.card is not None:
        raise PlanError([f"{arguments.weights}: brings its own claims; leave --card out"])
    named = None if is_card else name_on_hub(weights)
    card = find_card(weights) if is_card else _card_of(arguments)
    if named is not None:
        card, weights = card or card_on_hub_if_any(*named), "@".join(filter(None, named))
    request = score.Request(
        weights=None if is_card else weights,
        card=card,
        declared_n=_declared_questions(card),
        eval=arguments.eval,
        protocols=tuple(EVALUATIONS) if arguments.protocol == _ALL else (arguments.protocol,),
        settings=dict(_setting(text) for text in arguments.set),
        limit=arguments.limit,
        results=arguments.results,
        device=arguments.device,
    )
    watch = make_watcher(quiet=arguments.quiet)
    try:
        return score.score(request, watch)
    finally:
        watch.close()


def _score_file(arguments: argparse.Namespace) -> "Matrix":
    """One row: a prediction file does not say how its answers were chosen."""
    from harness.qa import official_squad, prediction_files, protocol_matrix, squad
    from harness.qa.signature import signature_of_file
    from harness.qa.survey import survey
    from harness.record import store

    paragraphs = squad.check_unique(list(squad.read_squad(arguments.eval)), str(arguments.eval))
    given = prediction_files.read_predictions(arguments.predictions)
    notes = [*map(str, survey(paragraphs).notes), *given.notes]
    golds = [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]
    rules = arguments.squad_version
    score = official_squad.score_questions_v1 if rules == "1.1" else official_squad.score_questions
    scores = score(golds, given.by_id)
    notes += filter(None, [prediction_files.repeated_text(scores)])
    best = threshold = None
    if arguments.na_prob is not None:
        found = prediction_files.read_probabilities(arguments.na_prob)
        usual = 0.0 if prediction_files.are_odds(found) else official_squad.NULL_THRESHOLD
        threshold = usual if arguments.na_prob_thresh is None else arguments.na_prob_thresh
        notes += found.notes
        best = official_squad.best_thresholds(scores, found.by_id)
        scores = official_squad.with_null_threshold(scores, found.by_id, threshold)
    data = {"sha256": store.sha256_of(arguments.eval)}
    sha256 = store.sha256_of(arguments.predictions)
    signature = signature_of_file(len(scores), data, sha256, rules=rules, null_threshold=threshold)
    row = protocol_matrix.row_of("as predicted", "official text", official_squad.summarise(scores), signature)
    card = _card_of(arguments)
    claims = protocol_matrix.claims_in_points(card.claims) if card else {}
    limited = protocol_matrix.limit_of(len(scores), declared_n=_declared_questions(card))
    return protocol_matrix.Matrix(
        arguments.predictions.name, (row,), claims, limited=limited, best=best, notes=tuple(notes)
    )
