"""Writes results/README.md from the records beside it: no number of that page is typed in.

    python -m tests.minilm.page > results/README.md

A test holds the page to what this prints.
"""

import itertools
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence

from harness.plan.cost import format_duration
from harness.record import store
from harness.record.folder import Run
from tests.minilm.hard_case import floor, lifted
from tests.minilm.learned import ENOUGH, beginnings, learned
from tests.minilm.phrases import by_question, gaps
from tests.minilm.records import (
    BOTH,
    BOTH_OTHER,
    PAIRED,
    RESULTS,
    SQUAD1,
    SQUAD2,
    TEACHER,
    TENTH,
    Pair,
    Told,
    half_learned,
    in_spreads,
    kept_of,
    of_arm,
    of_same_seeds,
    of_student,
    runs,
    spread_of,
)

BESIDE = {
    "baseline": "the numbers that `harness gate` holds a later run of each card against",
    "bench": "speed, as the benchmarks of `tests/bench` wrote it down",
    "cards": "the MiniLM cards as `harness card` wrote them again from a record",
    "minilm-*": "runs: each seed above leads to its record",
    "minilm-*/scores": "the scores under other evaluators, as `harness score` wrote them",
    "parser": "how many fuzzed cards, files and records were read, and what came of them",
    "plots": "the pictures above, by `harness plot`",
    "pocket": "the runs behind the claims of the pocket cards, further runs held against them, and planted faults",
}


def page() -> Iterator[str]:
    """Lines of the page."""
    first, second, third = runs(SQUAD1), runs(SQUAD2), runs(PAIRED)
    yield "# What a teacher is worth"
    yield ""
    yield learned(first)
    yield ""
    yield (
        f"{_linked(SQUAD1.teacher)}, six layers, teaches {_linked(SQUAD1.student)}, three; both learn from 11,820 "
        f"questions and are asked the {int(first[0].scores['total']):,} of the {SQUAD1.data}, each of which has an "
        "answer: never answering scores 0. Every number here is worked out from the records below by "
        "`python -m tests.minilm.page`; `harness audit results/minilm-*/*Z-*` follows them all."
    )
    yield ""
    yield from _table({SQUAD1: first})
    yield from _findings(SQUAD1, first)
    yield " ".join(f"![{name} of the distilled student](plots/{name}.svg)" for name in ("claims", "articles"))
    yield ""
    yield "## The hard case: questions without an answer"
    yield ""
    yield from floor(second)
    yield from _table({SQUAD2: second, PAIRED: third})
    yield from lifted(second, third)
    yield from _findings(SQUAD2, second)
    yield from _matrices(((SQUAD1, first), (SQUAD2, second)))
    yield "## What is here"
    yield ""
    yield (
        "All ran on a core or two beside other work: times say what it took, not what it costs. Settings were chosen "
        "before any number of a dev set was seen, and not changed after. What a record holds: "
        "[harness/record/README.md](../harness/record/README.md)."
    )
    yield ""
    yield "| records | what they are |"
    yield "|---|---|"
    for folder, what in BESIDE.items():
        yield f"| `{folder}/` | {what} |"


def _linked(name: str) -> str:
    return f"[{name}](../cards/{name}.md)"


def _name_of(pair: Pair, arm: str) -> str:
    names = {TEACHER: "teacher", TENTH: "teacher, a tenth of the questions", **pair.arms, **pair.ablations}
    return f"{names[arm]}, {pair.learns_from}" if pair.learns_from else names[arm]


def _table(pairs: Mapping[Pair, Sequence[Told]]) -> Iterator[str]:
    """The runs of pairs that are judged on the same data, a training a row."""
    is_hard = SQUAD2 in pairs
    parts = ["f1, with answer", "f1, without"] if is_hard else [f"f1, the {len(_kept()):,} that SQuAD 2.0 kept"]
    yield f"| model | seeds | exact | f1 | {' | '.join(parts)} | of the teacher's f1 | training, forecast |"
    yield f"|---|---|---:|---:|{'---:|' * len(parts)}---:|---:|"
    for pair, found in pairs.items():
        for arm in (TEACHER, TENTH, *pair.arms, *pair.ablations):
            if told := of_arm(found, arm):
                yield _row(pair, arm, told, found)
    yield ""


def _row(pair: Pair, arm: str, told: Sequence[Told], found: Sequence[Told]) -> str:
    def mean(values: Sequence[float]) -> str:
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        return f"{statistics.fmean(values):.2f}{spread}"

    parts = ("HasAns_f1", "NoAns_f1") if pair.data == SQUAD2.data else ()
    cells = [_name_of(pair, arm), _seeds(told)]
    cells += [mean([one.scores[metric] for one in told]) for metric in ("exact", "f1", *parts)]
    cells += [] if parts else [mean([_f1_of_kept(one) for one in told])]
    foretold = [one for one in told if one.expected is not None]
    took = format_duration(statistics.fmean(one.took for one in foretold or told))
    forecast = f", {format_duration(mean_expected(foretold))}" if foretold else ""
    return f"| {' | '.join([*cells, f'{kept_of(found, told):.1f} %', f'{took}{forecast}'])} |"


def _seeds(told: Sequence[Told]) -> str:
    return " ".join(f"[{one.seed}]({one.folder.relative_to(RESULTS).as_posix()})" for one in told)


def mean_expected(told: Sequence[Told]) -> float:
    return statistics.fmean(one.expected or 0.0 for one in told)


def _kept() -> frozenset[str]:
    """The questions with an answer of SQuAD 2.0's dev set: those of 1.1's that it took over."""
    return frozenset(row.id for row in runs(SQUAD2)[0].rows if row.has_answer)


def _f1_of_kept(one: Told) -> float:
    kept = _kept()
    return 100 * statistics.fmean(row.f1 for row in one.rows if row.id in kept)


def _findings(pair: Pair, found: Sequence[Told]) -> Iterator[str]:
    """The student of both stages against each other arm: means beside the spread of a seed, then question by question;
    spreads; flips."""
    ours = of_arm(found, BOTH)
    for arm in list(pair.arms)[1:]:
        others = of_arm(found, arm)
        if not (ours and others):
            continue
        yield f"- Both stages against {pair.arms[arm]}: {gaps(found, ours, others)}. {by_question(ours, others)}"
    if pair is SQUAD1:
        yield from _ablations(pair, found)
        yield from beginnings(found)
    flips = [said for arm in pair.arms if (said := _flips(pair, arm, of_arm(found, arm)))]
    flipped = f" Answers that flip between right and wrong from one seed to another: {', '.join(flips)}."
    yield f"{_spreads(found)}{flipped if flips else ''}"
    yield ""


def _ablations(pair: Pair, found: Sequence[Told]) -> Iterator[str]:
    """What of the distillation matters: each thing that was set otherwise against the same teacher's other students."""
    if not (control := of_arm(found, BOTH_OTHER)):
        return
    said, far = [], []
    for arm, name in list(pair.ablations.items())[1:]:
        told, what = of_arm(found, arm), name.removeprefix("the same, ")
        if same := of_same_seeds(control, told):
            said.append(f"{what}, {gaps(found, told, same)}")
            counted = [in_spreads(metric, found, told, same) for metric in ("exact", "f1")]
            far += [what] if all(gap and abs(gap) > ENOUGH for gap in counted) else []
    yield (
        f"- What of it matters, one thing set otherwise at a time, against the same seeds: {'; '.join(said)}. "
        f"More than {ENOUGH:.0f} spreads of a seed in both metrics: {'; '.join(far) or 'nothing'}. "
        f"Another teacher moves the student by {gaps(found, control, of_arm(found, BOTH))}."
    )


def _spreads(found: Sequence[Told]) -> str:
    half = half_learned(found)
    pooled = _spread_said(found, of_student(found) - half)
    if pooled is None:
        return (
            "- One seed of each: how far a seed moves these numbers is not measured yet, so no gap here is a finding."
        )
    rest = _spread_said(found, half)
    of_half = (
        " Trainings that answer fewer than half of what the teacher does are half-learned, and pooled by themselves: "
        f"{rest}. A gap to one of them is counted in the root mean square of both spreads."
    )
    return (
        f"- Spread of a seed, its standard deviation pooled over the student's trainings that were run more than once, "
        f"with one teacher: {pooled}.{of_half if rest else ''}"
    )


def _spread_said(found: Sequence[Told], arms: Collection[str]) -> str | None:
    known = {metric: spread for metric in ("exact", "f1") if (spread := spread_of(metric, found, arms))}
    if not known:
        return None
    said = " and ".join(f"{name} {one.value:.2f} (95 % {one.low:.2f} to {one.high:.2f})" for name, one in known.items())
    return f"{said}, {next(iter(known.values())).df} degrees of freedom"


def _flips(pair: Pair, arm: str, told: Sequence[Told]) -> str:
    flipped = [
        statistics.fmean(one.exact != other.exact for one, other in zip(first.rows, second.rows, strict=True))
        for first, second in itertools.combinations(told, 2)
    ]
    return f"{statistics.fmean(flipped):.1%} ({pair.arms[arm]})" if flipped else ""


def _matrices(pairs: Sequence[tuple[Pair, Sequence[Told]]]) -> Iterator[str]:
    """Scores of one student a pair under every protocol, as `harness score` left them."""
    of, rows = [], dict[tuple[str, str], list[str]]()
    for pair, found in pairs:
        (path,) = RESULTS.glob(f"{pair.student}/scores/*/matrix.json")
        weights = store.read_json(path.parent / "inputs.json")["weights"]["files"]
        (run,) = (one for one in found if Run.open(one.folder).evaluation.weights == weights)
        of.append(f"{pair.data}: seed {run.seed}, which scored {run.scores['exact']:.2f} and {run.scores['f1']:.2f}")
        for row in store.read_json(path)["rows"]:
            numbers = [f"{row['scores'][name]:.2f}" for name in ("exact", "f1")]
            rows.setdefault((row["protocol"], row["scorer"]), []).extend(numbers)
    yield "## The same weights under other evaluators"
    yield ""
    yield f"Students of both stages by `harness score`, in fp32, where a run scores in bf16. {'; '.join(of)}."
    yield ""
    yield f"| protocol | scorer |{''.join(f' {pair.data}: exact | f1 |' for pair, _ in pairs)}"
    yield f"|---|---|{'---:|---:|' * len(pairs)}"
    for names, numbers in rows.items():
        yield f"| {' | '.join((*names, *numbers))} |"
    yield ""


if __name__ == "__main__":
    print("\n".join(page()))
