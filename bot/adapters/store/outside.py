"""What we have sent outside about a case is taken back: by deliveries of their own where a channel can, and named
for a human where it cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from bot.adapters.store.queues import QueueRows
from bot.adapters.store.report_tables import IncidentRow, IncidentTicketRow
from bot.adapters.store.tables import DeliveryRow, TicketRow
from bot.core.desk.values import Send

NOTES: Final = frozenset({"card", "card_update", "note", "say", "escalation"})
"""Kinds that are internal notes in a helpdesk."""
TAKES_BACK: Final = {
    "slack": frozenset({"card", "reply", "note", "watch", "escalation"}),
    "zendesk": NOTES,
    "freshdesk": NOTES,
    "chatwoot": NOTES,
}
"""Outlets whose API documents a way, and the kinds that it is used for: an answer that the customer has had is the
helpdesk's own record."""
SHOWN_OUTSIDE: Final = NOTES | {"reply", "watch"}


@dataclass(frozen=True)
class TakenBack:
    """How many messages are being taken back, and what a human has to do."""

    redacted: int = 0
    by_hand: tuple[str, ...] = ()


def take_back(session: Session, queues: QueueRows, rows: Iterable[DeliveryRow], said: str) -> TakenBack:
    """Have messages replaced by ``said``, which names nobody, or deleted; each once. Public answers in helpdesks and
    mails are only named."""
    redacted, by_hand = 0, []
    for row in rows:
        if (
            row.kind not in SHOWN_OUTSIDE
            or row.state != "sent"
            or row.outlet == "page"
            or (row.outlet == "slack" and row.kind == "card_update")
        ):
            continue
        if row.remote_id and row.kind in TAKES_BACK.get(row.outlet, ()):
            case = session.get(TicketRow, row.ticket_id) if row.ticket_id else None
            payload = (
                {"channel": row.place, "ts": row.remote_id, "text": said}
                if row.outlet == "slack"
                else {"thread": case.thread if case else "", "post": row.remote_id}
            )
            # a pace of its own: taking back a day's messages must not hold up the channel's new ones
            redacted += queues.send(
                Send(
                    f"redact:{row.id}",
                    row.outlet,
                    "redact",
                    f"{row.outlet}/redact",
                    payload,
                    priority=9,
                    repeatable=True,
                )
            )
        else:
            by_hand.append(f"{row.outlet}: {row.kind} {row.remote_id or ''} in {row.place}")
    return TakenBack(redacted, tuple(by_hand))


def redraw_incidents(session: Session, queues: QueueRows, cases: Iterable[str]) -> None:
    """Have the incidents' messages that list these cases drawn again, with the names that the cases have by then."""
    query = (
        select(IncidentRow)
        .join(IncidentTicketRow, col(IncidentTicketRow.incident_id) == IncidentRow.id)
        .where(col(IncidentTicketRow.ticket_id).in_(list(cases)))
        .distinct()
    )
    for row in session.exec(query):
        if row.place.startswith("slack/"):
            queues.send(
                Send(
                    f"incident:{row.id}:erased:{queues.now.timestamp():.3f}",
                    "slack",
                    "incident_update",
                    "slack/update",
                    {"incident": row.id},
                    repeatable=True,
                )
            )
