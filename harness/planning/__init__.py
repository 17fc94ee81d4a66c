"""Card and options to experiment."""

from harness.planning.draft import Options
from harness.planning.flavours import STAGES
from harness.planning.plan import plan, with_deviation

__all__ = ["STAGES", "Options", "plan", "with_deviation"]
