"""What to do with a verdict: the commands that fit what a run came to, as they are typed."""

import shlex
from collections.abc import Iterator

from harness.record.judgement import Judgement
from harness.report.text.subject import ReportData

_MET = ("reproduced", "within_tolerance", "better")


def next_steps(subject: ReportData, judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Each command with what it is for, the most useful first; none where no record was written."""
    if subject.experiment is None or subject.record is None:
        return
    run, card = shlex.quote(subject.record), shlex.quote(subject.experiment.card_path)
    n_seeds = max((len(one.values) for one in judgement.estimates), default=1)
    more_seeds = f"harness reproduce {card} --seeds {'auto' if n_seeds < 3 else n_seeds + 2} --rule equivalence"
    outcome = judgement.outcome
    if outcome == "inconclusive" or (outcome == "within_tolerance" and n_seeds < 3):
        yield more_seeds, "more seeds: a verdict with known error rates"
    if outcome == "confounded":
        yield f"harness score {card}", "the card's own weights under every evaluator"
    if outcome == "not_reproduced":
        yield f"harness plot {run}", "losses, claims and articles as pictures"
    yield f"harness report {run}", "the run as one HTML page"
    if outcome in _MET:
        yield f"harness gate {run}", "pass or fail, as in CI"
        yield f"harness push {run} --repo ORG/NAME --dry-run", "what would be published"
    if outcome == "measured":
        yield f"harness card {run}", "the card with these numbers, for its author to claim"
