"""Claims x measurements -> verdicts: the one place where tolerance is decided.

rules.py        tolerance and equivalence: what each claim and the card come to
estimate.py     a mean over seeds, its spread and its interval, from few runs and a prior
operating.py    how often the rules would be wrong, by simulation
validity.py     what must hold before anything is judged
attribution.py  claim -> published weights -> our student, paired by question
"""

from harness.verdict.rules import RULES, judge

__all__ = ["RULES", "judge"]
