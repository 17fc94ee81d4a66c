"""Cards by name: a file, one that ships with this package, or the README.md of a model on the Hub.

On the Hub a card is `ORG/NAME`, `ORG/NAME@REVISION`, `hf://ORG/NAME` or the address of the model's page. What was
fetched stays in the client's cache, under its commit, and is read from there without a network.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from harness.card.read import read_card
from harness.card.references import HUB_QUESTIONS, PACKAGE, data_named
from harness.domain import Card, Fact
from harness.errors import CardError, HubError, PlanError
from harness.plan.beside import files_beside
from harness.plan.models import HUB
from harness.plan.options import similar

_TEXTS = (".md", ".markdown", ".txt", "")  # an empty card is one, an empty program is none
_NAME = r"(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})"
_ID = re.compile(rf"(?:hf://(?:models/)?)?{_NAME}(?:@(?P<revision>[\w./-]+))?")
_PAGE = re.compile(
    rf"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/{_NAME}"
    r"(?:/(?:tree|blob|resolve|raw|commit)/(?P<revision>[^?#]+?)(?:/README\.md)?)?/?(?:[?#].*)?"
)


def shipped() -> Mapping[str, Path]:
    """The cards that come with this package, by their short names; in a checkout those of its folder `cards`."""
    inside = PACKAGE / "cards"
    folder = inside if inside.is_dir() else PACKAGE.parent / "cards"
    return {path.stem: path for path in sorted(folder.glob("*.md")) if path.stem != "README"}


def find_card(text: str) -> Card:
    """The card of a path, a short name or a name on the Hub; a file that is there goes before the others.

    Raises CardError for what is none of them, HubError where the Hub does not give it.
    """
    path = Path(text).expanduser()
    if path.is_file():
        card = read_card(path)
        if path.suffix.lower() not in _TEXTS and not (card.facts or card.stated or card.claims):
            raise CardError(text, None, "is no model card: it states no fact, setting or claim")
        return card
    if text in shipped():
        return read_card(shipped()[text])
    named = name_on_hub(text)
    if named is None:
        if path.exists() or "/" in text or path.suffix:
            return read_card(path)
        raise CardError(text, None, f"no such card, and none that ships{similar(text, shipped())}")
    return card_on_hub(*named)


def is_name(text: str) -> bool:
    """Whether a text can name a card that is no file here: one that ships, or a model's on the Hub."""
    return text in shipped() or name_on_hub(text) is not None


def weights_and_card(text: str, card: Card | str | None) -> tuple[str | None, Card | None]:
    """What a text says is to be scored, and the card whose claims it is held against; None: those the card names.

    A name on the Hub brings its own card where no other is given. Raises PlanError for a card beside a card.
    """
    if text.endswith(".md") or (text in shipped() and not Path(text).exists()):
        if card is not None:
            raise PlanError([f"{text}: brings its own claims; leave --card out"])
        return None, find_card(text)
    known = find_card(card) if isinstance(card, str) else card
    named = name_on_hub(text)
    if named is None:
        return text, known
    return "@".join(filter(None, named)), known or card_on_hub_if_any(*named)


def declared_questions(card: Card | None) -> int | None:
    """How many questions the data set has that the card's claims are about; None where that is not known."""
    fact = card.fact("eval_data") if card else None
    return HUB_QUESTIONS.get(data_named(fact.value, "validation") or "") if fact else None


def name_on_hub(text: str) -> tuple[str, str | None] | None:
    """Repository and revision of a name or an address on the Hub; None for any other text."""
    match = _PAGE.fullmatch(text) or _ID.fullmatch(text)
    if match is None or match["repo"].endswith((".md", ".json")) or match["repo"].startswith("datasets/"):
        return None
    if not text.startswith(("hf://", "http")) and Path(text).exists():
        return None
    return match["repo"], match["revision"]


def card_on_hub(repo: str, revision: str | None = None) -> Card:
    """The card of a model on the Hub, by the name that it has there, which is also what its model is called."""
    from harness.run import download  # here: it loads the Hub's client, which a card in a file never needs

    path = download.fetch_card(repo, revision)
    asked = {path.name}
    while new := [name for name in files_beside(path) if name not in asked]:  # a card among them may name more
        asked.update(new)
        for name in new:
            download.fetch_beside(path, repo, name)
    card = read_card(path)
    return dataclasses.replace(card, name=repo.replace("/", "__"), facts=(Fact("model", repo, 1, HUB), *card.facts))


def card_on_hub_if_any(repo: str, revision: str | None = None) -> Card | None:
    """The same; None where the model has no card, or the Hub does not give it."""
    try:
        return card_on_hub(repo, revision)
    except (HubError, CardError):
        return None
