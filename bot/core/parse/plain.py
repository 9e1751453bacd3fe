"""Foreign text made safe to look at: one normal form, nothing invisible, nothing that moves the cursor."""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

MAX_INPUT: Final = 1_000_000
"""Characters of a body or an attachment that are looked at at all."""

_CONTROLS: Final = regex.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE: Final = regex.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATES: Final = regex.compile(r"[\ud800-\udfff]")
_ANSI: Final = regex.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_SPACES: Final = regex.compile(r"[\u00a0\u2000-\u200a\u202f\u205f]")


def plain(text: str) -> str:
    """``text`` as NFC with ``\\n`` line ends, without invisible or direction-changing characters.

    Control characters other than line end and tab become a visible ``\\xNN`` (CWE-117: a log line or a ticket
    must not move the reader's cursor); colour codes of a terminal are dropped; lone surrogates, which no
    encoding can write, become U+FFFD; every kind of blank becomes an ordinary one.
    """
    if text.isascii():
        if not text.isprintable():
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            text = _CONTROLS.sub(_escape, _ANSI.sub("", text))
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _SURROGATES.sub("\ufffd", text)
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text))
    text = _CONTROLS.sub(_escape, _ANSI.sub("", text).replace("\x85", "\n"))
    return unicodedata.normalize("NFC", text)


def one_line(text: str, limit: int = 998) -> str:
    """:func:`plain`, on one line of at most ``limit`` characters (RFC 5322's longest line by default)."""
    return " ".join(plain(text[: limit * 4]).split())[:limit]


def _escape(match: regex.Match[str]) -> str:
    return f"\\x{ord(match.group()):02x}"
