"""What reports, incidents and learning keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str, length: int | None = None, *, primary: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, primary_key=primary, index=index)


def _maybe(name: str, *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, index=index)


def upgrade() -> None:
    """Make the tables; the facts of tickets that are there are filled in by the first report."""
    op.create_table(
        "ticket_fact",
        sa.Column("ticket_id", sa.String(200), sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        _text("cause"),
        _text("confidence"),
        sa.Column("probability", sa.Float, nullable=False),
        _text("verdict"),
        _maybe("mailbox", index=True),
        _maybe("domain"),
        _maybe("plan"),
        _maybe("client"),
        _maybe("version"),
        _maybe("host"),
        _maybe("network"),
        _maybe("protocol"),
        _maybe("error_id"),
        _maybe("unknown_text"),
        _maybe("abstained"),
        _text("coverage"),
        sa.Column("parsed", sa.Boolean, nullable=False),
        sa.Column("matched", sa.Boolean, nullable=False),
        _maybe("line"),
    )
    op.create_index("ix_ticket_fact_at_cause", "ticket_fact", ["at", "cause"])
    op.create_index("ix_ticket_fact_cause_at", "ticket_fact", ["cause", "at"])
    op.create_table(
        "fix",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("cause"),
        _text("owner"),
        sa.Column("since", sa.DateTime, nullable=False),
        _text("note"),
    )
    op.create_table(
        "failing",
        sa.Column("day", sa.DateTime, primary_key=True),
        _text("cause", primary=True),
        _text("actor", 320, primary=True),
        _text("host", 255, primary=True),
        _text("service", 40, primary=True),
        sa.Column("mailbox", sa.Boolean, nullable=False),
        _text("network"),
        sa.Column("proven", sa.Boolean, nullable=False),
        sa.Column("first_at", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
    )
    op.create_index("ix_failing_last", "failing", ["last_at"])
    op.create_table(
        "pulse",
        sa.Column("hour", sa.DateTime, primary_key=True),
        _text("source", 10, primary=True),
        _text("dimension", 20, primary=True),
        _text("value", 255, primary=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "trouble",
        sa.Column("minute", sa.DateTime, primary_key=True),
        _text("actor", 320, primary=True),
        _text("cause", primary=True),
        _text("host", 255, primary=True),
        _text("protocol", 40, primary=True),
        _text("client"),
        _text("network"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("opened_at", sa.DateTime, nullable=False, index=True),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
        _text("dimension"),
        _text("value"),
        _maybe("cause"),
        sa.Column("common", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("mailboxes", sa.Integer, nullable=False),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("normal", sa.Float, nullable=False),
        _text("state", index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime),
        _text("closed_by"),
    )
    op.create_table(
        "incident_ticket",
        sa.Column("incident_id", sa.Integer, sa.ForeignKey("incident.id"), primary_key=True),
        _text("ticket_id", 200, primary=True),
        sa.Column("round", sa.Integer, nullable=False),
        _text("state"),
    )
    op.create_table(
        "knowledge_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        _text("who"),
        _text("file"),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        _text("version"),
        sa.Column("undone", sa.Boolean, nullable=False),
    )
