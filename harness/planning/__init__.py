"""Card and options to experiment."""

from harness.planning.data import shared_data
from harness.planning.draft import Options
from harness.planning.flavours import STAGES
from harness.planning.plan import plan, with_deviation
from harness.planning.tolerances import measured

__all__ = ["STAGES", "Options", "measured", "plan", "shared_data", "with_deviation"]
