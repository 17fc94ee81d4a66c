"""Under which licences the models of an experiment stand, from the cards that are at hand; nothing is fetched."""

from collections.abc import Mapping
from pathlib import Path

from harness.card.read import read_card
from harness.card.references import model_reference
from harness.domain import Experiment, Setting
from harness.errors import CardError

UNKNOWN = "unknown"
_OWN = "apache-2.0"  # of the architectures that come with this package, whose weights are drawn from the seed
# What the Hub lists as a licence without saying what it allows.
_SAY_NOTHING = {UNKNOWN, "other", "none", "null", ""}
_NAMES = {"student": "base model", "teacher": "teacher"}


def licences_of(experiment: Experiment) -> dict[str, str]:
    """Model, as named in a sentence -> licence as its card prints it, `unknown` where none is to be had."""
    here = Path(experiment.card_path).parent
    run = experiment.run
    return {
        f"{said} ({Path(str(run[name].value)).name if _is_local(run[name]) else run[name].value})": _licence_of(
            run[name], here
        )
        for name, said in _NAMES.items()
        if name in run
    }


def refusals(licences: Mapping[str, str]) -> list[str]:
    """Why weights made from these models may not be passed on, as far as their licences say."""
    return [
        f"the licence of the {name} is {licence}{', which forbids derivatives' * _forbids(licence)}"
        for name, licence in licences.items()
        if _forbids(licence) or licence.lower() in _SAY_NOTHING
    ]


def _forbids(licence: str) -> bool:
    return "-nd" in licence.lower()


def _is_local(setting: Setting) -> bool:
    return setting.origin == "overridden" and Path(str(setting.value)).is_absolute()


def _licence_of(setting: Setting, here: Path) -> str:
    reference = model_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden")
    if reference.kind == "random":
        return _OWN
    path: Path | None = None
    if reference.kind == "hub":
        from harness.run import download  # here: it loads the Hub's clients, which a run on local files never needs

        path = download.cached_readme(reference.repo, reference.revision)
    elif reference.path is not None:
        path = reference.path if reference.kind == "card" else reference.path / "README.md"
    try:
        fact = read_card(path).fact("license") if path is not None else None
    except CardError:
        return UNKNOWN
    return fact.value if fact is not None else UNKNOWN
