"""A card as plain text: the internal note that agents read where they work, in a helpdesk or by mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.desk.values import Card

MAX_NOTE: Final = 20_000
"""Characters. The smallest limit of the helpdesks at hand is several times that."""
_HOW: Final = (
    "Decide here with a note that holds one line: /triage send · /triage check NUMBER · /triage ask · /triage not-ours · "
    "or simply answer or close the ticket."
)
_HOW_NOTE: Final = "Decide here with a note that holds one line: /triage check NUMBER · /triage not-ours · or simply answer or close the ticket."
_DECIDED: Final = {
    "send": "Sent",
    "edit": "Edited and sent",
    "not_ours": "Marked as not ours",
    "escalate": "Escalated",
    "auto": "Answered by the bot itself",
}


def note_of(card: Card) -> str:
    """The full diagnosis and the draft, one statement a line. Foreign parts have no control characters; nothing is
    escaped."""
    return "\n".join(_lines(card)).strip()[:MAX_NOTE]


def decision_of(card: Card) -> str:
    """One line on what became of a card, for those who saw its note."""
    if card.state == "withdrawn":
        return f"The draft was withdrawn: {card.detail or 'a colleague has answered'}."
    if card.state == "failed":
        return f"The triage of this ticket failed: {card.detail}."
    if card.state == "rewriting":
        return "The draft is being rewritten."
    if card.decision is None:
        return note_of(card)
    when = f" at {card.decided_at:%Y-%m-%d %H:%M} UTC" if card.decided_at else ""
    return (
        f"{_DECIDED.get(card.decision, 'Decided')} by {card.decided_by or 'nobody'}{when}"
        + (f": {card.detail}" if card.detail else "")
        + "."
    )


def _lines(card: Card) -> Iterator[str]:
    content = card.content
    if card.state == "failed":
        yield f"The triage of this ticket failed: {card.detail}"
        return
    confidence = (
        ""
        if content.verdict == "none" or not content.cause
        else " · chosen by an agent"
        if content.by_agent
        else f" · {content.confidence.upper()} · {content.probability:.0%}"
    )
    yield f"{content.title}{confidence}"
    yield from (line for line in (content.summary, content.who, content.client) if line)
    yield from content.deciding
    if content.because:
        yield "Because: " + "; ".join(content.because)
    if content.against:
        yield "Against: " + "; ".join(content.against)
    yield from (line for line in (content.ignored, content.coverage) if line)
    if content.missing:
        yield "Missing: " + ", ".join(content.missing)
    if content.evidence:
        yield from ("", "Evidence:", *content.evidence)
    if content.lines:
        yield from ("", "Server lines:", *(f"  {line}" for line in content.lines))
    if content.by_itself:
        yield from ("", content.by_itself)
    if content.draft:
        yield from ("", "-- draft --", content.draft, "-- end of draft --")
    if card.state == "open":
        yield from ("", _HOW_NOTE if card.mode == "note" or not content.draft else _HOW)
