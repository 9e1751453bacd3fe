"""A card as a row and back."""

from __future__ import annotations

import json

from bot.adapters.store.tables import CardRow
from bot.core.desk.card import CardContent
from bot.core.desk.values import Card


def card_of(row: CardRow) -> Card:
    """The row as a value."""
    return Card(
        row.ticket_id,
        row.round,
        row.revision,
        row.state,
        CardContent.from_json(json.loads(row.content)),
        row.outlet,
        row.place,
        row.thread,
        row.mode,
        row.remote_id,
        row.decision,
        row.decided_by,
        row.decided_at,
        row.detail,
        row.handled_by,
        row.assignee,
    )


def fill(row: CardRow, card: Card) -> None:
    """Write into the row what may change of a card; its case, round and place stay."""
    row.revision, row.state, row.mode = card.revision, card.state, card.mode
    row.content = json.dumps(card.content.to_json(), ensure_ascii=False)
    row.remote_id, row.detail = card.remote_id, card.detail
    row.decision, row.decided_by, row.decided_at = card.decision, card.decided_by, card.decided_at
    row.handled_by, row.assignee = card.handled_by, card.assignee
