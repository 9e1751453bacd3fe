"""Who sent a mail, by a rule that no display name can fool.

Python's own parsers (``parseaddr``, ``policy.default``) read ``victim@x.example <attacker@y.example>`` as the
victim and take the first of two From fields. Here a From is believed only where nothing in it can be read in
two ways (RFC 5322 3.6.2 allows exactly one From field; CVE-2023-27043).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

import regex

from bot.core.parse.encoded import decode_words

MAX_FIELD: Final = 1000
"""Characters of a From field; a longer one is not believed (RFC 5322: 998 a line)."""

_ADDRESS: Final = regex.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,20}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,20}[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
_ADDRESS_LIKE: Final = regex.compile(r"[^\s<>()\[\],;:\"']{1,200}@[^\s<>()\[\],;:\"']{1,200}")
_FOLD: Final = regex.compile(r"\r?\n(?=[ \t])")


def single_address(text: str) -> str | None:
    """``text`` in lower case where it is exactly one plain ASCII address (dot-atom@domain), else None."""
    text = text.strip(" \t")
    if len(text) > 254 or not text.isascii() or "=?" in text or not _ADDRESS.fullmatch(text):
        return None
    return text.lower()


def sender(fields: Sequence[str]) -> str | None:
    """The one address that the From fields of a mail verifiably name, lower-cased; else None.

    Believed: one field, one mailbox, one address, ASCII, not quoted, not encoded. A display name (decoded,
    compatibility forms folded) or a comment may repeat that address but may hold no other; group syntax,
    a second mailbox, a line break or a control character make the sender unknown.
    """
    if len(fields) != 1 or len(fields[0]) > MAX_FIELD:
        return None
    field = _FOLD.sub("", fields[0]).strip(" \t")
    if any(char != "\t" and (ord(char) < 32 or ord(char) == 127) for char in field):
        return None
    parts = _split(field)
    if parts is None:
        return None
    name, angle = parts
    if angle is None:
        bare, _, _ = name.partition("\0")
        address, name = single_address(bare), name[len(bare) :]
    else:
        address = single_address(angle)
    if address is None or _names_another(name.replace("\0", " "), address):
        return None
    return address


def _split(field: str) -> tuple[str, str | None] | None:
    """Display name (a NUL before each comment or quoted part) and what stands in <>; None where malformed."""
    name: list[str] = []
    angle: str | None = None
    at = 0
    while at < len(field):
        char = field[at]
        if char in '"(':
            end = _closing(field, at)
            if end is None:
                return None
            name.append("\0" + field[at + 1 : end].replace("\\", "") + " ")
            at = end + 1
        elif char == "<":
            end = field.find(">", at)
            if angle is not None or end < 0:
                return None
            angle = field[at + 1 : end]
            at = end + 1
        elif char in ",;:>)[]\\":
            return None
        else:
            if angle is not None and char not in " \t":
                return None
            name.append(char)
            at += 1
    return "".join(name), angle


def _closing(field: str, start: int) -> int | None:
    """Index of the character that closes the quoted string or (nested) comment opened at ``start``."""
    comment = field[start] == "("
    depth, at = 1, start + 1
    while at < len(field):
        char = field[at]
        if char == "\\":
            at += 2
            continue
        if comment and char == "(":
            depth += 1
        elif char == (")" if comment else '"'):
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return None


def _names_another(name: str, address: str) -> bool:
    shown = unicodedata.normalize("NFKC", decode_words(name)).casefold()
    if any(unicodedata.category(char) in {"Cc", "Cf"} and char != "\t" for char in shown):
        return True
    found = [match.group().strip(".") for match in _ADDRESS_LIKE.finditer(shown)]
    return any(other != address for other in found) or shown.count("@") > len(found)
