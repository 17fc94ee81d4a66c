"""Does a record follow from itself? Every hash, every score, every sum and the verdict, worked out again without torch.

Each check names the file that is not what it should be. What cannot be checked is said: weights that are not there,
evaluation data that is not to be had, and what only the weights can give (predicted spans, logits). A record that
was changed in all of its files at once, hashes included, is another record: keep its manifest elsewhere to tell.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.card.read import read_card
from harness.errors import HarnessError
from harness.judge import rescore, verdict
from harness.qa.squad import Paragraph
from harness.record import environment, store
from harness.record.read import following, identity_of, read_experiment, require_finished, runs_of, version_of


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


def audit(run: Path, eval_file: Path | None = None) -> Audit:
    """Checks a finished run; `eval_file` is its evaluation data, where that is neither packaged nor where it was.

    Raises DataError for a folder that is no finished run of this version, and for an `eval_file` that is another one.
    """
    require_finished(run)
    golds, why = _golds(run, eval_file)
    checks = [
        _check(run, "manifest", "every file is there, as it was hashed, and no other", lambda: _manifest(run)),
        *check_content(run, golds),
        _check(run, "verdict", "follows from the record, every byte", lambda: _verdict(run)),
    ]
    return Audit(str(run), tuple(checks), tuple(_not_covered(run, why)))


def check_content(run: Path, golds: Sequence[Paragraph] | None) -> list[Check]:
    """All checks but those of manifest and verdict, so that a run can be asked before it has them."""
    checks = [
        _check(run, "identity", "experiment, inputs, code, rule and tolerances are those hashed at the start",
               lambda: _identity(run)),
        _check(run, "card", "the card is the one that was planned, and makes these claims", lambda: _card(run)),
        _check(run, "weights", "the weights that are here are those that the stages wrote", lambda: _weights(run)),
        _check(run, "losses", "the final losses follow from the steps", lambda: _losses(run)),
    ]  # fmt: skip
    again = "every answer scored again, every sum made again" if golds else "every sum made again"
    for folder in _evaluations(run):
        checks.append(_check(run, folder.name, again, partial(rescore.check, run, folder, golds)))
    return checks


def audit_series(folder: Path) -> Audit:
    """Checks the verdict over several seeds; their runs are audited one by one beside it."""
    check = _check(folder, "series", "its verdict follows from its runs, every byte", lambda: _series(folder))
    return Audit(str(folder), (check,), ())


def _series(folder: Path) -> Iterator[str]:
    plain = store.read_json(folder / store.SERIES)
    runs = runs_of(folder)
    if folder.name != store.series_name([run.name for run in runs]):
        yield f"{store.SERIES}: names other runs than the folder is named by"
    is_sequential = bool(plain["is_sequential"])
    concluded = verdict.conclude(runs, is_sequential=is_sequential)
    version = int(plain["schema_version"])
    expected = store.series_text([run.name for run in runs], concluded, is_sequential=is_sequential, version=version)
    if (folder / store.SERIES).read_bytes() != expected.encode():
        yield f"{store.SERIES}: is not what follows from its runs"


def _check(run: Path, name: str, says: str, work: Callable[[], Iterator[str]]) -> Check:
    """Runs one check. A changed record can be of any shape, so not being able to follow it is a finding, not a bug."""
    found: list[str] = []
    try:
        with following(run):
            found.extend(work())
    except (HarnessError, OSError) as error:
        found.append(str(error))
    return Check(name, says, tuple(found))


def _golds(run: Path, eval_file: Path | None) -> tuple[list[Paragraph] | None, str]:
    """The evaluation questions, or None and why they are not to be had."""
    try:
        with following(run):
            return rescore.find_golds(run, read_experiment(run), eval_file)
    except HarnessError as error:
        if eval_file is not None:
            raise
        return None, f"which evaluation data it was is not to be read ({error})"


def _manifest(run: Path) -> Iterator[str]:
    for path in sorted(run.rglob("*")):
        if path.is_symlink():
            yield f"{_name(run, path)}: is a link; a record holds files"
    recorded = (run / store.MANIFEST).read_bytes()
    listed = _by_name(recorded.decode(errors="replace").splitlines())
    lines = store.manifest_lines(run, store.record_files(run))
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


def _identity(run: Path) -> Iterator[str]:
    experiment, inputs = store.read_json(run / "experiment.json"), store.read_json(run / "inputs.json")
    code = store.read_json(run / "environment.json")["machine"]["code"]
    expected = store.json_text(
        {
            "schema_version": version_of(run),
            "identity": identity_of(experiment, inputs, code),
            "rule": verdict.rule_hash(read_experiment(run)),
        }
    )
    if (run / "identity.json").read_bytes() != expected.encode():
        yield "identity.json: does not follow from experiment.json, inputs.json and the code in environment.json"
    for name, plain in (("experiment.json", experiment), ("inputs.json", inputs)):
        if (run / name).read_bytes() != store.json_text(plain).encode():
            yield f"{name}: is not written as the harness writes it"


def _card(run: Path) -> Iterator[str]:
    experiment = read_experiment(run)
    if store.sha256_of(run / "card.md") != experiment.card_sha256:
        yield "card.md: is not the card that experiment.json was planned from"
        return
    printed = read_card(run / "card.md").claims
    for claim in experiment.claims:
        if claim not in printed:
            yield f"experiment.json: {claim.metric} {claim.raw} is no claim on line {claim.line} of card.md"


def _weights(run: Path) -> Iterator[str]:
    expected: dict[str, str] = {}
    for stage in _stages(run):
        folder = store.student_of(run, stage)
        recorded = store.read_json(folder.parent / "stage.json")["weights"]
        if folder.is_dir():
            expected |= {_name(run, folder / name): sha256 for name, sha256 in recorded.items()}
    here = {_name(run, path): path for path in run.rglob("*") if path.is_file() and store.WEIGHTS in path.parts}
    here = {name: path for name, path in here.items() if store.WEIGHTS in Path(name).parts}
    for name in sorted({*expected, *here}):
        if name not in here:
            yield f"{name}: missing, beside other weights of its stage"
        elif name not in expected:
            yield f"{name}: extra, no stage wrote it"
        elif store.sha256_of(here[name]) != expected[name]:
            yield f"{name}: changed since its stage wrote it"


def _losses(run: Path) -> Iterator[str]:
    """Each term's mean over the last epoch, as the loop takes it; bit for bit, because steps are written in full."""
    for stage in _stages(run):
        folder = run / "stages" / stage
        log = store.read_json(folder / "stage.json")["log"]
        path = folder / "train.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        steps = [json.loads(line) for line in text.splitlines()]
        if len(steps) != log["n_steps"]:
            yield f"stages/{stage}/train.jsonl: holds {len(steps)} steps, stage.json says {log['n_steps']}"
            continue
        last = [step for step in steps if step["epoch"] == steps[-1]["epoch"]]
        for term, mean in log["terms"].items():
            found = math.fsum(step[term] for step in last) / len(last)
            if found != mean:
                yield f"stages/{stage}/stage.json: {term} {mean} is not the mean of the last epoch's steps, {found}"


def _verdict(run: Path) -> Iterator[str]:
    expected = store.verdict_text(verdict.conclude([run]), version_of(run))
    recorded = (run / "verdict.json").read_bytes()
    if recorded != expected.encode():
        yield f"verdict.json: is not what follows from the record{_first_difference(recorded, expected)}"
    for path in run.rglob("*"):
        if path.parent != run and path.name in (store.MANIFEST, "verdict.json") and not _is_drawn(run, path):
            yield f"{_name(run, path)}: extra, no part of a record"


def _first_difference(recorded: bytes, expected: str) -> str:
    pairs = zip(recorded.decode(errors="replace").splitlines(), expected.splitlines(), strict=False)
    for number, (is_there, follows) in enumerate(pairs, start=1):
        if is_there != follows:
            return f" (line {number}: {is_there.strip()!r}, follows {follows.strip()!r})"
    return " (it is cut short, or longer)"


def _stages(run: Path) -> tuple[str, ...]:
    return tuple(stage.name for stage in read_experiment(run).stages)


def _evaluations(run: Path) -> Iterator[Path]:
    """Folders of the models that were scored; our student's has to be there."""
    for name in (store.EVALUATION, store.PUBLISHED, store.TEACHER):
        if name == store.EVALUATION or (run / name / "metrics.json").exists():
            yield run / name


def _not_covered(run: Path, why: str) -> Iterator[str]:
    if why:
        yield f"the answers were not scored again: {why}"
    for folder in sorted((run / "stages").glob("*/")):
        if not (folder / store.WEIGHTS).is_dir():
            yield f"the weights of {folder.name} are not here; their hashes are on record"
    if (run / store.PLOTS).is_dir():
        yield f"{store.PLOTS}/: drawn from the record, not part of it"
    yield "token-index scores and the margin of no answer, question by question: only the weights can give them"
    yield from _other_code(run)


def _other_code(run: Path) -> Iterator[str]:
    try:
        recorded = store.read_json(run / "environment.json")["machine"]["code"]["harness"]
    except (HarnessError, KeyError, TypeError):
        return
    if recorded != environment.code()["harness"]:
        yield "the record was made by other sources of harness; what these work out differently is no forgery"


def _is_drawn(run: Path, path: Path) -> bool:
    return path.relative_to(run).parts[0] == store.PLOTS


def _name(run: Path, path: Path) -> str:
    return path.relative_to(run).as_posix()
