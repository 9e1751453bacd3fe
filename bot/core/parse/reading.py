"""A ticket as one plain text: safe to look at, secrets masked, cut into what is the customer's own.

Every span of the facts refers to :attr:`Reading.text`; nothing downstream sees the raw ticket.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import regex

from bot.core.model import Attachment, Reading, Segment, Span, Ticket
from bot.core.parse.html import MAX_HTML, html_to_text
from bot.core.parse.language import detect
from bot.core.parse.plain import one_line, plain
from bot.core.parse.secrets import find_secrets
from bot.core.parse.segments import Piece, cut
from knowledge.model import Language

MAX_READING: Final = 64_000
"""Characters of a reading. A longer ticket keeps its beginning; the cut is named in the notes."""
MAX_ATTACHED: Final = 24_000
"""Characters of one attachment: its beginning and its end (a log's newest lines are at the end)."""
MAX_SUBJECT: Final = 500
MAX_LINES: Final = 4000

_OWN: Final = frozenset({"subject", "body"})
_BLANKS: Final = regex.compile(r"[ \t]{33,}+")
_NEWLINES: Final = regex.compile(r"\n(?:[ \t]*+\n){3,}+")


def read(ticket: Ticket, languages: Sequence[Language]) -> Reading:
    """``ticket`` as one canonical text with segments that cover it, its language, and what is missing.

    The text is the subject, a blank line, the body, then each readable attachment, as NFC without invisible
    or control characters; passwords, tokens, keys and card numbers read ``[masked KIND]``. Never raises on
    foreign text; hostile text costs a fraction of a second because every step is linear and capped.
    """
    notes = list(ticket.notes)
    pieces: list[Piece] = []
    subject = one_line(ticket.subject, MAX_SUBJECT)
    if subject:
        pieces.append(Piece("subject", subject + "\n\n"))
    pieces.extend(cut(_body(ticket, notes), subject))
    for attachment in ticket.attachments:
        pieces.extend(_attached(attachment, notes))
    pieces = _within(pieces, MAX_READING, notes)
    text = "".join(piece.text for piece in pieces)
    segments: list[Segment] = []
    at = 0
    for piece in pieces:
        if piece.text:
            segments.append(Segment(piece.kind, (at, at + len(piece.text))))
            at += len(piece.text)
    text, segments, masked = _masked(text, segments)
    return Reading(
        text=text,
        segments=tuple(segments),
        language=detect(_prose(text, segments), languages),
        masked=masked,
        notes=tuple(dict.fromkeys(notes)),
    )


def _body(ticket: Ticket, notes: list[str]) -> str:
    raw = ticket.body
    if ticket.format == "html":
        if len(raw) > MAX_HTML:
            notes.append(f"the HTML was cut after {MAX_HTML} characters")
        raw = html_to_text(raw)
    if len(raw) > 4 * MAX_READING:
        raw = raw[: 4 * MAX_READING]
        notes.append(f"the ticket was cut after {MAX_READING} characters")
    return _tidy(plain(raw))


def _tidy(text: str) -> str:
    """Runs of blanks and of empty lines shortened, so that no one pays for a page of nothing."""
    if "                                 " in text or "\t" in text:
        text = _BLANKS.sub(" " * 8, text)
    if "\n\n\n\n" in text or " \n" in text:
        text = _NEWLINES.sub("\n\n\n", text)
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        text = "\n".join(lines[:MAX_LINES])
    return text.strip("\n")


def _attached(attachment: Attachment, notes: list[str]) -> list[Piece]:
    """The pieces of a readable attachment; what cannot be read is named in the notes."""
    name = one_line(attachment.name, 80) or one_line(attachment.content_type, 80) or "unnamed"
    if not attachment.text or not attachment.text.strip():
        notes.append(f"attachment without readable text: {name} ({one_line(attachment.content_type, 60)})")
        return []
    text = attachment.text
    if len(text) > MAX_ATTACHED:
        text = text[: MAX_ATTACHED // 2] + "\n[…]\n" + text[-MAX_ATTACHED // 2 :]
        notes.append(f"attachment {name} was cut to its first and last {MAX_ATTACHED // 2} characters")
    text = _tidy(plain(text)) + "\n"
    if attachment.content_type == "message/rfc822":
        head, _, body = text.partition("\n\n")
        return [Piece("header", "\n\n" + head + "\n\n"), Piece("forwarded", "".join(p.text for p in cut(body)))]
    if attachment.pictured:
        notes.append(f"read from the picture {name}: letters and digits may be misread")
        return [Piece("picture", "\n\n" + text)]
    return [Piece("attachment", "\n\n" + text)]


def _within(pieces: list[Piece], limit: int, notes: list[str]) -> list[Piece]:
    """``pieces`` up to ``limit`` characters in all."""
    kept: list[Piece] = []
    room = limit
    for piece in pieces:
        if len(piece.text) > room:
            notes.append(f"the ticket was cut after {limit} characters")
            kept.append(Piece(piece.kind, piece.text[:room]))
            break
        kept.append(piece)
        room -= len(piece.text)
    return kept


def _masked(text: str, segments: list[Segment]) -> tuple[str, list[Segment], tuple[str, ...]]:
    """Text and segments with secrets masked; a secret that runs over an edge moves the edge behind it."""
    found = find_secrets(text)
    if not found:
        return text, segments, ()
    out: list[str] = []
    old_ends: list[int] = []
    shifts: list[int] = []
    at = shift = 0
    for start, end, kind in found:
        marker = f"[masked {kind}]"
        out.extend((text[at:start], marker))
        at = end
        shift += len(marker) - (end - start)
        old_ends.append(end)
        shifts.append(shift)
    out.append(text[at:])

    def moved(offset: int) -> int:
        index = bisect_right(old_ends, offset) - 1
        following = index + 1
        if following < len(found) and found[following][0] < offset < found[following][1]:
            return found[following][1] + shifts[following]
        return offset + (shifts[index] if index >= 0 else 0)

    remade: list[Segment] = []
    for segment in segments:
        span: Span = (moved(segment.span[0]), moved(segment.span[1]))
        if span[1] > span[0]:
            remade.append(Segment(segment.kind, span))
    return "".join(out), remade, tuple(sorted({kind for _, _, kind in found}))


def _prose(text: str, segments: Sequence[Segment]) -> str:
    """The customer's own words; where there are hardly any, everything that is no code."""
    own = "\n".join(text[slice(*s.span)] for s in segments if s.kind in _OWN)
    if sum(char.isalpha() for char in own[:400]) >= 40:
        return own
    signed = "\n".join(text[slice(*s.span)] for s in segments if s.kind in _OWN or s.kind == "signature")
    if sum(char.isalpha() for char in signed[:400]) >= 30:
        return signed
    return (
        signed + "\n" + "\n".join(text[slice(*s.span)] for s in segments if s.kind in {"forwarded", "quoted", "code"})
    )
