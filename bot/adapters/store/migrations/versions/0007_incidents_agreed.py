"""Incidents are decided on in Slack: where each was told, which text is agreed and by whom, and whether drafts are
still held back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; what is open already goes on holding back."""
    op.add_column("incident", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    op.add_column("incident", sa.Column("holding", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("incident", sa.Column("place", sa.String, nullable=False, server_default=""))
    op.add_column("incident", sa.Column("agreed_by", sa.String, nullable=False, server_default=""))
