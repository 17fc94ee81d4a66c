"""What sentence-transformers' generated card says outside its lists and dictionaries: loader and loss by class."""

import re
from collections.abc import Iterable

from harness.card.dialects.document import Document, Finding
from harness.card.dialects.names import state

NAME = "sentence_transformers"
_LOADER = re.compile(r"^`?[\w.]{0,80}DataLoader\.?\w*`? of length (?P<value>\d{1,9})\b")
_LOSS = re.compile(r"^`?sentence_transformers\.losses\.(?:\w+\.)?(?P<value>\w{1,60})`?")


def find(document: Document) -> Iterable[Finding]:
    for line, text in document.lines:
        stripped = text.strip()[:300]
        if not stripped.startswith(("`", "torch.", "sentence_transformers.")):
            continue
        loader, loss = _LOADER.match(stripped), _LOSS.match(stripped)
        if loader:
            yield state("DataLoader length", loader["value"], document.section(line), line, NAME)
        elif loss:
            yield state("loss", loss["value"], document.section(line), line, NAME)
