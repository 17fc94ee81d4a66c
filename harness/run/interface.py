"""read_card(), reproduce() and score() for programs: what the commands of these names do, with values in and out.

torch, transformers and accelerate are loaded when something is run, not before.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.domain import Card
from harness.plan.defaults import EVALUATIONS
from harness.plan.options import Options
from harness.record.folder import Run
from harness.run.cards import declared_questions, find_card, weights_and_card

if TYPE_CHECKING:  # it loads NumPy, which no card needs
    from harness.qa.protocol_matrix import Matrix


def read_card(name: str | os.PathLike[str]) -> Card:
    """Read a model card: a path, the name of one that ships (`pocket`), or `ORG/NAME[@REVISION]` of the Hub.

    Raises CardError for what is none, HubError where the Hub does not give it.
    """
    return find_card(os.fspath(name))


def reproduce(
    card: Card | str | os.PathLike[str],
    *,
    seeds: int | None = 1,
    results: str | os.PathLike[str] = "results",
    device: str | None = None,
    fresh: bool = False,
    budget_s: float | None = None,
    track: str | None = None,
    quiet: bool = True,
    **options: Any,
) -> Run:
    """Run a card's whole chain and open its record: `.conclusion` is the verdict, `.folder` where it lies.

    The same call goes on with a run that was stopped, and opens one that is finished. `seeds` None: as many as decide.
    `track` (trackio, tensorboard, wandb) shows it while it trains. `options` are those of `plan`. A run that misses its
    card's claims is a result, not an error; errors are those of `harness.errors`.
    """
    from harness.run import seeds as runner
    from harness.run.context import RunOptions
    from harness.run.tracking import check_installed
    from harness.train.progress import make_watcher

    if track is not None:
        check_installed(track)
    described = card if isinstance(card, Card) else read_card(card)
    run_options = RunOptions(results=Path(results), device=device, fresh=fresh, budget_s=budget_s, track=track)
    watch = make_watcher(quiet=quiet)
    try:
        outcome = runner.reproduce_card(described, Options(**options), seeds, run_options, watch)
    finally:
        watch.close()
    return Run.open(outcome.folder)


def score(
    weights: str | os.PathLike[str] | None = None,
    *,
    predictions: str | os.PathLike[str] | None = None,
    card: Card | str | os.PathLike[str] | None = None,
    eval: str | os.PathLike[str] | None = None,
    protocols: tuple[str, ...] = tuple(EVALUATIONS),
    settings: Mapping[str, str] | None = None,
    limit: int | None = None,
    results: str | os.PathLike[str] = "results",
    device: str | None = None,
    quiet: bool = True,
) -> "Matrix":
    """Score one model under every evaluation protocol, or under those named; or a file of `predictions` to `eval`.

    `weights` is a local folder, a Hub id, or a card for its own weights; `eval` SQuAD-format questions in place of the
    card's (else the SQuAD 2.0 dev set); `settings` values of evaluation by "evaluation.NAME". A model's record goes
    below `results`. Raises TypeError unless one of `weights`, `card` and `predictions` says what to score.
    """
    described = card if isinstance(card, Card) or card is None else read_card(card)
    if predictions is not None:
        from harness.run.score_file import FileRequest, score_file

        if weights is not None or eval is None:
            raise TypeError("score() takes predictions with eval, the questions that they answer, and no weights")
        return score_file(FileRequest(Path(predictions), Path(eval), described))
    if weights is None and described is None:
        raise TypeError("score() takes weights, a card for its own weights, or predictions with eval")
    from harness.run import score as scorer
    from harness.train.progress import make_watcher

    named, described = (None, described) if weights is None else weights_and_card(os.fspath(weights), described)
    request = scorer.Request(
        weights=named,
        card=described,
        declared_n=declared_questions(described),
        eval=None if eval is None else Path(eval),
        protocols=protocols,
        settings=settings or {},
        limit=limit,
        results=Path(results),
        device=device,
    )
    watch = make_watcher(quiet=quiet)
    try:
        return scorer.score(request, watch)[0]
    finally:
        watch.close()
