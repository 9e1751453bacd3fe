"""Who is asking, and which mailboxes' facts they may read. Everything that is not proven is unverified.

Three tiers: ``unverified`` (generic advice, no fact of log or account), ``mailbox`` (the requester is proven and is
the mailbox), ``admin`` (the requester is proven and the directory, or the helpdesk's link, makes them responsible
for that mailbox). DMARC (RFC 7489) proves the domain of a From; that nobody inside a domain writes under a
colleague's address is the business of its mail server, which here is the host's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.desk.values import Envelope
from bot.core.observed import Account
from bot.core.parse.sender import sender, single_address
from bot.core.policy.loops import values_of
from bot.core.policy.results import contradicted, not_aligned

TIERS: Final = ("unverified", "mailbox", "admin")
"""In rising order."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The requester of record and what is proven of them. ``doubt`` says why they are unverified, "" where they are
    proven."""

    address: str | None
    doubt: str = ""
    linked: frozenset[str] = frozenset()

    def tier(self, mailbox: str | None, account: Account | None) -> str:
        """The tier towards ``mailbox``. ``account`` is the directory's view of it, None where unknown.

        An alias belongs to the mailbox behind it: whoever writes from the alias alone may share it with others.
        """
        if self.doubt or self.address is None or mailbox is None:
            return "unverified"
        owner = account.mailbox if account else mailbox
        if self.address == owner.lower():
            return "mailbox"
        if account and self.address in (a.lower() for a in account.admins):
            return "admin"
        return "admin" if mailbox.lower() in self.linked and owner.lower() in self.linked else "unverified"


def sender_of(
    envelopes: Sequence[Envelope | None],
    authserv_ids: Collection[str],
    own: Collection[str] = (),
    own_domains: Collection[str] = (),
) -> Sender:
    """What the messages of one ticket prove of who writes, oldest first. One that proves nothing leaves the whole
    unverified: its words were read with the others. Neither may somebody have joined who was not there at first."""
    first = envelopes[0] if envelopes else None
    address = single_address(first.requester or "") if first else None
    if first is None or address is None:
        return Sender(None, "the requester is not exactly one plain address")
    for envelope in envelopes:
        doubt = _doubt(envelope, address, authserv_ids)
        if doubt:
            return Sender(address, doubt)
        if envelope and joined(first, envelope, address, own, own_domains):
            return Sender(address, "somebody has joined the conversation since it began")
    known = [frozenset(a.strip().lower() for a in e.linked) for e in envelopes if e]
    return Sender(address, "", frozenset.intersection(*known))


def joined(
    first: Envelope, later: Envelope, requester: str, own: Collection[str] = (), own_domains: Collection[str] = ()
) -> bool:
    """True where ``later`` has participants that ``first`` had not, besides the requester and ourselves."""
    there = {p.strip().lower() for p in first.participants} | {requester}
    now = {p.strip().lower() for p in later.participants}
    ours = {a.lower() for a in own}
    return any(p not in there and p not in ours and p.rpartition("@")[2] not in own_domains for p in now)


def _doubt(envelope: Envelope | None, address: str, authserv_ids: Collection[str]) -> str:
    """Why this message is not proven to be the requester's; "" where it is."""
    if envelope is None:
        return "nothing is known of how a message came"
    if single_address(envelope.requester or "") != address:
        return "another requester has written as well"
    froms = values_of(envelope.headers, "from")
    if froms and sender(froms) != address:
        return "a From does not name the requester, and nobody else, beyond doubt"
    if envelope.vouched:
        return "DMARC did not pass" if contradicted(envelope, authserv_ids) else ""
    if not froms:
        return "the channel says neither who wrote nor that it has verified them"
    return not_aligned(envelope, authserv_ids, address.rpartition("@")[2]) or ""
