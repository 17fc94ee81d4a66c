"""Questions that one of two sets of answers gets right and the other does not. Test: McNemar 1947, exact form."""


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value of `gained` against `lost` under even odds, in whole numbers; 1 where nothing flipped."""
    n, term, total = gained + lost, 1, 0
    for k in range(min(gained, lost) + 1):
        total += term
        term = term * (n - k) // (k + 1)
    return min(1.0, 2 * total / (1 << n))
