"""What trust and the flood rules count by: whether a decision agreed with the bot, and the mails that nobody
clicked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Earlier decisions agree or not as their kind says; of several in one round only the first counts."""
    op.add_column("review", sa.Column("agrees", sa.Boolean))
    op.execute(
        "UPDATE review SET agrees = (decision = 'send') WHERE decision IN ('send', 'not_ours', 'ask', 'other_check')"
        " AND id IN (SELECT MIN(id) FROM review GROUP BY ticket_id, round)"
    )
    op.create_table(
        "automatic",
        sa.Column("ticket_id", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("requester", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
    )
