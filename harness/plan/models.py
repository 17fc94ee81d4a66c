"""The models of a run: teacher, student and published weights, from options or from the card's words."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeGuard

from harness.card import references
from harness.domain import Card, Deviation, Fact, Setting
from harness.plan import pretrained, sources
from harness.plan.options import Draft

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_TITLE = re.compile(r"^#{1,3}\s+[`*]{0,2}(?P<name>[\w./-]{3,90})", re.MULTILINE)
HUB = "hub"  # the dialect of what is known of a card from where it lies on the Hub
_LINKED = re.compile(r"huggingface\.co/(?P<id>[\w.-]+/[\w.-]+)")


def models_of(draft: Draft, recipe: str) -> list[Setting]:
    """Teacher, where the recipe has one, and student; what of them is missing is a problem of the draft."""
    options, settings = draft.options, list[Setting]()
    if recipe != "finetune":
        settings.extend(_teacher(draft))
        settings.append(_check_of(draft, settings[0]))
    else:
        given = {"--teacher": options.teacher is not None, "--check-teacher": options.check_teacher}
        draft.problems += [
            f"{name}: the recipe finetune has no teacher" for name, is_given in given.items() if is_given
        ]
    settings.append(_student(draft, str(settings[0].value) if settings and settings[0].value else None))
    return [*settings, *_student_layers(draft)]


def _student(draft: Draft, teacher: str | None) -> Setting:
    """The student; where the card does not say what it began as, the pretrained model that its own name begins with."""
    card, fact = draft.card, draft.card.fact("student")
    known = pretrained.named(fact.value) if fact else None
    if draft.options.student is None and fact and known and known.repo != fact.value:
        words = f"card line {fact.line}, '{fact.value}'"
        return Setting("student", known.repo, "derived", sources.rule(words, fact.line))
    found = None if fact or draft.options.student else pretrained.student_of(_own_names(card), teacher)
    if found is None:
        return _model(draft, "student", draft.options.student)
    one, name = found
    words = f"the card calls its model {name}"
    words += f", and the teacher is {teacher}" if teacher else ""
    what = "does not say what its student began as" if teacher else "does not say what its model began as"
    draft.ambiguities.append(f"{card.path} {what}: {one.repo} is what its name says; another is --student ID")
    return Setting("student", one.repo, "derived", sources.rule(words))


def _own_names(card: Card) -> Iterator[str]:
    """What the card calls its model: on the Hub, in its index, its title and its overview."""
    yield from (fact.value for fact in card.facts if fact.name == "model" and fact.dialect == HUB)
    index = card.front_matter.get("model-index")
    yield from (str(one["name"]) for one in index if "name" in one) if _is_listed(index) else ()
    title = _TITLE.search(card.text)
    if title:
        yield title["name"]
    yield from (fact.value for fact in card.facts if fact.name == "model" and fact.dialect != HUB)


def _is_listed(index: object) -> TypeGuard[list[Mapping[str, object]]]:
    return isinstance(index, list) and all(isinstance(one, Mapping) for one in index)


def _model(draft: Draft, name: str, given: str | None) -> Setting:
    fact, option = draft.card.fact(name), f"--{name}"
    if given is not None:
        if fact is not None and references.unpinned(given) != fact.value:
            claimed, actual = f"{name} {fact.value}", f"{name} {given}"
            draft.deviations.append(Deviation("recipe", claimed, actual, True, option=option))
        return Setting(name, given, "overridden", sources.option(option))
    if fact is None:
        draft.problems.append(f"{name}: {draft.card.path} states none; give {option} ID|DIR|CARD")
        return Setting(name, None, "assumed", sources.rule(""))
    linked = _linked_instead(draft.card, fact)
    if linked is not None:
        words = f"card line {fact.line} prints {fact.value}, which line {linked[1]} links as {linked[0]}"
        return Setting(name, linked[0], "derived", sources.rule(words, fact.line, linked[1]))
    return Setting(name, fact.value, "stated", sources.card_line(fact.line))


def _linked_instead(card: Card, fact: Fact) -> tuple[str, int] | None:
    """A model that the card links and that the fact's name misses by one letter, with its line."""
    lines = enumerate(card.text.splitlines(), start=1)
    linked = [(match["id"].rstrip("."), number) for number, line in lines for match in _LINKED.finditer(line)]
    if not _HUB_ID.fullmatch(fact.value) or fact.value in dict(linked):
        return None
    return next((one for one in linked if _is_one_letter_off(one[0], fact.value)), None)


def _is_one_letter_off(one: str, other: str) -> bool:
    """Whether a letter left out, put in or changed makes one name of the other; a digit makes another model."""
    short, long = sorted((one, other), key=len)
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest = short[at + (len(short) == len(long)) :]
    return one != other and long[at].isalpha() and len(long) - len(short) < 2 and long[at + 1 :] == rest


def _teacher(draft: Draft) -> Iterator[Setting]:
    """The teacher; where a finished run is given and the card's own teacher is a card, which run of it to take."""
    option, fact = draft.options.teacher, draft.card.fact("teacher")
    if option is None or not references.is_run(option):
        yield _model(draft, "teacher", option)
        return
    if fact is None or not fact.value.endswith(".md"):
        what = "is a run, and the card's teacher is no card that it could be a run of"
        draft.problems.append(f"--teacher {option}: {what}; give the folder of its student")
    yield _model(draft, "teacher", None)
    what = "a finished run of its card, of whatever seed and code"
    claimed = "the teacher that the run's own seed makes"
    draft.deviations.append(Deviation("seed", claimed, what, True, option="--teacher"))
    yield Setting("teacher_run", Path(option).as_posix(), "overridden", sources.option("--teacher"))


def _student_layers(draft: Draft) -> Iterator[Setting]:
    """Which layers of its model the student begins with; none where it begins with all of them."""
    fact, option = draft.card.fact("student_layers"), draft.options.student_layers
    if option is not None:
        plain = ", ".join(part.strip() for part in option.split(","))
        if not all(part.isdecimal() and int(part) > 0 for part in plain.split(", ")):
            draft.problems.append(f"--student-layers {option}: expected numbers of layers from 1, as in 2,4,6")
        if fact is None or fact.value != plain:
            claimed = f"layers {fact.value}" if fact else "all layers"
            draft.deviations.append(Deviation("recipe", claimed, f"layers {plain}", True, option="--student-layers"))
        yield Setting("student_layers", plain, "overridden", sources.option("--student-layers"))
    elif fact is not None and draft.options.student is None:
        yield Setting("student_layers", fact.value, "stated", sources.card_line(fact.line))


def _check_of(draft: Draft, teacher: Setting) -> Setting:
    """Whether the teacher must reach its own card's claims before anything is trained."""
    if str(teacher.value).endswith(".md"):
        why = "the teacher is a card, which is run to its verdict first"
        return Setting("check_teacher", True, "derived", sources.rule(why))
    if draft.options.check_teacher:
        return Setting("check_teacher", True, "overridden", sources.option("--check-teacher"))
    why = "harness: whether the teacher reaches its own claim is not checked, unless --check-teacher"
    return Setting("check_teacher", False, "assumed", sources.rule(why))


def published(draft: Draft) -> Setting:
    """The weights that the card speaks of, scored beside our own; None where they are not to be looked for."""
    option, fact = draft.options.published, draft.card.fact("model")
    if option is not None:
        return Setting("published", None if option == "none" else option, "overridden", sources.option("--published"))
    if draft.options.limit is not None:
        return Setting("published", None, "derived", sources.rule("--limit: part of the questions judges nothing"))
    if fact is not None and fact.dialect == HUB:
        return Setting("published", fact.value, "derived", sources.rule("the card's own place on the Hub"))
    if fact is None or not _HUB_ID.fullmatch(fact.value):
        why = "the card names no model on the Hub; --published ID|DIR"
        return Setting("published", None, "assumed", sources.rule(why))
    return Setting("published", fact.value, "stated", sources.card_line(fact.line))
