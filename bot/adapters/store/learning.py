"""Labels from agents' decisions and blind grades, and the record of what was written into the overlay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select as columns_of
from sqlmodel import col, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import KnowledgeChangeRow, TicketFactRow
from bot.adapters.store.tables import ReviewRow
from bot.core.learning import Label

UNKNOWNS = 5_000


class StoredLearning:
    """Learning on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def labels(self) -> list[Label]:
        """Every decision on a cause, with the probability of the ticket's latest triage where that names the same cause."""
        wanted = [col(ReviewRow.cause), col(ReviewRow.decision), col(ReviewRow.chosen), col(TicketFactRow.cause), col(TicketFactRow.probability)]
        query = columns_of(*wanted).join(TicketFactRow, col(TicketFactRow.ticket_id) == ReviewRow.ticket_id)
        with self._database.read() as session:
            rows: Sequence[Any] = session.connection().execute(query).all()
        return [Label(str(row[0]), row[4], row[1], row[2]) for row in rows if row[0] is not None and row[0] == row[3]]

    def grade(self, ticket: str, cause: str, who: str, now: datetime) -> bool | None:
        """Keep a blind grade; True where the bot had named that cause, None where the ticket is not known."""
        with self._database.write("learn.grade") as session:
            fact = session.get(TicketFactRow, ticket)
            if fact is None:
                return None
            right = fact.cause == cause
            session.add(ReviewRow(ticket_id=ticket, round=1, agent=who, decision="graded_right" if right else "graded_wrong", cause=fact.cause, chosen=cause,
                                  confidence=fact.confidence, at=now))
        return right

    def unknown(self) -> list[tuple[str, str | None, int]]:
        """(masked text, mailbox, 1) of tickets whose error nothing claims, the latest first."""
        query = select(TicketFactRow.unknown_text, TicketFactRow.mailbox).where(col(TicketFactRow.unknown_text).is_not(None)).order_by(col(TicketFactRow.at).desc()).limit(UNKNOWNS)
        with self._database.read() as session:
            return [(str(said), mailbox, 1) for said, mailbox in session.exec(query)]

    def changed(self, who: str, file: str, before: str | None, after: str, version: str, now: datetime) -> None:
        """Note that a file of the overlay was written; ``version`` is the knowledge's before that."""
        with self._database.write("learn.changed") as session:
            session.add(KnowledgeChangeRow(at=now, who=who, file=file, before=before, after=after, version=version))

    def last_change(self) -> tuple[int, str, str | None, str] | None:
        """(number, file, what it was, what was written) of the latest change that stands."""
        query = select(KnowledgeChangeRow).where(col(KnowledgeChangeRow.undone).is_(False)).order_by(col(KnowledgeChangeRow.id).desc()).limit(1)
        with self._database.read() as session:
            row = session.exec(query).first()
            return (row.id or 0, row.file, row.before, row.after) if row else None

    def undo(self, number: int) -> None:
        """Note that a change was taken back."""
        with self._database.write("learn.undone") as session:
            session.get_one(KnowledgeChangeRow, number).undone = True
