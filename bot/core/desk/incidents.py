"""An incident as people decide on it: one text for all its tickets, their own cards instead, or its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.core.desk.rules import may

ACTIONS: Final = ("agree", "answer", "release", "close")
"""Agree a text; send it to all and end it; give the tickets their own cards and hold no more back; end it without an
answer."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that somebody was told of. ``revision`` grows with every decision on it, not with its numbers."""

    number: int
    state: str
    """open, closed."""
    said: str
    """What is common, since when, how many, and what is usual."""
    revision: int = 1
    holding: bool = True
    """New tickets of it get no card of their own."""
    text: str = ""
    """The answer agreed for all."""
    agreed_by: str = ""
    place: str = ""
    """Where it was told: ``slack/CHANNEL``."""
    closed_by: str = ""
    """Empty where it ended by itself."""
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grouped:
    """A ticket of an incident."""

    case_id: str
    round: int
    state: str
    """shown (it had its card before the incident was told of), held, released, answered."""


@dataclass(frozen=True, slots=True)
class IncidentDecision:
    """What somebody wants done with an incident."""

    number: int
    action: str
    by: str
    role: str
    text: str = ""
    """With ``agree`` and ``answer``; an empty one with ``answer`` is the agreed one."""
    seen: int | None = None
    """The revision that its reader saw; None where none is shown (the command line)."""


def incident_refusal(incident: Incident, action: str, role: str, seen: int | None, text: str) -> str | None:
    """Why ``action`` is refused: not_allowed, closed, stale, released, no_text; None: it may be done."""
    if action not in ACTIONS or not may(role, "incident"):
        return "not_allowed"
    if incident.state != "open":
        return "closed"
    if seen is not None and seen != incident.revision:
        return "stale"
    if action == "release" and not incident.holding:
        return "released"
    return (
        "no_text" if (action == "agree" and not text) or (action == "answer" and not (text or incident.text)) else None
    )


def incident_actions(incident: Incident) -> tuple[str, ...]:
    """The buttons of an incident, in order: what :func:`incident_refusal` would let a lead do."""
    return tuple(a for a in ACTIONS if incident_refusal(incident, a, "lead", None, "?") is None)
