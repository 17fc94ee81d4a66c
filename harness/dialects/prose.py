"""Sentences of fixed form: which model taught which, and the library whose features were used."""

import re
from collections.abc import Iterable

from harness.dialects.document import Document, Finding
from harness.domain import Fact

NAME = "prose"
_MODEL = r"`?(?:\[`?)?(?P<model>[\w./:-]{2,120}?)`?(?:\]\([^)\s]{1,300}\))?`?"
_FORMS = (
    ("teacher", re.compile(_MODEL + r" was used as the teacher model\b")),
    ("student", re.compile(_MODEL + r" was used as the student model\b")),
    (
        "framework",
        re.compile(
            r"\b(?P<model>[Hh]aystack(?: v?\d+(?:\.\d+)+)?)(?:'s)?\b.{0,80}\bfeatures? (?:was|were) used for training\b"
        ),
    ),
)


def find(document: Document) -> Iterable[Finding]:
    for line, text in document.lines:
        for name, form in _FORMS:
            match = form.search(text)
            if match:
                yield Fact(name, match["model"].rstrip("."), line, NAME)
