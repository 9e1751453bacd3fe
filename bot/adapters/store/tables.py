"""The desk's tables. migrations/ makes them; a test holds the two against each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from bot.adapters.store.database import Utc


def _moment(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None if null else ..., sa_type=Utc, nullable=null, index=index)


def _long(default: Any = ...) -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=default is None))


class TicketRow(SQLModel, table=True):
    """A case: masked text of all its messages, who wrote it, where its card goes."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_first_seen", "first_seen"),)

    id: str = Field(primary_key=True, max_length=200)
    channel: str | None = None
    requester: str | None = Field(default=None, index=True)
    received_at: datetime | None = _moment(null=True)
    first_seen: datetime = _moment()
    text: str = _long()
    place: str = ""
    thread: str = ""
    author: str = Field(default="", index=True)
    version: int = 1
    round: int = 1
    explicit: bool = False
    tried: str = "[]"


class TriageRow(SQLModel, table=True):
    """One answer to a ticket: the contract's JSON, and what reports count by."""

    __tablename__ = "triage"
    __table_args__ = (
        Index("ix_triage_cause_created", "cause", "created_at"),
        Index("ix_triage_mailbox_created", "mailbox", "created_at"),
        Index("ix_triage_version_created", "knowledge_version", "created_at"),
        Index("ix_triage_recent", "created_at", "ticket_id", "cause", "verdict"),
    )

    key: str = Field(primary_key=True, max_length=64)
    """SHA-256 of ticket id, text and knowledge version."""
    ticket_id: str = Field(foreign_key="ticket.id", index=True)
    created_at: datetime = _moment(index=True)
    knowledge_version: str
    mailbox: str | None = Field(default=None, index=True)
    cause: str | None = Field(default=None, index=True)
    confidence: str
    verdict: str
    document: str = _long()


class InboundRow(SQLModel, table=True):
    """A delivery that was accepted: kept at least seven days, so that the same one is known when it comes again."""

    __tablename__ = "inbound"

    key: str = Field(primary_key=True, max_length=300)
    ticket_id: str | None = Field(default=None, index=True)
    version: int = 0
    accepted_at: datetime = _moment(index=True)


class ConversationRow(SQLModel, table=True):
    """A place whose messages are one case: a thread, a helpdesk's ticket, or one person within some minutes."""

    __tablename__ = "conversation"

    key: str = Field(primary_key=True, max_length=300)
    ticket_id: str | None = None
    last_at: datetime = _moment()


class MessageRow(SQLModel, table=True):
    """One message of a case as it came. ``document`` is emptied by the retention rules and the case goes on without."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_at", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: str = Field(foreign_key="ticket.id", index=True)
    author: str
    from_agent: bool = False
    at: datetime = _moment()
    document: str = _long()


class CardRow(SQLModel, table=True):
    """What agents see of a case in one round."""

    __tablename__ = "card"
    __table_args__ = (
        Index("ix_card_state_created", "state", "created_at", "ticket_id"),
        Index("ix_card_handled_by", "handled_by", "state"),
        Index("ix_card_assignee", "assignee", "state"),
    )

    ticket_id: str = Field(primary_key=True, foreign_key="ticket.id", max_length=200)
    round: int = Field(primary_key=True)
    revision: int = 1
    state: str = Field(index=True)
    mode: str = "draft"
    content: str = _long()
    outlet: str
    place: str
    thread: str
    remote_id: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = _moment(null=True)
    detail: str = ""
    handled_by: str | None = None
    """Who last decided anything on it."""
    assignee: str | None = None
    """Who took it over and has not said that it is done."""
    created_at: datetime = _moment(index=True)


class JobRow(SQLModel, table=True):
    """Work of ours. ``token`` grows with each claim: an earlier holder can finish nothing."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "run_at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=300)
    kind: str
    ticket_id: str | None = Field(default=None, index=True)
    payload: str = _long()
    state: str = "queued"
    """queued, running, done, dead."""
    priority: int = 5
    run_at: datetime = _moment()
    attempts: int = 0
    token: int = 0
    lease_until: datetime | None = _moment(null=True)
    error: str = ""
    created_at: datetime = _moment()


_REPLY_IS_OUT = "kind = 'reply' AND state = 'sent'"


class DeliveryRow(SQLModel, table=True):
    """One thing sent outside, once for its key."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "priority", "not_before"),
        Index("ix_delivery_place", "place", "state", "sent_at"),
        Index(
            "ix_delivery_reply",
            "ticket_id",
            "sent_at",
            "automatic",
            sqlite_where=text(_REPLY_IS_OUT),
            postgresql_where=text(_REPLY_IS_OUT),
        ),
        Index("ix_delivery_replied", "sent_at", sqlite_where=text(_REPLY_IS_OUT), postgresql_where=text(_REPLY_IS_OUT)),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=300)
    outlet: str
    kind: str
    place: str
    payload: str = _long()
    ticket_id: str | None = Field(default=None, index=True)
    state: str = "queued"
    """queued, sending, unsure, sent, parked, withdrawn."""
    priority: int = 5
    repeatable: bool = False
    automatic: bool = False
    not_before: datetime = _moment()
    expires_at: datetime | None = _moment(null=True)
    attempts: int = 0
    searches: int = 0
    token: int = 0
    lease_until: datetime | None = _moment(null=True)
    remote_id: str | None = None
    error: str = ""
    created_at: datetime = _moment()
    sent_at: datetime | None = _moment(null=True)


class PaceRow(SQLModel, table=True):
    """When the next message may go to a place: shared by all workers."""

    __tablename__ = "pace"

    place: str = Field(primary_key=True, max_length=300)
    next_free: datetime = _moment()


class BurstRow(SQLModel, table=True):
    """Tickets of one error and server within minutes: one thread with a counter."""

    __tablename__ = "burst"
    __table_args__ = (UniqueConstraint("place", "signature", "opened_at"),)

    id: int | None = Field(default=None, primary_key=True)
    place: str = Field(index=True)
    signature: str
    opened_at: datetime = _moment()
    last_at: datetime = _moment()
    count: int = 1


class GatheredRow(SQLModel, table=True):
    """A ticket of a burst that has no card of its own in the channel."""

    __tablename__ = "gathered"

    id: int | None = Field(default=None, primary_key=True)
    burst_id: int = Field(foreign_key="burst.id", index=True)
    ticket_id: str
    listed: bool = False


class ReviewRow(SQLModel, table=True):
    """An agent's decision: a label to learn from."""

    __tablename__ = "review"

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: str = Field(foreign_key="ticket.id", index=True)
    round: int
    agent: str
    decision: str
    cause: str | None = None
    """What the bot had named."""
    chosen: str | None = None
    """What the agent named instead."""
    confidence: str
    knowledge_version: str = ""
    at: datetime = _moment(index=True)
    agrees: bool | None = None
    """Whether it says that the bot was right; None where it says nothing, or is not the first decision of its round."""


class RoleRow(SQLModel, table=True):
    """A person's role, given by a lead; roles from Slack user groups are asked for live."""

    __tablename__ = "role"

    person: str = Field(primary_key=True, max_length=200)
    role: str


class SettingRow(SQLModel, table=True):
    """What leads set while the program runs: ``mode:PLACE``, ``escalate-to``, ``pause``."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, max_length=300)
    value: str
    at: datetime = _moment()


class PersonRow(SQLModel, table=True):
    """Who stands behind a pseudonym of the audit log. Erasing a person deletes this row and leaves the log whole."""

    __tablename__ = "person"

    id: str = Field(primary_key=True, max_length=200)
    pseudonym: str = Field(unique=True, max_length=32)


class AuditRow(SQLModel, table=True):
    """Who did what to what, and what it was before. Triggers in the database refuse changes and deletions."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment(index=True)
    who: str = Field(index=True)
    """A pseudonym of :class:`PersonRow`."""
    action: str = Field(index=True)
    subject: str = ""
    before: str = ""
    after: str = ""


class AutomaticRow(SQLModel, table=True):
    """A mail that nobody clicked: written down before it is sent, so that the caps hold whoever dies when."""

    __tablename__ = "automatic"

    ticket_id: str = Field(primary_key=True, max_length=200)
    """One a ticket, for good."""
    key: str = Field(max_length=300)
    """The delivery's."""
    requester: str = Field(index=True, max_length=64)
    """A keyed hash (HMAC-SHA-256); the key is a setting, and erasing it makes all of them nobody's."""
    at: datetime = _moment(index=True)


class WebSessionRow(SQLModel, table=True):
    """Somebody who is signed in on the page. The browser holds the token, this table only its SHA-256."""

    __tablename__ = "web_session"

    token: str = Field(primary_key=True, max_length=64)
    person: str
    form_token: str = Field(max_length=64)
    """Stands in every form of this session, and a form without it changes nothing."""
    waiting_for: str = ""
    """While Slack is asked who somebody is: the nonce of that question."""
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)


class MatchRow(SQLModel, table=True):
    """A row of the decoded-error table that a triage matched."""

    __tablename__ = "triage_match"
    __table_args__ = (Index("ix_triage_match_error", "error_id", "created_at"),)

    triage_key: str = Field(primary_key=True, foreign_key="triage.key", max_length=64)
    error_id: str = Field(primary_key=True, max_length=100)
    created_at: datetime = _moment()
