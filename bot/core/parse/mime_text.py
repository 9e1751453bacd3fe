"""The text of one MIME part: transfer encoding, character set and flowed lines undone, as far as they go."""

from __future__ import annotations

import base64
from email.message import Message
from typing import Final

import regex

from bot.core.parse.encoded import decode_bytes

MAX_TEXT: Final = 1_000_000
"""Characters of text taken out of one mail, attachments included (threats row 26)."""

_NO_BASE64: Final = regex.compile(r"[^A-Za-z0-9+/]")


def decoded(part: Message) -> tuple[str, bool]:
    """The text of a leaf part, and whether all of it could be decoded. Never raises."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return "", False
    broken = False
    if str(part.get("Content-Transfer-Encoding", ""))[:40].strip().lower() == "base64" and part.defects:
        payload, broken = _lenient_base64(str(part.get_payload())), True
    charset = part.get_param("charset")
    label = charset[2] if isinstance(charset, tuple) else charset
    text, sound = decode_bytes(payload[: 4 * MAX_TEXT], str(label)[:60] if label else None)
    if part.get_content_type() == "text/plain" and str(part.get_param("format", "")).lower() == "flowed":
        text = unflow(text, delsp=str(part.get_param("delsp", "")).lower() == "yes")
    return text, sound and not broken


def _lenient_base64(text: str) -> bytes:
    """What can be read of damaged base64: foreign characters are skipped, a torn end is dropped."""
    clean = _NO_BASE64.sub("", text.split("=")[0][: 6 * MAX_TEXT])
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    return base64.b64decode(clean + "=" * (-len(clean) % 4))


def unflow(text: str, *, delsp: bool = False) -> str:
    """The paragraphs of a ``format=flowed`` text on one line each (RFC 3676 4.1 and 4.2)."""
    out: list[str] = []
    open_depth: int | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        if content.startswith(" "):
            content = content[1:]
        flowed = content.endswith(" ") and content != "-- "
        if flowed and delsp:
            content = content[:-1]
        if open_depth == depth and content != "-- ":
            out[-1] += content
        else:
            out.append((">" * depth + " " if depth else "") + content)
        open_depth = depth if flowed else None
    return "\n".join(out)
