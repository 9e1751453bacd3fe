"""The few statistics that reports state: intervals of shares, tests of change, percentiles. Standard formulas, named
at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, exp, lgamma, log, sqrt
from statistics import median

Z95 = 1.959964
ALPHA = 0.05


def wilson(hits: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share, 95 %; it holds for small counts and at 0 and 1. (0, 1) where
    nothing was counted."""
    if total <= 0:
        return 0.0, 1.0
    share = hits / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def dispersion(history: Sequence[int]) -> float:
    """How much more than a Poisson count a count varies from week to week: variance over mean, at least 1
    (quasi-Poisson), of up to eight weeks."""
    if len(history) < 3 or sum(history) == 0:
        return 1.0
    mean = sum(history) / len(history)
    return max(1.0, sum((x - mean) ** 2 for x in history) / (len(history) - 1) / mean)


def change_p(count: int, history: Sequence[int], exposure: float | None = None) -> float:
    """Two-sided p that ``count`` comes from the same rate as ``history``: given the sum, a count of one period among
    n+1 is binomial (Przyborowski and Wilenski 1940), with mid-p, after both are divided by their :func:`dispersion`.

    ``exposure``: how long the history is in units of this period; None: one for each of its entries.
    """
    before = sum(history)
    span = float(len(history)) if exposure is None else exposure
    if span <= 0 or count + before == 0:
        return 1.0
    spread = dispersion(history)
    seen, total = round(count / spread), round(count / spread) + round(before / spread)
    if total == 0:
        return 1.0
    chance = 1 / (1 + span)
    below = sum(_binomial(k, total, chance) for k in range(seen))
    here = _binomial(seen, total, chance)
    return max(0.0, min(1.0, 2 * min(below + here / 2, 1 - below - here / 2)))


def _binomial(k: int, n: int, p: float) -> float:
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))


def holm(chances: Mapping[str, float], alpha: float = ALPHA) -> set[str]:
    """The names whose p stays significant when all are tested at once (Holm 1979): at most ``alpha`` of all reports
    mark anything that is noise."""
    kept: set[str] = set()
    for place, (name, p) in enumerate(sorted(chances.items(), key=lambda item: item[1])):
        if p > alpha / (len(chances) - place):
            break
        kept.add(name)
    return kept


def percentile_of(counted: Mapping[int, int], share: float) -> float | None:
    """The nearest-rank percentile of values that are counted; None of nothing."""
    rank, passed = max(1, ceil(share * sum(counted.values()))), 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= rank:
            return float(value)
    return None


def middle(values: Sequence[int]) -> float | None:
    """The median; None of nothing."""
    return float(median(values)) if values else None
