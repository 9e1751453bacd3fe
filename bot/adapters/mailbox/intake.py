"""A mail as something that came in: its case, its text, its envelope."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.adapters.mailbox.letter import Letter
from bot.core.desk.conversation import MAX_BODY
from bot.core.desk.keys import token_of
from bot.core.desk.values import Inbound
from bot.core.model import Ticket
from bot.core.parse.html import html_to_text
from bot.core.parse.mime import ticket_from_eml
from bot.core.parse.segments import cut
from bot.core.parse.ticket_json import ticket_to_json
from bot.errors import InputError

CHANNEL: Final = "mailbox"
LATE: Final = timedelta(days=3)
"""A mail may wait in its sender's queue for a few days (RFC 5321 4.5.4.1); an older Date is a wrong clock."""
AHEAD: Final = timedelta(minutes=10)
_EARLIER: Final = frozenset({"quoted", "header"})


def place_of(address: str) -> str:
    """The place whose mode a lead sets (``triage mode mailbox/support@example.com note``)."""
    return f"{CHANNEL}/{address}"


def id_key(message_id: str) -> str:
    """The conversation key under which the case of a Message-ID is kept."""
    return f"{CHANNEL}:id:{token_of(message_id)}"


def new_case(letter: Letter) -> str:
    """The id of the case that a mail opens; it stands in the subject of answers and tells nobody anything."""
    return f"mail-{token_of(letter.delivery_id)[:12]}"


def ticket_in(raw: bytes, letter: Letter, arrived: datetime, *, larger: bool = False) -> Ticket:
    """The mail as a ticket with a plain-text body. ``arrived`` is when the server got it; ``larger`` says that
    ``raw`` is its beginning alone. A mail that cannot be taken apart is a ticket as well, with what can be read of
    it."""
    try:
        ticket = ticket_from_eml(raw, "mail")
    except InputError as error:
        ticket = Ticket(
            "mail", raw[:20_000].decode("utf-8", "replace"), notes=(f"the mail could not be taken apart: {error}",)
        )
    body = html_to_text(ticket.body) if ticket.format == "html" else ticket.body
    notes = (
        *ticket.notes,
        *(("the mail is larger than what is read of one; the rest is in the mailbox",) if larger else ()),
    )
    return replace(
        ticket,
        body=body[:MAX_BODY],
        format="text",
        requester=letter.envelope.requester,
        received_at=_written(ticket.received_at, arrived),
        channel="email",
        notes=notes,
    )


def unread(arrived: datetime, letter: Letter, why: str) -> Ticket:
    """The ticket of a mail that nobody could read: an agent has to look at it."""
    return Ticket(
        "mail",
        f"A mail came that could not be read here ({why}); it is in the mailbox.",
        requester=letter.envelope.requester,
        channel="email",
        received_at=arrived,
        notes=(f"the mail could not be read: {why}",),
    )


def inbound_of(
    ticket: Ticket, letter: Letter, address: str, case_id: str | None, arrived: datetime, *, from_agent: bool = False
) -> Inbound:
    """``ticket`` on its way to the door. ``case_id`` is the case that the mail belongs to, None for a new one. Of a
    later message only the new words are taken: what it quotes is in the case already."""
    if case_id is not None:
        fresh = "".join(piece.text for piece in cut(ticket.body) if piece.kind not in _EARLIER).strip()
        ticket = replace(ticket, body=fresh or ticket.body)
    conversation = case_id or new_case(letter)
    return Inbound(
        channel=CHANNEL,
        delivery_id=letter.delivery_id,
        conversation=conversation,
        message=ticket_to_json(ticket),
        author=letter.envelope.requester or "",
        at=arrived,
        place=place_of(address),
        thread=conversation,
        from_agent=from_agent,
        envelope=letter.envelope,
    )


def _written(date: datetime | None, arrived: datetime) -> datetime:
    """When the customer wrote: the Date field where it can be true, else the arrival, in the zone that the field
    states."""
    if date is None:
        return arrived
    if arrived - LATE <= date <= arrived + AHEAD:
        return date
    return arrived.astimezone(date.tzinfo)
