"""The gate: whether the bot may write to the customer by itself, what, and why not. All of it must hold at once; any
doubt is a no.

:func:`may_answer` is asked when a ticket has been triaged; :func:`still_may` again at the moment of sending, when
all of it may have changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.desk.conversation import takes_over
from bot.core.policy.modes import Mode
from bot.core.policy.trust import BAR, Record, distrust
from bot.core.verdict import Triage
from knowledge.model import Knowledge

ABUSE: Final = frozenset({"suspended_abuse", "compromised"})
"""Causes that are the abuse desk's alone: whoever writes may be the thief."""
_REPLIES: Final = frozenset({"auto-reply", "abuse-notice", "hacked-signs"})
"""Cues that keep the bot silent whatever else the ticket says: a machine's words, and signs of a stranger in the
mailbox."""
ACKNOWLEDGEMENTS: Final = ("missing", "nothing")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the host has configured of all this."""

    authserv_ids: frozenset[str] = frozenset()
    """Names under which our own mail exchanger writes Authentication-Results; none: nobody is ever proven by mail."""
    own_addresses: frozenset[str] = frozenset()
    """Our addresses, lower-case, besides all addresses of the host's own domains."""
    bar: float = BAR
    """Precision that agents' decisions must prove before a cause is answered without a click."""
    acknowledge: str = "missing"
    """missing: a ticket that is not answered is acknowledged and asked for what is missing; nothing: only hand-overs
    are told."""
    per_requester: int = 3
    """Automatic mails to one requester within 24 hours."""
    per_minute: int = 30
    """Automatic mails a minute in all; one more trips the breaker."""


@dataclass(frozen=True, slots=True)
class Permission:
    """``kind``: reply (the whole answer), acknowledge (thanks, and what is missing, or that a human goes on),
    nothing. ``why`` in words."""

    kind: str
    why: str
    handover: bool = False
    """The acknowledgement says that a human goes on, and asks for nothing."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that the gate knows besides the triage."""

    mode: Mode
    tier: str
    loop: str | None
    """Why no machine may answer this message (:func:`bot.core.policy.loops.reason_not_to_answer`)."""
    record: Record
    round: int = 1
    human: bool = False
    """A colleague has written, or decided."""
    spent: bool = False
    """The ticket has had its one automatic mail."""
    brandless: bool = False
    """The mailbox is a reseller's customer's, and no brand is known to answer under."""


def may_answer(
    triage: Triage, blind: Triage | None, at: Circumstances, rules: Rules, knowledge: Knowledge
) -> Permission:
    """What the bot may send by itself, and why.

    ``blind`` is the same ticket triaged without logs and accounts: what an unverified requester hears comes from it
    alone, so that nothing they read can depend on what only the server knows. It must be there for the unverified.
    """
    silent = _silent(triage, at)
    if silent:
        return Permission("nothing", silent)
    heard = triage if at.tier != "unverified" else blind
    assert heard is not None, "an unverified requester is answered from the ticket alone"
    if triage.diagnosis.verdict == "escalate" or takes_over(at.round):
        return Permission("acknowledge", "a human goes on", handover=True)
    doubt = _doubt(triage, heard, at, rules, knowledge)
    if doubt is None:
        return Permission(
            "reply",
            f"{triage.diagnosis.confidence}, {at.tier}, "
            + ("switched on by hand" if at.mode.by_hand else "trust earned"),
        )
    if rules.acknowledge == "nothing":
        return Permission("nothing", doubt)
    asks = bool(heard.diagnosis.missing or heard.diagnosis.question) and heard.diagnosis.verdict != "none"
    return Permission("acknowledge", doubt, handover=not asks)


def is_abuse(triage: Triage) -> bool:
    """True where the mailbox is suspended for abuse, or looks taken over: no automatic word, and the abuse desk's
    queue."""
    account = triage.account.account
    suspended = account is not None and account.paused is True and "abuse" in (account.paused_reason or "").lower()
    return suspended or any(c.cause in ABUSE for c in triage.diagnosis.causes[:1])


def _silent(triage: Triage, at: Circumstances) -> str | None:
    """Why nothing at all may be sent."""
    if at.mode.name != "auto":
        return f"the mode is {at.mode.name}"
    if at.loop:
        return at.loop
    if is_abuse(triage):
        return "the mailbox is the abuse desk's"
    if triage.diagnosis.verdict == "none":
        return "the ticket is not about connecting"
    said = sorted(_REPLIES & {cue.id for cue in triage.facts.cues})
    if said:
        return f"the ticket's words: {said[0]}"
    if at.human:
        return "a human has answered"
    if at.spent:
        return "the ticket has had its one automatic mail"
    return "it is a reseller's customer, and their brand is not known" if at.brandless else None


def _doubt(triage: Triage, heard: Triage, at: Circumstances, rules: Rules, knowledge: Knowledge) -> str | None:
    """Why the whole answer may not be sent; None where it may."""
    diagnosis = heard.diagnosis
    lead = diagnosis.causes[0] if diagnosis.causes else None
    if lead is None or diagnosis.verdict != "answer" or triage.diagnosis.verdict != "answer":
        return "there is no answer yet"
    if lead.cause != triage.diagnosis.causes[0].cause:
        return "what the ticket says and what the server knows point to different causes"
    if lead.cause in knowledge.others and (
        knowledge.others[lead.cause].answer != "reply" or knowledge.others[lead.cause].ours
    ):
        return "the cause is answered by humans"
    if any(d.undecided or d.also for d in (diagnosis, triage.diagnosis)):
        return "more than one cause leads"
    written = any(piece.kind == "setting" and supports for piece, supports in lead.evidence)
    if diagnosis.confidence != "confirmed" and not (diagnosis.confidence == "likely" and written):
        return f"{diagnosis.confidence} is not enough"
    reply = heard.reply
    if reply is None or reply.language not in (triage.facts.language, triage.facts.language.partition("-")[0]):
        return "there is no reviewed reply in the ticket's language"
    if _answered_before(triage):
        return "the ticket quotes an answer of ours"
    return distrust(at.record, rules.bar, by_hand=at.mode.by_hand)


def _answered_before(triage: Triage) -> bool:
    """True where the customer quotes a mail of our staff: a human has answered somewhere."""
    quoted = [s.span for s in triage.reading.segments if s.kind == "quoted"]
    return any(m.role == "host_staff" and any(a <= m.span[0] < b for a, b in quoted) for m in triage.facts.mailboxes)


def still_may(
    at: Circumstances, *, answer: bool, same_version: bool, undecided: bool, tripped: bool, rules: Rules
) -> str | None:
    """Why what was queued must not be sent after all; None where it may. Everything as it is now, at the moment of
    sending.

    ``answer``: it is the whole answer and no acknowledgement. ``same_version``: no message has come since it was
    written.
    """
    if tripped:
        return "the breaker has tripped: too many automatic mails within a minute"
    if at.mode.name != "auto":
        return f"the mode is {at.mode.name} by now"
    if not same_version:
        return "another message has come"
    if at.human or not undecided:
        return "a human was first"
    if at.spent:
        return "the ticket has had its one automatic mail"
    return at.loop or (distrust(at.record, rules.bar, by_hand=at.mode.by_hand) if answer else None)
