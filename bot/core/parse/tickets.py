"""Bytes from a file or a pipe as tickets: plain text, mail, HTML, JSON, JSON lines.

What is wrong with one ticket of a batch is said of that ticket, so that the batch goes on; what is wrong with
the whole input is an InputError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

import regex

from bot.core.model import Ticket
from bot.core.parse.encoded import decode_bytes
from bot.core.parse.html import looks_like_html
from bot.core.parse.mime import ticket_from_eml
from bot.core.parse.plain import MAX_INPUT, one_line
from bot.core.parse.ticket_json import cut_note, ticket_from_json
from bot.errors import InputError

FORMATS: Final = ("auto", "text", "eml", "html", "json", "jsonl")
_SUFFIXES: Final = {
    ".eml": "eml",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_MAIL_FIELD: Final = regex.compile(
    rb"(?:received|return-path|from|to|subject|date|message-id|mime-version|delivered-to|content-type|"
    rb"dkim-signature|x-[a-z0-9-]{1,60}|reply-to|sender|cc|authentication-results|arc-seal):",
    regex.IGNORECASE,
)
_LEAD: Final = b" \t\r\n\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadTicket:
    """A ticket of a batch that could not be read: its id (or file and line) and why, in one line."""

    id: str
    reason: str


def read_tickets(data: bytes, *, format: str = "auto", name: str = "-") -> Iterator[Ticket | BadTicket]:
    """The tickets in ``data``, in order. ``name`` is the file's name (``-``: standard input), for messages.

    ``format`` is one of FORMATS; ``auto`` goes by the content, then by the name's suffix. In a batch (JSON
    lines, a JSON list) a ticket that cannot be read yields a BadTicket. Raises InputError, with one line that
    names the file (and the key), for input that is empty, binary, in an unknown encoding or no ticket at all.
    """
    if format not in FORMATS:
        raise InputError(f"{_shown(name)}: unknown format {one_line(format, 40)!r}; use one of {', '.join(FORMATS)}")
    if not data.strip(_LEAD + b"\0"):
        raise InputError(f"{_shown(name)}: the file is empty; there is no ticket in it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = _utf16(data, name)
    chosen = _sniff(data, name) if format == "auto" else format
    if chosen == "jsonl":
        return _from_lines(data, name)
    return iter(_from_whole(data, name, chosen))


def _from_whole(data: bytes, name: str, chosen: str) -> list[Ticket | BadTicket]:
    where = _shown(name)
    if chosen == "json":
        return _from_json(data, name)
    if chosen == "eml":
        if b"\0" in data[:4000] and not _MAIL_FIELD.match(data.lstrip(_LEAD)):
            raise InputError(f"{where}: binary data, not a mail message")
        try:
            return [ticket_from_eml(data, _stem(name))]
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
    text = _decode(data, where)
    return [
        Ticket(
            id=_stem(name), body=text[:MAX_INPUT], format="html" if chosen == "html" else "text", notes=cut_note(text)
        )
    ]


# -- what it is ----------------------------------------------------------------------------------------


def _sniff(data: bytes, name: str) -> str:
    """The format: JSON, HTML and mail show themselves; else the suffix says; else it is text."""
    suffix = _SUFFIXES.get(PurePath(name).suffix.lower()) if name != "-" else None
    if suffix in {"eml", "html", "jsonl"}:
        return suffix
    start = data[:4000].lstrip(_LEAD)
    if start[:1] in {b"{", b"["} or suffix == "json":
        kind = _sniff_json(data, start)
        if kind or suffix == "json":
            return kind or "json"
    if start[:1] == b"<" and looks_like_html(start[:400].decode("ascii", "replace")):
        return "html"
    if _is_mail(data.lstrip(_LEAD)[:20_000]):
        return "eml"
    return "text"


def _sniff_json(data: bytes, start: bytes) -> str | None:
    first, _, rest = data.strip(_LEAD).partition(b"\n")
    if regex.match(rb"\{\s*(?:\"|\})", start) and first.rstrip().endswith(b"}") and rest.strip():
        return "jsonl"
    if regex.match(rb"\{\s*(?:\"|\})|\[\s*(?:\{|\])", start):
        return "json"
    return None


def _is_mail(start: bytes) -> bool:
    """True where ``start`` opens with two known header fields: a customer may well begin with "From: "."""
    if start.startswith(b"From ") and b"\n" in start:
        start = start.split(b"\n", 1)[1]
    known = 0
    for line in start.split(b"\n")[:60]:
        if line[:1] in {b" ", b"\t"} and known:
            continue
        if not line.strip():
            return known >= 2
        if not regex.match(rb"[!-9;-~]{1,100}:", line):
            return False
        known += bool(_MAIL_FIELD.match(line))
    return known >= 2


def _utf16(data: bytes, name: str) -> bytes:
    try:
        return data.decode("utf-16").encode("utf-8", "replace")
    except UnicodeDecodeError as error:
        raise InputError(f"{_shown(name)}: starts like UTF-16 but is not; save it as UTF-8") from error


def _decode(data: bytes, where: str) -> str:
    """UTF-8, else CP1252 where nearly all of it is ASCII (a Western European text); else an error."""
    if b"\0" in data or sum(data[:4000].count(code) for code in range(1, 9)) > 4:
        raise InputError(f"{where}: binary data, not text; give the ticket as text, .eml, HTML or JSON")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        high = sum(1 for byte in data[:20_000] if byte > 127)
        text, sound = decode_bytes(data, "cp1252")
        accents = sum(1 for char in text[:20_000] if char > "\x7f" and (char.isalpha() or char in "–—‘’“”„«»€…·°§¿¡"))
        if sound and high * 5 <= min(len(data), 20_000) and accents * 10 >= high * 9:
            return text
        raise InputError(f"{where}: unknown encoding (byte {error.start} is no UTF-8); save it as UTF-8") from error


# -- JSON ----------------------------------------------------------------------------------------------


def _from_lines(data: bytes, name: str) -> Iterator[Ticket | BadTicket]:
    for number, line in enumerate(data.split(b"\n"), 1):
        line = line.strip(_LEAD)
        if line:
            yield _one(line, name, f"{_shown(name)}, line {number}", f"{_stem(name)}:{number}")


def _one(line: bytes, name: str, where: str, fallback: str) -> Ticket | BadTicket:
    try:
        value = _load(line, where)
    except InputError as error:
        return BadTicket(fallback, str(error))
    return _checked(value, where, fallback)


def _checked(value: Any, where: str, fallback: str) -> Ticket | BadTicket:
    try:
        return ticket_from_json(value, where=where, fallback_id=fallback)
    except InputError as error:
        given = value.get("id") if isinstance(value, dict) else None
        return BadTicket(one_line(str(given), 200) if isinstance(given, str | int) else fallback, str(error))


def _from_json(data: bytes, name: str) -> list[Ticket | BadTicket]:
    where = _shown(name)
    value = _load(data.strip(_LEAD), where)
    if isinstance(value, list):
        if not value:
            raise InputError(f"{where}: the list is empty; there is no ticket in it")
        return [_checked(item, f"{where}, ticket {n}", f"{_stem(name)}:{n}") for n, item in enumerate(value, 1)]
    return [ticket_from_json(value, where=where, fallback_id=_stem(name))]


def _load(data: bytes, where: str) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: unknown encoding (byte {error.start} is no UTF-8); JSON is UTF-8") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not valid JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not readable JSON: {type(error).__name__}") from error


def _shown(name: str) -> str:
    return "standard input" if name == "-" else one_line(name, 200)


def _stem(name: str) -> str:
    return "stdin" if name == "-" else one_line(PurePath(name).name, 200) or "ticket"
