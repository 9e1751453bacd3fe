"""Bytes as a message of MIME parts, within caps on what taking it apart may cost."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Final

import regex

from bot.core.parse.encoded import MAX_VALUE
from bot.errors import InputError

MAX_MAIL: Final = 25_000_000
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 10

_BOUNDARY: Final = regex.compile(rb"boundary[ \t]*=[ \t\r\n]*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", regex.I)
_NESTED: Final = regex.compile(rb"^content-type:\s{0,80}message/", regex.I | regex.M)
_DELIMITER: Final = regex.compile(rb"^--([^\r\n]{1,200})", regex.M)


class _Policy(Compat32):
    """The classic policy, with a cap on the length of a field: parsing parameters is quadratic in it."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines[:500])[: MAX_VALUE + 200].partition(":")
        return name, value.lstrip(" \t").rstrip("\r\n")


def bounded(raw: bytes) -> tuple[bytes, list[str]]:
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


def parsed(raw: bytes) -> Message:
    """The message that ``raw`` (already :func:`bounded`) holds. Raises InputError where its structure cannot be read
    at all."""
    try:
        return BytesParser(policy=_Policy()).parsebytes(raw)
    except (RecursionError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"unreadable MIME structure ({type(error).__name__})") from error
