"""Opens what came with a ticket: archives are unpacked and pictures read in processes of their own, so that a bomb
costs two seconds and its own memory, and the ticket goes on without it. Nothing is fetched from anywhere.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bot.adapters.attachments.ocr import LIMITED, Ocr
from bot.core.model import Attachment, Ticket
from bot.core.parse.mime_parts import Contents, attached, openable
from bot.core.parse.mime_text import MAX_TEXT
from bot.core.parse.ocr_text import repaired
from bot.core.parse.pictures import dimensions
from bot.core.parse.plain import one_line

MAX_PICTURES: Final = 4
MAX_ARCHIVES: Final = 3
MAX_PIXELS: Final = 16_000_000
"""A photo of a screen has 12 million; decoded at four bytes a pixel this is 64 MB, in the OCR's process."""
MIN_SIDES: Final = (120, 24)
"""Smaller pictures are logos of signatures and tracking dots."""
READER_SECONDS: Final = 30.0
"""For all attachments of one ticket; what is left then is only named."""
ARCHIVE_SECONDS: Final = 2
ARCHIVE_MEMORY: Final = 50_000_000
"""Address space, so memory as well, of the process that unpacks; Python itself takes 17 MB of it."""
_KINDS: Final = {"png": "picture", "jpeg": "picture", "zip": "archive", "gzip": "archive"}
_ARCHIVE: Final = str(Path(__file__).parent / "archive.py")


@dataclass(frozen=True)
class ProgramReader:
    """The port ``AttachmentReader``. Without an ``ocr`` pictures are only named."""

    ocr: Ocr | None = None

    def read(self, ticket: Ticket) -> Ticket:
        """``ticket`` with the text of its pictures and archives as far as it can be had, and what could not in its
        notes. Never raises on foreign bytes; the bytes themselves are let go."""
        if not any(a.content for a in ticket.attachments):
            return ticket
        until = time.monotonic() + READER_SECONDS
        contents = Contents(room=max(0, MAX_TEXT - sum(len(a.text or "") for a in ticket.attachments)))
        left = {"picture": MAX_PICTURES, "archive": MAX_ARCHIVES}
        waiting = list(ticket.attachments)
        out: list[Attachment] = []
        while waiting:
            attachment = waiting.pop(0)
            kind = _KINDS.get(openable(attachment.content or b"") or "")
            if kind is None or attachment.content is None:
                out.append(replace(attachment, content=None))
                continue
            left[kind] -= 1
            if left[kind] < 0 or time.monotonic() > until:
                contents.note(f"attachment {_shown(attachment)} was not opened: there are too many")
                out.append(replace(attachment, content=None))
            elif kind == "picture":
                out.append(self._picture(attachment, attachment.content, contents))
            else:
                out.append(replace(attachment, content=None))
                waiting[:0] = _unpacked(attachment, attachment.content, contents)
        return replace(ticket, attachments=tuple(out), notes=(*ticket.notes, *contents.notes))

    def _picture(self, attachment: Attachment, data: bytes, contents: Contents) -> Attachment:
        closed = replace(attachment, content=None)
        size = dimensions(data)
        if size is None or size[0] * size[1] > MAX_PIXELS:
            contents.note(
                f"attachment {_shown(attachment)} was not looked at: "
                + ("its head is damaged" if size is None else f"{size[0]} x {size[1]} pixels")
            )
            return closed
        if self.ocr is None or size[0] < MIN_SIDES[0] or size[1] < MIN_SIDES[1]:
            return closed
        text = self.ocr.text_of(data)
        if text is None:
            contents.note(f"attachment {_shown(attachment)} could not be read in time")
            return closed
        text = contents.take(repaired(text))
        return replace(closed, text=text, pictured=True) if any(char.isalpha() for char in text) else closed


def _unpacked(attachment: Attachment, data: bytes, contents: Contents) -> list[Attachment]:
    """The members of an archive that can be read, as attachments of their own; the rest, archives among them, is
    named in the notes."""
    shown = _shown(attachment)
    told = _told(data)
    if told is None:
        contents.note(f"attachment {shown} was not opened: it takes too much time or memory")
        return []
    for note in told["notes"]:
        contents.note(f"attachment {shown}: {one_line(str(note), 160)}")
    if told["names"]:
        contents.note(f"attachment {shown} holds: {one_line(', '.join(map(str, told['names'][:20])), 300)}")
    below = Contents(room=contents.room, keep=contents.keep)
    for name, content in told["members"]:
        inner = one_line(str(name), 120) or attachment.name.removesuffix(".gz") or "unpacked.txt"
        attached(inner, "application/octet-stream" if name else _type_of(inner), base64.b64decode(content), below)
    contents.room, contents.keep = below.room, below.keep
    for note in below.notes:
        contents.note(note)
    return [
        replace(a, content=None) if _KINDS.get(openable(a.content or b"") or "") == "archive" else a
        for a in below.attachments
    ]


def _type_of(name: str) -> str:
    """A gzip file holds one thing, which is read as text where its name does not say otherwise."""
    return "application/octet-stream" if name.lower().endswith((".eml", ".htm", ".html")) else "text/plain"


def _told(data: bytes) -> dict[str, Any] | None:
    command = [*LIMITED, str(ARCHIVE_SECONDS), str(ARCHIVE_MEMORY), LIMITED[0], "-I", "-S", _ARCHIVE]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=ARCHIVE_SECONDS, env={"LC_ALL": "C.UTF-8"}, check=False
        )
        told = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _shown(attachment: Attachment) -> str:
    return one_line(attachment.name, 80) or attachment.content_type
