"""One model under every protocol: logits computed once for each way of cutting windows, scores side by side."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator

from harness.card.references import SQUAD2, data_reference, model_reference
from harness.domain import Card, Stage
from harness.errors import DataError, HubError, PlanError
from harness.plan import data_checks, model_folders
from harness.plan.checks import check_stage
from harness.plan.datasets import declared_data, meant_data, with_rules_of
from harness.plan.defaults import EVALUATIONS, PROGRAMS
from harness.plan.experiment import plan
from harness.plan.options import Draft, Options, similar
from harness.plan.recipe_choice import choose_program, settings_of_evaluation
from harness.plan.settings import resolve_evaluation
from harness.qa import squad
from harness.qa.protocol_matrix import Matrix, Row, claims_in_points, limit_of, row_of
from harness.qa.survey import survey
from harness.record import environment, store
from harness.record.parts import Metrics
from harness.run import evaluate
from harness.run.context import choose_device
from harness.run.find import newest
from harness.run.inputs import fingerprint, installed
from harness.run.score_document import to_document
from harness.train.models import fit, loading
from harness.train.progress import ProgressCallback

_PREFIX = "evaluation."
DEFAULT_RECIPE = "haystack"  # whose programs fill in how a model was evaluated
_SILENT = Card(
    name="", path="", sha256="", text="", front_matter={}, facts=(), stated=(), claims=(), conflicts=(), notes=()
)


@dataclass(frozen=True, slots=True)
class Request:
    """What to score: `weights` a local folder or a Hub id, None for those that the card names.

    `card` has the claims, about `declared_n` questions, None where that is not known.
    """

    weights: str | None
    card: Card | None
    declared_n: int | None
    eval: Path | None
    protocols: tuple[str, ...]
    settings: Mapping[str, str]  # "evaluation.name" -> value as typed
    limit: int | None
    results: Path
    device: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """Evaluation questions and what identifies them; `limited` says why they are not those of a claim, if so."""

    paragraphs: list[squad.Paragraph]
    record: Mapping[str, str]
    limited: str | None
    notes: tuple[str, ...] = ()


def score(request: Request, watch: ProgressCallback) -> tuple[Matrix, Path]:
    """Scores the model under every protocol asked for; returns the matrix and the folder of its record.

    matrix.json is written last: a folder that has it is whole.
    """
    stages = stages_of(request)
    loading.silence_library_logging()
    subject, weights = _weights(request)
    named = _named_data(request)
    data = _data(request, named)
    for stage in stages:
        data_checks.check_rules(stage, data.paragraphs, named)
    longest = max(int(stage.value("max_seq_length")) for stage in stages)
    fit.check_positions(weights, max_seq_length=longest)
    odd = fit.check_reads("model", weights, max_seq_length=longest, initialise=False, needs_head=True)
    record = {"weights": {"named": subject, "files": fingerprint(weights)}, "eval_data": data.record}
    if request.card is not None:
        record["card"] = {"path": Path(request.card.path).name, "sha256": request.card.sha256}
    identity = store.hash_of({"inputs": record, "settings": stages, "code": environment.code()})
    name = request.card.name if request.card and request.weights is None else Path(subject).name
    out = store.new_run(request.results / name, "scores", identity)
    store.write_json(out / "inputs.json", record)
    store.write_json(out / "settings.json", stages)
    store.write_json(out / "environment.json", environment.describe())
    choose_device(request.device)
    accelerator = Accelerator(cpu=request.device == "cpu")
    rows, left_out = _rows(weights, data, stages, out, accelerator, watch)
    claims = claims_in_points(request.card.claims) if request.card else {}
    matrix = Matrix(
        subject, tuple(rows), claims, limited=data.limited, left_out=tuple(left_out), notes=(*odd, *data.notes)
    )
    store.write_json(out / "matrix.json", to_document(matrix, None))
    return matrix, out


def stages_of(request: Request) -> list[Stage]:
    """The evaluation settings of each protocol: as typed, else as the card states, else of the protocol's program.

    A typed one need only be a setting of one of the protocols. Raises PlanError with every problem.
    """
    known = {name for protocol in request.protocols for name in EVALUATIONS[protocol].stages["evaluation"]}
    names = [_PREFIX + name for name in sorted(known - {"protocol"})]
    problems = [
        f"--set {name}: no such setting{similar(name, names)}" for name in request.settings if name not in names
    ]
    card = request.card or _SILENT
    stages, meant = [], _meant_data(request)
    for protocol in request.protocols:
        draft = Draft(card, Options(settings={**request.settings, f"{_PREFIX}protocol": protocol}))
        program = choose_program(draft, DEFAULT_RECIPE)
        stage = resolve_evaluation(draft, settings_of_evaluation(card), PROGRAMS[str(program.value)])
        stages.append(with_rules_of(stage, meant))
        check_stage(draft, stages[-1])
        problems += [f"{protocol}: {problem}" for problem in draft.problems]
    if problems:
        raise PlanError(problems)
    return stages


def _rows(
    weights: Path, data: Data, stages: Sequence[Stage], out: Path, accelerator: Accelerator, watch: ProgressCallback
) -> tuple[list[Row], list[str]]:
    """Two rows a protocol, in the order asked for, and what had to be left out."""
    rows: dict[str, tuple[Row, Row]] = {}
    left_out = []
    for _, same in itertools.groupby(sorted(stages, key=_windows), key=_windows):
        group = list(same)
        names = ", ".join(str(stage.value("protocol")) for stage in group)
        with store.scratch(out / "scratch"):
            asked, logits = evaluate.read(
                weights, data.paragraphs, group[0], out / "scratch",
                seed=0, accelerator=accelerator, watch=watch, name=f"logits for {names}",
            )  # fmt: skip
            for stage in group:
                protocol = str(stage.value("protocol"))
                try:
                    found, golds = evaluate.answer(data.paragraphs, asked, logits, stage)
                except DataError as error:  # this protocol cannot read this model; the others can
                    left_out.append(f"{protocol}: {error}")
                    continue
                metrics = evaluate.write(out / protocol, data.paragraphs, found, golds, stage, data.record)
                rows[protocol] = _rows_of(protocol, metrics)
    if not rows:
        raise DataError(weights, "", "; ".join(left_out))
    return [row for stage in stages for row in rows.get(str(stage.value("protocol")), ())], left_out


def _windows(stage: Stage) -> tuple[str, ...]:
    return tuple(map(str, evaluate.windows_of(stage).values()))


def _rows_of(protocol: str, metrics: Metrics) -> tuple[Row, Row]:
    by_token = metrics.token_index
    return (
        row_of(protocol, "official text", metrics.scores, metrics.signature),
        row_of(protocol, "token-index", by_token.scores, by_token.signature),
    )


def _weights(request: Request) -> tuple[str, Path]:
    """How the weights are called, and their folder: given, published under the card's name, or of its finished run."""
    if request.weights is not None:
        reference = model_reference(request.weights, card_dir=Path(), is_option=True)
    else:
        fact = request.card.fact("model") if request.card else None
        if fact is None or "/" not in fact.value:  # a name that no model on the Hub has
            return _of_finished_run(request)
        reference = model_reference(fact.value, card_dir=Path(), is_option=False)
    if reference.kind == "hub":
        from harness.run import download  # here: it loads the Hub's clients, which local weights never need

        how = "WEIGHTS, and the card with --card"
        try:
            return reference.text, download.fetch_model(reference.repo, reference.revision, option=how)
        except HubError as error:
            if "/" in reference.text:
                raise
            what = "no folder, card or model of that name here; models on the Hub are ORG/NAME"
            raise HubError(f"{reference.text}: {what} ({error})") from None
    if reference.kind == "package":
        return reference.text, installed(reference)
    if reference.kind != "folder" or reference.path is None:
        raise PlanError([f"{reference.text}: names no weights; expected a Hub id or a model folder"])
    problems = model_folders.problems_of(reference.path)
    if problems:
        raise PlanError(problems)
    return str(reference.path.resolve().name), reference.path


def _of_finished_run(request: Request) -> tuple[str, Path]:
    """The student that a run of the card ended in; raises PlanError where there is none, with what makes one."""
    if request.card is None:
        raise PlanError(["give WEIGHTS, or a CARD for its own weights"])
    try:
        experiment = plan(request.card, Options())
    except PlanError:
        what = "names no model on the Hub, and is no plan of one; give WEIGHTS, and the card with --card"
        raise PlanError([f"{request.card.path}: {what}"]) from None
    run, _ = newest(experiment, request.results)
    weights = None if run is None else run.folder / "stages" / experiment.stages[-1].name / store.WEIGHTS
    if run is None or weights is None or not weights.is_dir():
        made = f"`harness reproduce {request.card.path}` makes one" if run is None else f"{run.folder} has no weights"
        raise PlanError([f"{request.card.path}: names no model on the Hub, and no run of it is at hand: {made}"])
    return f"{experiment.name}, {run.folder.name}", weights


def _declared_data(request: Request) -> str | None:
    if request.card is None:
        return None
    program = choose_program(Draft(request.card, Options()), DEFAULT_RECIPE)
    return declared_data(request.card, PROGRAMS[str(program.value)])


def _named_data(request: Request) -> str:
    """The questions that are meant: the file given, else those that the card names, else the SQuAD 2.0 dev set."""
    return str(request.eval) if request.eval else _declared_data(request) or f"{SQUAD2}:validation"


def _meant_data(request: Request) -> str:
    """The data set by whose rules they are scored."""
    if request.eval is None:
        return _named_data(request)
    return meant_data(str(request.eval), _declared_data(request))


def _data(request: Request, named: str) -> Data:
    """The questions of `named`: of a file, or of the Hub."""
    here = Path(request.card.path).parent if request.card else Path()
    reference = data_reference(named, card_dir=here, is_option=request.eval is not None)
    if reference.path is not None:
        source: Iterator[squad.Paragraph] = squad.read_squad(reference.path)
        record = {"sha256": store.sha256_of(reference.path)} if reference.path.is_file() else {}
    else:
        from harness.run import download  # here: as above

        repo, split = reference.repo, reference.split
        folder, questions = download.fetch_squad(
            repo, split, reference.revision, config=reference.config, option="--eval FILE"
        )
        source, record = questions(), {"revision": folder.name}
    every = squad.check_unique(list(source), reference.text)
    n = sum(len(paragraph.questions) for paragraph in every)
    if n == 0:
        raise DataError(reference.text, "", "holds no questions: there is nothing to score")
    kept = list(squad.first_questions(every, request.limit))
    n_kept = n if request.limit is None else min(n, request.limit)
    limited = limit_of(n_kept, n_all=n, declared_n=request.declared_n, is_other=request.eval is not None)
    return Data(kept, record, limited, tuple(map(str, survey(kept).notes)))
