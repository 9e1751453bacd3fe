"""Earned trust: what agents' decisions on a cause say about how often the bot is right with it.

The lower end of Wilson's score interval (E. B. Wilson, 1927; 95 %, two-sided) is the precision that the decisions
prove. At a bar of 0.95 it takes 73 flawless ones. It falls by itself when corrections come in, and when decisions
grow older than the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Final

from rapidfuzz.distance import Levenshtein

WINDOW: Final = timedelta(days=90)
BAR: Final = 0.95
_Z: Final = 1.959963984540054
"""The normal distribution's 97.5 % point."""
SAME: Final = 0.9
"""An edited reply that is so like the draft, letter by letter, left it as it was: a name, a comma, a kind word."""


@dataclass(frozen=True, slots=True)
class Record:
    """Agents' decisions on one cause within the window: how many, and in how many they agreed."""

    decisions: int = 0
    right: int = 0

    @property
    def proven(self) -> float:
        """The precision that these decisions prove (lower end); 0 of none."""
        return _wilson(self.right, self.decisions)[0]

    @property
    def possible(self) -> float:
        """The precision that they leave possible (upper end); 1 of none."""
        return _wilson(self.right, self.decisions)[1]


def distrust(record: Record, bar: float, *, by_hand: bool) -> str | None:
    """Why the bot may not answer this cause by itself, in words; None where it is trusted with it.

    A lead's own switch (``by_hand``) stands for the proof until decisions since rule the bar out.
    """
    if by_hand:
        if record.possible < bar:
            return f"switched on by hand, but agents agreed in {record.right} of {record.decisions} only"
        return None
    if record.proven < bar:
        return f"trust is not earned yet: agents agreed in {record.right} of {record.decisions}, which proves {record.proven:.0%} of {bar:.0%}"
    return None


def agreement(decision: str, cause: str | None, chosen: str | None, *, draft: str = "", text: str = "") -> bool | None:
    """Whether an agent's decision says that the bot was right; None where it says nothing.

    Escalating, or trying again, says nothing about the cause. An edit agrees where it left the draft much as it was,
    and so does an answer that a human has written elsewhere (``reply``); one that reads otherwise may still say the
    same.
    """
    if decision == "send":
        return True
    if decision == "edit":
        return _same(draft, text)
    if decision == "reply":
        return True if _same(draft, text) else None
    if decision == "other_check":
        return chosen is not None and chosen == cause
    return False if decision in ("not_ours", "ask") else None


def _same(draft: str, text: str) -> bool:
    return bool(draft) and Levenshtein.normalized_similarity(draft[:6000], text[:6000]) >= SAME


def _wilson(right: int, decisions: int) -> tuple[float, float]:
    if decisions == 0:
        return 0.0, 1.0
    share, z2 = right / decisions, _Z * _Z
    middle = share + z2 / (2 * decisions)
    spread = _Z * sqrt((share * (1 - share) + z2 / (4 * decisions)) / decisions)
    return max(0.0, (middle - spread) / (1 + z2 / decisions)), min(1.0, (middle + spread) / (1 + z2 / decisions))
