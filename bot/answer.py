"""Answering without a click: asked when a ticket has been triaged, and again at the moment of sending, when
everything may have changed.

The rules are pure (bot/core/policy); here they meet what the desk knows: modes, decisions, who has written, what has
been sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Final

from bot.core.desk.card import CardContent
from bot.core.desk.values import Card, Case, Delivery, Send
from bot.core.egress import leaks
from bot.core.policy.acknowledge import acknowledgement, promised
from bot.core.policy.brands import branded, reseller_of
from bot.core.policy.echoes import echo, own_sentences
from bot.core.policy.floods import flooded, trips
from bot.core.policy.gate import Circumstances, Permission, Rules, may_answer, still_may
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.modes import Mode, mode_of
from bot.core.policy.tiers import Sender, sender_of
from bot.core.policy.trust import WINDOW, Record
from bot.core.verdict import Triage
from bot.ports import Step
from knowledge.model import Knowledge

FRESH: Final = timedelta(minutes=30)
"""An automatic mail that could not leave for so long (a pause, an outlet that is down) is not sent any more: the
ticket waits for a human."""
BREAKER: Final = "breaker"
"""The setting that holds since when nothing automatic leaves; empty: it does."""


@dataclass(frozen=True)
class Answers:
    """The bot's own mails: what it may send, and whether it still may."""

    knowledge: Knowledge
    rules: Rules = field(default_factory=Rules)

    def sender(self, case: Case) -> Sender:
        """What is proven of a case's requester."""
        own, domains = self._own()
        return sender_of(case.envelopes, self.rules.authserv_ids, own, domains)

    def consider(
        self,
        step: Step,
        case: Case,
        content: CardContent,
        triage: Triage,
        blind: Triage | None,
        sender: Sender,
        *,
        by_agent: bool = False,
    ) -> tuple[CardContent, Send | None]:
        """What the bot does by itself with a fresh triage: the card's content with the reason in words, and what is
        to be sent, if anything.

        ``blind`` is the ticket triaged without logs and accounts; it must be there where the requester is unverified
        towards the mailbox. ``by_agent``: an agent has asked for this draft, and what comes of it is theirs. In the
        modes note and draft the card says what would be done.
        """
        tier = sender.tier(triage.facts.mailbox, triage.account.account)
        at = replace(self._circumstances(step, case, content.cause), tier=tier, brandless=self._brandless(triage, tier))
        at = replace(at, human=at.human or by_agent)
        if at.mode.name in ("note", "draft"):
            shadow = may_answer(triage, blind, replace(at, mode=Mode("auto")), self.rules, self.knowledge)
            would = {"reply": "be answered", "acknowledge": "be acknowledged"}.get(shadow.kind, "not be answered")
            return replace(content, by_itself=f"In mode auto it would {would} by itself: {shadow.why}."), None
        permission = may_answer(triage, blind, at, self.rules, self.knowledge)
        heard = triage if tier != "unverified" or blind is None else blind
        reply = (
            heard.reply
            if permission.kind == "reply"
            else acknowledgement(heard, self.knowledge, handover=permission.handover)
            if permission.kind == "acknowledge"
            else None
        )
        if reply is None or sender.address is None:
            return replace(content, by_itself=_told(permission)), None
        text = promised(reply, heard, self.knowledge) if permission.kind == "reply" else reply.text
        payload = {
            "text": text,
            "thread": case.thread,
            "card": f"{case.id}#{case.round}",
            "automatic": True,
            "to": sender.address,
            "version": case.version,
            "answer": permission.kind == "reply",
            "proven": not sender.doubt,
            "mailbox": triage.facts.mailbox if tier != "unverified" and permission.kind == "reply" else None,
        }
        send = Send(
            f"auto:{case.id}:{case.version}",
            case.channel,
            "reply",
            case.place,
            payload,
            case.id,
            priority=4,
            automatic=True,
            expires_at=step.now + FRESH,
        )
        return replace(content, by_itself=_told(permission)), send

    def judge(self, step: Step, delivery: Delivery) -> str | None:
        """Why an automatic mail must not leave now, in words; None where it may, and then it is counted as sent.

        Asked right before it is handed to its outlet. A breaker that trips here says so to the leads.
        """
        payload = delivery.send.payload
        card = step.cases.card(str(payload.get("card", "")), lock=True)
        case = step.cases.case(card.case_id, lock=True) if card else None
        if card is None or case is None:
            return "its ticket is gone"
        if payload.get("answer") and step.incidents.covering(case.id) is not None:
            return "an open incident explains the ticket, and one answer for all comes"
        at = self._circumstances(step, case, card.content.cause, key=delivery.send.key)
        why = still_may(
            at,
            answer=bool(payload.get("answer")),
            same_version=case.version == payload.get("version"),
            undecided=card.state == "open",
            tripped=bool(step.people.setting(BREAKER)),
            rules=self.rules,
        )
        return (
            why
            or self._recipient_doubt(case, delivery)
            or self._leak(case, card, delivery)
            or self._counted(step, case, delivery)
        )

    def _recipient_doubt(self, case: Case, delivery: Delivery) -> str | None:
        sender, payload = self.sender(case), delivery.send.payload
        if sender.address is None or sender.address != payload.get("to"):
            return "the requester is another by now"
        return "the requester is not proven any more" if payload.get("proven") and sender.doubt else None

    def _leak(self, case: Case, card: Card, delivery: Delivery) -> str | None:
        """The last look at the text itself. A verified requester may read the one mailbox that it was written for."""
        mailbox = delivery.send.payload.get("mailbox")
        known = branded(self.knowledge, card.content.mailbox, None).settings
        for settings in (known, self.knowledge.settings):
            found = leaks(
                str(delivery.send.payload.get("text", "")),
                (str(mailbox),) if mailbox else (),
                settings,
                names=[f.name for f in self.knowledge.clients],
            )
            if not found:
                return None
        return f"the last look found what must not leave ({found[0].partition(':')[0]})"

    def _counted(self, step: Step, case: Case, delivery: Delivery) -> str | None:
        requester = str(delivery.send.payload["to"])
        if step.automatic.key_of(case.id) == delivery.send.key:
            return None  # an earlier attempt of the same mail
        day, minute = step.automatic.counts(requester)
        why = flooded(day, self.rules)
        if why:
            return why
        if trips(minute, self.rules):
            self._trip(step)
            return "the breaker has tripped: too many automatic mails within a minute"
        return (
            None
            if step.automatic.reserve(case.id, delivery.send.key, requester)
            else "the ticket has had its one automatic mail"
        )

    def _trip(self, step: Step) -> None:
        step.people.set(BREAKER, step.now.isoformat())
        step.people.audit("triage", "breaker", after="tripped")
        target = step.people.setting("escalate-to")
        if target:
            text = (
                f"I have stopped answering by myself: more than {self.rules.per_minute} mails were to leave within a minute. "
                "Somebody may be flooding us with forged tickets. Tickets still come in as cards. A lead switches it on again: triage resume"
            )
            step.queues.send(
                Send(
                    f"alarm:breaker:{step.now.isoformat()}",
                    target.partition("/")[0],
                    "alarm",
                    target,
                    {"text": text},
                    priority=1,
                )
            )

    def _circumstances(self, step: Step, case: Case, cause: str | None, key: str = "") -> Circumstances:
        modes = step.people.settings("mode:")
        mode = mode_of(modes, case.place, case.channel, cause) if case.channel != "slack" else Mode("draft")
        own, domains = self._own()
        loop = next((why for e in case.envelopes or (None,) if (why := reason_not_to_answer(e, own, domains))), None)
        loop = loop or echo(case.messages, case.envelopes, self._sentences)
        sent = step.automatic.key_of(case.id)
        return Circumstances(
            mode,
            "unverified",
            loop,
            self._record(step, case, cause, mode),
            case.round,
            case.answered,
            sent is not None and sent != key,
        )

    def _record(self, step: Step, case: Case, cause: str | None, mode: Mode) -> Record:
        """By hand, only decisions since the switch count against it."""
        if cause is None:
            return Record()
        names = (f"mode:{case.place}#{cause}", f"mode:{case.channel}#{cause}")
        since = next((moment for name in names if (moment := step.people.since(name))), None) if mode.by_hand else None
        return step.automatic.record(cause, WINDOW, since=since)

    @cached_property
    def _sentences(self) -> Mapping[str, tuple[str, ...]]:
        return own_sentences(self.knowledge.replies.values())

    def _brandless(self, triage: Triage, tier: str) -> bool:
        """True for a reseller's customer where the text that they would read could not bear the reseller's brand."""
        settings, mailbox = self.knowledge.settings, triage.facts.mailbox
        reseller = reseller_of(mailbox, triage.account.account, settings)
        return reseller is not None and (
            reseller.brand is None or (tier == "unverified" and reseller_of(mailbox, None, settings) is not reseller)
        )

    def _own(self) -> tuple[frozenset[str], frozenset[str]]:
        return self.rules.own_addresses, frozenset(d.lower() for d in self.knowledge.settings.own_domains)


def _told(permission: Permission) -> str:
    what = {"reply": "Answers by itself", "acknowledge": "Acknowledges by itself"}.get(
        permission.kind, "Not answered by itself"
    )
    return f"{what}: {permission.why}."
