"""Tickets and triages as ``triage ticket --save`` kept them before there were migrations; such a database is taken
over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the two tables unless they are there."""
    if sa.inspect(op.get_bind()).has_table("ticket"):
        return
    op.create_table(
        "ticket",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("channel", sa.String),
        sa.Column("requester", sa.String, index=True),
        sa.Column("received_at", sa.DateTime),
        sa.Column("first_seen", sa.DateTime, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "triage",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("ticket_id", sa.String, sa.ForeignKey("ticket.id"), nullable=False, index=True),
        sa.Column("created_at", sa.DateTime, nullable=False, index=True),
        sa.Column("knowledge_version", sa.String, nullable=False),
        sa.Column("mailbox", sa.String, index=True),
        sa.Column("cause", sa.String, index=True),
        sa.Column("confidence", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
