"""Who has a mailbox in the lab, on which plan, in which state, and the tables by which the servers know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.lab.places import PASSWORD

PLANS = {"nano": (10, 15), "starter": (25, 40), "pro": (50, 80), "agency": (100, 150)}
"""IMAP connections: per address and in all (the article's table)."""
STATES = (
    "",
    "nologin",
    "denied",
    "networks",
    "hash",
    "removed",
    "refused-sender",
    "refused-login",
    "hourly",
    "daily",
    "account",
    "full",
)
"""Ways in which a host treats a mailbox: paused in five ways, sending refused in two, a limit reached in three, over
quota."""
PAUSED = frozenset({"nologin", "denied", "networks", "hash", "removed"})
_EXTRA = {"nologin": "nologin=y", "networks": "allow_nets=192.0.2.254/32", "full": "userdb_quota_rule=*:bytes=6000"}
_LIMITS = {
    "hourly": (499, 500, "450 4.7.1 Hourly sending limit of 500 messages reached, try again later"),
    "daily": (999, 1000, "554 5.7.1 Daily sending limit reached for this mailbox (1000/day)"),
    "account": (5999, 6000, "554 5.7.1 The account has sent 6000 messages in 24 hours, no more can be sent today"),
}
"""Already used, allowed, and what the policy daemon says from then on."""


@dataclass(frozen=True)
class Person:
    """One mailbox."""

    mailbox: str
    plan: str = "pro"
    state: str = ""

    @property
    def domain(self) -> str:
        """The customer's domain."""
        return self.mailbox.rpartition("@")[2]


@dataclass(frozen=True)
class Limit:
    """A mailbox's messages so far, how many it may send, and the refusal."""

    used: int
    allowed: int
    refusal: str


@dataclass(frozen=True)
class Tables:
    """Texts of the servers' lookup files by name, and the policy daemon's limits by mailbox."""

    files: dict[str, str]
    limits: dict[str, Limit] = field(default_factory=dict)


def tables(people: Iterable[Person]) -> Tables:
    """Everybody's rows. A removed mailbox is in none of them; its domain stays ours."""
    everyone = sorted(set(people), key=lambda p: p.mailbox)
    present = [p for p in everyone if p.state != "removed"]
    own = {
        "users": "".join(f"{p.mailbox}:{_hash(p)}::::::{_EXTRA.get(p.state, '')}\n" for p in present),
        "denied": "".join(f"{p.mailbox}:\n" for p in present if p.state == "denied"),
        "mailboxes": "".join(f"{p.mailbox} x\n" for p in present),
        "owners": "".join(f"{p.mailbox} {p.mailbox}\n" for p in present),
        "domains": "".join(f"{name} x\n" for name in sorted({p.domain for p in everyone})),
        "nano-senders": "".join(
            f"{p.mailbox} 550 5.7.1 Your plan does not include sending mail\n"
            for p in present
            if p.state == "refused-sender"
        ),
        "nano-logins": "".join(
            f"{p.mailbox} 554 5.7.1 Sending is not available on the Nano plan\n"
            for p in present
            if p.state == "refused-login"
        ),
    }
    return Tables(own, {p.mailbox: Limit(*_LIMITS[p.state]) for p in present if p.state in _LIMITS})


def _hash(person: Person) -> str:
    return "{CRYPT}!" if person.state == "hash" else f"{{PLAIN}}{PASSWORD}"
