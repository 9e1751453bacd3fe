"""The page: sessions of signed-in people, which errors each triage matched, and indexes for lists that are read page
by page."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

CHUNK = 1_000


def upgrade() -> None:
    """Make the tables and indexes; triages that are kept already are looked through once."""
    op.create_table(
        "web_session",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("form_token", sa.String(64), nullable=False),
        sa.Column("waiting_for", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False, index=True),
    )
    op.create_table(
        "triage_match",
        sa.Column("triage_key", sa.String(64), sa.ForeignKey("triage.key"), primary_key=True),
        sa.Column("error_id", sa.String(100), primary_key=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_triage_match_error", "triage_match", ["error_id", "created_at"])
    op.create_index("ix_triage_cause_created", "triage", ["cause", "created_at"])
    op.create_index("ix_triage_mailbox_created", "triage", ["mailbox", "created_at"])
    op.create_index("ix_triage_version_created", "triage", ["knowledge_version", "created_at"])
    op.create_index("ix_triage_recent", "triage", ["created_at", "ticket_id", "cause", "verdict"])
    op.create_index("ix_card_state_created", "card", ["state", "created_at", "ticket_id"])
    op.create_index("ix_message_at", "message", ["at"])
    op.create_index("ix_ticket_first_seen", "ticket", ["first_seen"])
    _known_matches()


def _known_matches() -> None:
    """The matches of triages that an earlier version kept."""
    bind = op.get_bind()
    triage = sa.table(
        "triage", sa.column("key", sa.String), sa.column("created_at", sa.DateTime), sa.column("document", sa.Text)
    )
    matches = sa.table(
        "triage_match",
        sa.column("triage_key", sa.String),
        sa.column("error_id", sa.String),
        sa.column("created_at", sa.DateTime),
    )
    last = ""
    while rows := bind.execute(sa.select(triage).where(triage.c.key > last).order_by(triage.c.key).limit(CHUNK)).all():
        found = [
            {"triage_key": key, "error_id": error, "created_at": created}
            for key, created, document in rows
            for error in dict.fromkeys(m["error_id"] for m in json.loads(document).get("matches", []))
        ]
        if found:
            bind.execute(sa.insert(matches), found)
        last = rows[-1].key
