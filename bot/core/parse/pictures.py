"""How large a picture says it is, read from its head alone, so that nobody decodes a picture that is a bomb."""

from __future__ import annotations

import struct
from typing import Final

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's start-of-frame markers (ITU-T T.81, table B.1)."""
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
MAX_SEGMENTS: Final = 2000


def dimensions(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of a PNG or JPEG; None where the head is damaged or states none."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _png(data: bytes) -> tuple[int, int] | None:
    """The IHDR chunk comes first (ISO/IEC 15948, 5.6)."""
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if width and height else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(MAX_SEGMENTS):
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at + 9 > len(data):
            return None
        marker = data[at]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 4 : at + 8])
            return (width, height) if width and height else None
        at += 1
        if marker not in _BARE:
            at += max(2, struct.unpack(">H", data[at : at + 2])[0])
        if at >= len(data) or data[at] != 0xFF:
            return None
    return None
