"""Header values as people read them: folding undone, encoded words (RFC 2047) decoded, never an exception."""

from __future__ import annotations

import base64
import binascii
import quopri
from typing import Final

import regex

MAX_VALUE: Final = 8_000
"""Characters of one header value that are kept."""

_WORD: Final = regex.compile(r"=\?([A-Za-z0-9_:.()+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([BbQq])\?([^?\s]{0,4000})\?=")
_BETWEEN: Final = regex.compile(r"(\?=)[ \t\r\n]{1,100}(?==\?)")
_ALIASES: Final = {
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "default": "utf-8",
    "ansi": "cp1252",
    "cp932": "cp932",
}


def codec(charset: str | None) -> str | None:
    """Python's name for a MIME charset, None where nobody knows it. ASCII and Latin-1 labels widen to CP1252.

    (WHATWG Encoding, "Names and labels": mail labelled ISO-8859-1 or US-ASCII is CP1252 in practice.)
    """
    label = (charset or "us-ascii").strip(" \"'").lower()
    label = _ALIASES.get(label, label)
    if label in {"us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "iso8859-1"}:
        return "cp1252"
    if label in {"gb2312", "gbk"}:
        return "gb18030"
    if label in {"shift_jis", "shift-jis", "sjis"}:
        return "cp932"
    if label in _NOT_TEXT:
        return None
    try:
        "".encode(label)
    except (LookupError, UnicodeError, ValueError):
        return None
    return label


_NOT_TEXT: Final = frozenset(
    {
        "base64",
        "base64_codec",
        "bz2",
        "bz2_codec",
        "hex",
        "hex_codec",
        "quopri",
        "quopri_codec",
        "rot13",
        "rot_13",
        "uu",
        "uu_codec",
        "zip",
        "zlib",
        "zlib_codec",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "utf-7",
        "utf7",
        "unicode-1-1-utf-7",
    }
)
"""Codecs of Python that are not character sets, or that hide text from those who filter it."""


def decode_bytes(raw: bytes, charset: str | None) -> tuple[str, bool]:
    """``raw`` as text and whether every byte made sense. UTF-8 is tried first: labels lie, UTF-8 does not."""
    try:
        if charset is None or not charset.lower().startswith(("iso-2022", "hz", "utf-16", "utf-32")):
            return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    name = codec(charset)
    if name is None:
        return raw.decode("utf-8", "replace"), False
    try:
        return raw.decode(name), True
    except (UnicodeError, ValueError):
        return raw.decode(name, "replace"), False


def decode_words(value: str) -> str:
    """``value`` with its encoded words decoded; what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decode, _BETWEEN.sub(r"\1", value))


def header_text(value: str) -> str:
    """A raw header value on one line, decoded and capped."""
    value = " ".join(value[:MAX_VALUE].split("\n")).replace("\r", " ")
    if any("\udc80" <= char <= "\udcff" for char in value):
        value = decode_bytes(value.encode("utf-8", "surrogateescape"), None)[0]
    return " ".join(decode_words(value).split())


def _decode(match: regex.Match[str]) -> str:
    charset, how, payload = match.groups()
    name = codec(charset)
    if name is None:
        return str(match.group())
    try:
        if how in "Bb":
            raw = base64.b64decode(payload + "=" * (-len(payload) % 4))
        else:
            raw = quopri.decodestring(payload.encode("ascii", "replace"), header=True)
    except (binascii.Error, ValueError):
        return str(match.group())
    return decode_bytes(raw, charset)[0]
