"""Tickets and their triages in a database (SQLModel), for ``--save`` and every channel.

Only the masked reading is kept, never the ticket as it came. The same ticket triaged again adds a triage and
changes no earlier one; the same ticket with the same text and the same knowledge adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Field, Session, SQLModel, create_engine, select

from bot.core.output import to_json
from bot.core.verdict import Triage
from bot.errors import StoreBusy, StoreCorrupt

BUSY_MILLISECONDS = 5_000


class SavedTicket(SQLModel, table=True):
    """A ticket as it was read: masked text, who wrote it, when."""

    __tablename__ = "ticket"

    id: str = Field(primary_key=True, max_length=200)
    channel: str | None = None
    requester: str | None = Field(default=None, index=True)
    received_at: datetime | None = None
    first_seen: datetime
    text: str


class SavedTriage(SQLModel, table=True):
    """One answer to a ticket: the contract's JSON, and what reports count by."""

    __tablename__ = "triage"

    key: str = Field(primary_key=True, max_length=64)
    """SHA-256 of ticket id, text and knowledge version."""
    ticket_id: str = Field(foreign_key="ticket.id", index=True)
    created_at: datetime = Field(index=True)
    knowledge_version: str
    mailbox: str | None = Field(default=None, index=True)
    cause: str | None = Field(default=None, index=True)
    confidence: str
    verdict: str
    document: str


class TicketStore:
    """Saves triages. Raises StoreBusy and StoreCorrupt, each naming the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _pragmas)
        try:
            SQLModel.metadata.create_all(self._engine)
        except OperationalError as error:
            raise StoreBusy(f"{self._name}: cannot be opened ({error.orig})") from error
        except DatabaseError as error:
            raise StoreCorrupt(f"{self._name}: is no database of ours or is damaged ({error.orig}); move it away and run again") from error

    @property
    def _name(self) -> str:
        return str(self._engine.url.render_as_string(hide_password=True))

    def save(self, triage: Triage) -> bool:
        """Keep a ticket and its triage in one transaction; False where this very answer is kept already."""
        document = to_json(triage)
        key = hashlib.sha256("\0".join((triage.ticket.id, triage.reading.text, triage.knowledge_version)).encode()).hexdigest()
        diagnosis = triage.diagnosis
        now = datetime.now(UTC)
        try:
            with Session(self._engine) as session:
                if session.get(SavedTriage, key) is not None:
                    return False
                if session.get(SavedTicket, triage.ticket.id) is None:
                    session.add(SavedTicket(
                        id=triage.ticket.id, channel=triage.ticket.channel, requester=triage.ticket.requester,
                        received_at=triage.ticket.received_at, first_seen=now, text=triage.reading.text))
                    session.flush()
                session.add(SavedTriage(
                    key=key, ticket_id=triage.ticket.id, created_at=now, knowledge_version=triage.knowledge_version,
                    mailbox=triage.facts.mailbox, cause=diagnosis.causes[0].cause if diagnosis.causes else diagnosis.other,
                    confidence=diagnosis.confidence, verdict=diagnosis.verdict, document=json.dumps(document, ensure_ascii=False)))
                session.commit()
        except OperationalError as error:
            raise StoreBusy(f"{self._name}: could not be written ({error.orig}); nothing of this ticket was kept, try again") from error
        return True

    def triages_of(self, ticket_id: str) -> list[dict[str, Any]]:
        """The saved answers to a ticket, oldest first, as JSON objects."""
        with Session(self._engine) as session:
            rows = session.exec(select(SavedTriage).where(SavedTriage.ticket_id == ticket_id).order_by(SavedTriage.created_at))  # type: ignore[arg-type]
            return [json.loads(row.document) for row in rows]


def _pragmas(connection: Any, _record: Any) -> None:
    """What was accepted survives a power cut: WAL with synchronous=FULL."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.close()
