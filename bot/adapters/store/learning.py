"""Labels from agents' decisions and blind grades, and the record of what was written into the overlay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select as columns_of
from sqlmodel import col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import KnowledgeChangeRow, TicketFactRow
from bot.adapters.store.tables import DeliveryRow, ReviewRow, TicketRow, TriageRow
from bot.adapters.store.tallies import REPLY_IS_OUT
from bot.core.learning import RIGHT, SEEN_RIGHT, SEEN_WRONG, WRONG, Label
from bot.core.report.facts import fact_of
from bot.core.weighing import Example

UNKNOWNS = 5_000
DECISIONS = 5_000
"""The latest decisions that are learned from."""


class StoredLearning:
    """Learning on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def labels(self) -> list[Label]:
        """Every decision on a cause, with the probability that the bot had stated for it then."""
        return [
            Label(row.cause, found[1], row.decision, row.chosen)
            for row, found, _ in self._decided()
            if row.cause == found[0]
        ]

    def outcomes(self) -> list[Label]:
        """Answered tickets that the log or the customer has judged since: a login after the answer, or another
        round. Silence judges nothing."""
        sent = (
            columns_of(func.min(col(DeliveryRow.sent_at)))
            .where(col(DeliveryRow.ticket_id) == col(TicketFactRow.ticket_id), REPLY_IS_OUT)
            .correlate(TicketFactRow)
            .scalar_subquery()
        )
        judged = (
            columns_of(col(TicketFactRow.ticket_id), col(TicketRow.round), sent.label("sent"))
            .join(TicketRow, col(TicketRow.id) == col(TicketFactRow.ticket_id))
            .where(col(TicketFactRow.verified).is_(True) | (col(TicketRow.round) > 1))
            .order_by(col(TicketFactRow.at).desc())
            .limit(DECISIONS)
            .subquery()
        )
        before = (
            columns_of(func.max(col(TriageRow.created_at)))
            .where(col(TriageRow.ticket_id) == judged.c.ticket_id, col(TriageRow.created_at) <= judged.c.sent)
            .correlate(judged)
            .scalar_subquery()
        )
        query = columns_of(judged.c.round, col(TriageRow.document)).join(
            TriageRow, (col(TriageRow.ticket_id) == judged.c.ticket_id) & (col(TriageRow.created_at) == before)
        )
        with self._database.read() as session:
            rows: Sequence[Any] = session.connection().execute(query).all()
        facts = [(round_, fact_of(json.loads(document))) for round_, document in rows]
        return [
            Label(fact.cause, fact.probability, SEEN_WRONG if round_ > 1 else SEEN_RIGHT)
            for round_, fact in facts
            if fact.verdict == "answer"
        ]

    def examples(self) -> list[Example]:
        """Decided tickets whose right cause is known, with what the evidence had said; one a ticket, its last
        decision."""
        out: dict[str, Example] = {}
        for row, (named, _), document in self._decided():
            right = (
                row.cause
                if row.decision in RIGHT and not row.decision.startswith("graded")
                else "not_ours"
                if row.decision == "not_ours"
                else row.chosen
            )
            said = document["diagnosis"].get("leanings")
            if right and said and (row.decision in RIGHT or row.decision in WRONG):
                out[row.ticket_id] = Example(row.ticket_id, row.at, said, named, right)
        return list(out.values())

    def _decided(self) -> Iterator[tuple[Any, tuple[str, float], dict[str, Any]]]:
        """(decision, (cause, its probability), triage) of the latest decisions, each with the last triage before it:
        what the agent saw."""
        before = (
            columns_of(func.max(col(TriageRow.created_at)))
            .where(col(TriageRow.ticket_id) == col(ReviewRow.ticket_id), col(TriageRow.created_at) <= col(ReviewRow.at))
            .correlate(ReviewRow)
            .scalar_subquery()
        )
        newest = (
            columns_of(col(ReviewRow.id))
            .where(col(ReviewRow.decision).in_(sorted(RIGHT | WRONG)))
            .order_by(col(ReviewRow.at).desc(), col(ReviewRow.id).desc())
            .limit(DECISIONS)
        )
        wanted = [
            col(c)
            for c in (
                ReviewRow.ticket_id,
                ReviewRow.cause,
                ReviewRow.decision,
                ReviewRow.chosen,
                ReviewRow.at,
                TriageRow.document,
            )
        ]
        query = (
            columns_of(*wanted)
            .join(
                TriageRow,
                (col(TriageRow.ticket_id) == col(ReviewRow.ticket_id)) & (col(TriageRow.created_at) == before),
            )
            .where(col(ReviewRow.id).in_(newest))
            .order_by(col(ReviewRow.at), col(ReviewRow.id))
        )
        with self._database.read() as session:
            rows: Sequence[Any] = session.connection().execute(query).all()
        for row in rows:
            document = json.loads(row.document)
            fact = fact_of(document)
            yield row, (fact.cause, fact.probability), document

    def grade(self, ticket: str, cause: str, who: str, now: datetime) -> bool | None:
        """Keep a blind grade; True where the bot had named that cause, None where the ticket is not known."""
        with self._database.write("learn.grade") as session:
            fact = session.get(TicketFactRow, ticket)
            if fact is None:
                return None
            right = fact.cause == cause
            session.add(
                ReviewRow(
                    ticket_id=ticket,
                    round=1,
                    agent=who,
                    decision="graded_right" if right else "graded_wrong",
                    cause=fact.cause,
                    chosen=cause,
                    confidence=fact.confidence,
                    at=now,
                )
            )
        return right

    def unknown(self) -> list[tuple[str, str | None, int]]:
        """(masked text, mailbox, 1) of tickets whose error nothing claims, the latest first."""
        query = (
            select(TicketFactRow.unknown_text, TicketFactRow.mailbox)
            .where(col(TicketFactRow.unknown_text).is_not(None))
            .order_by(col(TicketFactRow.at).desc())
            .limit(UNKNOWNS)
        )
        with self._database.read() as session:
            return [(str(said), mailbox, 1) for said, mailbox in session.exec(query)]

    def changed(self, who: str, file: str, before: str | None, after: str, version: str, now: datetime) -> None:
        """Note that a file of the overlay was written; ``version`` is the knowledge's before that."""
        with self._database.write("learn.changed") as session:
            session.add(KnowledgeChangeRow(at=now, who=who, file=file, before=before, after=after, version=version))

    def last_change(self) -> tuple[int, str, str | None, str] | None:
        """(number, file, what it was, what was written) of the latest change that stands."""
        query = (
            select(KnowledgeChangeRow)
            .where(col(KnowledgeChangeRow.undone).is_(False))
            .order_by(col(KnowledgeChangeRow.id).desc())
            .limit(1)
        )
        with self._database.read() as session:
            row = session.exec(query).first()
            return (row.id or 0, row.file, row.before, row.after) if row else None

    def undo(self, number: int) -> None:
        """Note that a change was taken back."""
        with self._database.write("learn.undone") as session:
            session.get_one(KnowledgeChangeRow, number).undone = True
