"""What a colleague says by answering a note: one line ``/triage …``.

A From can be forged, and a customer knows the number of their ticket. So a note's subject carries a code that only
this installation can make; it goes to colleagues alone and comes back with "Re:". Without it, and the address of a
colleague, a word counts for nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Final

import regex

from bot.core.desk.values import Card, Decision
from bot.ports import Desk

SECRET: Final = "mailbox:secret"
KNOWN: Final = "That is no command here. Known: /triage send, /triage check NUMBER, /triage ask, /triage not-ours, /triage escalate REASON, /triage retry."
_WORD: Final = regex.compile(r"\s*/triage\s+([a-z-]{2,20})[ \t]*([^\n]{0,500})", regex.IGNORECASE)
_ACTIONS: Final = {
    "send": "send",
    "check": "other_check",
    "ask": "ask",
    "not-ours": "not_ours",
    "escalate": "escalate",
    "retry": "retry",
}


def digest_of(card: Card) -> str:
    """What a card says, in short: another diagnosis or draft has another."""
    return hashlib.sha256(json.dumps(card.content.to_json(), sort_keys=True).encode()).hexdigest()


def code_of(desk: Desk, card: Card) -> str:
    """The code of a card as it now is: whoever answers an older note has not seen what would be sent. The
    installation's secret is made when it is first needed."""
    with desk.look() as view:
        secret = view.people.setting(SECRET)
    if not secret:
        with desk.step("mailbox.secret") as step:
            secret = step.people.setting(SECRET) or secrets.token_hex(32)
            step.people.set(SECRET, secret)
    return hmac.new(secret.encode(), f"{card.id}:{digest_of(card)}".encode(), hashlib.sha256).hexdigest()[:16]


def carries(subject: str, code: str) -> bool:
    """Whether a subject holds this code; compared in constant time."""
    return any(
        hmac.compare_digest(word.encode(), code.encode()) for word in regex.findall(r"[0-9a-f]{16}", subject[:1000])
    )


def decision_in(text: str, card: Card, by: str, checks: dict[str, str]) -> Decision | str | None:
    """The decision that the first line of an answer asks for, or what is wrong with it; None where it is no command
    at all. ``checks`` are ids of causes by number and by id."""
    found = _WORD.match(text[:2000])
    if found is None:
        return None
    action, argument = _ACTIONS.get(str(found[1]).lower()), str(found[2]).strip()
    if action is None:
        return KNOWN
    if action != "other_check":
        return Decision(card.id, card.revision, action, by, "agent", text=argument)
    cause = checks.get(argument.removeprefix("#"))
    return (
        Decision(card.id, card.revision, action, by, "agent", cause=cause)
        if cause
        else "There is no such check; give its number."
    )
