"""The parts of a report that are tables: verdict, claims, where a gap may come from, deviations, environment."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.domain import Attribution, Estimate, Verdict
from harness.report.board import said
from harness.report.html.gather import Gathered
from harness.report.html.markup import Html, Part, join, table, tag

_SEVERITIES = ("high", "medium", "low", "none")
_NO_NUMBER = "–"


def verdict(found: Gathered) -> Html:
    judgement = found.conclusion.judgement
    other = judgement.other if judgement.is_of_card else None
    seeds = " ".join(map(str, found.seeds))
    about = (
        f"seed{'s' * (len(found.seeds) > 1)} {seeds} · recipe {found.experiment.recipe} as {found.experiment.program}"
    )
    return tag(
        "header",
        tag("p", tag("b", found.experiment.name), f" · {about}", class_="about"),
        tag("h1", said(judgement.outcome), class_=f"outcome {judgement.outcome}"),
        tag("p", judgement.reason, class_="reason"),
        tag("p", f"By rule {judgement.rule}.",
            f" Rule {other.rule} says {said(other.outcome)} ({other.reason})." if other else None),
        [tag("p", flag, class_="flag") for flag in judgement.flags],
        tag("p", tag("code", found.folder.resolve().name), " · card sha256 ",
            tag("code", found.experiment.card_sha256[:12]), class_="note"),
    )  # fmt: skip


def claims(found: Gathered) -> Html:
    judgement = found.conclusion.judgement
    columns = (
        "metric",
        "claimed",
        "published weights",
        "measured",
        "difference",
        "90 % interval",
        "tolerance",
        "verdict",
    )
    estimates = {one.metric: one for one in judgement.estimates}
    published = {one.metric: one.published for one in found.conclusion.attributions}
    is_judged = judgement.is_of_card
    rows = [
        _claim(one, estimates.get(one.metric), published.get(one.metric), is_judged=is_judged)
        for one in judgement.verdicts
    ]
    signatures = dict.fromkeys(one.signature for one in found.conclusion.measurements if one.unit == "points")
    return tag(
        "section",
        tag("h2", "Claims"),
        tag("div", table(columns, rows, label="claims", class_="stack numbers"), class_="wide"),
        [tag("p", "scored as ", tag("code", one), class_="note") for one in signatures],
        id="claims",
    )


def _claim(one: Verdict, estimate: Estimate | None, published: float | None, *, is_judged: bool) -> Iterator[Part]:
    digits = 2 if one.unit == "points" else 4
    interval = estimate.interval if estimate is not None else None
    outcome = one.outcome if is_judged else "not judged"
    yield tag("b", one.metric)
    yield f"{one.claimed:.{digits}f}"
    yield _NO_NUMBER if published is None else f"{published:.{digits}f}"
    yield _NO_NUMBER if one.measured is None else f"{one.measured:.{digits}f}{_spread(estimate, digits)}"
    yield _NO_NUMBER if one.difference is None else f"{one.difference:+.{digits}f}"
    yield _NO_NUMBER if interval is None else f"{interval[0]:+.{digits}f} to {interval[1]:+.{digits}f}"
    yield f"±{one.tolerance:.{digits}f}"
    yield tag("span", said(outcome), class_=f"badge {outcome.replace(' ', '_')}", title=one.reason)


def _spread(estimate: Estimate | None, digits: int) -> str:
    is_mean = estimate is not None and estimate.sd is not None
    return f" ± {estimate.sd:.{digits}f} (sd of {len(estimate.values)})" if estimate is not None and is_mean else ""


def hops(found: Gathered) -> Part:
    """Claim -> published weights -> our student; nothing where neither those nor the teacher were scored."""
    attributions = found.conclusion.attributions
    if not attributions:
        return None
    of_seed = f" Of seed {found.seeds[0]}." if len(found.seeds) > 1 else ""
    return tag(
        "section",
        tag("h2", "Where a gap comes from"),
        tag("p", "The first hop is the way of scoring, the second the training.", of_seed, class_="note"),
        [_hops(one) for one in attributions],
        id="hops",
    )


def _hops(one: Attribution) -> Html:
    first = None if one.published is None else f"{one.published - one.claimed:+.2f}"
    second = None if one.training is None else f"{one.training.difference:+.2f}"
    steps: list[Part] = [_step("claim", one.claimed)]
    if one.published is not None:
        steps += [_arrow("scoring", first), _step("published weights", one.published), _arrow("training", second)]
    else:
        steps += [_arrow("both", f"{one.student - one.claimed:+.2f}")]
    steps.append(_step("our student", one.student))
    return tag(
        "div",
        tag("h3", one.metric),
        tag("div", *steps, class_="hops"),
        [tag("p", line) for line in _hop_notes(one)],
    )


def _step(name: str, value: float) -> Html:
    return tag("span", tag("small", name), tag("b", f"{value:.2f}"), class_="step")


def _arrow(name: str, difference: str | None) -> Html:
    return tag("span", tag("small", name), f"{difference or ''} →", class_="arrow")


def _hop_notes(one: Attribution) -> Iterator[str]:
    hop = one.training
    if hop is not None:
        low_high = f", {hop.interval[0]:+.2f} to {hop.interval[1]:+.2f} at 95 % over paragraphs" if hop.interval else ""
        yield (
            f"Training: {hop.difference:+.2f}{low_high}; {hop.gained} questions gained, {hop.lost} lost "
            f"(McNemar p = {hop.p_value:.2g})."
        )
    elif one.published is None:
        yield "The published weights were not scored, so the two hops cannot be told apart."
    if one.retention is not None and one.teacher is not None and one.teacher >= 1:
        yield f"The student keeps {one.retention:.1f} % of its teacher's {one.teacher:.2f}."


def deviations(found: Gathered) -> Html:
    ledger = sorted(found.experiment.deviations, key=lambda one: _SEVERITIES.index(one.severity))
    columns = ("category", "severity", "the card", "this run", "reason")
    rows = [
        (one.category, tag("span", one.severity, class_=f"badge severity-{one.severity}"), one.claimed, one.actual,
         one.reason or ("may explain a gap" if one.may_explain_a_gap else "cannot explain a gap"))
        for one in ledger
    ]  # fmt: skip
    shown = table(columns, rows, label="deviations", class_="stack") if rows else tag("p", "Nothing on record.")
    return tag("section", tag("h2", "What differs from the card"), tag("div", shown, class_="wide"), id="deviations")


def environment(found: Gathered) -> Html:
    return tag(
        "section",
        tag("h2", "Environment and inputs"),
        tag("details", tag("summary", "Where it ran"), _facts(found.environment, "environment"), open=True),
        tag("details", tag("summary", "Models and data, by hash"), _facts(found.inputs, "inputs")),
        tag("p", "The record is worth what its audit says: ",
            tag("code", f"harness audit {found.folder.resolve().name}"), class_="note"),
        id="environment",
    )  # fmt: skip


def _facts(tree: Mapping[str, Any], label: str) -> Html:
    rows = [(join(name), tag("code", value)) for name, value in _leaves(tree)]
    return tag("div", table(("name", "value"), rows, label=label, class_="stack facts"), class_="wide")


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list):
        yield path, ", ".join(map(str, tree)) or "none"
    else:
        yield path, "none" if tree is None else str(tree).lower() if isinstance(tree, bool) else str(tree)
