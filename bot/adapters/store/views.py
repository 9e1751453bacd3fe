"""What people look at: the queue, this week's causes, past triages, how things are. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, or_, select

from bot.adapters.store.cases import card_of
from bot.adapters.store.tables import CardRow, InboundRow, TicketRow, TriageRow
from bot.core.desk.values import Card


class Views:
    """Questions that change nothing, within one look."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now

    def queue(self, *, limit: int = 50) -> list[tuple[Card, datetime]]:
        """Cards that wait for a decision and since when, the oldest first."""
        query = select(CardRow).where(col(CardRow.state).in_(("open", "rewriting", "failed"))).order_by(col(CardRow.created_at)).limit(limit)
        return [(card_of(row), row.created_at) for row in self._session.exec(query)]

    def causes(self, within: timedelta) -> list[tuple[str, int]]:
        """(cause, tickets) of late, the most frequent first; a ticket counts once, by its last triage."""
        last = select(TriageRow.ticket_id, func.max(TriageRow.created_at).label("last")).where(TriageRow.created_at > self._now - within).group_by(TriageRow.ticket_id).subquery()
        query = select(TriageRow.cause, func.count()).join(last, (col(TriageRow.ticket_id) == last.c.ticket_id) & (col(TriageRow.created_at) == last.c.last)) \
            .where(TriageRow.verdict != "none").group_by(TriageRow.cause).order_by(func.count().desc())
        return [(cause or "unknown", count) for cause, count in self._session.exec(query)]

    def search(self, words: str, *, limit: int = 30) -> list[dict[str, Any]]:
        """Past triages by mailbox, cause or a part of the ticket's text, the newest first."""
        wanted = words.strip().lower()[:200]
        if not wanted:
            return []
        query = select(TriageRow, TicketRow).join(TicketRow, col(TicketRow.id) == TriageRow.ticket_id).where(or_(
            col(TriageRow.mailbox) == wanted, col(TriageRow.cause) == wanted, func.lower(TicketRow.text).contains(wanted, autoescape=True),
        )).order_by(col(TriageRow.created_at).desc()).limit(limit)
        return [{"when": f"{row.created_at:%Y-%m-%d %H:%M}", "mailbox": row.mailbox, "cause": row.cause, "confidence": row.confidence, "case": ticket.id}
                for row, ticket in self._session.exec(query)]

    def last_accepted(self) -> datetime | None:
        """When something last came in."""
        row = self._session.exec(select(InboundRow).order_by(col(InboundRow.accepted_at).desc()).limit(1)).first()
        return row.accepted_at if row else None
