"""A mail as a ticket. The standard library takes the MIME apart; what it may cost and what is believed
is ours.

The raw header values are read, not ``policy.default``'s parsed ones: those raise on hostile fields, take
quadratic time on long ones, and name the wrong sender (see :mod:`bot.core.parse.sender`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from typing import Final

import regex

from bot.core.model import Attachment, Ticket
from bot.core.parse.encoded import MAX_VALUE, header_text
from bot.core.parse.html import html_to_text
from bot.core.parse.mime_text import MAX_TEXT, decoded
from bot.core.parse.plain import one_line
from bot.core.parse.sender import sender
from bot.errors import InputError

MAX_MAIL: Final = 25_000_000
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 10
MAX_HEADERS: Final = 200

_FIELD: Final = regex.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_BOUNDARY: Final = regex.compile(
    rb"boundary[ \t]*=[ \t\r\n]*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", regex.I
)
_NESTED: Final = regex.compile(rb"^content-type:\s{0,80}message/", regex.I | regex.M)
_DELIMITER: Final = regex.compile(rb"^--([^\r\n]{1,200})", regex.M)
_TEXT_NAME: Final = regex.compile(
    r".*\.(?:txt|log|eml|csv|conf|cfg|ini|json|xml|md|out|err)", regex.I | regex.S
)
_STUB: Final = regex.compile(
    r"(?:your (?:e-?mail|mail) (?:client|program|reader)|html).{0,80}(?:support|view|display|enable)", regex.I
)


class _Policy(Compat32):
    """The classic policy, with a cap on the length of a field: parsing parameters is quadratic in it."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines[:500])[: MAX_VALUE + 200].partition(":")
        return name, value.lstrip(" \t").rstrip("\r\n")


@dataclass(slots=True)
class _Contents:
    """What was gathered from the parts so far."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    """(``plain`` or ``html``, text) of the body."""
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: int = 0
    room: int = MAX_TEXT

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def take(self, text: str) -> str:
        if len(text) > self.room:
            self.note(f"the mail's text was cut after {MAX_TEXT} characters")
        text = text[: self.room]
        self.room -= len(text)
        return text


def ticket_from_eml(raw: bytes, id: str) -> Ticket:
    """The mail ``raw`` (RFC 5322 with MIME) as a ticket.

    ``requester`` is set only where exactly one From names exactly one address; ``received_at`` comes from the
    Date field (UTC where it states no zone). Broken transfer encodings and unknown character sets are read as
    far as they go and named in ``notes``. Raises InputError where ``raw`` is no mail or its MIME structure
    cannot be read at all.
    """
    raw, notes = _bounded(raw.lstrip(b"\r\n\t \xef\xbb\xbf"))
    if not _FIELD.match(raw) and not raw.startswith(b"From "):
        raise InputError("not a mail message: it does not start with a header field")
    message = _parse(raw)
    if not any(
        name.lower()
        in {"from", "subject", "date", "received", "content-type", "to", "message-id", "return-path"}
        for name in dict(message.items())
    ):
        raise InputError("not a mail message: no From, Date, Subject, To or Content-Type field")
    contents = _Contents(notes=notes)
    _walk(message, contents, 0)
    body, body_format = _body(contents)
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


def _bounded(raw: bytes) -> tuple[bytes, list[str]]:
    """``raw`` without what would make the parser slow: bytes, delimiters or nested mails beyond the caps."""
    notes: list[str] = []
    if len(raw) > MAX_MAIL:
        raw, notes = raw[:MAX_MAIL], [f"the mail was cut after {MAX_MAIL // 1_000_000} MB"]
    cut = len(raw)
    boundaries: set[bytes] = set()
    for count, match in enumerate(_BOUNDARY.finditer(raw)):
        if count >= 5 * MAX_DEPTH:
            cut = match.start()
            break
        boundaries.add(match.group(1) or match.group(2))
    for count, match in enumerate(_NESTED.finditer(raw, 0, cut)):
        if count >= 2 * MAX_DEPTH:
            cut = match.start()
            break
    seen = 0
    if boundaries:
        for match in _DELIMITER.finditer(raw, 0, cut):
            line = match.group(1).rstrip()
            if line in boundaries or (line.endswith(b"--") and line[:-2] in boundaries):
                seen += 1
                if seen > MAX_PARTS + 5 * MAX_DEPTH:
                    cut = match.start()
                    break
    if cut < len(raw):
        notes.append(f"the mail has too many parts: only the first {MAX_PARTS} were read")
    return raw[:cut], notes


def _parse(raw: bytes) -> Message:
    try:
        return BytesParser(policy=_Policy()).parsebytes(raw)
    except (RecursionError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"unreadable MIME structure ({type(error).__name__})") from error


def _complain_if_unreadable(message: Message) -> None:
    declared = str(message.get("Content-Type", ""))[:200].lower()
    payload = message.get_payload()
    if declared.lstrip().startswith("multipart/") and not (isinstance(payload, list) and payload):
        raise InputError("unreadable MIME: a multipart message whose parts cannot be found")
    if isinstance(payload, str) and len(payload.strip()) > 20:
        raise InputError("unreadable MIME: nothing of the body can be decoded")


def _walk(part: Message, contents: _Contents, depth: int) -> None:
    contents.parts += 1
    if contents.parts > MAX_PARTS:
        contents.note(f"the mail has too many parts: only the first {MAX_PARTS} were read")
        return
    if depth > MAX_DEPTH:
        contents.note(f"parts nested deeper than {MAX_DEPTH} levels were not read")
        return
    kind = part.get_content_type()
    payload = part.get_payload()
    if kind.startswith("multipart/") and not isinstance(payload, list):
        contents.note("a part of the mail has no boundary: its contents could not be read")
    elif kind in {"message/rfc822", "message/global"} and isinstance(payload, list):
        _forwarded(part, contents, depth)
    elif isinstance(payload, list):
        parts = [sub for sub in payload if isinstance(sub, Message)]
        if kind == "message/delivery-status":
            text = "\n\n".join(str(sub).strip() for sub in parts[:MAX_PARTS])
            _attach(part, contents, kind, contents.take(text))
        elif kind == "multipart/alternative" and len(parts) > 1:
            _walk(_best(parts), contents, depth + 1)
        elif kind == "multipart/related" and parts:
            _walk(parts[0], contents, depth + 1)
            for sub in parts[1:]:
                _attach(sub, contents, sub.get_content_type(), None)
        else:
            for sub in parts:
                _walk(sub, contents, depth + 1)
    else:
        _leaf(part, contents, kind)


def _best(alternatives: list[Message]) -> Message:
    """Plain text where it says something, else the richest part that can be read."""
    readable = [part for part in alternatives if part.get_content_type().startswith(("text/", "multipart/"))]
    for part in readable:
        if part.get_content_type() == "text/plain":
            text = decoded(part)[0].strip()
            if text and not (len(text) < 300 and _STUB.search(text) and len(readable) > 1):
                return part
    rich = [part for part in readable if part.get_content_type() != "text/plain"]
    html = [
        part
        for part in rich
        if part.get_content_type() in {"text/html", "multipart/related", "multipart/mixed"}
    ]
    return (html or rich or alternatives)[-1 if not html else 0]


def _leaf(part: Message, contents: _Contents, kind: str) -> None:
    name = _name(part)
    disposition = str(part.get("Content-Disposition", ""))[:40].strip().lower()
    attached = disposition.startswith("attachment") or bool(name)
    if kind in {"text/plain", "text/html"} and not attached:
        text, sound = decoded(part)
        if not sound:
            contents.note("part of the mail could not be decoded; unreadable characters were replaced")
        if text.strip():
            contents.pieces.append(("html" if kind == "text/html" else "plain", contents.take(text)))
    elif kind == "text/html":
        _attach(part, contents, kind, html_to_text(contents.take(decoded(part)[0])))
    elif (
        kind.startswith("text/") and kind not in {"text/calendar", "text/x-vcard", "text/vcard", "text/rtf"}
    ) or (
        kind
        in {"application/octet-stream", "application/json", "message/delivery-status", "text/rfc822-headers"}
        and _TEXT_NAME.fullmatch(name)
    ):
        text, sound = decoded(part)
        if "\0" in text[:2000]:
            _attach(part, contents, kind, None)
            return
        if not sound:
            contents.note(f"attachment {name or kind} could not be fully decoded")
        _attach(part, contents, kind, contents.take(text))
    else:
        _attach(part, contents, kind, None)


def _forwarded(part: Message, contents: _Contents, depth: int) -> None:
    """A mail attached as a whole: its head fields and its text become one readable attachment."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Message):
        return
    below = _Contents(parts=contents.parts, room=contents.room)
    _walk(inner, below, depth + 1)
    contents.parts, contents.room = below.parts, below.room
    for text in below.notes:
        contents.note(text)
    head = [
        f"{name}: {header_text(str(inner[name]))[:500]}"
        for name in ("From", "Date", "To", "Subject")
        if name in inner
    ]
    body, body_format = _body(below)
    text = "\n".join(head) + "\n\n" + (html_to_text(body) if body_format == "html" else body)
    name = _name(part) or "forwarded message.eml"
    contents.attachments.append(Attachment(name, "message/rfc822", len(text), text))
    contents.attachments.extend(below.attachments)


def _body(contents: _Contents) -> tuple[str, str]:
    kinds = {kind for kind, _ in contents.pieces}
    if kinds == {"html"} and len(contents.pieces) == 1:
        return contents.pieces[0][1], "html"
    texts = [html_to_text(text) if kind == "html" else text.strip("\r\n") for kind, text in contents.pieces]
    return "\n\n".join(text for text in texts if text.strip()), "text"


def _attach(part: Message, contents: _Contents, kind: str, text: str | None) -> None:
    payload = part.get_payload()
    size = len(payload) if isinstance(payload, str) else 0
    contents.attachments.append(Attachment(_name(part), kind, size, text))


def _name(part: Message) -> str:
    try:
        name = part.get_filename("")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""
    return one_line(header_text(str(name or "")), 120)


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
