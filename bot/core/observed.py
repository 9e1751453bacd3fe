"""The frozen values of the world outside the ticket: what is asked of the logs and what they and the directory show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.logs.event import LogEvent

LIVE_EDGE: Final = timedelta(minutes=2)
"""How old the newest line of a log may always be that is complete."""
WRONG_CLOCK: Final = timedelta(seconds=30)
"""Stamps that are so far from a mail server's own clock are wrong, not late."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What to look for: any of the selectors (they are joined by OR) inside [since, until].

    ``ips`` holds addresses or IPv6 /64 networks in CIDR form. ``logins`` are user names exactly as logged,
    compared without case. An empty query selects nothing.
    """

    since: datetime
    until: datetime
    mailboxes: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    anonymous: bool = False
    """Also failure lines that name neither a mailbox nor a login (TLS failures, probes)."""
    limit: int = 2000


@dataclass(frozen=True, slots=True)
class SuccessSum:
    """Successful logins of one mailbox from one address in one hour."""

    mailbox: str
    remote_ip: str | None
    service: str
    host: str | None
    hour: datetime
    count: int
    first: datetime
    last: datetime
    client: str | None = None
    client_version: str | None = None


@dataclass(frozen=True, slots=True)
class SessionInterval:
    """One IMAP or POP3 session: from login to logout (``end`` None: still open or its end not seen)."""

    mailbox: str
    remote_ip: str | None
    service: str
    host: str | None
    start: datetime
    end: datetime | None
    session: str | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class HostCoverage:
    """What one host's log of one program family (``dovecot``, ``postfix``, ``fail2ban``) covers in a window.

    ``gaps`` are stretches longer than the host's own rhythm of lines allows (nobody announces a gap).
    ``services`` are the protocol faces seen there: imap, pop3, smtp, submission, smtps.
    """

    host: str
    program: str
    first: datetime
    last: datetime
    lines: int
    services: tuple[str, ...] = ()
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    seen: datetime | None = None
    """When its newest line was stored, by our clock; None where it is not followed live."""
    lag: timedelta | None = None
    """How old that line was when it was stored."""
    skew: timedelta | None = None
    """By how much the stamps of its lines are ahead of the mail server's own clock; None where too little tells."""

    def covers(self, since: datetime, until: datetime) -> bool:
        """True where this host logged throughout [since, until]: no gap touches it and no edge is short.

        At the live edge the newest line is always a little old; by this host's own mean distance of lines it may be,
        thirty of them (lines come in bursts of five or so), but never more than half an hour. Where the feed is
        known to lag there is no such allowance: lines of that time are on their way.
        """
        usual = min(max((self.last - self.first) / max(self.lines, 1) * 30, LIVE_EDGE), timedelta(minutes=30))
        if self.lag is not None and self.lag > LIVE_EDGE:
            usual = timedelta()
        if self.first > since or self.last + usual < until:
            return False
        return not any(start < until and end > since for start, end in self.gaps)


@dataclass(frozen=True, slots=True)
class LogResult:
    """The answer to one :class:`LogQuery`: failure lines in time order, sums of successes, sessions."""

    lines: tuple[LogEvent, ...] = ()
    successes: tuple[SuccessSum, ...] = ()
    sessions: tuple[SessionInterval, ...] = ()
    truncated: bool = False
    failed: str | None = None
    """Why we could not look (store down, too slow); None where the look-up ran."""


@dataclass(frozen=True, slots=True)
class ServerLine:
    """A line with the reason it is, or is not, the customer's own.

    ``ownership``: ``own`` (their mailbox from a known address, session or client), ``mailbox`` (names their
    mailbox or login, address unknown), ``address`` (their address, no mailbox in the line), ``foreign``.
    """

    event: LogEvent
    ownership: str
    why: str
    in_window: bool
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class ServerView:
    """What the logs say about this failure, read against the ticket."""

    coverage: str = "none"
    """full, partial, none: how much of the window the hosts of the failing protocol logged."""
    since: datetime | None = None
    until: datetime | None = None
    lines: tuple[ServerLine, ...] = ()
    matching: ServerLine | None = None
    successes: tuple[SuccessSum, ...] = ()
    sessions: tuple[SessionInterval, ...] = ()
    known_ips: tuple[str, ...] = ()
    absence_proven: bool = False
    ignored: int = 0
    """Lines that name the mailbox but come from addresses that are not the customer's."""
    hosts: tuple[HostCoverage, ...] = ()
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What the directory knows of a mailbox. None is unknown, never false."""

    mailbox: str
    account: str | None = None
    domain: str | None = None
    plan: str | None = None
    paused: bool | None = None
    paused_reason: str | None = None
    domain_verified: bool | None = None
    aliases: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    password_changed_at: datetime | None = None
    created_at: datetime | None = None
    as_of: datetime | None = None
    alias_of: str | None = None
    """Set where the address asked for is an alias of ``mailbox``."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """The directory's answer: the account; or a proof that there is none; or that we could not look."""

    account: Account | None = None
    absent: bool = False
    """True only where the directory is complete and fresh and does not hold the address."""
    domain_known: bool | None = None
    near: tuple[str, ...] = ()
    """Mailboxes of the same domain within a typing slip of the address asked for."""
    failed: str | None = None


class FailureCount(NamedTuple):
    """So many failures of one cause in the hour that begins at ``hour``; a text that no line stated is empty, a host
    that none stated is ``-``."""

    hour: datetime
    event: str
    reason: str
    service: str
    host: str
    tls: str
    failures: int
