"""A mail as a ticket. The standard library takes the MIME apart; what it may cost and what is believed
is ours.

The raw header values are read, not ``policy.default``'s parsed ones: those raise on hostile fields, take
quadratic time on long ones, and name the wrong sender (see :mod:`bot.core.parse.sender`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

import regex

from bot.core.model import Ticket
from bot.core.parse.encoded import MAX_VALUE, header_text
from bot.core.parse.mime_message import bounded, parsed
from bot.core.parse.mime_parts import Contents, walk
from bot.core.parse.plain import one_line
from bot.core.parse.sender import sender
from bot.errors import InputError

MAX_HEADERS: Final = 200

_FIELD: Final = regex.compile(rb"[!-9;-~]{1,100}[ \t]*:")


def ticket_from_eml(raw: bytes, id: str) -> Ticket:
    """The mail ``raw`` (RFC 5322 with MIME) as a ticket.

    ``requester`` is set only where exactly one From names exactly one address; ``received_at`` comes from the
    Date field (UTC where it states no zone). Broken transfer encodings and unknown character sets are read as
    far as they go and named in ``notes``. Raises InputError where ``raw`` is no mail or its MIME structure
    cannot be read at all.
    """
    raw, notes = bounded(raw.lstrip(b"\r\n\t \xef\xbb\xbf"))
    if not _FIELD.match(raw) and not raw.startswith(b"From "):
        raise InputError("not a mail message: it does not start with a header field")
    message = parsed(raw)
    if not any(
        name.lower() in {"from", "subject", "date", "received", "content-type", "to", "message-id", "return-path"}
        for name in dict(message.items())
    ):
        raise InputError("not a mail message: no From, Date, Subject, To or Content-Type field")
    contents = Contents(notes=notes)
    walk(message, contents)
    body, body_format = contents.body()
    if not body.strip() and not contents.attachments:
        _complain_if_unreadable(message)
    headers = _headers(message)
    return Ticket(
        id=id,
        subject=one_line(headers.get("subject", "").split("\n")[0]),
        body=body,
        format=body_format,
        requester=sender([str(value) for value in message.get_all("From", [])]),
        channel="email",
        received_at=_date(message),
        headers=headers,
        attachments=tuple(contents.attachments),
        notes=tuple(contents.notes),
    )


def _complain_if_unreadable(message: Message) -> None:
    declared = str(message.get("Content-Type", ""))[:200].lower()
    payload = message.get_payload()
    if declared.lstrip().startswith("multipart/") and not (isinstance(payload, list) and payload):
        raise InputError("unreadable MIME: a multipart message whose parts cannot be found")
    if isinstance(payload, str) and len(payload.strip()) > 20:
        raise InputError("unreadable MIME: nothing of the body can be decoded")


def _headers(message: Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in list(message.items())[:MAX_HEADERS]:
        key = name.strip().lower()[:100]
        text = one_line(header_text(str(value)), MAX_VALUE)
        headers[key] = f"{headers[key]}\n{text}"[: 4 * MAX_VALUE] if key in headers else text
    return headers


def _date(message: Message) -> datetime | None:
    value = message.get("Date")
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(header_text(str(value))[:100])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return moment
