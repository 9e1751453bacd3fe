"""What people look at: the queue, this week's causes, past triages, how things are. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, tuple_
from sqlmodel import Session, col, func, or_, select

from bot.adapters.store.cards import card_of
from bot.adapters.store.people import pseudonyms_in, revealed
from bot.adapters.store.tables import AuditRow, CardRow, InboundRow, MatchRow, PersonRow, TicketRow, TriageRow
from bot.core.desk.lists import AuditLine, Place, TriageLine
from bot.core.desk.values import Card

WAITING = ("open", "rewriting", "failed")
"""States in which a card waits for a decision."""
MAX_VERSIONS = 500
"""Versions of the knowledge that are looked through; a version is a day of edits or so."""


class Views:
    """Questions that change nothing, within one look."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now

    def queue(self, *, limit: int = 50) -> list[tuple[Card, datetime]]:
        """Cards that wait for a decision and since when, the oldest first."""
        query = select(CardRow).where(col(CardRow.state).in_(WAITING)).order_by(col(CardRow.created_at)).limit(limit)
        return [(card_of(row), row.created_at) for row in self._session.exec(query)]

    def waiting_cards(self) -> int:
        """How many cards wait for a decision."""
        return int(
            self._session.exec(select(func.count()).select_from(CardRow).where(col(CardRow.state).in_(WAITING))).one()
        )

    def cards_of(self, person: str, *, limit: int = 20) -> list[tuple[Card, datetime]]:
        """The cards that are theirs and since when, the oldest first: assigned to them, or waiting and last handled
        by them."""
        mine = or_(
            CardRow.assignee == person,
            and_(col(CardRow.handled_by) == person, col(CardRow.assignee).is_(None), col(CardRow.state).in_(WAITING)),
        )
        query = select(CardRow).where(mine).order_by(col(CardRow.created_at)).limit(limit)
        return [(card_of(row), row.created_at) for row in self._session.exec(query)]

    def open_ticket_of(self, mailbox: str, place: str) -> bool:
        """Whether a card about this mailbox waits in this place."""
        query = (
            select(CardRow.ticket_id)
            .join(TriageRow, col(TriageRow.ticket_id) == col(CardRow.ticket_id))
            .where(TriageRow.mailbox == mailbox, CardRow.place == place, col(CardRow.state).in_(WAITING))
            .limit(1)
        )
        return self._session.exec(query).first() is not None

    def causes(self, within: timedelta) -> list[tuple[str, int]]:
        """(cause, tickets) of late, the most frequent first; a ticket counts once, by its last triage."""
        query = (
            select(TriageRow.ticket_id, TriageRow.cause, TriageRow.verdict)
            .where(TriageRow.created_at > self._now - within)
            .order_by(col(TriageRow.created_at))
        )
        last = {ticket: (cause, verdict) for ticket, cause, verdict in self._session.exec(query)}
        return Counter(cause or "unknown" for cause, verdict in last.values() if verdict != "none").most_common()

    def search(self, words: str, *, limit: int = 30) -> list[dict[str, Any]]:
        """Past triages by mailbox, cause or a part of the ticket's text, the newest first."""
        wanted = words.strip().lower()[:200]
        if not wanted:
            return []
        query = (
            select(TriageRow, TicketRow)
            .join(TicketRow, col(TicketRow.id) == TriageRow.ticket_id)
            .where(
                or_(
                    col(TriageRow.mailbox) == wanted,
                    col(TriageRow.cause) == wanted,
                    func.lower(TicketRow.text).contains(wanted, autoescape=True),
                )
            )
            .order_by(col(TriageRow.created_at).desc())
            .limit(limit)
        )
        return [
            {
                "when": f"{row.created_at:%Y-%m-%d %H:%M}",
                "mailbox": row.mailbox,
                "cause": row.cause,
                "confidence": row.confidence,
                "case": ticket.id,
            }
            for row, ticket in self._session.exec(query)
        ]

    def last_accepted(self) -> datetime | None:
        """When something last came in."""
        row = self._session.exec(select(InboundRow).order_by(col(InboundRow.accepted_at).desc()).limit(1)).first()
        return row.accepted_at if row else None

    # -- lists that are read page by page: by key and never by number, so that the hundredth page is as near as the fi

    def cards(
        self, states: Sequence[str], *, newest: bool, after: Place | None = None, limit: int = 50
    ) -> list[tuple[Card, datetime]]:
        """Cards in these states and since when, behind ``after`` (moment and card id); the newest first, or the
        oldest."""
        at, case = col(CardRow.created_at), col(CardRow.ticket_id)
        found: list[CardRow] = []
        for state in states:  # one after the other, so that each is read along the index
            query = (
                select(CardRow)
                .where(CardRow.state == state)
                .order_by(*((at.desc(), case.desc()) if newest else (at, case)))
                .limit(limit)
            )
            if after is not None:
                key = (after[0], after[1].rpartition("#")[0])
                query = query.where(tuple_(at, case) < key if newest else tuple_(at, case) > key)
            found += self._session.exec(query)
        found.sort(key=lambda row: (row.created_at, row.ticket_id), reverse=newest)
        return [(card_of(row), row.created_at) for row in found[:limit]]

    def tickets(
        self,
        *,
        cause: str | None = None,
        error: str | None = None,
        mailbox: str | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> list[TriageLine]:
        """Triages, the newest first: all, or those of a cause, of a row of the decoded-error table, of a mailbox."""
        at, key = col(TriageRow.created_at), col(TriageRow.key)
        # the text and the whole answer stay in the database: a list shows neither
        query: Any = select(
            TriageRow.key,
            TriageRow.ticket_id,
            TriageRow.created_at,
            TriageRow.mailbox,
            TriageRow.cause,  # type: ignore[call-overload]
            TriageRow.confidence,
            TriageRow.verdict,
            TriageRow.knowledge_version,
        )
        if error is not None:
            at, key = col(MatchRow.created_at), col(MatchRow.triage_key)
            query = query.join(MatchRow, col(MatchRow.triage_key) == col(TriageRow.key)).where(
                MatchRow.error_id == error
            )
        if cause is not None:
            query = query.where(TriageRow.cause == cause)
        if mailbox is not None:
            query = query.where(TriageRow.mailbox == mailbox)
        if after is not None:
            query = query.where(tuple_(at, key) < after)
        return [TriageLine(*row) for row in self._session.exec(query.order_by(at.desc(), key.desc()).limit(limit))]

    def versions(self, *, limit: int = 20) -> list[tuple[str, datetime]]:
        """(knowledge version, when it first decided a ticket), the newest first."""
        found: list[tuple[str, datetime]] = []
        last = ""
        # from one version to the next along the index, past all the tickets between them
        while len(found) < MAX_VERSIONS:
            row = self._session.exec(
                select(TriageRow.knowledge_version, TriageRow.created_at)
                .where(TriageRow.knowledge_version > last)
                .order_by(col(TriageRow.knowledge_version), col(TriageRow.created_at))
                .limit(1)
            ).first()
            if row is None:
                break
            found.append(row)
            last = row[0]
        return sorted(found, key=lambda version: version[1], reverse=True)[:limit]

    def audit(self, *, before: int | None = None, limit: int = 100) -> list[AuditLine]:
        """The audit log, the newest first, from before a line's number on."""
        query = (
            select(AuditRow, PersonRow.id)
            .join(PersonRow, col(PersonRow.pseudonym) == col(AuditRow.who), isouter=True)
            .order_by(col(AuditRow.id).desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(col(AuditRow.id) < before)
        rows = self._session.exec(query).all()
        named = pseudonyms_in(*(text for row, _ in rows for text in (row.subject, row.before, row.after)))
        known = dict(
            self._session.exec(
                select(PersonRow.pseudonym, PersonRow.id).where(col(PersonRow.pseudonym).in_(named))
            ).all()
        )
        return [
            AuditLine(
                row.id or 0,
                row.at,
                person or f"erased ({row.who[:8]})",
                row.action,
                revealed(row.subject, known),
                revealed(row.before, known),
                revealed(row.after, known),
            )
            for row, person in rows
        ]
