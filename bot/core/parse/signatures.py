"""Signatures and notices: what a mail ends with that is not about the trouble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.core.parse import mail_phrases as phrases
from bot.core.parse.lines import Line, next_text

MAX_CARD: Final = 25
"""Lines of a signature."""


def mark_disclaimers(lines: Sequence[Line]) -> None:
    """From the sentence of a notice to the end of its paragraph."""
    inside = False
    lowered = "\n".join(line.head for line in lines).lower()
    if not any(stem in lowered for stem in phrases.DISCLAIMER_STEMS):
        return
    for line in lines:
        if line.blank or line.kind:
            inside = False
        elif inside or phrases.EXTERNAL_BANNER.fullmatch(line.head):
            line.kind = "disclaimer"
        elif any(stem in line.head.lower() for stem in phrases.DISCLAIMER_STEMS) and phrases.DISCLAIMER.search(
            line.head
        ):
            line.kind, inside = "disclaimer", True


def mark_signatures(lines: Sequence[Line]) -> None:
    """Mark what stands behind a separator, a closing formula or "Sent from my …"."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.kind or line.blank:
            at += 1
        elif phrases.SIGNATURE_MARK.fullmatch(line.head) and at:
            at = _sign(lines, at, at + 1)
        elif len(line.text) > 120:
            at += 1
        elif _sent_from(line.head):
            line.kind = "signature"
            at += 1
        elif len(line.text) <= 70 and phrases.FORMULA.fullmatch(line.head) and at and _closes(lines, at):
            at = _sign(lines, at, at + 1)
        else:
            at += 1


def _sent_from(line: str) -> bool:
    lowered = line.lower()
    return any(stem in lowered for stem in phrases.SENT_STEMS) and bool(phrases.SENT_FROM.fullmatch(line))


def _closes(lines: Sequence[Line], at: int) -> bool:
    """True where what follows a formula looks like a name and a card, not like the next sentence."""
    following = next_text(lines, at + 1)
    if following is None or lines[following].kind:
        return True
    return _like_card(lines[following], first=True) or following > at + 1


def _sign(lines: Sequence[Line], start: int, at: int) -> int:
    """Mark a signature that starts at ``start``; its paragraphs go on while they look like a card."""
    lines[start].kind = "signature"
    first = True
    while at < len(lines):
        paragraph = at
        while paragraph < len(lines) and lines[paragraph].blank and not lines[paragraph].kind:
            paragraph += 1
        end = paragraph
        while end < len(lines) and not lines[end].blank and not lines[end].kind and end - start <= MAX_CARD:
            end += 1
        block = lines[paragraph:end]
        if not block or end - start > MAX_CARD or not _is_card(block, first=first):
            return at
        for line in lines[at:end]:
            line.kind = "signature"
        at, first = end, False
    return at


def _is_card(block: Sequence[Line], *, first: bool) -> bool:
    if not all(_like_card(line, first=first) for line in block):
        return False
    if first:
        return len(block) <= 12
    contact = any(phrases.CONTACT.search(line.head) or phrases.CONTACT_LABEL.match(line.head) for line in block)
    return contact or all(_sent_from(line.head) for line in block)


def _like_card(line: Line, *, first: bool) -> bool:
    """Short, and no setting, no sentence: "Port: 993" or "It fails since noon." ends a signature."""
    text = line.head.strip()
    if len(text) > 110 or phrases.CODE_LINE.fullmatch(text):
        return False
    if phrases.CONTACT_LABEL.match(text):
        return True
    if phrases.LABELLED.match(text) and not phrases.CONTACT.search(text):
        return False
    if text.endswith(("?", "!")) or (text.startswith("(") and ":" in text):
        return False
    wordy = len(text.split()) > 9 or (text.endswith(".") and len(text.split()) > 4)
    return not wordy or (bool(phrases.CONTACT.search(text)) and not first)
