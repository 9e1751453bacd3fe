"""What a log query selects: one reading of the selectors for every back-end.

A mailbox selects lines whose mailbox or login is that address, and failures whose envelope sender is (a
client that does not authenticate leaves no other name). A login selects by the user name as logged, without
case. A domain selects by the part behind the ``@`` of any of these. An address selects itself, for IPv6 its
/64: providers hand a customer a /64 or more and devices change the rest. ``anonymous`` selects the failures
that none of these names lead to.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.networks import network_of
from bot.core.observed import LogQuery
from bot.logs.event import LogEvent


def domain_of(name: str) -> str | None:
    """The domain of a full address, else None."""
    local, at, domain = name.rpartition("@")
    return domain if at and local and domain else None


def names_of(event: LogEvent) -> frozenset[str]:
    """The names by which the line is found, case-folded: mailbox, login, and a failure's envelope sender; of a login
    with a Windows domain ahead (``OFFICE\\anna``) the name behind it too: so the customer calls herself."""
    names = [event.mailbox, event.login]
    if event.login and "\\" in event.login:
        names.append(event.login.rpartition("\\")[2])
    if event.outcome == "failure" and event.sender and not event.login:
        names.append(event.sender)
    return frozenset(name.casefold() for name in names if name)


def is_anonymous(event: LogEvent) -> bool:
    """True for a failure that names nobody: neither mailbox nor login, nor the sender of what was refused."""
    return event.outcome == "failure" and not names_of(event)


@dataclass(frozen=True, slots=True)
class Selection:
    """A query's selectors, normalised."""

    names: frozenset[str]
    domains: frozenset[str]
    networks: frozenset[str]
    anonymous: bool = False

    @classmethod
    def of(cls, query: LogQuery) -> Selection:
        """The selection of ``query``; an address that is none selects nothing, no log could hold it."""
        return cls(
            frozenset(name.casefold() for name in (*query.mailboxes, *query.logins) if name),
            frozenset(domain.casefold() for domain in query.domains if domain),
            frozenset(found for address in query.ips if (found := network_of(address))),
            query.anonymous,
        )

    def __bool__(self) -> bool:
        return bool(self.names or self.domains or self.networks or self.anonymous)

    def takes(self, event: LogEvent) -> bool:
        """True where the line is selected, the time aside."""
        names = names_of(event)
        if names & self.names:
            return True
        if self.anonymous and is_anonymous(event):
            return True
        if self.domains and any(domain_of(name) in self.domains for name in names):
            return True
        return bool(self.networks and event.remote_ip and network_of(event.remote_ip) in self.networks)

    def takes_login(self, mailbox: str, remote_ip: str | None) -> bool:
        """True where a success or session of ``mailbox`` (case-folded) from ``remote_ip`` is selected."""
        if mailbox in self.names or domain_of(mailbox) in self.domains:
            return True
        return bool(self.networks and remote_ip and network_of(remote_ip) in self.networks)
