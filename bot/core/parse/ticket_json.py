"""The contract's ticket object, checked key by key, so that an error can name the key that is wrong."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.model import Attachment, Ticket
from bot.core.parse.html import looks_like_html
from bot.core.parse.mime_parts import MAX_CONTENT, Contents, attached
from bot.core.parse.plain import MAX_INPUT, one_line
from bot.core.parse.sender import sender
from bot.errors import InputError

MAX_ATTACHMENTS: Final = 100
MAX_HEADERS: Final = 200


def ticket_from_json(value: Any, *, where: str, fallback_id: str) -> Ticket:
    """The contract's ticket object, checked key by key. Raises InputError naming ``where`` and the key.

    ``{"id": …, "ticket": {…}}`` is accepted as well. Unknown keys are ignored; only ``body`` is required.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where}: a ticket is a JSON object, not {_type(value)}")
    identity = value.get("id")
    if "ticket" in value and "body" not in value:
        value = value["ticket"]
        if not isinstance(value, dict):
            raise InputError(f"{where}: ticket: expected an object, got {_type(value)}")
        identity = value.get("id") if identity is None else identity
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        raise InputError(f"{where}: id: expected a text, got {_type(identity)}")
    if "body" not in value:
        raise InputError(f"{where}: body: missing; a ticket needs its text there")
    body = _text(value, "body", where)
    body_format = _text(value, "format", where) or ("html" if looks_like_html(body) else "text")
    if body_format not in {"text", "html"}:
        raise InputError(f"{where}: format: expected text or html, got {one_line(body_format, 40)!r}")
    headers = _json_headers(value.get("headers"), where)
    requester = _text(value, "requester", where)
    if "requester" not in value and "from" in headers:
        requester = headers["from"]
    attachments, notes = _json_attachments(value.get("attachments"), where)
    return Ticket(
        id=one_line(str(identity), 200) if identity not in (None, "") else fallback_id,
        body=body[:MAX_INPUT],
        subject=one_line(_text(value, "subject", where)),
        format=body_format,
        requester=sender([requester]) if requester else None,
        channel=one_line(_text(value, "channel", where), 60) or None,
        received_at=_time(value.get("received_at"), where),
        headers=headers,
        attachments=attachments,
        notes=(*_notes(value.get("notes"), where), *notes, *cut_note(body)),
    )


def ticket_to_json(ticket: Ticket) -> dict[str, Any]:
    """``ticket`` in the contract's form, the inverse of :func:`ticket_from_json`. Bytes that no reader has opened
    are left out."""
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "body": ticket.body,
        "format": ticket.format,
        "requester": ticket.requester,
        "channel": ticket.channel,
        "received_at": ticket.received_at.isoformat() if ticket.received_at else None,
        "headers": dict(ticket.headers),
        "attachments": [
            {
                "name": a.name,
                "content_type": a.content_type,
                "size": a.size,
                **({"text": a.text} if a.text else {}),
                **({"pictured": True} if a.pictured else {}),
            }
            for a in ticket.attachments
        ],
        "notes": list(ticket.notes),
    }


def _text(value: Mapping[str, Any], key: str, where: str, default: str = "") -> str:
    """The text under ``key`` (null and absent are the default), without lone surrogates."""
    found = value.get(key)
    if found is None and key != "body":
        return default
    if not isinstance(found, str):
        raise InputError(f"{where}: {key}: expected a text, got {_type(found)}")
    return found.encode("utf-8", "replace").decode("utf-8") if not found.isascii() else found


def _time(value: Any, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or len(value) > 60:
            raise ValueError
        moment = datetime.fromisoformat(value.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        shown = one_line(value, 40) if isinstance(value, str) else _type(value)
        raise InputError(f"{where}: received_at: expected a time such as 2026-11-20T09:14:00Z, got {shown!r}") from None
    return moment


def _json_headers(value: Any, where: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{where}: headers: expected an object, got {_type(value)}")
    headers: dict[str, str] = {}
    for name, content in list(value.items())[:MAX_HEADERS]:
        values = content if isinstance(content, list) else [content]
        if not all(isinstance(one, str | int | float) for one in values):
            raise InputError(f"{where}: headers.{one_line(name, 60)}: expected a text, got {_type(content)}")
        headers[one_line(name, 100).lower()] = "\n".join(one_line(str(one), 8000) for one in values[:100])
    return headers


def _json_attachments(value: Any, where: str) -> tuple[tuple[Attachment, ...], list[str]]:
    """The attachments, each with ``text``, or with ``content`` in base64 that is read here as far as it can be; and
    what was not read."""
    if value is None:
        return (), []
    if not isinstance(value, list):
        raise InputError(f"{where}: attachments: expected a list, got {_type(value)}")
    contents = Contents()
    for number, item in enumerate(value[:MAX_ATTACHMENTS]):
        here = f"{where}: attachments[{number}]"
        if isinstance(item, str):
            item = {"name": item}
        if not isinstance(item, dict):
            raise InputError(f"{here}: expected an object, got {_type(item)}")
        text = _text(item, "text", here) or None
        size = item.get("size", len(text or ""))
        if isinstance(size, bool) or not isinstance(size, int):
            raise InputError(f"{here}: size: expected a whole number, got {_type(size)}")
        name = one_line(_text(item, "name", here) or _text(item, "filename", here), 120)
        kind = one_line(_text(item, "content_type", here), 120).lower() or "application/octet-stream"
        data = None if text else _content(_text(item, "content", here), here)
        if data is None:
            contents.attachments.append(
                Attachment(name, kind, size, text[:MAX_INPUT] if text else None, pictured=item.get("pictured") is True)
            )
        elif len(data) > MAX_CONTENT:
            contents.note(f"attachment {name or kind} is too large to be opened")
            contents.attachments.append(Attachment(name, kind, len(data)))
        else:
            attached(name, kind, data, contents)
    return tuple(contents.attachments), contents.notes


def _content(encoded: str, here: str) -> bytes | None:
    if not encoded:
        return None
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(
            f"{here}: content: is no base64; give the bytes in base64, or what can be read as text"
        ) from None


def _notes(value: Any, where: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError(f"{where}: notes: expected a list of texts")
    return [one_line(one, 300) for one in value[:50]]


def _type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def cut_note(text: str) -> tuple[str, ...]:
    """The note for a body that is longer than what is looked at."""
    return (f"the text was cut after {MAX_INPUT} characters",) if len(text) > MAX_INPUT else ()
