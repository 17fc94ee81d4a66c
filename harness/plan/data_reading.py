"""What was asked about questions that cannot be used as they stand in their file: moved to their text, or dropped."""

import math
from collections.abc import Iterator

from harness.domain import Deviation, Setting
from harness.plan import sources
from harness.plan.options import Draft

MOST_DROPPED = 0.01  # of the training questions; a run that would drop more has other data than its card


def reading_settings(draft: Draft) -> Iterator[Setting]:
    """The settings of the run for --repair-offsets and --allow-dropped; none where they were not given."""
    if draft.options.repair_offsets:
        claimed, actual = "answers at the offsets of the data files", "answers moved to where their text stands"
        draft.deviations.append(Deviation("data", claimed, actual, True, option="--repair-offsets"))
        yield Setting("repair_offsets", True, "overridden", sources.option("--repair-offsets"))
    share = draft.options.allow_dropped
    if share is None:
        return
    if math.isnan(share) or not 0 <= share <= 1:
        draft.problems.append(f"--allow-dropped {share:g}: expected a share of the training questions, from 0 to 1")
    claimed, actual = f"at most {MOST_DROPPED:.0%} of the training questions dropped", f"up to {share:.4g} of them"
    draft.deviations.append(Deviation("data", claimed, actual, True, option="--allow-dropped"))
    yield Setting("allow_dropped", share, "overridden", sources.option("--allow-dropped"))
