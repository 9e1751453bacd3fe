"""The agents' desk: conversations, cards, jobs, deliveries, decisions, roles, settings, and an audit log that
nothing can change."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _text(name: str, length: int | None = None, *, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=default)


def _maybe(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String)


def _number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _when(name: str, *, null: bool = False, index: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime, nullable=null, index=index)


def _long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _ticket(*, primary: bool = False) -> sa.Column[str]:
    return sa.Column(
        "ticket_id",
        sa.String(200) if primary else sa.String,
        sa.ForeignKey("ticket.id"),
        primary_key=primary,
        nullable=False,
        index=not primary,
    )


def upgrade() -> None:
    """Widen the ticket, make the rest."""
    for column in (
        _text("place", default=""),
        _text("thread", default=""),
        _text("author", default=""),
        _number("version", "1"),
        _number("round", "1"),
        _flag("explicit"),
        _text("tried", default="[]"),
    ):
        op.add_column("ticket", column)
    op.create_index("ix_ticket_author", "ticket", ["author"])
    op.create_table(
        "inbound",
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("ticket_id", sa.String, index=True),
        _number("version"),
        _when("accepted_at", index=True),
    )
    op.create_table(
        "conversation", sa.Column("key", sa.String(300), primary_key=True), _maybe("ticket_id"), _when("last_at")
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer, primary_key=True),
        _ticket(),
        _text("author"),
        _flag("from_agent"),
        _when("at"),
        _long("document"),
    )
    op.create_table(
        "card",
        _ticket(primary=True),
        sa.Column("round", sa.Integer, primary_key=True),
        _number("revision"),
        sa.Column("state", sa.String, nullable=False, index=True),
        _text("mode"),
        _long("content"),
        _text("outlet"),
        _text("place"),
        _text("thread"),
        _maybe("remote_id"),
        _maybe("decision"),
        _maybe("decided_by"),
        _when("decided_at", null=True),
        _text("detail"),
        _when("created_at", index=True),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(300), nullable=False, unique=True),
        _text("kind"),
        sa.Column("ticket_id", sa.String, index=True),
        _long("payload"),
        _text("state"),
        _number("priority"),
        _when("run_at"),
        _number("attempts"),
        _number("token"),
        _when("lease_until", null=True),
        _text("error"),
        _when("created_at"),
    )
    op.create_index("ix_job_due", "job", ["state", "run_at"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(300), nullable=False, unique=True),
        _text("outlet"),
        _text("kind"),
        _text("place"),
        _long("payload"),
        sa.Column("ticket_id", sa.String, index=True),
        _text("state"),
        _number("priority"),
        _flag("repeatable"),
        _flag("automatic"),
        _when("not_before"),
        _when("expires_at", null=True),
        _number("attempts"),
        _number("searches"),
        _number("token"),
        _when("lease_until", null=True),
        _maybe("remote_id"),
        _text("error"),
        _when("created_at"),
        _when("sent_at", null=True),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "priority", "not_before"])
    op.create_table("pace", sa.Column("place", sa.String(300), primary_key=True), _when("next_free"))
    op.create_table(
        "burst",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("place", sa.String, nullable=False, index=True),
        _text("signature"),
        _when("opened_at"),
        _when("last_at"),
        _number("count"),
        sa.UniqueConstraint("place", "signature", "opened_at"),
    )
    op.create_table(
        "gathered",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("burst_id", sa.Integer, sa.ForeignKey("burst.id"), nullable=False, index=True),
        _text("ticket_id"),
        _flag("listed"),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Integer, primary_key=True),
        _ticket(),
        _number("round"),
        _text("agent"),
        _text("decision"),
        _maybe("cause"),
        _maybe("chosen"),
        _text("confidence"),
        _text("knowledge_version"),
        _when("at", index=True),
    )
    op.create_table("role", sa.Column("person", sa.String(200), primary_key=True), _text("role"))
    op.create_table("setting", sa.Column("name", sa.String(300), primary_key=True), _text("value"), _when("at"))
    op.create_table(
        "person",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("pseudonym", sa.String(32), nullable=False, unique=True),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        _when("at", index=True),
        sa.Column("who", sa.String, nullable=False, index=True),
        sa.Column("action", sa.String, nullable=False, index=True),
        _text("subject"),
        _text("before"),
        _text("after"),
    )
    _append_only()


def _append_only() -> None:
    """What the audit log holds stays as it was written, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )
