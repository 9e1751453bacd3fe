"""What agents' decisions teach: how often a stated probability was right, and which causes are taken for which.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.report.stats import wilson

BINS = 10
RIGHT = frozenset({"send", "edit", "graded_right"})
WRONG = frozenset({"other_check", "not_ours", "graded_wrong"})
SEEN_RIGHT, SEEN_WRONG = "login_seen", "wrote_again"
"""Outcomes instead of decisions: the server saw a login of that mailbox after the answer; the customer wrote that it
did not help."""


@dataclass(frozen=True, slots=True)
class Label:
    """One judged answer: the cause that was named, with its probability, and what a human made of it."""

    cause: str
    probability: float
    decision: str
    chosen: str | None = None

    @property
    def right(self) -> bool | None:
        """Whether the named cause was right; None where the decision does not say."""
        if (
            self.decision in RIGHT
            or self.decision == SEEN_RIGHT
            or (self.decision == "other_check" and self.chosen == self.cause)
        ):
            return True
        return False if self.decision in WRONG or self.decision == SEEN_WRONG else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose stated probability lies in [low, high)."""

    low: float
    high: float
    count: int
    stated: float
    right: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the labels say together."""

    labels: int
    bins: tuple[Bin, ...]
    ece: float | None
    """:func:`expected_error`; None of nothing."""
    confused: tuple[tuple[str, str, int], ...]
    """(named, right one, how often), the most frequent first."""


def lesson(labels: Sequence[Label]) -> Lesson:
    """Reliability, calibration error and confusion of the labels that judge."""
    judged = [(label.probability, bool(label.right)) for label in labels if label.right is not None]
    bins = binned(judged)
    ece = expected_error(judged) if judged else None
    confused = Counter(
        (label.cause, label.chosen or "not_ours")
        for label in labels
        if label.right is False and (label.chosen or label.decision == "not_ours")
    )
    return Lesson(
        len(judged),
        bins,
        ece,
        tuple((one, other, n) for (one, other), n in sorted(confused.items(), key=lambda item: (-item[1], item[0]))),
    )


def binned(judged: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    """(stated probability, right) by ten equal bins, those alone that hold anything."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for chance, right in judged:
        held.setdefault(min(max(int(chance * BINS), 0), BINS - 1), []).append((chance, right))
    return tuple(_bin(number, held[number]) for number in sorted(held))


def expected_error(judged: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error over ten equal bins (Naeini and others 2015), as `triage eval` reckons it."""
    return sum(b.count / len(judged) * abs(b.stated - b.right) for b in binned(judged))


def _bin(number: int, held: Sequence[tuple[float, bool]]) -> Bin:
    hits = sum(right for _, right in held)
    return Bin(
        number / BINS,
        (number + 1) / BINS,
        len(held),
        sum(chance for chance, _ in held) / len(held),
        hits / len(held),
        wilson(hits, len(held)),
    )
