"""The plan itself: recipe and program chosen, every section resolved, what is ambiguous or missing put on record."""

import dataclasses
from collections.abc import Collection, Sequence, Set

from harness.card import loss_traces
from harness.card.never_answering import floor_of, near, told_apart
from harness.domain import Card, Claim, Deviation, Experiment, Setting, Stage, Stated
from harness.errors import PlanError
from harness.plan import sources
from harness.plan.augmentation import resolve_augmentation
from harness.plan.checks import check_overrides, check_section, check_stage
from harness.plan.claims import describe, problems_of, sort_out
from harness.plan.conflicts import note_conflicts, note_unread
from harness.plan.datasets import declared_data, meant_data, with_rules_of
from harness.plan.defaults import PROGRAMS
from harness.plan.defaults.default import Program
from harness.plan.options import Draft, Options
from harness.plan.recipe_choice import STAGES, blocks_of, choose_program, choose_recipe, settings_of_evaluation
from harness.plan.settings import NOT_TRAINING, resolve_evaluation, resolve_run, resolve_stage
from harness.plan.tasks import refuse_what_stays_out
from harness.plan.tolerances import tolerances


def plan(card: Card, options: Options) -> Experiment:
    """The resolved experiment; raises PlanError listing every problem of card and options together."""
    refuse_what_stays_out(card, options)
    draft = Draft(card, options)
    recipe = choose_recipe(draft)
    program = choose_program(draft, str(recipe.value))
    defaults = PROGRAMS[str(program.value)]
    headings = STAGES.get(str(recipe.value), {})
    draft.options = _with_padding(draft, defaults, headings)
    blocks = blocks_of(draft, headings)
    stages = tuple(resolve_stage(draft, name, block, defaults) for name, block in blocks.items())
    augmentation = resolve_augmentation(draft, stages, defaults)
    of_evaluation = settings_of_evaluation(card)
    run_settings = resolve_run(draft, str(recipe.value), defaults)
    evaluated = next(one for one in run_settings if one.name == "eval_data")
    declared = declared_data(card, defaults)
    meant = meant_data(str(evaluated.value), declared) if evaluated.origin == "overridden" else str(evaluated.value)
    evaluation = with_rules_of(resolve_evaluation(draft, of_evaluation, defaults), meant)
    claims, unjudged = _claims(draft, evaluated)
    run = Stage("run", (recipe, program, *run_settings, *tolerances(draft, claims, declared)))
    _check(draft, run, augmentation, (*stages, evaluation))
    note_conflicts(draft, (*(one for block in blocks.values() for one in block), *of_evaluation), claims)
    note_unread(draft)
    _note_floor(draft, claims, floor_of(declared))
    _note_evaluation_length(draft, stages, evaluation)
    _note_dropout(draft, stages)
    _note_unused(draft, {one for block in (*blocks.values(), of_evaluation) for one in block})
    if draft.problems:
        raise PlanError(draft.problems)
    return Experiment(
        name=card.name,
        card_path=card.path,
        card_sha256=card.sha256,
        recipe=str(recipe.value),
        program=str(program.value),
        run=run,
        stages=stages,
        evaluation=evaluation,
        claims=claims,
        ambiguities=tuple(draft.ambiguities),
        deviations=tuple(draft.deviations),
        declared_gpu=_words(card, "infrastructure"),
        declared_eval_data=_words(card, "eval_data")
        or (str(evaluated.value) if evaluated.origin == "derived" else None),
        augmentation=augmentation,
        unjudged=unjudged,
    )


def _check(draft: Draft, run: Stage, augmentation: Stage | None, stages: Sequence[Stage]) -> None:
    """Puts on record which options name no setting, and which settings have no value or one that is out of range."""
    extra = () if augmentation is None else (augmentation,)
    check_overrides(draft, run, (*extra, *stages))
    for section in (run, *extra):
        check_section(draft, section)
    for stage in stages:
        check_stage(draft, stage)


def _claims(draft: Draft, evaluated: Setting) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """The numbers that the run is held to, and in words those that it is not.

    A step's loss is one seed's, the card's, and no other seed has it.
    """
    card, options = draft.card, draft.options
    is_named = card.fact("eval_data") is not None or evaluated.origin == "overridden" or evaluated.value is None
    found = sort_out(card, options, None if is_named else str(evaluated.value))
    draft.problems.extend(problems_of(card, options, found))
    claims = found.judged
    if options.claims is not None or options.claims_from is not None:
        option = "--claims" if options.claims is not None else "--claims-from"
        lines = ", ".join(str(claim.line) for claim in claims) or "none"
        draft.deviations.append(Deviation("evaluation", "every claim", f"those of lines {lines}", False, option=option))
    if options.seed is not None and str(options.seed) not in {one.raw for one in card.stated if one.name == "seed"}:
        claims = tuple(claim for claim in claims if loss_traces.point_of(claim.metric) is None)
    return claims, describe(card, found.others)


def _note_floor(draft: Draft, claims: Sequence[Claim], floor: float | None) -> None:
    """Says of a claim that a model which never answers would come near it, or do better."""
    low = near(claims, floor)
    if low:
        said = ", ".join(f"{one.metric} {one.raw}" for one in low)
        what = f"a model that never answers scores {floor:.2f} on this data; {told_apart(claims)}"
        draft.ambiguities.append(f"{draft.place(low[0].line)}: {said}: {what}")


def _with_padding(draft: Draft, defaults: Program, names: Collection[str]) -> Options:
    """The options with what --padding means for each stage; a --set of the same goes before it."""
    options = draft.options
    if options.padding is None:
        return options
    stages = [name for name in names if "padding" in defaults.stages[name]]
    if not stages:
        draft.problems.append(f"--padding {options.padding}: no stage of {defaults.name} has such a setting")
    meant = {f"{name}.padding": {"drop": "dropped", "count": "counted"}[options.padding] for name in stages}
    return dataclasses.replace(options, settings={**meant, **options.settings})


def _words(card: Card, name: str) -> str | None:
    fact = card.fact(name)
    return fact.value if fact else None


def _note_unused(draft: Draft, used: Set[Stated]) -> None:
    """Settings under a heading that belongs to no stage are said to be unused, not dropped in silence."""
    sections: dict[str, list[Stated]] = {}
    for one in draft.card.stated:
        if one not in used and one.name not in ("seed", "fp16", *NOT_TRAINING):
            sections.setdefault(one.section, []).append(one)
    for section, unused in sections.items():
        said = ", ".join(f"{one.key} = {one.raw}" for one in unused)
        verb = "is" if len(unused) == 1 else "are"
        where = f"'{section}' is no stage of this recipe"
        draft.ambiguities.append(f"{draft.place(unused[0].line)}: {said} {verb} not used: {where}")


def _note_evaluation_length(draft: Draft, stages: tuple[Stage, ...], evaluation: Stage) -> None:
    """Haystack evaluates at the reader's own length, not at the one it trained with, unless told: a likely surprise."""
    length = next(setting for setting in evaluation.settings if setting.name == "max_seq_length")
    lengths = [stage.value("max_seq_length") for stage in stages]
    trained = {value for value in lengths if isinstance(value, int)}
    if length.origin == "assumed" and trained - {length.value}:
        default, others = sources.describe(length.source), ", ".join(map(str, sorted(trained)))
        draft.ambiguities.append(
            f"{draft.card.path} does not say at which length it was evaluated: {length.value} is the default "
            f"({default}), whatever the training length ({others}); the other reading is --set "
            f"evaluation.max_seq_length={max(trained)}"
        )


def _note_dropout(draft: Draft, stages: tuple[Stage, ...]) -> None:
    """Haystack evaluates on a dev file where one is given, and never switches dropout on again after it."""
    open_ones = [
        f"{stage.name}.{one.name}"
        for stage in stages
        for one in stage.settings
        if one.name == "dropout_off_after" and one.source.library == "haystack"
    ]
    if open_ones:
        draft.ambiguities.append(
            f"{draft.card.path} does not say whether a dev file was given in training: with one, dropout stays "
            f"off after step 300; the other reading is {' '.join(f'--set {name}=300' for name in open_ones)}"
        )
