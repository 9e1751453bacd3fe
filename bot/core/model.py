"""The frozen values that the pipeline hands on: ticket, facts, what the server showed, the diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.logs.event import LogEvent

Span = tuple[int, int]
"""Half-open [start, end) offsets, in code points, into :attr:`Reading.text`."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that came with a ticket. ``text`` is what could be read of it (text and .eml parts), else None."""

    name: str
    content_type: str
    size: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as it arrived, before anything is read out of it."""

    id: str
    body: str
    subject: str = ""
    format: str = "text"
    """``text`` or ``html``: how ``body`` is written."""
    requester: str | None = None
    """The one address it verifiably names as its sender, lower-cased; None where that is unknown."""
    channel: str | None = None
    received_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; the values of a field that stands more than once are joined by line ends."""
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be read on the way in, in words."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the reading and what it is.

    ``kind``: subject, body, quoted (an earlier mail, quoted), forwarded, header (From:/Date: lines of a
    quoted mail), signature, disclaimer, code (log or command output), attachment.
    """

    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """The ticket as one plain text that every span refers to; segments cover it without overlap, in order.

    Secrets are already masked in ``text`` (each with its kind in ``masked``). ``notes`` says in words what
    was cut or could not be read (a cap that was reached, an attachment without text).
    """

    text: str
    segments: tuple[Segment, ...]
    language: str
    """ISO 639-1, ``pt-br`` and ``zh-tw`` where they can be told apart; ``en`` where nothing speaks."""
    masked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressMention:
    """An e-mail address in the ticket. ``role``: mailbox, login, requester, recipient, example, contact, mentioned, host_staff,
    other_account, redacted, machine."""

    address: str
    role: str
    span: Span


@dataclass(frozen=True, slots=True)
class ClientMention:
    """A mail program. ``name`` is a name of knowledge/clients.toml, or as written for one we do not know."""

    name: str
    version: str | None = None
    platform: str | None = None
    span: Span = (0, 0)
    failing: bool | None = None
    """True: this one fails. False: this one works. None: the ticket does not say."""


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error text as the customer gave it. ``quoted`` marks one found inside an earlier, quoted mail; ``pasted``
    one that structure sets apart (quotes, a label, a log line), so that it is a program's words and not theirs."""

    text: str
    span: Span
    quoted: bool = False
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server setting as the customer has it. ``host`` exactly as typed (a typo is evidence)."""

    host: str | None
    port: int | None = None
    tls: str | None = None
    """implicit, starttls, none, or None where not said."""
    protocol: str | None = None
    """imap, smtp, pop3, or None."""
    span: Span = (0, 0)
    typed: str | None = None
    """The whole field as written, where it holds more than the host (a blank, https://, a port behind it)."""
    role: str = "setting"
    """setting: what the failing client uses. other: an old provider's, a firewall list, a probe by hand."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something the customer says that bears on the cause; ``id`` is a cue of knowledge/cues."""

    id: str
    span: Span


@dataclass(frozen=True, slots=True)
class TimeHint:
    """When it failed, as an interval in UTC. ``zone_known`` is False where the customer's clock could be in
    any zone: then ``clock`` (minutes after midnight, as written) may be compared modulo the hour."""

    earliest: datetime
    latest: datetime
    zone_known: bool
    clock: int | None = None
    ongoing: bool = False
    """True for "since …": it still failed when the ticket was written."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything read out of the ticket's own words."""

    mailbox: str | None = None
    mailbox_assumed: bool = False
    """True where ``mailbox`` is only the requester's own address, which the text does not name."""
    mailboxes: tuple[AddressMention, ...] = ()
    login: str | None = None
    clients: tuple[ClientMention, ...] = ()
    errors: tuple[ErrorText, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    cues: tuple[Cue, ...] = ()
    webmail_works: bool | None = None
    plan: str | None = None
    occurred: TimeHint | None = None
    protocols: tuple[str, ...] = ()
    """The failing side, where the ticket says: imap (cannot receive), smtp (cannot send), pop3."""
    ips: tuple[str, ...] = ()
    """The customer's own public addresses, from the ticket's words or headers."""
    domain: str | None = None
    """The customer's domain, from the mailbox, else from a requester who is no freemail user."""
    language: str = "en"
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A setting in the ticket that cannot work. ``causes`` are shares as in :class:`Evidence`."""

    id: str
    text: str
    check: str | None
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Match:
    """A row of the decoded-error table that claims (a part of) an error text."""

    error_id: str
    text: str
    score: float
    method: str
    """``pattern`` or ``fuzzy``."""
    span: Span = (0, 0)
    quoted: bool = False
    prose: bool = False
    """True where it stands in the customer's own sentence and not in a pasted text of a program."""


# -- the server's side ---------------------------------------------------------------------------------


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

    def covers(self, since: datetime, until: datetime) -> bool:
        """True where this host logged throughout [since, until]: no gap touches it and no edge is short.

        At the live edge the newest line is always a little old; by this host's own mean distance of lines it may
        be, thirty of them (lines come in bursts of five or so), but never more than half an hour.
        """
        usual = (self.last - self.first) / max(self.lines, 1) * 30
        if self.first > since or self.last + min(max(usual, timedelta(minutes=2)), timedelta(minutes=30)) < until:
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


# -- the verdict ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against causes, in words. ``kind``: error, setting, words, server, account, prior.

    ``ref`` points back: an error id, a finding id, a cue id, a log line's raw text.
    """

    kind: str
    text: str
    ref: str
    supports: Mapping[str, float] = field(default_factory=dict)
    """cause -> its share among tickets that show this evidence."""
    refutes: Mapping[str, float] = field(default_factory=dict)
    """cause -> factor below 1 by which this evidence thins it out."""


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A cause with its probability and the evidence that speaks for and against it."""

    cause: str
    number: int | None
    probability: float
    evidence: tuple[tuple[Evidence, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The ranked causes. ``other`` is set where a cause that is no numbered check leads."""

    verdict: str
    confidence: str
    causes: tuple[RankedCause, ...] = ()
    other: str | None = None
    missing: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Further causes that hold at the same time (two faults in one ticket)."""
    undecided: tuple[str, ...] = ()
    """Causes that no evidence at hand can tell apart from the leading one."""
    question: str | None = None
    """Id of the one question that decides between ``undecided``."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A check as the customer may look it up."""

    check: str
    number: int
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer may read."""

    language: str
    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Triage:
    """The whole answer for one ticket."""

    ticket: Ticket
    reading: Reading
    facts: Facts
    findings: tuple[Finding, ...]
    matches: tuple[Match, ...]
    server: ServerView
    account: AccountView
    diagnosis: Diagnosis
    reply: Reply | None
    note: str
    knowledge_version: str
