"""How many mails that nobody clicked may leave, and to whom: whoever forges a requester must not make us send them
more than a few."""

from __future__ import annotations

from typing import Final

from bot.core.policy.gate import Rules

_DOTLESS: Final = frozenset({"gmail.com", "googlemail.com"})
"""Where dots in a local part mean nothing (the provider's own help pages say so)."""


def one_inbox(address: str) -> str:
    """``address`` without what only sorts mail within one inbox: case, and the part behind a plus (RFC 5233)."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def flooded(to_requester: int, rules: Rules) -> str | None:
    """Why one more mail to this requester is too many, after ``to_requester`` within 24 hours; None where it is not."""
    return (
        f"this requester has had {to_requester} automatic mails within 24 hours"
        if to_requester >= rules.per_requester
        else None
    )


def trips(in_last_minute: int, rules: Rules) -> bool:
    """True where one more mail within this minute would be beyond the cap: from then on nothing automatic leaves
    until a lead says so."""
    return in_last_minute >= rules.per_minute
