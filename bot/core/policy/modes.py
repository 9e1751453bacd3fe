"""What the bot does in a place, and for one cause there: leads set it, the strictest default holds where nobody did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.desk.rules import MODES
from knowledge.model import Knowledge


@dataclass(frozen=True, slots=True)
class Mode:
    """``name`` is one of off, note, draft, auto. ``by_hand``: a lead has chosen auto for this very cause."""

    name: str
    by_hand: bool = False


def mode_of(settings: Mapping[str, str], place: str, channel: str, cause: str | None = None) -> Mode:
    """The mode of ``place`` (else of its whole channel) for ``cause``. ``settings`` are those under ``mode:``, by
    the rest of their name.

    Where nobody has set anything, Slack drafts (somebody has invited the bot there) and every other channel gets
    notes. ``off`` holds for all causes; else what is set for a cause (``PLACE#CAUSE``) goes before what is set for
    the place.
    """
    general = settings.get(place) or settings.get(channel) or ("draft" if channel == "slack" else "note")
    if general == "off" or cause is None:
        return Mode(general)
    special = settings.get(f"{place}#{cause}") or settings.get(f"{channel}#{cause}")
    return Mode(special, by_hand=special == "auto") if special in MODES else Mode(general)


def cause_named(name: str, knowledge: Knowledge) -> str | None:
    """The cause that a lead means by its id or its number; None where there is none."""
    wanted = name.strip().lower()
    if wanted in knowledge.checks or wanted in knowledge.others:
        return wanted
    return next((c.id for c in knowledge.checks.values() if str(c.number) == wanted), None)
