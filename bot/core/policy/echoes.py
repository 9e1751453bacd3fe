"""Whether a ticket is our own answer coming back: another copy of us, or a machine that repeats what it gets, behind
a relay that strips every mark.

Headers are a courtesy that a relay may drop (RFC 3834 4: nobody has to keep them); words are what such a loop lives
on. So the sentences of knowledge/replies are known again however they were wrapped, quoted or set in HTML, in all
languages, and so are the keys that our texts carry.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import regex

from bot.core.desk.helpdesk import keys_in
from bot.core.desk.values import Envelope
from bot.core.parse.html import html_to_text, looks_like_html
from bot.core.parse.segments import cut
from bot.core.policy.loops import values_of
from knowledge.model import Replies

MAX_TEXT: Final = 60_000
"""Characters of one message that are looked at; an answer of ours is a tenth of that."""
ENOUGH: Final = 2
"""Sentences of ours in one message: one alone may be the customer's own words, or taken from a help page."""
SHORTEST: Final = 28
"""Letters and digits of a sentence that nobody else writes by chance; 18 where half a word is a letter (Chinese,
Japanese): their set phrases are shorter."""
SHORTEST_CJK: Final = 18
_PREFIX: Final = 12
_NOT_SAID: Final = ("greeting", "closing", "title.")
"""What everybody writes."""
_NO_LETTER: Final = regex.compile(r"[\W_]+")
_SLOT: Final = regex.compile(r"\{\{[^{}]{0,400}\}\}|\{%[^{}]{0,400}%\}")
_SENTENCE: Final = regex.compile(r"(?<=[.!?:。！？：])\s*|\n")
_OUR_ID: Final = regex.compile(r"<triage\.[0-9a-f]{16,64}@[^<>\s]{1,250}>")
"""As bot.core.policy.marks.message_id_of makes them."""
_SECONDS: Final = 0.2


def own_sentences(replies: Iterable[Replies]) -> Mapping[str, tuple[str, ...]]:
    """What stands fixed in the sentences of all languages, reduced to letters and digits, by its first dozen of
    them; what the slots fill in tells nothing."""
    said = (
        template
        for language in replies
        for key, template in language.sentences.items()
        if not key.startswith(_NOT_SAID)
    )
    found: dict[str, tuple[str, ...]] = {}
    for bare in sorted({bare for template in said for bare in _fixed(template)}):
        found[bare[:_PREFIX]] = (*found.get(bare[:_PREFIX], ()), bare)
    return found


@lru_cache(maxsize=8192)
def _fixed(template: str) -> tuple[str, ...]:
    return tuple(
        bare for part in _SLOT.split(template) for piece in _SENTENCE.split(part) if _long(bare := _bare(piece))
    )


def echo(
    messages: Sequence[Mapping[str, Any]], envelopes: Sequence[Envelope | None], ours: Mapping[str, Sequence[str]]
) -> str | None:
    """Why a case is taken for an answer of ours that came back, in words; None where it is not.

    ``ours`` is :func:`own_sentences`. Of the message that opens a case everything counts; of a later one only what
    is new in it, since people quote what they answer.
    """
    if (
        envelopes
        and envelopes[0]
        and any(
            _names_ours(value)
            for name in ("references", "in-reply-to", "message-id")
            for value in values_of(envelopes[0].headers, name)
        )
    ):
        return "it opens with a mail that refers to one of ours"
    for number, message in enumerate(messages):
        text = _text(message, whole=number == 0)
        if number == 0 and keys_in(text):
            return "its text carries a key of ours"
        if _echoes(_bare(text), ours):
            return "its text is an answer of ours"
    return None


def _echoes(bare: str, ours: Mapping[str, Sequence[str]]) -> bool:
    found: set[str] = set()
    for at in range(len(bare) - SHORTEST_CJK + 1):
        found.update(sentence for sentence in ours.get(bare[at : at + _PREFIX], ()) if bare.startswith(sentence, at))
        if len(found) >= ENOUGH:
            return True
    return False


def _text(message: Mapping[str, Any], *, whole: bool) -> str:
    body = str(message.get("body") or "")[:MAX_TEXT]
    text = html_to_text(body) if message.get("format") == "html" or looks_like_html(body) else body
    return (
        text
        if whole
        else "\n".join(piece.text for piece in cut(text) if piece.kind not in ("quoted", "header", "forwarded"))
    )


def _bare(text: str) -> str:
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text).casefold())


def _long(bare: str) -> bool:
    return len(bare) >= SHORTEST or (len(bare) >= SHORTEST_CJK and 2 * sum(c >= "\u2e80" for c in bare) > len(bare))


def _names_ours(value: str) -> bool:
    try:
        return _OUR_ID.search(value[:20_000], timeout=_SECONDS) is not None
    except TimeoutError:
        return True
