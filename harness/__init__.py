"""harness: does this model card hold up?"""

__version__ = "0.1.0"
