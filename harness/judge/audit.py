"""Does a record follow from itself? Every hash, every score, every sum and the verdict, worked out again without torch.

Each check names the file that is not what it should be. What cannot be checked is said: weights that are not there,
evaluation data that is not to be had, and what only the weights can give (predicted spans, logits). A record that
was changed in all of its files at once, hashes included, is another record: keep its manifest elsewhere to tell.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.errors import HarnessError
from harness.judge import conditions, rescore, signing, verdict
from harness.qa.squad import Paragraph
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.read import blaming_the_record, identity_of, require_finished


@dataclass(frozen=True, slots=True)
class Check:
    """One question put to a record: what was looked at, and what is wrong, each problem naming its file."""

    name: str
    says: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """All checks of a run; `not_covered` says what they could not look at, and what to give so that they can."""

    run: str
    checks: tuple[Check, ...]
    not_covered: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        return not any(check.problems for check in self.checks)


def problems_of(checks: Iterable[Check]) -> list[str]:
    return [problem for check in checks for problem in check.problems]


def first_of(problems: Sequence[str]) -> str:
    """The first problem, and how many more there are."""
    return f"{problems[0]} (and {len(problems) - 1} more)" if len(problems) > 1 else problems[0]


def audit(run: Run, eval_file: Path | None = None, signer: str | None = None) -> Audit:
    """Checks a finished run; `eval_file` is its evaluation data, where that is neither packaged nor where it was.

    `signer`: the public key that its manifest must be signed by.
    Raises DataError for a folder that is no finished run of this version, and for an `eval_file` that is another one.
    """
    require_finished(run)
    golds, why = _golds(run, eval_file)
    checks = [
        _check(run, "manifest", "every file is there, as it was hashed, and no other", lambda: _manifest(run)),
        *check_content(run, golds),
        _check(run, "verdict", "follows from the record, every byte", lambda: _verdict(run)),
    ]
    if signer is not None:
        says = "the manifest is signed by this key"
        checks.append(_check(run, "signature", says, lambda: filter(None, [signing.verify(run.folder, signer)])))
    return Audit(str(run.folder), tuple(checks), tuple(_not_covered(run, why)))


def check_content(run: Run, golds: Sequence[Paragraph] | None) -> list[Check]:
    """All checks but those of manifest and verdict, so that a run can be asked before it has them."""
    checks = [
        _check(run, "identity", "experiment, inputs, code, rule and tolerances are those hashed at the start",
               lambda: _identity(run)),
        _check(run, "card", "the card is the one that was planned, and makes these claims", lambda: _card(run)),
        _check(run, "weights", "the weights that are here are those that the stages wrote", lambda: _weights(run)),
        _check(run, "losses", "the final losses follow from the steps", lambda: _losses(run)),
    ]  # fmt: skip
    again = "every answer scored again, every sum made again" if golds else "every sum made again"
    for one in filter(None, (run.evaluation, run.published, run.teacher)):
        checks.append(_check(run, one.name, again, partial(rescore.check, one, golds)))
    return checks


def audit_series(series: Run, runs: Sequence[Run]) -> Audit:
    """Checks the verdict over several seeds; their runs are audited one by one beside it."""
    check = _check(series, "series", "its verdict follows from its runs, every byte", lambda: _series(series, runs))
    return Audit(str(series.folder), (check,), ())


def _series(series: Run, runs: Sequence[Run]) -> Iterator[str]:
    names = [run.folder.name for run in runs]
    yield from conditions.failed_together(runs)
    if series.folder.name != store.series_name(names):
        yield f"{store.SERIES}: names other runs than the folder is named by"
    is_sequential = series.series.is_sequential
    concluded = verdict.conclude(runs, is_sequential=is_sequential)
    expected = store.series_text(names, concluded, is_sequential=is_sequential)
    if (why := older_rules(series, store.SERIES)) is not None:
        yield f"{store.SERIES}: {why}"
    elif series.read(store.SERIES) != expected.encode():
        yield f"{store.SERIES}: is not what follows from its runs"


def _check(run: Run, name: str, says: str, work: Callable[[], Iterator[str]]) -> Check:
    """Runs one check. A changed record can be of any shape, so not being able to follow it is a finding, not a bug."""
    found: list[str] = []
    try:
        with blaming_the_record(run.folder):
            found.extend(work())
    except (HarnessError, OSError) as error:
        found.append(str(error))
    return Check(name, says, tuple(found))


def _golds(run: Run, eval_file: Path | None) -> tuple[list[Paragraph] | None, str]:
    """The evaluation questions, or None and why they are not to be had."""
    try:
        with blaming_the_record(run.folder):
            return rescore.find_golds(run, eval_file)
    except HarnessError as error:
        if eval_file is not None:
            raise
        return None, f"which evaluation data it was is not to be read ({error})"


def _manifest(run: Run) -> Iterator[str]:
    for path in sorted(run.folder.rglob("*")):
        if path.is_symlink():
            yield f"{_name(run, path)}: is a link; a record holds files"
    recorded = run.read(store.MANIFEST)
    listed = _by_name(recorded.decode(errors="replace").splitlines())
    lines = run.manifest_lines(run.names())
    found = _by_name(line.rstrip("\n") for line in lines)
    if recorded == "".join(lines).encode():
        return
    yield f"{store.MANIFEST}: is not the manifest of the files that are here"
    for name in sorted({*listed, *found}):
        if name not in found:
            yield f"{name}: missing"
        elif name not in listed:
            yield f"{name}: extra, not in {store.MANIFEST}"
        elif listed[name] != found[name]:
            yield f"{name}: changed, sha256 {found[name][:12]}…, not {listed[name][:12]}…"


def _by_name(lines: Iterable[str]) -> dict[str, str]:
    parts = (line.partition("  ") for line in lines)
    return {name: sha256 for sha256, _, name in parts}


def _identity(run: Run) -> Iterator[str]:
    experiment, inputs = run.plain("experiment.json"), run.plain("inputs.json")
    expected = store.json_text(
        {
            "schema_version": run.version,
            "identity": identity_of(experiment, inputs, run.environment.machine.code),
            "rule": conditions.rule_hash(run.experiment),
        }
    )
    if run.read("identity.json") != expected.encode():
        yield "identity.json: does not follow from experiment.json, inputs.json and the code in environment.json"
    for name, plain in (("experiment.json", experiment), ("inputs.json", inputs)):
        if run.read(name) != store.json_text(plain).encode():
            yield f"{name}: is not written as the harness writes it"


def _card(run: Run) -> Iterator[str]:
    experiment = run.experiment
    if run.sha256("card.md") != experiment.card_sha256:
        yield "card.md: is not the card that experiment.json was planned from"
        return
    printed = run.card.claims
    for claim in experiment.claims:
        if claim not in printed:
            yield f"experiment.json: {claim.metric} {claim.raw} is no claim on line {claim.line} of card.md"


def _weights(run: Run) -> Iterator[str]:
    expected: dict[str, str] = {}
    for stage in run.experiment.stages:
        folder, recorded = store.student_of(run.folder, stage.name), run.stage(stage.name).weights
        if folder.is_dir():
            expected |= {_name(run, folder / name): sha256 for name, sha256 in recorded.items()}
    here = {_name(run, path): path for path in run.folder.rglob("*") if path.is_file() and store.WEIGHTS in path.parts}
    here = {name: path for name, path in here.items() if store.WEIGHTS in Path(name).parts}
    for name in sorted({*expected, *here}):
        if name not in here:
            yield f"{name}: missing, beside other weights of its stage"
        elif name not in expected:
            yield f"{name}: extra, no stage wrote it"
        elif store.sha256_of(here[name]) != expected[name]:
            yield f"{name}: changed since its stage wrote it"


def _losses(run: Run) -> Iterator[str]:
    """Each term's mean over the last epoch, as the loop takes it; bit for bit, because steps are written in full."""
    for stage in (stage.name for stage in run.experiment.stages):
        log, steps = run.stage(stage).log, run.steps(stage)
        if len(steps) != log.n_steps:
            yield f"stages/{stage}/train.jsonl: holds {len(steps)} steps, stage.json says {log.n_steps}"
            continue
        last = [step for step in steps if step.epoch == steps[-1].epoch]
        for term, mean in log.terms.items():
            found = math.fsum(step.terms[term] for step in last) / len(last)
            if found != mean:
                yield f"stages/{stage}/stage.json: {term} {mean} is not the mean of the last epoch's steps, {found}"


def _verdict(run: Run) -> Iterator[str]:
    expected = store.verdict_text(verdict.conclude([run]))
    recorded = run.read(store.VERDICT)
    if (why := older_rules(run, store.VERDICT)) is not None:
        yield f"verdict.json: {why}"
    elif recorded != expected.encode():
        yield f"verdict.json: is not what follows from the record{_first_difference(recorded, expected)}"
    for path in run.folder.rglob("*"):
        if path.parent != run.folder and path.name in (store.MANIFEST, "verdict.json") and not _is_drawn(run, path):
            yield f"{_name(run, path)}: extra, no part of a record"


def older_rules(run: Run, name: str) -> str | None:
    """Why a verdict does not follow by the rules of now: it was made by earlier ones."""
    version = run.plain(name).get("schema_version")
    if version == store.SCHEMA_VERSION:
        return None
    remedy = f"`harness verdict --restate {run.folder}` judges the record again by those of now"
    return f"is by the rules of schema version {version}; {remedy}"


def _first_difference(recorded: bytes, expected: str) -> str:
    pairs = zip(recorded.decode(errors="replace").splitlines(), expected.splitlines(), strict=False)
    for number, (is_there, follows) in enumerate(pairs, start=1):
        if is_there != follows:
            return f" (line {number}: {is_there.strip()!r}, follows {follows.strip()!r})"
    return " (it is cut short, or longer)"


def _not_covered(run: Run, why: str) -> Iterator[str]:
    if why:
        yield f"the answers were not scored again: {why}"
    for folder in sorted((run.folder / "stages").glob("*/")):
        if not (folder / store.WEIGHTS).is_dir():
            yield f"the weights of {folder.name} are not here; their hashes are on record"
    if (run.folder / store.PLOTS).is_dir():
        yield f"{store.PLOTS}/: drawn from the record, not part of it"
    yield "token-index scores and the margin of no answer, question by question: only the weights can give them"
    yield "whether these weights gave these answers, and whether other runs were made and left out: no record shows it"
    if not run.has(store.SIGNATURE):
        yield "who made the record: it is not signed (--sign KEY)"
    yield from _other_code(run)


def _other_code(run: Run) -> Iterator[str]:
    try:
        recorded = run.environment.machine.code["harness"]
    except (HarnessError, KeyError):
        return
    if recorded != environment.code()["harness"]:
        yield "the record was made by other sources of harness; what these work out differently is no forgery"


def _is_drawn(run: Run, path: Path) -> bool:
    return path.relative_to(run.folder).parts[0] == store.PLOTS


def _name(run: Run, path: Path) -> str:
    return path.relative_to(run.folder).as_posix()
