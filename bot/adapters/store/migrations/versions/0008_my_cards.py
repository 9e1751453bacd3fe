"""Whose a card is, and how many messages went to a place of late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns and indexes; cards that were escalated before stay nobody's."""
    op.add_column("card", sa.Column("handled_by", sa.String, nullable=True))
    op.add_column("card", sa.Column("assignee", sa.String, nullable=True))
    op.create_index("ix_card_handled_by", "card", ["handled_by", "state"])
    op.create_index("ix_card_assignee", "card", ["assignee", "state"])
    op.create_index("ix_delivery_place", "delivery", ["place", "state", "sent_at"])
