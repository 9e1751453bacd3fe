"""Days that are added up once, whether a login followed an answer, and shadow runs of knowledge versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_AT = "(SELECT at FROM ticket_fact WHERE ticket_id = NEW.ticket_id)"
_DAY_OF_TICKET = f"since <= {_AT} AND until > {_AT}"
_DAYS_OF_REVIEWS = "since IN (SELECT t.since FROM review r JOIN tally t ON t.since <= r.at AND t.until > r.at WHERE r.ticket_id = NEW.ticket_id)"
_NEW, _OLD = "since <= NEW.at AND until > NEW.at", "since <= OLD.at AND until > OLD.at"
_STALE = {
    ("ticket_fact", "INSERT"): ("", _NEW),
    ("ticket_fact", "DELETE"): ("", _OLD),
    (
        "ticket_fact",
        "UPDATE OF at, cause, plan, client, version, host, network, abstained, coverage, parsed, matched, verified",
    ): ("", f"({_OLD}) OR ({_NEW}) OR {_DAYS_OF_REVIEWS}"),
    ("delivery", "INSERT"): ("NEW.kind = 'reply' AND NEW.state = 'sent'", _DAY_OF_TICKET),
    ("delivery", "UPDATE"): ("NEW.kind = 'reply' AND (NEW.state = 'sent' OR OLD.state = 'sent')", _DAY_OF_TICKET),
    ("message", "INSERT"): ("NOT NEW.from_agent", _DAY_OF_TICKET),
    ("ticket", "UPDATE OF round"): ("", _DAY_OF_TICKET.replace("NEW.ticket_id", "NEW.id")),
    ("review", "INSERT"): ("", f"({_NEW}) OR ({_DAY_OF_TICKET})"),
}
"""What makes a day's sums wrong -> (when, which days are forgotten). In the database itself, so that no writer can
leave it out."""


def upgrade() -> None:
    """Make the tables, indexes and triggers; the sums are made by the next report."""
    op.create_table(
        "tally",
        sa.Column("since", sa.DateTime, primary_key=True),
        sa.Column("until", sa.DateTime, primary_key=True),
        sa.Column("causes", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "shadow",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("version", sa.String, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.add_column("ticket_fact", sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("ix_ticket_fact_mailbox", "ticket_fact")
    op.create_index("ix_ticket_fact_mailbox", "ticket_fact", ["mailbox", "cause", "at"])
    op.create_index("ix_ticket_fact_domain", "ticket_fact", ["domain", "at"])
    spoken = sa.text("line IS NOT NULL")
    op.create_index(
        "ix_ticket_fact_line",
        "ticket_fact",
        ["cause", "confidence", "at"],
        sqlite_where=spoken,
        postgresql_where=spoken,
    )
    strange = sa.text("unknown_text IS NOT NULL")
    op.create_index(
        "ix_ticket_fact_unknown",
        "ticket_fact",
        ["at", "unknown_text", "mailbox"],
        sqlite_where=strange,
        postgresql_where=strange,
    )
    op.create_index("ix_failing_actor", "failing", ["cause", "actor", "proven", "day", "first_at", "last_at"])
    outside = sa.text("kind = 'reply' AND state = 'sent'")
    op.create_index(
        "ix_delivery_reply",
        "delivery",
        ["ticket_id", "sent_at", "automatic"],
        sqlite_where=outside,
        postgresql_where=outside,
    )
    op.create_index("ix_delivery_replied", "delivery", ["sent_at"], sqlite_where=outside, postgresql_where=outside)
    _forget_what_changes()


def _forget_what_changes() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for (table, verb), (when, days) in _STALE.items():
        name, condition = f"tally_{table}_{verb.split()[0].lower()}", f" WHEN ({when})" if when else ""
        what = f"DELETE FROM tally WHERE {days}"
        if sqlite:
            op.execute(f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH ROW{condition} BEGIN {what}; END")
        else:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()"
            )
