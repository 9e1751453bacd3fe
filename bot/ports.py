"""What the pipeline needs of the outside world, as Protocols; adapters implement them, tests fake them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.observed import AccountView, HostCoverage, LogQuery, LogResult


class LogStore(Protocol):
    """Where server lines are searched."""

    def search(self, query: LogQuery) -> LogResult:
        """Lines, sums and sessions that match; a store that cannot answer says so in ``failed``."""
        ...

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """What each host's log covers, with the gaps that touch [since, until]."""
        ...

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """User names seen in failures in the window that are a typing slip away from ``mailbox``: the same
        local part with another domain, or at most two edits; case-folded, the closest first."""
        ...


class AccountDirectory(Protocol):
    """Where plans, pauses and domains are looked up."""

    def lookup(self, address: str) -> AccountView:
        """The account of ``address`` (a mailbox or an alias); unknown is not absent."""
        ...

    def in_domain(self, domain: str) -> Sequence[str]:
        """Mailboxes of a domain, lower-cased; empty where the directory does not know it."""
        ...


class Clock(Protocol):
    """The present, so that tests can choose it."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...
