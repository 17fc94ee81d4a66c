"""Card and options to experiment."""

from harness.plan.datasets import shared_data
from harness.plan.experiment import plan, with_deviation
from harness.plan.options import Options
from harness.plan.recipe_choice import STAGES
from harness.plan.tolerances import measured

__all__ = ["STAGES", "Options", "measured", "plan", "shared_data", "with_deviation"]
