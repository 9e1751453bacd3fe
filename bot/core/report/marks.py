"""Which causes have changed beyond noise: NEW, UP, DOWN, RETIRED, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.report.stats import change_p, holm

FEWEST = 3
"""Earlier weeks with tickets before anything is called a change."""
TEST = (
    "This week's count against the up to eight weeks before: exact conditional binomial test (mid-p) of two Poisson rates, counts divided by their "
    "week-to-week dispersion, Holm-corrected over all causes at 5 %. NEW: none in those weeks. RETIRED: none now."
)


def marks(now: Mapping[str, int], before: Sequence[Mapping[str, int]]) -> dict[str, str]:
    """cause -> mark, only where the change is beyond noise (:data:`TEST`). ``before``: the earlier weeks, those
    alone in which anything was counted."""
    if len(before) < FEWEST:
        return {}
    causes = set(now).union(*before)
    history = {c: [week.get(c, 0) for week in before] for c in causes}
    sure = holm({c: change_p(now.get(c, 0), history[c]) for c in causes})
    return {c: _mark(now.get(c, 0), history[c]) for c in sorted(sure)}


def _mark(count: int, history: Sequence[int]) -> str:
    if not any(history):
        return "NEW"
    if count == 0:
        return "RETIRED"
    return "UP" if count * len(history) > sum(history) else "DOWN"
