"""The parts of a mail: which are its text, which came along, and what of those can be read here.

Text, HTML and mails that came along are read; of pictures and archives the bytes are kept, for a reader that may
start programs (:class:`bot.ports.AttachmentReader`). Nothing is ever fetched from a URL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from typing import Final

import regex

from bot.core.model import Attachment
from bot.core.parse.encoded import decode_bytes, header_text
from bot.core.parse.html import html_to_text
from bot.core.parse.mime_message import MAX_DEPTH, MAX_PARTS, bounded, parsed
from bot.core.parse.mime_text import MAX_TEXT, decoded
from bot.core.parse.plain import one_line
from bot.errors import InputError

MAX_CONTENT: Final = 10_000_000
"""Bytes of pictures and archives that are kept of one ticket."""

_TEXT_NAME: Final = regex.compile(r".*\.(?:txt|log|csv|conf|cfg|ini|json|xml|md|out|err)", regex.I | regex.S)
_HTML_NAME: Final = regex.compile(r".*\.html?", regex.I | regex.S)
_MAIL_NAME: Final = regex.compile(r".*\.eml", regex.I | regex.S)
_MAIL_TYPES: Final = frozenset({"message/rfc822", "message/global"})
_VAGUE_TYPES: Final = frozenset(
    {"application/octet-stream", "application/json", "message/delivery-status", "text/rfc822-headers"}
)
_OPENED_TYPES: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/jpg",
        "application/zip",
        "application/x-zip-compressed",
        "application/gzip",
        "application/x-gzip",
    }
)
_OPENED_NAME: Final = regex.compile(r".*\.(?:png|jpe?g|zip|gz)", regex.I | regex.S)
_NO_PROSE: Final = frozenset({"text/calendar", "text/x-vcard", "text/vcard", "text/rtf"})
_STUB: Final = regex.compile(
    r"(?:your (?:e-?mail|mail) (?:client|program|reader)|html).{0,80}(?:support|view|display|enable)", regex.I
)
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
)


def openable(data: bytes) -> str | None:
    """png, jpeg, zip or gzip by the first bytes (each format's own magic number, whatever the name says), else None."""
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


@dataclass(slots=True)
class Contents:
    """What was gathered from the parts so far, and what more may be taken."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    """(``plain`` or ``html``, text) of the body."""
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: int = 0
    room: int = MAX_TEXT
    keep: int = MAX_CONTENT

    def note(self, text: str) -> None:
        """Say a thing once."""
        if text not in self.notes:
            self.notes.append(text)

    def take(self, text: str) -> str:
        """As much of a text as there is room for."""
        if len(text) > self.room:
            self.note(f"the mail's text was cut after {MAX_TEXT} characters")
        text = text[: self.room]
        self.room -= len(text)
        return text

    def body(self) -> tuple[str, str]:
        """The text of the mail, and whether it is ``text`` or ``html``."""
        if [kind for kind, _ in self.pieces] == ["html"]:
            return self.pieces[0][1], "html"
        texts = [html_to_text(text) if kind == "html" else text.strip("\r\n") for kind, text in self.pieces]
        return "\n\n".join(text for text in texts if text.strip()), "text"


def walk(part: Message, contents: Contents, depth: int = 0) -> None:
    """Gather ``part`` and all below it into ``contents``; never raises on foreign bytes."""
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
    elif kind in _MAIL_TYPES and isinstance(payload, list):
        _enclosed(part, contents, depth)
    elif isinstance(payload, list):
        _several(part, [sub for sub in payload if isinstance(sub, Message)], contents, depth, kind)
    else:
        _leaf(part, contents, depth, kind)


def may_hold_text(name: str, kind: str) -> bool:
    """Whether a file of this name and type, whatever it turns out to be, is worth fetching: a mail, a text, HTML, a
    picture, an archive."""
    kind = kind.partition(";")[0].strip().lower()
    if kind in _MAIL_TYPES or (kind.startswith("text/") and kind not in _NO_PROSE) or kind in _OPENED_TYPES:
        return True
    return any(pattern.fullmatch(name) for pattern in (_MAIL_NAME, _HTML_NAME, _TEXT_NAME, _OPENED_NAME))


def attached(name: str, kind: str, data: bytes, contents: Contents, charset: str | None = None, depth: int = 1) -> None:
    """Gather one attachment given as bytes: a mail, a text or HTML is read, a picture or an archive kept, all else
    only named."""
    opens = openable(data)
    if opens is not None:
        content = data if len(data) <= contents.keep else None
        if content is None:
            contents.note(f"attachment {name or kind} is too large to be opened")
        else:
            contents.keep -= len(data)
        contents.attachments.append(Attachment(name, kind, len(data), content=content))
    elif kind in _MAIL_TYPES or _MAIL_NAME.fullmatch(name):
        _mail_bytes(name, data, contents, depth)
    elif kind == "text/html" or (kind in _VAGUE_TYPES and _HTML_NAME.fullmatch(name)):
        text, _ = decode_bytes(data[: 4 * MAX_TEXT], charset or "utf-8")
        contents.attachments.append(Attachment(name, kind, len(data), html_to_text(contents.take(text))))
    elif (kind.startswith("text/") and kind not in _NO_PROSE) or (kind in _VAGUE_TYPES and _TEXT_NAME.fullmatch(name)):
        _text_bytes(name, kind, data, contents, charset)
    else:
        contents.attachments.append(Attachment(name, kind, len(data)))


# -- parts of a message ------------------------------------------------------------------------------------


def _several(part: Message, parts: list[Message], contents: Contents, depth: int, kind: str) -> None:
    if kind == "message/delivery-status":
        text = contents.take("\n\n".join(str(sub).strip() for sub in parts[:MAX_PARTS]))
        contents.attachments.append(Attachment(_name(part), kind, len(text), text))
    elif kind == "multipart/alternative" and len(parts) > 1:
        best = _best(parts)
        walk(best, contents, depth + 1)
        for other in parts:
            if other is not best:
                _pictures_of(other, contents, depth + 1)
    else:
        for sub in parts:
            walk(sub, contents, depth + 1)


def _best(alternatives: list[Message]) -> Message:
    """Plain text where it says something, else the richest part that can be read."""
    readable = [part for part in alternatives if part.get_content_type().startswith(("text/", "multipart/"))]
    for part in readable:
        if part.get_content_type() == "text/plain":
            text = decoded(part)[0].strip()
            if text and not (len(text) < 300 and _STUB.search(text) and len(readable) > 1):
                return part
    rich = [part for part in readable if part.get_content_type() != "text/plain"]
    html = [part for part in rich if part.get_content_type() in {"text/html", "multipart/related", "multipart/mixed"}]
    return (html or rich or alternatives)[-1 if not html else 0]


def _pictures_of(part: Message, contents: Contents, depth: int) -> None:
    """The pictures inside an alternative that was not chosen: a screenshot that is pasted into a mail hangs on its
    HTML (RFC 2387)."""
    for number, sub in enumerate(part.walk()):
        if number < MAX_PARTS and sub.get_content_maintype() == "image" and not sub.is_multipart():
            walk(sub, contents, depth)


def _leaf(part: Message, contents: Contents, depth: int, kind: str) -> None:
    name = _name(part)
    disposition = str(part.get("Content-Disposition", ""))[:40].strip().lower()
    along = disposition.startswith("attachment") or bool(name)
    if kind in {"text/plain", "text/html"} and not along:
        text, sound = decoded(part)
        if not sound:
            contents.note("part of the mail could not be decoded; unreadable characters were replaced")
        if text.strip():
            contents.pieces.append(("html" if kind == "text/html" else "plain", contents.take(text)))
    elif kind == "text/plain":  # flowed lines and damaged transfer encodings are the part's own affair
        text, sound = decoded(part)
        if not sound:
            contents.note(f"attachment {name or kind} could not be fully decoded")
        contents.attachments.append(
            Attachment(name, kind, len(text), None if "\0" in text[:2000] else contents.take(text))
        )
    else:
        payload = part.get_payload(decode=True)
        charset = part.get_param("charset")
        label = charset[2] if isinstance(charset, tuple) else charset
        attached(
            name,
            kind,
            payload if isinstance(payload, bytes) else b"",
            contents,
            str(label)[:60] if label else None,
            depth,
        )


def _enclosed(part: Message, contents: Contents, depth: int) -> None:
    """A mail attached as a whole. RFC 2046 5.2.1 forbids base64 there, and some programs write it all the same."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Message):
        return
    if (
        str(part.get("Content-Transfer-Encoding", ""))[:40].strip().lower() in {"base64", "quoted-printable"}
        and not inner.keys()
    ):
        del inner["Content-Transfer-Encoding"]
        inner["Content-Transfer-Encoding"] = str(part["Content-Transfer-Encoding"])[:40]
        data = inner.get_payload(decode=True)
        _mail_bytes(_name(part), data if isinstance(data, bytes) else b"", contents, depth)
    else:
        _mail(_name(part), inner, contents, depth)


def _mail_bytes(name: str, data: bytes, contents: Contents, depth: int) -> None:
    raw, notes = bounded(data.lstrip(b"\r\n\t \xef\xbb\xbf"))
    try:
        inner = parsed(raw)
    except InputError as error:
        contents.note(f"attachment {name or 'message'}: {error}")
        contents.attachments.append(Attachment(name, "message/rfc822", len(data)))
        return
    for note in notes:
        contents.note(note)
    _mail(name, inner, contents, depth)


def _mail(name: str, inner: Message, contents: Contents, depth: int) -> None:
    """A mail within the mail: its head fields and its text become one readable attachment, its own attachments
    follow."""
    below = Contents(parts=contents.parts, room=contents.room, keep=contents.keep)
    walk(inner, below, depth + 1)
    contents.parts, contents.room, contents.keep = below.parts, below.room, below.keep
    for note in below.notes:
        contents.note(note)
    head = [
        f"{field}: {header_text(str(inner[field]))[:500]}"
        for field in ("From", "Date", "To", "Subject")
        if field in inner
    ]
    body, body_format = below.body()
    text = "\n".join(head) + "\n\n" + (html_to_text(body) if body_format == "html" else body)
    contents.attachments.append(Attachment(name or "forwarded message.eml", "message/rfc822", len(text), text))
    contents.attachments.extend(below.attachments)


def _text_bytes(name: str, kind: str, data: bytes, contents: Contents, charset: str | None) -> None:
    text, sound = decode_bytes(data[: 4 * MAX_TEXT], charset or "utf-8")
    if "\0" in text[:2000]:
        contents.attachments.append(Attachment(name, kind, len(data)))
        return
    if not sound:
        contents.note(f"attachment {name or kind} could not be fully decoded")
    contents.attachments.append(Attachment(name, kind, len(data), contents.take(text)))


def _name(part: Message) -> str:
    try:
        name = part.get_filename("")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""
    return one_line(header_text(str(name or "")), 120)
