"""The tables of reports, incidents and learning (migration 0004); those of the desk are in tables.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text, text
from sqlmodel import Field, SQLModel

from bot.adapters.store.database import Utc
from bot.adapters.store.tables import _long as long_text
from bot.adapters.store.tables import _moment as moment


class TicketFactRow(SQLModel, table=True):
    """What a report counts a ticket by: the latest triage's facts, one narrow row a ticket
    (bot/core/report/facts.py)."""

    __tablename__ = "ticket_fact"
    __table_args__ = (
        Index("ix_ticket_fact_at_cause", "at", "cause"),
        Index("ix_ticket_fact_cause_at", "cause", "at"),
        Index("ix_ticket_fact_mailbox", "mailbox", "cause", "at"),
        Index("ix_ticket_fact_domain", "domain", "at"),
        Index(
            "ix_ticket_fact_line",
            "cause",
            "confidence",
            "at",
            sqlite_where=text("line IS NOT NULL"),
            postgresql_where=text("line IS NOT NULL"),
        ),
        Index(
            "ix_ticket_fact_unknown",
            "at",
            "unknown_text",
            "mailbox",
            sqlite_where=text("unknown_text IS NOT NULL"),
            postgresql_where=text("unknown_text IS NOT NULL"),
        ),
    )

    ticket_id: str = Field(primary_key=True, foreign_key="ticket.id", max_length=200)
    at: datetime = moment()
    """When it was received."""
    cause: str
    """The leading cause; "unknown" where there is none, "not_ours" where it is not about connecting."""
    confidence: str
    probability: float = 0.0
    verdict: str
    mailbox: str | None = None
    domain: str | None = None
    plan: str | None = None
    client: str | None = None
    version: str | None = None
    host: str | None = None
    network: str | None = None
    protocol: str | None = None
    error_id: str | None = None
    unknown_text: str | None = None
    """An error text that no row of the table claims, masked."""
    abstained: str | None = None
    coverage: str = "none"
    parsed: bool = False
    matched: bool = False
    line: str | None = None
    """The line that decided, masked."""
    verified: bool = False
    """The server has seen a login of that mailbox within two days after the first reply."""


class TallyRow(SQLModel, table=True):
    """What one day, or one month, adds up to (bot/core/report/tally.py). Triggers of the database forget it when
    anything that it counts changes; the next report adds it up anew."""

    __tablename__ = "tally"

    since: datetime = Field(primary_key=True, sa_type=Utc)
    until: datetime = Field(primary_key=True, sa_type=Utc)
    causes: str = long_text()
    """JSON: plan -> cause -> tickets."""
    document: str = long_text()
    """JSON: plan -> everything else."""


class ShadowRow(SQLModel, table=True):
    """What a version of the knowledge would have said of past tickets (bot/core/shadow.py)."""

    __tablename__ = "shadow"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment(index=True)
    version: str = Field(index=True)
    document: str = long_text()


class FixRow(SQLModel, table=True):
    """Something that was done against a cause, by whom and from when on: a report says whether it helped."""

    __tablename__ = "fix"

    id: int | None = Field(default=None, primary_key=True)
    cause: str
    owner: str
    since: datetime = moment()
    note: str = ""


class FailingRow(SQLModel, table=True):
    """Who fails in the logs, by day: a mailbox (or, where the lines name none, a network), classified as tickets
    are."""

    __tablename__ = "failing"
    __table_args__ = (
        Index("ix_failing_last", "last_at"),
        Index("ix_failing_actor", "cause", "actor", "proven", "day", "first_at", "last_at"),
    )

    day: datetime = Field(primary_key=True, sa_type=Utc)
    cause: str = Field(primary_key=True)
    actor: str = Field(primary_key=True, max_length=320)
    host: str = Field(primary_key=True, max_length=255)
    service: str = Field(primary_key=True, max_length=40)
    mailbox: bool = True
    """False where the actor is a network."""
    network: str = ""
    proven: bool = False
    """The mailbox has logged in from that address: the failure is the customer's own and no stranger's guess."""
    first_at: datetime = moment()
    last_at: datetime = moment()
    lines: int = 0


class PulseRow(SQLModel, table=True):
    """How many failed in one hour, by source, dimension and value: what incidents are measured against."""

    __tablename__ = "pulse"

    hour: datetime = Field(primary_key=True, sa_type=Utc)
    source: str = Field(primary_key=True, max_length=10)
    dimension: str = Field(primary_key=True, max_length=20)
    value: str = Field(primary_key=True, max_length=255)
    count: int = 0


class TroubleRow(SQLModel, table=True):
    """Who failed in one minute of the last hour and a half; older rows go."""

    __tablename__ = "trouble"

    minute: datetime = Field(primary_key=True, sa_type=Utc)
    actor: str = Field(primary_key=True, max_length=320)
    cause: str = Field(primary_key=True)
    host: str = Field(primary_key=True, max_length=255)
    protocol: str = Field(primary_key=True, max_length=40)
    client: str = ""
    network: str = ""


class IncidentRow(SQLModel, table=True):
    """A burst that somebody was told of."""

    __tablename__ = "incident"

    id: int | None = Field(default=None, primary_key=True)
    opened_at: datetime = moment(index=True)
    since: datetime = moment()
    last_at: datetime = moment()
    dimension: str
    value: str
    cause: str | None = None
    common: str = long_text()
    """JSON: every dimension that nearly all share, with its value."""
    said: str = long_text()
    mailboxes: int = 0
    tickets: int = 0
    normal: float = 0.0
    state: str = Field(default="open", index=True)
    """open, closed."""
    text: str = long_text()
    """The answer agreed for all; empty while there is none."""
    agreed_by: str = ""
    holding: bool = True
    """Tickets of it get no card of their own."""
    revision: int = 1
    place: str = ""
    """Where it was told; empty where nobody is set to be told."""
    closed_at: datetime | None = moment(null=True)
    closed_by: str = ""


class IncidentTicketRow(SQLModel, table=True):
    """A ticket that an incident explains."""

    __tablename__ = "incident_ticket"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    ticket_id: str = Field(primary_key=True, max_length=200)
    round: int = 1
    state: str = "held"
    """shown (it had its card before), held, released, answered."""


class KnowledgeChangeRow(SQLModel, table=True):
    """A file of the overlay that was written after a lead's yes, with what it was before: one command goes back."""

    __tablename__ = "knowledge_change"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment()
    who: str
    file: str
    before: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    after: str = long_text()
    version: str = ""
    undone: bool = False
