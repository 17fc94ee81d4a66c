"""How models and data are named: what a reference in a card or an option means, without fetching anything.

- hub, `org/name`: a model or data set on the Hub (data: `org/name:split`, of one of several configs
  `org/name/config:split`); `@revision` behind it pins a commit or tag
- folder, `path/to/dir`: a model folder (options only: a card's `org/name` is never a local folder)
- file, `path/to/squad.json`: a SQuAD-format file
- card, `other-card.md`: the student of another card, beside this one; made first when it is not there
- random, `random:pocket/student`: an architecture shipped with this package, weights drawn from the seed
- package, `package:pocket/squad.json`, `package:pocket/teacher`: data and models shipped with this package; a model of
  another installed Python package is `package:NAME/folder`; `@` and the sha256 of its weights behind a model where
  these are to be no others
"""

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.card import data_sets
from harness.errors import PlanError

Kind = Literal["hub", "folder", "file", "card", "random", "package"]
PACKAGE = Path(__file__).parents[1]

POCKET = "pocket"  # what ships with this package lies there

SQUAD2, SQUAD1 = data_sets.SQUAD2.repo, data_sets.SQUAD1.repo
HUB_QUESTIONS = data_sets.questions()
# SQuAD 2.0 in the spellings of cards; words that follow may only say which part of it.
_SQUAD2 = re.compile(
    r"^(?:the )?(?:(?P<of>train|dev|valid|eval|test)\w* (?:data ?)?set of (?:the )?)?(?:rajpurkar/)?"
    r"squad[\s_-]*(?:v|version)?[\s_.]*2(?:\.0)?\b(?P<rest>.*)$|^(?P<file>train|dev)-v2\.0\.json$",
    re.IGNORECASE,
)
_SQUAD1 = re.compile(
    r"^(?:the )?(?:(?P<of>train|dev|valid|eval|test)\w* (?:data ?)?set of (?:the )?)?(?:rajpurkar/)?"
    r"squad(?:[\s_-]*(?:v|version)?[\s_.]*1(?:[._]1)?)?(?![\w.])(?P<rest>.*)$|^(?P<file>train|dev)-v1\.1\.json$",
    re.IGNORECASE,
)
# What may follow the name of SQuAD 1.1, which is a word that many other names begin with.
_OF_SQUAD1 = re.compile(
    r"[\s(]*+(?:(?:english|official|original|v?1\.1|train(?:ing)?|dev(?:elopment)?|valid(?:ation)?|eval(?:uation)?|test"
    r"|data ?sets?|sets?|splits?|data|plain_text|questions?|benchmark|only|[\d,.]++[km]?)[\s()+:,-]*+)*+"
    r"(?:[.;|(\[].*|(?P<part_of>(?:the|an?|its|first|half|%)\s[^.;]*\b(?:questions|examples|articles|rows)\b.*))?$",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^[\s(]*(?:english |official )*(?:(?P<part>train|dev|valid|eval|test)\w*)?[\s-]*(?:data ?set|set|split|data)?\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s[-+]\s|,\s")
_OF_HUB = re.compile(
    r"(?P<repo>[^:@/]+(?:/[^:@/]+)?)(?:/(?P<config>[^:@]+))?(?::(?P<split>[^:@]+))?(?:@(?P<revision>.+))?"
)
_DATA_OF_HUB = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)?:\w+(?:@[\w./-]+)?")
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]*[A-Za-z][\w.-]*")
_ANY_VERSION = re.compile(r"(?<!\d)[12](?:[._]\d)?(?![\d,])")
_FILE_ENDING = re.compile(r"\.(?:jsonl?|csv|tsv|txt|gz|zip|ids)$", re.IGNORECASE)
_OTHER_SET = re.compile(r"\b(?!SQuAD|squad|SQUAD)[A-Z]\w*(?:QuAD|QA)\b|\bnot\b|\btranslat")


@dataclass(frozen=True, slots=True)
class Reference:
    """`text` is as written; `path` is set for everything that is local."""

    kind: Kind
    text: str
    path: Path | None = None

    @property
    def repo(self) -> str:
        """The repository of a reference to the Hub, without split and revision."""
        return self._part("repo") or self.text

    @property
    def config(self) -> str:
        """Which of several configs of a data set is meant, "" where none is named."""
        return self._part("config") or ""

    @property
    def split(self) -> str:
        return self._part("split") or ""

    @property
    def revision(self) -> str | None:
        """The commit, branch or tag that is pinned; None for what the repository holds now."""
        return self._part("revision")

    def _part(self, name: str) -> str | None:
        found = _OF_HUB.fullmatch(self.text)
        return found[name] if found else None


def model_reference(text: str, *, card_dir: Path, is_option: bool) -> Reference:
    """What a model name stands for. Only an option names a folder; a card's `org/name` is the Hub's."""
    if text.startswith("random:"):
        return Reference("random", text, _inside_package(text))
    if text.startswith("package:"):
        return Reference("package", text, _inside_installed(text))
    if text.endswith(".md"):
        return Reference("card", text, (Path(text) if is_option else card_dir / text))
    if is_option and (os.path.isdir(text) or text.startswith((".", "/", "~"))):
        return Reference("folder", text, Path(text).expanduser())
    return Reference("hub", text)


def data_reference(text: str, *, card_dir: Path, is_option: bool) -> Reference:
    """What the name of a data set stands for; `text` is a phrase we know, a path, or org/name:split."""
    if text.startswith("package:"):
        return Reference("package", text, _inside_package(text))
    if is_data_of_hub(text) and not (is_option and Path(text).expanduser().is_file()):
        return Reference("hub", text)
    if is_option or text.endswith(".json"):
        return Reference("file", text, Path(text).expanduser() if is_option else card_dir / text)
    return Reference("hub", text)


def is_run(text: str) -> bool:
    """Whether a text given as a model is the folder of a run, which holds weights further down."""
    return os.path.isfile(os.path.join(os.path.expanduser(text), "identity.json"))  # False for what is no path at all


def unpinned(text: str) -> str:
    """The reference without its revision: what is meant, not which state of it."""
    return text.partition("@")[0]


def is_data_of_hub(text: str) -> bool:
    """Whether a text is written as a data set on the Hub, `org/name:split`, with or without a config or revision."""
    return _DATA_OF_HUB.fullmatch(text) is not None


def _inside_package(text: str) -> Path:
    path = (PACKAGE / text.partition(":")[2]).resolve()
    if not path.is_relative_to(PACKAGE.resolve()):
        raise PlanError([f"{text}: leads out of the package"])
    return path


def _inside_installed(text: str) -> Path | None:
    """A folder of another Python package, which is not imported; None where that is not installed."""
    name, _, folder = unpinned(text).removeprefix("package:").partition("/")
    if name == POCKET:
        return _inside_package(unpinned(text))
    try:
        found = importlib.util.find_spec(name.replace("-", "_")) if name.isascii() and "." not in name else None
    except ValueError:
        found = None
    if found is None or not found.submodule_search_locations:
        return None
    package = Path(next(iter(found.submodule_search_locations))).resolve()
    path = (package / folder).resolve()
    if not path.is_relative_to(package):
        raise PlanError([f"{text}: leads out of the package"])
    return path


def data_named(phrase: str, split: str | None = None) -> str | None:
    """The reference inside a card's words about its data; None when they name no data set we know.

    `split` is the part that is meant where the words name none: a card's "SQuAD 2.0" is read by what it is said of.
    """
    plain = phrase.strip().strip("`").split("`")[0].strip()
    match = _SQUAD2.match(plain)
    if plain.startswith("package:") or (plain.endswith(".json") and match is None):
        known = None if plain.startswith("package:") else _of_squad1(plain, split) or data_sets.named(plain, split)
        return known or plain
    if match is None:
        found = _of_squad1(plain, split) or data_sets.named(plain, split) or _by_id(plain, split)
        if found is not None or split != "validation":
            return found
        parts = _BETWEEN.split(plain)[:20] if _BETWEEN.search(plain) else []
        of_parts = {data_named(part, split) for part in parts} - {None}
        return of_parts.pop() if len(of_parts) == 1 else None
    if _OTHER_SET.search(match["rest"] or "") and split != "validation":
        return None
    return _part_of(SQUAD2, match, split)


def is_bare_squad(phrase: str) -> bool:
    """Whether the words say SQuAD and no version, which is 1.1 on the Hub and either in a sentence."""
    match = _SQUAD1.match(phrase.strip().strip("`"))
    return match is not None and not match["file"] and _ANY_VERSION.search(phrase) is None


def _of_squad1(plain: str, split: str | None) -> str | None:
    match = _SQUAD1.match(plain)
    rest = _OF_SQUAD1.match(match["rest"] or "") if match is not None else None
    if match is None or rest is None or (rest["part_of"] and _OTHER_SET.search(rest["part_of"])):
        return None
    return _part_of(SQUAD1, match, split)


def _part_of(repo: str, match: re.Match[str], split: str | None) -> str | None:
    """SQuAD's training or dev questions; None for its test questions, whose answers are not published."""
    part = _PART.match(match["rest"] or "")
    named = (match["file"] or match["of"] or (part["part"] if part else None) or split or "").lower()
    if named == "test" or not named:
        return None  # or nothing says which part is meant
    return f"{repo}:{'train' if named == 'train' else 'validation'}"


def _by_id(plain: str, split: str | None) -> str | None:
    """A data set of the Hub by its id, `org/name`, `org/name/config` or as an option has it."""
    if is_data_of_hub(plain):
        return plain
    if split is None or not _ID.fullmatch(plain) or _FILE_ENDING.search(plain) or data_sets.has(plain):
        return None
    return f"{plain}:{split}"
