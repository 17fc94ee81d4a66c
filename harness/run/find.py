"""The finished run that speaks for a card: of the very experiment that it plans now, else of the same training.

The second is judged by what the card claims now; so is a run that was measured before its card claimed anything.
"""

from pathlib import Path

from harness.card.read import read_card
from harness.card.references import data_named
from harness.domain import Experiment
from harness.errors import CardError, PlanError, StoreError
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import store
from harness.record.folder import Run
from harness.record.parts import RunSettings
from harness.record.read import blaming_the_record, identity_of, is_trained_as, with_claims_of
from harness.run.cards import shipped


def newest(experiment: Experiment, results: Path) -> tuple[Run | None, list[str]]:
    """The newest run of this very experiment, else the newest of the same training and seed."""
    notes: list[str] = []
    alike: Run | None = None
    for path in sorted((results / experiment.name).glob(f"*/{store.VERDICT}"), reverse=True):
        run = Run.open(path.parent)
        try:
            with blaming_the_record(run.folder):
                if not is_same_training(experiment, run):
                    continue
                if is_planned(experiment, run):
                    return run, notes
                is_of_seed = run.settings.seed == RunSettings.of(experiment).seed
                alike = alike or (run if is_of_seed else None)
        except StoreError as error:
            notes.append(f"passed over: {error}")
    return alike, notes


def is_planned(planned: Experiment, run: Run) -> bool:
    """Whether a run is of the very experiment that a card plans: settings, seed, claims, tolerances and rule."""
    recorded, wanted = (identity_of(store.to_json(one), {}, {}) for one in (run.experiment, planned))
    return recorded == wanted


def is_same_training(planned: Experiment, run: Run) -> bool:
    """Whether a run differs from what a card plans in its claims at most; its evaluation data are those it names."""
    evaluated = [data_named(one.declared_eval_data or "", "validation") for one in (planned, run.experiment)]
    return evaluated[0] == evaluated[1] and is_trained_as(planned, run)


def as_claimed_now(run: Run, planned: Experiment | None) -> Experiment:
    """The experiment of a run, with what its card claims now where that is the same training.

    `planned` is of a card that came to the gate; of a run that came, its card is looked at where it claimed nothing:
    the file that it was, or where that is gone, as on another machine, the card of its name that ships.
    """
    recorded = run.experiment
    if planned is None and not recorded.claims:
        path = Path(recorded.card_path)
        try:
            card = read_card(path if path.is_file() else shipped().get(recorded.name, path))
            planned = plan(card, Options())
        except (CardError, PlanError):
            return recorded
    if planned is None or is_planned(planned, run) or not is_same_training(planned, run):
        return recorded
    return with_claims_of(planned, recorded)
