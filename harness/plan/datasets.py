"""Which questions a run trains on and is judged by, from the card's words about its data."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.card import data_sets, references
from harness.domain import Card, Deviation, Experiment, Fact, Setting, Stage
from harness.errors import HarnessError
from harness.plan import sources
from harness.plan.claims import measured
from harness.plan.defaults import WITHOUT_NO_ANSWERS, keras, trainer
from harness.plan.defaults.default import Program
from harness.plan.options import Draft, Options
from harness.qa.registered import REGISTERED, content_of
from harness.qa.squad import read_squad

_SPLITS = {"train_data": "train", "eval_data": "validation"}
_EVALUATES_ON_THE_SAME = (trainer.PROGRAM, keras.PROGRAM)
_ANY_FILE = re.compile(r"(?:train|dev|valid(?:ation)?|eval|test)(?:-v[12])?\.json")
_ANY_FOLDER = re.compile(r"\W*|\$.*|content|data|datasets?|home|root|tmp|squad\S*|\w*_?dir", re.IGNORECASE)
_BETWEEN = re.compile(r"\s[-+]\s|,\s")
_LIST_OF_IDS = re.compile(r"`([\w-][\w.-]*\.ids)(?:`|$)")


def data_settings(draft: Draft, program: Program) -> Iterator[Setting]:
    """Training data, the list of those of its questions that are meant where the card names one, evaluation data."""
    train = _data(draft, "train_data", draft.options.train, "--train")
    yield train
    yield from _train_ids(draft)
    yield _eval_data(draft, train, program)


def shared_data(card: Card, other: Card, experiment: Experiment) -> dict[str, str]:
    """Options `train` and `eval` of an experiment on another card that hold for this one: both name the same data."""
    given = {one.name: str(one.value) for one in experiment.run.settings if one.origin == "overridden"}
    facts = {name: (card.fact(name), other.fact(name)) for name in _SPLITS if name in given}
    return {
        name.removesuffix("_data"): given[name]
        for name, (own, others) in facts.items()
        if own and others and _named(name, own) is not None and _named(name, own) == _named(name, others)
    }


def _named(name: str, fact: Fact) -> str | None:
    return references.data_named(fact.value, _SPLITS[name])


def declared_data(card: Card, program: Program) -> str | None:
    """The reference of the data that a card says it was evaluated on, whatever a run is given; None where unknown."""
    draft = Draft(card, Options())  # its notes and problems are those of a run that is given nothing
    named = _eval_data(draft, _data(draft, "train_data", None, "--train"), program).value
    return None if named is None else references.unpinned(str(named))


def meant_data(given: str, declared: str | None) -> str:
    """The data set by whose rules the evaluation data that --eval gave are scored: `given` itself where it is no file.

    A file with the content of a registered set is that set. Another file in which every question has an answer stands
    in for the set that the card declares, None where it names none; one with unanswerable questions is what it is.
    """
    path = Path(given).expanduser()
    if not path.is_file():
        return given
    with suppress(HarnessError):  # a file that cannot be read is named where its questions are
        paragraphs = list(read_squad(path))
        if all(question.answers for one in paragraphs for question in one.questions):
            content = content_of(paragraphs)
            known = (name for name, one in REGISTERED.items() if one.content == content)
            return next(known, declared or given)
    return given


def with_rules_of(evaluation: Stage, data: str) -> Stage:
    """The evaluation under the rules of SQuAD 1.1 where the data have no unanswerable questions.

    Programs that are told so by a missing option then answer every question, unless the card or --set says otherwise.
    """
    known = data_sets.of_reference(data)
    if known is None or known.has_no_answers:
        return evaluation
    why = f"{known.repo}: every question has an answer, so"
    rules = [Setting("official_rules", "1.1", "derived", sources.rule(f"{why} evaluate-v1.1.py scores it"))]
    is_said = "version_2_with_negative" in evaluation  # by the card, or by an option
    if evaluation.get("protocol") in WITHOUT_NO_ANSWERS and not is_said:
        words = sources.rule(f"{why} --version_2_with_negative is not given")
        rules.append(Setting("version_2_with_negative", False, "derived", words))
    return dataclasses.replace(evaluation, settings=(*evaluation.settings, *rules))


def _named_in(draft: Draft, name: str, fact: Fact) -> str | None:
    """What a card's words name; `SQuAD` without a version is 2.0 where the card speaks of that elsewhere."""
    named = _named(name, fact)
    if named is None and name == "eval_data":
        return _held_out_among(draft, fact)
    if named is None or not references.is_bare_squad(fact.value):
        return named
    others = [one.value for one in draft.card.facts if one.name in (*_SPLITS, "datasets") and one != fact]
    is_2 = any(str(references.data_named(one, "train")).startswith(references.SQUAD2) for one in others)
    is_2 = is_2 or any(claim.metric.startswith("NoAns") and claim.subject is None for claim in draft.card.claims)
    return named.replace(f"{references.SQUAD1}:", f"{references.SQUAD2}:") if is_2 else named


def _held_out_among(draft: Draft, fact: Fact) -> str | None:
    """Of several data sets that a card was evaluated on, the held-out part of the one that it was trained on."""
    train = _telling_fact(draft, "train_data")
    same = _held_out_of(_named("train_data", train) or "") if train is not None else None
    parts = [dataclasses.replace(fact, value=part) for part in _BETWEEN.split(fact.value)[:20]]
    return same if len(parts) > 1 and same in [_named_in(draft, "eval_data", part) for part in parts] else None


def _telling_fact(draft: Draft, name: str) -> Fact | None:
    """The first of a card's words about its data that is more than a file's name that any data could have."""
    facts = [fact for fact in draft.card.facts if fact.name == name]
    return next((one for one in facts if one.dialect != "shell" or not _ANY_FILE.fullmatch(one.value)), None)


def _only_listed(draft: Draft) -> Fact | None:
    """The only data set in the card's front matter, if it is one that we know: what a silent card was trained on."""
    listed = [fact for fact in draft.card.facts if fact.name == "datasets"]
    return listed[0] if len(listed) == 1 and _named("train_data", listed[0]) is not None else None


def list_of_ids(card: Card) -> str | None:
    """The file beside a card that lists the training questions it means, where it names one."""
    fact = card.fact("train_data")
    listed = _LIST_OF_IDS.search(fact.value) if fact else None
    return listed[1] if listed else None


def _train_ids(draft: Draft) -> Iterator[Setting]:
    fact, listed = draft.card.fact("train_data"), list_of_ids(draft.card)
    if fact and listed:
        if not (Path(draft.card.path).parent / listed).is_file():
            draft.problems.append(f"{draft.place(fact.line)}: {listed}, a list of question ids, is not there")
        yield Setting("train_ids", listed, "stated", sources.card_line(fact.line))


def _data(draft: Draft, name: str, given: str | None, option: str) -> Setting:
    fact = _telling_fact(draft, name) or (_only_listed(draft) if name == "train_data" else None)
    if given is not None:
        if not references.is_data_of_hub(given) and not Path(given).expanduser().is_file():
            draft.problems.append(f"{option} {given}: no such file")
        meant = _named(name, fact) if fact is not None else None
        if fact is not None and meant != references.unpinned(given):
            draft.deviations.append(Deviation("data", f"{name}: {fact.value}", given, True, option=option))
        return Setting(name, given, "overridden", sources.option(option))
    if fact is None:
        draft.problems.append(f"{name}: {draft.card.path} states none; give {option} FILE")
        return Setting(name, None, "assumed", sources.rule(""))
    named, source = _named_in(draft, name, fact), sources.rule(f"card line {fact.line}, '{fact.value}'", fact.line)
    if (
        fact.dialect == "shell"
        and str(named).endswith(".json")
        and not (Path(draft.card.path).parent / str(named)).is_file()
    ):
        named = None  # a file that the author had
    other = _other_data(draft, name, fact, named)
    if named is not None and other is not None:
        draft.problems.append(
            f"{name}: {other}, so '{fact.value}' ({draft.place(fact.line)}) may not be it; give {option} FILE"
        )
        return Setting(name, named, "derived", source)
    if named is None:
        draft.problems.append(
            f"{name}: '{fact.value}' ({draft.place(fact.line)}) names no data we know; give {option} FILE or "
            f"{option} ORG/NAME:SPLIT"
        )
    return Setting(name, named, "derived", source)


def _other_data(draft: Draft, name: str, fact: Fact, named: str | None) -> str | None:
    """What speaks against the data set that a card names: a command that reads another file, a table of several."""
    key = "train_file" if name == "train_data" else "predict_file"
    for one in draft.card.stated:
        file = one.raw.rpartition("/")[2]
        folder = next((part for part in one.raw.strip("'\"").split("/")[:-1] if not _ANY_FOLDER.fullmatch(part)), "")
        says_nothing = _ANY_FILE.fullmatch(file) is not None and not folder
        if one.key == key and not says_nothing and references.data_named(file) != named:
            read = f"{folder}/{file}" if _ANY_FILE.fullmatch(file) else file
            return f"the command reads {read} ({draft.place(one.line)})"
    listed = [f for f in draft.card.facts if f.name == name and f.dialect == fact.dialect == "tables"]
    if len({references.data_named(one.value, "train") for one in listed}) > 1:
        return f"the table lists {', '.join(one.value for one in listed)}"
    return None


def _eval_data(draft: Draft, train: Setting, program: Program) -> Setting:
    """The evaluation data; the Trainer's cards name one data set, whose validation split they evaluate on."""
    is_named = _telling_fact(draft, "eval_data") is not None or draft.options.eval is not None
    same = _held_out_of(str(train.value)) if not is_named and train.origin != "overridden" else None
    if same is not None and program in _EVALUATES_ON_THE_SAME:
        words = f"{sources.describe(train.source)}; run_qa.py evaluates on its validation split"
        return Setting("eval_data", same, "derived", sources.rule(words, *train.source.lines))
    claims = [] if is_named else [claim for claim in measured(draft.card) if claim.dataset]
    found = {references.data_named(str(claim.dataset), "validation") for claim in claims}
    if len(found) == 1 and None not in found:
        line, words = claims[0].line, f"card line {claims[0].line}, claimed on '{claims[0].dataset}'"
        return Setting("eval_data", found.pop(), "derived", sources.rule(words, line))
    if same is not None and not claims:
        words = f"{sources.describe(train.source)}; the card names no other data"
        draft.ambiguities.append(
            f"{draft.card.path} does not say what it was evaluated on: {same} is taken, the held-out part of its "
            "training data; another is --eval FILE"
        )
        return Setting("eval_data", same, "derived", sources.rule(words, *train.source.lines))
    return _data(draft, "eval_data", draft.options.eval, "--eval")


def _held_out_of(train: str) -> str | None:
    """The evaluation split of the data set that a reference is the training split of; None for any other."""
    known = data_sets.of_reference(train)
    base, _, split = train.partition("@")[0].rpartition(":")
    if known is not None and split == known.train:
        return f"{base}:{known.evaluation}" if known.evaluation else None
    return f"{base}:validation" if split == "train" and references.is_data_of_hub(train) else None
