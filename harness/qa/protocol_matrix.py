"""The evaluator matrix: one model's scores under several protocols and scorers, beside what a card claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.domain import Claim
from harness.qa.signature import warning_of

COLUMNS = ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1")
_OF_TOKEN_INDEX = {"text_answer_": "HasAns_", "no_answer_": "NoAns_"}


@dataclass(frozen=True, slots=True)
class Row:
    """Scores in points by column, under one signature; `n` questions."""

    protocol: str
    scorer: str
    scores: Mapping[str, float]
    n: int
    signature: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """`subject` is what was scored; `limited` says why the claims, if any, are not compared, None where they are.

    `best` holds what thresholds chosen on the evaluation labels would give, kept apart from the scores; `left_out`
    says why a protocol has no row, `notes` how questions and answers were read.
    """

    subject: str
    rows: tuple[Row, ...]
    claims: Mapping[str, float]
    limited: str | None = None
    best: Mapping[str, float] | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def differences(self, row: Row) -> dict[str, float]:
        """Measured - claimed, in points, of the claims that this row can be held against."""
        if self.limited is not None:
            return {}
        return {name: row.scores[name] - claimed for name, claimed in self.claims.items() if name in row.scores}

    def nearest(self) -> Row | None:
        """The row whose absolute differences from the claims sum to the least; None where none can be compared.

        That is evidence of how the claim was scored, not proof: other weights or another length may come as near.
        """
        distances = [(sum(map(abs, self.differences(row).values())), row) for row in self.rows if self.differences(row)]
        return min(distances, key=lambda one: one[0])[1] if distances else None

    def warning(self) -> str | None:
        """What sets the rows apart, in one sentence; None where there is nothing."""
        return warning_of(*(row.signature for row in self.rows))


def row_of(protocol: str, scorer: str, summary: Mapping[str, float], signature: str) -> Row:
    """A row from a scorer's summary, the token-index one's keys put in the official words."""
    renamed = {}
    for name, value in summary.items():
        prefix = next((one for one in _OF_TOKEN_INDEX if name.startswith(one)), "")
        renamed[_OF_TOKEN_INDEX.get(prefix, "") + name.removeprefix(prefix)] = value
    scores = {name: renamed[name] for name in COLUMNS if name in renamed}
    return Row(protocol, scorer, scores, int(renamed["total"]), signature)


def limit_of(n: int, *, n_all: int | None = None, declared_n: int | None, is_other: bool = False) -> str | None:
    """Why scores on `n` questions are not held against a claim; None where nothing is known against it.

    `n_all` is how many the evaluation data holds, `declared_n` how many the card's own data holds,
    `is_other` that a file was given in place of that.
    """
    if n_all is not None and n < n_all:
        return f"the first {n:,} of {n_all:,} questions; a claim about all of them is not compared"
    if declared_n is not None and n != declared_n:
        return f"{n:,} questions, where the card's data has {declared_n:,}; its claims are not compared"
    if is_other and declared_n is None:
        return f"{n:,} questions of a file in place of the card's data; its claims are not compared"
    return None


def claims_in_points(claims: Sequence[Claim]) -> dict[str, float]:
    """The claimed value of each metric of the matrix; the first claim counts where a card makes several."""
    found: dict[str, float] = {}
    for claim in claims:
        if claim.unit == "points" and claim.metric in COLUMNS:
            found.setdefault(claim.metric, claim.value)
    return found
