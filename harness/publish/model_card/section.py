"""The section of a regenerated card: verdict, numbers, what departs from the card, on what, and how to run it again."""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from harness.card import generated
from harness.domain import Deviation, Experiment, Setting
from harness.publish import privacy
from harness.publish.model_card.machine_block import Block, block_lines
from harness.record.judgement import Conclusion, Outcome
from harness.record.parts import RunEnvironment
from harness.report.verdict_rows import number, outcome_text, rows_of_judgement, sentence

_SAID: Mapping[Outcome, str] = {
    "reproduced": "the numbers of this card were reproduced",
    "within_tolerance": "the numbers of this card were met within their tolerance, which may be luck",
    "better": "the numbers of this card were met within their tolerance, or exceeded",
    "not_reproduced": "the numbers of this card were not reproduced",
    "confounded": "the published weights do not score here what this card says, so nothing was shown about training",
    "inconclusive": "whether the numbers of this card hold is not decided",
    "measured": "this card claimed no numbers; these were measured",
    "unmeasured": "not every number of this card could be measured",
    "limited": "this run says nothing about the numbers of this card",
    "invalid": "this run is invalid and says nothing about the numbers of this card",
}
_SEVERITIES = ("high", "medium", "low", "none")
_LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate")


def section_lines(
    experiment: Experiment,
    concluded: Conclusion,
    environment: RunEnvironment,
    block: Block,
    licences: Mapping[str, str],
    deviations: Sequence[Deviation],
    *,
    repo: str | None = None,
    absent: Sequence[str] = (),
) -> list[str]:
    """Lines of the section, marks included; without paths, hosts or tokens.

    `repo` is where on the Hub the card will stand; `absent` says of files that the run had and the card has not what
    they are.
    """
    judgement = concluded.judgement
    said = [
        generated.BEGIN,
        "## Reproduction",
        "",
        f"**{outcome_text(judgement.outcome).capitalize()}**: {_SAID[judgement.outcome]}{_why(concluded)}.",
        "",
        *_table(concluded),
        "",
        *(f"- Note: {_plain(flag)}." for flag in judgement.flags),
        *_signatures(concluded),
        "",
        "### What departs from the card",
        "",
        *_deviations(deviations),
        "",
        "### Where it was run",
        "",
        *_environment(environment),
        *_licences(licences),
        "",
        "### To run it again",
        "",
        "```bash",
        command_of(experiment, environment, n_seeds=len(block.runs), repo=repo),
        "```",
        "",
        *(f"- Not beside this card: {one}" for one in absent),
        *[""] * bool(absent),
        "Measured by `harness` and by nobody else; no number here is verified.",
        "",
        "<details><summary>The same for machines</summary>",
        "",
        *block_lines(block),
        "",
        "</details>",
        generated.END,
    ]
    return [privacy.clean(line) for line in said]


def _why(concluded: Conclusion) -> str:
    """By which rule, and why; nothing more of a run that had no claim to be judged by."""
    judgement = concluded.judgement
    if judgement.outcome == "measured":
        return ""
    by = f"rule {judgement.rule}: " if judgement.verdicts else ""
    return f" ({by}{_plain(sentence(judgement, concluded.operating))})"


def _table(concluded: Conclusion) -> Iterator[str]:
    judgement = concluded.judgement
    if not judgement.verdicts:
        yield "| metric | measured |"
        yield "|---|---:|"
        for one in concluded.measurements:
            if one.metric in ("exact", "f1") or one.unit == "loss":
                yield f"| {one.metric} | {number(one.value, one.unit)} |"
        return
    yield "| metric | claimed | published weights | reproduced | difference | tolerance | verdict |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for row in rows_of_judgement(judgement, concluded.attributions):
        measured = f"{row.measured} ± {row.sd}" if row.sd else row.measured
        numbers = (row.claimed, row.published, measured, row.difference, row.tolerance)
        yield f"| {' | '.join((row.metric, *(one or '-' for one in numbers), row.outcome_text))} |"


def _signatures(concluded: Conclusion) -> Iterator[str]:
    """Under which conditions the claimed metrics, or those that are shown without a claim, were measured."""
    claimed = {verdict.metric for verdict in concluded.judgement.verdicts} or {"exact", "f1"}
    found = [one for one in concluded.measurements if one.metric in claimed and one.unit == "points"]
    seeds = list(dict.fromkeys(one.seed for one in concluded.measurements))
    if seeds:
        mean = f"mean and standard deviation of {len(seeds)} seeds: " if len(seeds) > 1 else "seed "
        yield f"- Reproduced: {mean}{', '.join(map(str, seeds))}."
    for signature in dict.fromkeys(one.signature for one in found):
        yield f"- Scored as `{signature}`."


def _deviations(deviations: Sequence[Deviation]) -> Iterator[str]:
    if not deviations:
        yield "Nothing on record."
    for one in sorted(deviations, key=lambda one: _SEVERITIES.index(one.severity)):
        why = f" ({_plain(one.why)})" if one.why else ""
        yield f"- {one.category}, {one.severity}: {_plain(one.claimed)} → {_plain(one.actual)}{why}"


def _environment(environment: RunEnvironment) -> Iterator[str]:
    machine = environment.machine
    commit = f", commit {machine.commit[:12]}" if machine.commit else ""
    changed = ", with uncommitted changes" if machine.dirty else ""
    yield f"- harness {machine.harness}{commit}{changed}, sources {str(machine.code['harness'])[:12]}"
    libraries = ", ".join(f"{name} {machine.code[name]}" for name in _LIBRARIES if machine.code.get(name))
    yield f"- Python {machine.python}, {libraries}"
    gpus = ", ".join(machine.gpus)
    driver = f", driver {machine.driver}" if machine.driver else ""
    processor = f"{gpus}{driver}" if gpus else f"{machine.n_cpus} x {_plain(machine.cpu)}"
    yield f"- {processor}, {machine.platform}, on {environment.device}"


def _licences(licences: Mapping[str, str]) -> Iterator[str]:
    for name, licence in licences.items():
        yield f"- Licence of the {_plain(name)}: {_plain(licence)}"


def command_of(
    experiment: Experiment, environment: RunEnvironment, *, n_seeds: int = 1, repo: str | None = None
) -> str:
    """The command that plans and runs this experiment on the card, with what was overridden; local files by name.

    On the Hub a card goes by the name of its repository, which one that was read there has already.
    """
    owner, mark, rest = experiment.name.partition("__")
    card = repo or (f"{owner}/{rest}" if mark else f"{experiment.name}.md")
    parts = ["harness", "reproduce", card, *([] if experiment.claims else ["--measure"])]
    tolerances = []
    for section in experiment.sections():
        for one in section.settings:
            if one.source.kind != "option":
                continue
            if one.source.option == "--tolerance":
                tolerances.append(f"{one.name.removeprefix('tolerance.')}={one.value:g}")
            else:
                parts += _option(one)
    if n_seeds > 1:
        parts += ["--seeds", str(n_seeds)]
    if tolerances:
        parts += ["--tolerance", ",".join(tolerances)]
    for name in ("num_processes", "gradient_accumulation_steps"):
        n = getattr(environment, name)
        if n != 1:
            parts += [f"--{name.replace('_', '-')}", str(n)]
    return shlex.join(parts)


def _option(setting: Setting) -> list[str]:
    option = setting.source.option
    value = "none" if setting.value is None else privacy.clean(str(setting.value)).removeprefix("…/")
    if setting.source.setting:
        return [option, f"{setting.source.setting}={value}"]
    return [option] if setting.value is True else [option, value]


def _plain(text: str) -> str:
    """One line that is neither a table's cell end nor HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").rstrip(".")
