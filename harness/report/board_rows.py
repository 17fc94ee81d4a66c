"""What the board says of an entry, as text, on a terminal and in the page alike."""

from harness.report.board import MAIN, Entry, Score
from harness.report.verdict_rows import number, outcome_text


def score_of(entry: Entry, metric: str) -> Score | None:
    """The first claim of a metric, or what was measured of it."""
    return next((one for one in entry.scores if one.metric == metric), None)


def score_text(entry: Entry, metric: str) -> str | None:
    """What was measured, and in brackets how far it is from the claim where there is one; a missed claim is marked."""
    one = score_of(entry, metric)
    if one is None:
        return None
    if one.measured is None:
        return "unmeasured"
    measured = number(one.measured, one.unit)
    if one.difference is None:
        return measured
    missed = " !" if entry.is_judged and one.outcome == "not_reproduced" else ""
    return f"{measured} ({number(one.difference, one.unit, '+')}{missed})"


def others_text(entry: Entry) -> str:
    """How many of the other claims came to what; empty where the card claims nothing else."""
    outcomes = [one.outcome for one in entry.scores if one.outcome is not None and one.metric not in MAIN]
    counts = {name: outcomes.count(name) for name in dict.fromkeys(outcomes)}
    said = [f"{n} {outcome_text(name) if entry.is_judged else 'not judged'}" for name, n in counts.items()]
    return ", ".join(dict.fromkeys(said))


def state_text(entry: Entry) -> str:
    """Why an entry has no outcome, and how far it came; empty where it has one."""
    if entry.outcome is not None:
        return ""
    return "; ".join(filter(None, (str(entry.progress) if entry.progress else "", entry.reason)))


def seeds_text(entry: Entry) -> str:
    """How many seeds, and which."""
    n = len(entry.seeds)
    return f"{n} seed{'s' * (n != 1)}" + (f" ({' '.join(map(str, entry.seeds))})" if n else "")
