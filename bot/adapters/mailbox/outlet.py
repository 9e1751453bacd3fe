"""The mailbox as an outlet: answers by submission to the requester of record, notes by mail to colleagues, each once.

A copy lies in the Sent folder, as a draft, before the text goes to the server; when the server has taken it, the
copy is a draft no more. So after a crash no copy means not sent, a copy that is no draft means sent, and only a
crash in between leaves a draft of which nobody can know: that one waits for a human.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.adapters.mailbox import writing
from bot.adapters.mailbox.imap import FAULTS, Connection, connect
from bot.adapters.mailbox.intake import id_key
from bot.adapters.mailbox.letter import message_ids
from bot.adapters.mailbox.submission import Submission, open_submission
from bot.adapters.mailbox.words import code_of, digest_of
from bot.core.desk.note_text import decision_of, note_of
from bot.core.desk.values import Card, Case, Delivery, Found
from bot.core.parse.sender import single_address
from bot.errors import SendLater, SendPointless, SendRefused
from bot.failpoints import reach
from bot.ports import Clock, Desk
from bot.settings_areas import MailboxSettings

IMAP_LATER: Final = 60.0
DRAFT: Final = "\\Draft"
_log = logging.getLogger(__name__)


@dataclass
class MailboxOutlet:
    """The port ``Outlet`` for the support mailbox."""

    settings: MailboxSettings
    desk: Desk
    clock: Clock
    imap: Callable[[MailboxSettings], Connection] = connect
    submission: Callable[[MailboxSettings], Submission] = open_submission
    gap: timedelta = timedelta(seconds=1)

    def send(self, delivery: Delivery) -> str:
        """Send it; returns its Message-ID. Raises SendLater, SendRefused, SendUnsure, SendPointless."""
        kinds: dict[str, Callable[[Delivery], tuple[str, str, bytes]]] = {
            "reply": self._reply,
            "card": self._note,
            "note": self._note,
            "card_update": self._decision,
            "escalation": self._escalation,
            "alarm": self._alarm,
            "notice": self._alarm,
            "report": self._report,
        }
        kind = delivery.send.kind
        if kind in ("field", "react", "burst_update"):
            raise SendPointless(f"a mailbox has no {kind}")
        if kind not in kinds:
            raise SendRefused(f"mailbox: nobody knows how to send a {kind} by mail")
        key, recipient, raw = kinds[kind](delivery)
        message_id = writing.id_of(key, self.settings.address)
        case_id = delivery.send.case_id
        try:
            with self.imap(self.settings) as sent:
                sent.select(self._folder(sent))
                if self._copies(sent, message_id, "UNDRAFT"):
                    return message_id
                if kind == "reply" and delivery.send.payload.get("automatic"):
                    self._nobody_was_first(sent, self._case(delivery), delivery)
                with self.submission(self.settings) as submission:
                    submission.address(self.settings.address, recipient)
                    if case_id is not None and kind == "reply":
                        self._keep(message_id, case_id)
                    self._hand_in(sent, submission, message_id, raw)
        except FAULTS as error:
            raise SendLater(f"mailbox: {error}", seconds=IMAP_LATER) from error
        return message_id

    def find(self, delivery: Delivery) -> Found:
        """Look for the copy in the Sent folder."""
        message_id = writing.id_of(self._key(delivery), self.settings.address)
        try:
            with self.imap(self.settings) as sent:
                sent.select(self._folder(sent))
                if self._copies(sent, message_id, "UNDRAFT"):
                    return Found(message_id)
                if self._copies(sent, message_id, "DRAFT"):
                    return Found(
                        None,
                        known=False,
                        why="it was being handed in when this stopped; the server's log tells whether it took it",
                    )
        except FAULTS as error:
            return Found(None, known=False, why=f"mailbox: {error}")
        return Found(None)

    # -- kinds: key, recipient, mail -------------------------------------------------------------------------------

    def _reply(self, delivery: Delivery) -> tuple[str, str, bytes]:
        case, payload = self._case(delivery), delivery.send.payload
        if single_address(case.author) is None:
            raise SendRefused("mailbox: the ticket names not exactly one requester; answer it by hand")
        if case.author == self.settings.address:
            raise SendRefused("mailbox: the requester is the support mailbox itself")
        raw = writing.answer(
            case,
            delivery.send.key,
            self.settings.address,
            str(payload["text"]),
            self.clock.now(),
            automatic=bool(payload.get("automatic")),
        )
        return delivery.send.key, case.author, raw

    def _note(self, delivery: Delivery) -> tuple[str, str, bytes]:
        card = self._card(delivery)
        return self._to_agents(
            self._key(delivery), card.case_id, f"{card.content.title[:100]} ({code_of(self.desk, card)})", note_of(card)
        )

    def _decision(self, delivery: Delivery) -> tuple[str, str, bytes]:
        """Cards are redrawn often; by mail only another diagnosis or draft is told, and what ends a card, each once."""
        card = self._card(delivery)
        if card.state == "open":
            return self._note(delivery)
        if card.state == "rewriting":
            raise SendPointless("nothing is decided yet")
        return self._to_agents(self._key(delivery), card.case_id, card.content.title, decision_of(card))

    def _escalation(self, delivery: Delivery) -> tuple[str, str, bytes]:
        card, payload = self._card(delivery), delivery.send.payload
        text = f"Escalated by {payload.get('by') or 'the bot'}: {payload.get('reason') or 'no reason was given'}\n\n{note_of(card)}"
        return self._to_agents(delivery.send.key, card.case_id, f"Escalated: {card.content.title}", text)

    def _alarm(self, delivery: Delivery) -> tuple[str, str, bytes]:
        return self._to_agents(delivery.send.key, "triage", "Alarm", str(delivery.send.payload["text"]))

    def _report(self, delivery: Delivery) -> tuple[str, str, bytes]:
        payload = delivery.send.payload
        to = single_address(str(payload["to"]))
        if to is None:
            raise SendRefused("REPORT_TO: the place behind mailbox/ is no plain address")
        return (
            delivery.send.key,
            to,
            writing.report(delivery.send.key, self.settings.address, payload, to, self.clock.now()),
        )

    def _to_agents(self, key: str, case_id: str, title: str, text: str) -> tuple[str, str, bytes]:
        if not self.settings.agents:
            raise SendRefused(
                "MAILBOX_AGENTS: is not set, and a mailbox has no internal notes; name the colleagues' address there"
            )
        to = self.settings.agents[0]
        return key, to, writing.note(case_id, key, self.settings.address, to, title, text, self.clock.now())

    # -- the sending -------------------------------------------------------------------------------------------------

    def _hand_in(self, sent: Connection, submission: Submission, message_id: str, raw: bytes) -> None:
        if not self._copies(sent, message_id, "DRAFT"):  # one may be left of a try that never got as far as the text
            reach("mailbox.append.before")
            sent.append(self._folder(sent), raw, (DRAFT, "\\Seen"))
            reach("mailbox.append.after")
        try:
            submission.hand_in(raw)
        except (SendLater, SendRefused):
            for uid in self._copies(sent, message_id, "DRAFT"):
                sent.remove(uid)
            raise
        try:
            for uid in self._copies(sent, message_id, "DRAFT"):
                sent.store(uid, "-FLAGS", DRAFT)
        except FAULTS as error:
            _log.warning("mailbox: the copy of a sent mail stays a draft: %s", error)

    def _nobody_was_first(self, sent: Connection, case: Case, delivery: Delivery) -> None:
        """A colleague may have answered from another program a moment ago. Raises SendPointless then."""
        for parent in message_ids(str((case.messages[-1].get("headers") or {}).get("message-id", "")))[:1]:
            others = sent.uids(
                f'UNDRAFT SINCE {(delivery.created_at - timedelta(days=1)):%d-%b-%Y} HEADER In-Reply-To "{parent}"'
            )
            if others:
                raise SendPointless("a colleague has answered already")

    def _copies(self, sent: Connection, message_id: str, state: str) -> list[int]:
        return sent.uids(f'{state} UNDELETED HEADER Message-ID "{message_id}"')

    def _folder(self, sent: Connection) -> str:
        return self.settings.sent or sent.sent_folder()

    def _keep(self, message_id: str, case_id: str) -> None:
        """An answer to this mail belongs to the case."""
        with self.desk.step("mailbox.answered") as step:
            step.cases.conversation(id_key(message_id))
            step.cases.converse(id_key(message_id), case_id)

    def _key(self, delivery: Delivery) -> str:
        """The key that a mail's Message-ID is made of: the delivery's, but for notes on a card, of which each state
        and content has one."""
        if delivery.send.kind not in ("card", "note", "card_update"):
            return delivery.send.key
        card = self._card(delivery)
        return (
            f"note:{card.id}:{digest_of(card)}"
            if card.state == "open"
            else f"decision:{card.id}:{card.state}:{card.decision or ''}"
        )

    def _case(self, delivery: Delivery) -> Case:
        with self.desk.look() as view:
            case = view.cases.case(delivery.send.case_id or "")
        if case is None or not case.messages:
            raise SendPointless("the ticket is gone")
        return case

    def _card(self, delivery: Delivery) -> Card:
        payload: Any = delivery.send.payload
        with self.desk.look() as view:
            card = view.cases.card(str(payload["card"]))
        if card is None:
            raise SendPointless("the card is gone")
        return card
