"""The frozen values that reading a ticket yields: the ticket, its one text, the facts, findings and matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Span = tuple[int, int]
"""Half-open [start, end) offsets, in code points, into :attr:`Reading.text`."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that came with a ticket. ``text`` is what could be read of it, else None."""

    name: str
    content_type: str
    size: int
    text: str | None = None
    content: bytes | None = field(default=None, repr=False)
    """A picture's or an archive's bytes, until a reader has opened it."""
    pictured: bool = False
    """``text`` was read off a picture, so it may hold slips."""


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
    quoted mail), signature, disclaimer, code (log or command output), attachment, picture (text read off one).
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

    def pictured(self, span: Span) -> bool:
        """True where a span begins in text that was read off a picture."""
        return any(s.kind == "picture" and s.span[0] <= span[0] < s.span[1] for s in self.segments)


@dataclass(frozen=True, slots=True)
class AddressMention:
    """An e-mail address in the ticket. ``role``: mailbox, login, requester, recipient, example, contact, mentioned,
    host_staff, other_account, redacted, machine."""

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
    traits: tuple[str, ...] = ()
    """What the customer speaks of, and how ("fails wifi"): :func:`bot.core.parse.traits.traits_of`."""
    shown: tuple[str, ...] = ()
    """Concepts (knowledge/concepts.toml) that programs' texts name."""
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
    """``pattern``, ``fuzzy`` (like a text of the table) or ``words`` (what its words speak of together)."""
    span: Span = (0, 0)
    quoted: bool = False
    prose: bool = False
    """True where it stands in the customer's own sentence and not in a pasted text of a program."""
