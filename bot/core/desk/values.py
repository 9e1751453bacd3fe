"""The frozen values that the desk's ports exchange: what came in, the case, its card, jobs, deliveries, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.desk.card import CardContent


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a message reached us: what decides whether, and to whom, the bot may answer by itself."""

    requester: str | None = None
    """The one address that an answer may go to, as the channel holds it; None where it is not exactly one."""
    headers: tuple[tuple[str, str], ...] = ()
    """All header fields in their order, topmost first, unfolded and undecoded; empty where the channel has none."""
    return_path: str | None = None
    """The envelope sender (RFC 5321); "" is the null path of bounces, None is unknown."""
    participants: tuple[str, ...] = ()
    """Everybody else on the conversation as it was read: CC, followers, later writers."""
    vouched: bool = False
    """The helpdesk says that it has verified the requester's address (a portal login), whatever the headers say."""
    linked: tuple[str, ...] = ()
    """Mailboxes that the helpdesk has linked to this contact."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something that came in from outside and belongs to a case. It counts as accepted only after commit.

    ``conversation`` is the place whose follow-ups are the same case (a thread, a helpdesk's ticket).
    ``gather`` is a second, passing place: what the same person writes within minutes is the same case as well.
    """

    channel: str
    """slack, mail, zendesk, …: the name of the outlet that answers."""
    delivery_id: str
    """The sender's own id of this delivery; unique within ``channel``, the same when it is delivered again."""
    conversation: str
    message: Mapping[str, Any]
    """The ticket in the contract's form (docs/schema/ticket.json)."""
    author: str
    at: datetime
    place: str = ""
    """Where the card goes: a Slack channel. What is sent there shares one pace."""
    thread: str = ""
    """What the card and the answer hang under: a Slack thread, a helpdesk's ticket."""
    gather: str | None = None
    gather_seconds: float = 0.0
    from_agent: bool = False
    """A human colleague has written: the draft is withdrawn, nothing is triaged."""
    explicit: bool = False
    """Somebody asked for it by name, so that even "this is not about us" is worth a card."""
    settle_seconds: float = 0.0
    """How long to wait for a next message before the triage starts."""
    envelope: Envelope | None = None
    """None for channels whose people are known by other means (Slack): nothing is ever answered there without a
    click."""


@dataclass(frozen=True, slots=True)
class Amended:
    """The writer of a message that came in has changed it, or taken it back."""

    channel: str
    delivery_id: str
    """Of the :class:`Inbound` that it was."""
    change_id: str
    """The change's own id, the same when it is told again."""
    message: Mapping[str, Any] | None
    """The ticket's keys that are different now; None: it was deleted."""
    gather: str | None = None
    settle_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an :class:`Inbound`. ``duplicate``: it had been accepted before and changed nothing now."""

    case_id: str
    version: int
    new: bool
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with all its messages. ``version`` grows with each message, ``round`` with each answer that did not
    help."""

    id: str
    channel: str
    place: str
    thread: str
    author: str
    version: int
    round: int
    explicit: bool
    messages: tuple[Mapping[str, Any], ...] = ()
    tried: tuple[str, ...] = ()
    """Causes whose advice the customer has had and still writes."""
    envelopes: tuple[Envelope | None, ...] = ()
    """How each of ``messages`` reached us, in the same order."""
    answered: bool = False
    """A human colleague has written to the customer."""


@dataclass(frozen=True, slots=True)
class Card:
    """What agents see of a case in one round. ``revision`` grows with every change of what it says."""

    case_id: str
    round: int
    revision: int
    state: str
    """open, rewriting, decided, answered (by the bot itself), withdrawn, failed."""
    content: CardContent
    outlet: str = "slack"
    """Where agents see it; ``place`` and ``thread`` are that outlet's."""
    place: str = ""
    thread: str = ""
    mode: str = "draft"
    remote_id: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    detail: str = ""
    """Why it was escalated, what failed, who answered first: shown behind the decision."""
    handled_by: str | None = None
    """Who last decided anything on it."""
    assignee: str | None = None
    """Who it was escalated to, until they say that it is done."""

    @property
    def id(self) -> str:
        """Names the card in buttons and keys."""
        return f"{self.case_id}#{self.round}"


@dataclass(frozen=True, slots=True)
class Job:
    """Work of ours. ``token`` is the fencing token: whoever finishes must still hold it."""

    id: int
    kind: str
    case_id: str | None
    payload: Mapping[str, Any]
    token: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Send:
    """One thing that is to be sent outside, exactly once for its ``key``."""

    key: str
    outlet: str
    kind: str
    place: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    case_id: str | None = None
    priority: int = 5
    """Lower goes first: 1 an agent's decision, 3 cards, 5 the rest, 8 digests."""
    repeatable: bool = False
    """Sending it twice does no harm (an update, a reaction): no search before it is sent again."""
    automatic: bool = False
    """Nobody clicked: held back while the desk is paused."""
    not_before: datetime | None = None
    expires_at: datetime | None = None
    """After this nobody needs it (an eyes reaction under a card that is there)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A :class:`Send` that a worker holds. ``unsure``: an earlier attempt may have arrived, so search first."""

    id: int
    send: Send
    token: int
    attempts: int
    unsure: bool
    created_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to "is it there?": its id outside; or surely absent; or, where ``known`` is False, nobody can tell."""

    remote_id: str | None = None
    known: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an agent wants done with a card, as read off a button or a command."""

    card_id: str
    revision: int
    action: str
    by: str
    role: str
    text: str = ""
    """The edited reply, the reason of an escalation."""
    cause: str | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a :class:`Decision`: done, or refused with a reason in words for the one who clicked."""

    done: bool
    said: str
    stale: bool = False
