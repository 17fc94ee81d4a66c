"""Cards x seeds as tasks: every run planned, teachers that have to be made first, and every problem at once."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.card.read import read_card
from harness.card.references import data_reference, model_reference
from harness.domain import Card, Experiment
from harness.errors import CardError, DataError, HubError, PlanError
from harness.fleet.jobs import Need, Task
from harness.judge.error_rates import LOOKS
from harness.plan import presence, sizes
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import environment, store
from harness.record.parts import RunSettings
from harness.record.read import experiment_hash
from harness.run import teacher_cards
from harness.run.cards import find_card

_NAMES_A_FILE = (
    "train_data",
    "eval_data",
    "glove",
    "train_ids",
    "teacher_run",
    "teacher",
    "student",
    "masked_lm",
    "published",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a fleet was asked for.

    `seeds` is None for as many as it takes. `options` are those of `harness reproduce` as they were typed, `planned`
    what they mean for a plan; `run_options` are the ones among them that say how to run, not what: a teacher's run gets
    them too.
    """

    name: str
    cards: tuple[str, ...]
    seeds: int | None
    results: Path
    options: tuple[str, ...] = ()
    run_options: tuple[str, ...] = ()
    planned: Options = dataclasses.field(default_factory=Options)
    device: str | None = None
    n_processes: int = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A card of the fleet: its experiment, and its tasks, one a seed; of `--seeds auto` as many as may be needed."""

    argument: str
    card: Card
    experiment: Experiment
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """All cards, and all tasks by their keys: those of the cards, and the teachers that they begin with."""

    members: tuple[Member, ...]
    tasks: Mapping[str, Task]


def plan_fleet(asked: Asked) -> FleetPlan:
    """Plans every run of every card; raises PlanError with the problems of all cards together."""
    problems: list[str] = [f"{text}: is given twice" for text in _twice(asked.cards)]
    members, tasks = list[Member](), dict[str, Task]()
    for text in dict.fromkeys(asked.cards):
        try:
            member, teachers = _member(text, asked, tasks)
        except PlanError as error:
            problems += [one if text in one else f"{text}: {one}" for one in error.problems]
            continue
        except (CardError, DataError, HubError) as error:
            problems.append(str(error) if text in str(error) else f"{text}: {error}")
            continue
        members.append(member)
        tasks |= teachers | {one.key: one for one in member.tasks}
    if problems:
        raise PlanError(list(dict.fromkeys(problems)))
    return FleetPlan(tuple(members), tasks)


def _twice(cards: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(cards) if cards.count(text) > 1]


def _member(text: str, asked: Asked, known: Mapping[str, Task]) -> tuple[Member, dict[str, Task]]:
    described = find_card(text)
    first = plan(described, asked.planned)
    presence.check_present(first, asked.results)
    base = RunSettings.of(first).seed
    name = _unused(first.name, text, known)
    tasks, teachers = list[Task](), dict[str, Task]()
    for number in range(asked.seeds or LOOKS[-1]):
        experiment = first
        more: tuple[str, ...] = ()
        if number:
            experiment = plan(described, dataclasses.replace(asked.planned, seed=base + number))
            more = ("--seed", str(base + number))
        own = dict(_teachers(experiment, asked, (Path(experiment.card_path).resolve(),)))
        teachers |= own
        after = tuple(own)
        tasks.append(_task(f"{name}:{base + number}", text, (*asked.options, *more), experiment, asked, after))
    return Member(text, described, first, tuple(tasks)), teachers


def _unused(name: str, text: str, known: Mapping[str, Task]) -> str:
    """The card's name, with a mark where another card of the fleet has the same one."""
    taken = {key.partition(":")[0] for key in known}
    return f"{name}~{store.hash_of(text)[:6]}" if name in taken else name


def _teachers(experiment: Experiment, asked: Asked, waiting: tuple[Path, ...]) -> Iterator[tuple[str, Task]]:
    """The tasks that make the students which an experiment begins with, teachers of teachers first."""
    for path in presence.cards_of(experiment):
        if path.resolve() in waiting:
            what = f"{path}: is its own teacher, directly or through other cards; name another with --teacher"
            raise PlanError([what])
        if teacher_cards.named(path, experiment) is not None:
            continue
        options = teacher_cards.options_for(path, experiment)
        teacher = plan(read_card(path), options)
        presence.check_present(teacher, asked.results)
        before = dict(_teachers(teacher, asked, (*waiting, path.resolve())))
        yield from before.items()
        arguments = (*arguments_of(options), *asked.run_options)
        key = f"{teacher.name}:{RunSettings.of(teacher).seed}:{experiment_hash(teacher)[:6]}"
        made = _task(key, str(path), arguments, teacher, asked, tuple(before))
        yield key, dataclasses.replace(made, needs_weights=True)


def arguments_of(options: Options) -> tuple[str, ...]:
    """A teacher's options as they are typed; raises ValueError for one that no teacher gets."""
    found: list[str] = []
    for name in ("seed", "precision", "train", "eval", "allow_dropped"):
        value = getattr(options, name)
        found += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    found += ["--repair-offsets"] * options.repair_offsets + ["--measure"] * options.is_measuring
    typed = Options(
        seed=options.seed, precision=options.precision, train=options.train, eval=options.eval,
        allow_dropped=options.allow_dropped, repair_offsets=options.repair_offsets, is_measuring=options.is_measuring,
    )  # fmt: skip
    if typed != options:
        raise ValueError("a teacher is planned with an option that has no words here")
    return tuple(found)


def _task(
    key: str, argument: str, options: tuple[str, ...], experiment: Experiment, asked: Asked, after: tuple[str, ...]
) -> Task:
    return Task(
        key=key,
        card=experiment.name,
        argument=argument,
        options=options,
        experiment=experiment_hash(experiment),
        need=need_of(experiment, asked),
        data=_data_here(experiment),
        only_here=tuple(_only_here(experiment)),
        after=after,
        last_stage=experiment.stages[-1].name,
    )


def need_of(experiment: Experiment, asked: Asked) -> Need:
    """What a run needs, by arithmetic, where names and configurations tell how large its models are."""
    on_cpu = environment.stays_on_cpu(experiment.declared_gpu, asked.device)
    found = sizes.sizes_of(experiment)
    tflop = None
    if found is not None:
        tflop = sum(sizes.rough_forecast(experiment, found, 1).stage_tflop.values())
    return Need(
        n_gpus=0 if on_cpu else asked.n_processes,
        device_bytes=None if found is None else sizes.training_bytes(experiment, found, asked.n_processes),
        host_bytes=sizes.LIBRARIES * asked.n_processes,
        tflop=tflop,
        gpu=experiment.declared_gpu,
    )


def _data_here(experiment: Experiment) -> dict[str, str]:
    """Hashes of the data files that lie on this machine, by their names in a record."""
    here, found = Path(experiment.card_path).parent, {}
    for name in ("train_data", "eval_data"):
        setting = experiment.run[name]
        reference = data_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden")
        if reference.path is not None and reference.path.is_file():
            found[name] = store.sha256_of(reference.path)
    return found


def _only_here(experiment: Experiment) -> Iterator[str]:
    """Files and folders that a run reads and that come neither with this package nor from the Hub, in words."""
    here = Path(experiment.card_path).parent
    for section in filter(None, (experiment.run, experiment.augmentation)):
        for setting in section.settings:
            text, is_option = str(setting.value), setting.origin == "overridden"
            if setting.value is None or setting.name not in _NAMES_A_FILE:
                continue
            if setting.name in ("train_data", "eval_data"):
                is_here = data_reference(text, card_dir=here, is_option=is_option).kind == "file"
            elif setting.name in ("glove", "train_ids", "teacher_run"):
                is_here = text != "none"
            else:
                is_here = model_reference(text, card_dir=here, is_option=is_option).kind == "folder"
            if is_here:
                yield f"{setting.name.replace('_', ' ')} {text}"
