"""How models and data are named: what a reference in a card or an option means, without fetching anything.

- hub, `org/name`: a model or data set on the Hub (data: `org/name:split`)
- folder, `path/to/dir`: a model folder (options only: a card's `org/name` is never a local folder)
- file, `path/to/squad.json`: a SQuAD-format file
- card, `other-card.md`: the student of another card, beside this one; made first when it is not there
- random, `random:pocket/student`: an architecture shipped with this package, weights drawn from the seed
- package, `package:pocket/squad.json`: a file shipped with this package
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import PlanError

Kind = Literal["hub", "folder", "file", "card", "random", "package"]
PACKAGE = Path(__file__).parent

SQUAD2 = "rajpurkar/squad_v2"
HUB_QUESTIONS = {f"{SQUAD2}:train": 130_319, f"{SQUAD2}:validation": 11_873}
_DATA_PHRASES = {
    "SQuAD 2.0 training set": f"{SQUAD2}:train",
    "SQuAD 2.0 dev set": f"{SQUAD2}:validation",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """`text` is as written; `path` is set for everything that is local."""

    kind: Kind
    text: str
    path: Path | None = None


def model_reference(text: str, *, card_dir: Path, is_option: bool) -> Reference:
    """What a model name stands for. Only an option names a folder; a card's `org/name` is the Hub's."""
    if text.startswith("random:"):
        return Reference("random", text, _inside_package(text))
    if text.endswith(".md"):
        return Reference("card", text, (Path(text) if is_option else card_dir / text))
    if is_option and (Path(text).is_dir() or text.startswith((".", "/", "~"))):
        return Reference("folder", text, Path(text).expanduser())
    return Reference("hub", text)


def data_reference(text: str, *, card_dir: Path, is_option: bool) -> Reference:
    """What the name of a data set stands for; `text` is a phrase we know, a path, or org/name:split."""
    if text.startswith("package:"):
        return Reference("package", text, _inside_package(text))
    if is_option or text.endswith(".json"):
        return Reference("file", text, Path(text).expanduser() if is_option else card_dir / text)
    return Reference("hub", text)


def _inside_package(text: str) -> Path:
    path = (PACKAGE / text.partition(":")[2]).resolve()
    if not path.is_relative_to(PACKAGE.resolve()):
        raise PlanError([f"{text}: leads out of the package"])
    return path


def data_named(phrase: str) -> str | None:
    """The reference inside a card's words about its data; None when they name no data set we know."""
    plain = phrase.strip().strip("`").split("`")[0].strip()
    if plain.startswith("package:") or plain.endswith(".json"):
        return plain
    return next((name for words, name in _DATA_PHRASES.items() if phrase.strip().startswith(words)), None)
