"""What another version of the knowledge would have said of past tickets, held against what was said. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.core.model import Ticket
from bot.core.report.facts import fact_of

LISTED = 200
"""Tickets that are named."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a triage came to."""

    cause: str
    verdict: str
    confidence: str
    probability: float


@dataclass(frozen=True, slots=True)
class Past:
    """A ticket that was triaged: its words (None where they are no longer kept), when, by which version, and what
    was said."""

    name: str
    ticket: Ticket | None
    at: datetime
    tried: tuple[str, ...]
    version: str
    said: Said


@dataclass(frozen=True, slots=True)
class Pair:
    """One ticket, before and after."""

    ticket: str
    before: Said
    after: Said

    @property
    def changed(self) -> bool:
        """Another cause leads, or something else is done about it. A probability alone is no change."""
        return (self.before.cause, self.before.verdict, self.before.confidence) != (
            self.after.cause,
            self.after.verdict,
            self.after.confidence,
        )


@dataclass(frozen=True, slots=True)
class Shadow:
    """A run. ``causes`` and ``verdicts``: (before, after, tickets) of those that differ; ``tickets`` names the
    changed ones, the surest first."""

    version: str
    earlier: tuple[str, ...]
    looked: int
    unread: int
    """Tickets whose words are no longer kept."""
    changed: int
    causes: tuple[tuple[str, str, int], ...]
    verdicts: tuple[tuple[str, str, int], ...]
    tickets: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is stored and printed."""
        return asdict(self)


def said_of(document: Mapping[str, Any]) -> Said:
    """A triage's JSON as it is compared."""
    fact = fact_of(document)
    return Said(fact.cause, fact.verdict, fact.confidence, round(fact.probability, 4))


def shadow_of(version: str, earlier: Sequence[str], pairs: Sequence[Pair], unread: int) -> Shadow:
    """What the pairs say together."""
    differ = sorted(
        (p for p in pairs if p.changed),
        key=lambda p: (p.before.cause == p.after.cause, -p.before.probability, p.ticket),
    )
    return Shadow(
        version,
        tuple(sorted(set(earlier))),
        len(pairs),
        unread,
        len(differ),
        _counted([(p.before.cause, p.after.cause) for p in differ]),
        _counted([(p.before.verdict, p.after.verdict) for p in differ]),
        tuple(differ[:LISTED]),
    )


def sentence(shadow: Mapping[str, Any]) -> str:
    """A stored run in one sentence."""
    causes = sum(count for _, _, count in shadow["causes"])
    return (
        f"Version {shadow['version']} was run in the shadow on {shadow['looked']} past tickets: {causes} with another cause, "
        f"{shadow['changed'] - causes} more with another confidence or step."
    )


def _counted(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    found = Counter(pair for pair in pairs if pair[0] != pair[1])
    return tuple(
        (one, other, count) for (one, other), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    )
