"""Which of SQuAD's official rules score an evaluation. Light: a plan asks it too."""

from harness.domain import Stage


def rules_of(settings: Stage) -> str:
    """The version of SQuAD whose official rules score an evaluation: 1.1 where no question may go unanswered."""
    default = "1.1" if settings.get("version_2_with_negative") is False else "2.0"
    return str(settings.get("official_rules", default))
