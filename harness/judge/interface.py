"""judge(): what finished runs come to, worked out from their records alone, for programs."""

import os
from pathlib import Path

from harness.judge import verdict
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.read import blaming_the_record, require_finished, seeds_of


def judge(*runs: Run | str | os.PathLike[str]) -> Conclusion:
    """Work the verdict of a run, or of several seeds of one card, out again by the claims of the first record.

    A series of seeds counts as its runs. Raises DataError for what is no finished run or no run of the same card,
    StoreError for a broken record.
    """
    opened = [one if isinstance(one, Run) else Run.open(Path(one)) for one in runs]
    if not opened:
        raise TypeError("judge() takes at least one run")
    seeds = [seed for one in opened for seed in seeds_of(one)]
    for one in seeds:
        require_finished(one)
    is_sequential = len(opened) == 1 and opened[0].has("series.json") and opened[0].series.is_sequential
    with blaming_the_record(opened[0].folder):
        return verdict.conclude(seeds, is_sequential=is_sequential)
