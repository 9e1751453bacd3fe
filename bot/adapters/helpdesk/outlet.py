"""A helpdesk as an outlet: notes with the diagnosis and the draft, replies, tags; each carries its key and is found
again by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.core.desk.helpdesk import Thread, answered_by_agent, carries, signed
from bot.core.desk.keys import token_of
from bot.core.desk.note_text import decision_of, note_of
from bot.core.desk.values import Card, Delivery, Found, Send
from bot.errors import SendError, SendPointless, SendRefused
from bot.ports import Desk, Helpdesk, TakesBack


class HelpdeskOutlet:
    """The port ``Outlet`` for any :class:`Helpdesk`. All tickets of a helpdesk are one place: its rate limit is the
    account's."""

    gap = timedelta(milliseconds=50)

    def __init__(self, helpdesk: Helpdesk, desk: Desk, *, tag: str = "", field: str = "") -> None:
        """``tag`` begins the tags of decided tickets, ``field`` is the helpdesk's own field that gets the cause; ""
        sets none."""
        self._helpdesk, self._desk, self._tag, self._cause_field = helpdesk, desk, tag, field
        self._kinds: dict[str, Callable[[Delivery], str]] = {
            "card": self._note,
            "note": self._note,
            "card_update": self._update,
            "reply": self._reply,
            "field": self._field,
            "say": self._say,
            "escalation": self._escalation,
            "redact": self._redact,
        }

    def send(self, delivery: Delivery) -> str:
        """Write it; returns its id in the helpdesk. Raises SendLater, SendRefused, SendUnsure, SendPointless."""
        kind = self._kinds.get(delivery.send.kind)
        if kind is None:
            raise SendPointless(f"{self._helpdesk.name}: a helpdesk has no place for a {delivery.send.kind}")
        return kind(delivery)

    def find(self, delivery: Delivery) -> Found:
        """Look for the key among the ticket's posts. Where the other side knows keys by itself, sending again is the
        search."""
        # tags and fields that are set twice are set once
        if self._helpdesk.recognises or delivery.send.kind == "field":
            return Found(None)
        try:
            post = carries(self._helpdesk.read(self._ticket(delivery)), token_of(delivery.send.key))
        except SendError as error:
            return Found(None, known=False, why=str(error))
        return Found(post.id if post else None)

    # -- kinds -------------------------------------------------------------------------------------------------

    def _note(self, delivery: Delivery) -> str:
        card = self._card(delivery)
        self._mark(card, self._ticket(delivery))
        return self._write_note(self._ticket(delivery), note_of(card), delivery.send.key)

    def _update(self, delivery: Delivery) -> str:
        """What became of a card, once for each of its revisions: the same news is not told twice."""
        card = self._card(delivery)
        if card.state == "rewriting" or (card.state == "open" and card.revision == 1):
            raise SendPointless("nothing is new for those who read the note")
        ticket, key = self._ticket(delivery), f"note:{card.id}:{card.revision}"
        thread = None if self._helpdesk.recognises else self._helpdesk.read(ticket)
        if thread is not None and (thread.merged or thread.id != ticket):
            raise SendPointless("the ticket was merged: nobody looks there any more")
        self._mark(card, ticket)
        if thread is not None and carries(thread, token_of(key)):
            raise SendPointless("it has been told")
        return self._write_note(ticket, note_of(card) if card.state == "open" else decision_of(card), key)

    def _reply(self, delivery: Delivery) -> str:
        payload = delivery.send.payload
        ticket = self._ticket(delivery)
        thread = Thread(ticket, "", None, ()) if self._helpdesk.recognises else self._helpdesk.read(ticket)
        if payload.get("automatic"):
            self._still_safe(delivery, thread)
        return self._helpdesk.reply(thread, self._signed(str(payload["text"]), delivery.send.key), delivery.send.key)

    def _still_safe(self, delivery: Delivery, thread: Thread) -> None:
        """What was judged when the answer was queued is looked at once more: who would read it, and whether a
        colleague was quicker."""
        if self._helpdesk.recognises:
            return
        if answered_by_agent(thread, delivery.created_at - timedelta(hours=24)):
            raise SendPointless("a colleague has answered")
        if thread.requester is None:
            raise SendRefused(
                f"{self._helpdesk.name}: the ticket has no single requester any more; nothing is answered by itself"
            )
        if thread.participants and not self._helpdesk.limits_recipients:
            raise SendRefused(
                f"{self._helpdesk.name}: a reply would also go to others on the ticket; an agent has to send it"
            )

    def _mark(self, card: Card, ticket: str) -> None:
        """See to it that the ticket's field holds the cause as the card has it, and a tag what was decided: once for
        each revision of the card."""
        fields = {self._cause_field: card.content.cause} if self._cause_field and card.content.cause else {}
        decided = (
            {"not_ours": "not-ours", "escalate": "escalated"}.get(card.decision or "", card.content.cause)
            if card.decision
            else None
        )
        tags = [f"{self._tag}-{decided}"] if self._tag and decided else []
        if not fields and not tags:
            return
        payload = {"thread": ticket, "tags": tags, "fields": fields}
        with self._desk.step("helpdesk.mark") as step:
            step.queues.send(
                Send(
                    f"field:{card.id}:{card.revision}",
                    self._helpdesk.name,
                    "field",
                    self._helpdesk.name,
                    payload,
                    card.case_id,
                    priority=6,
                    repeatable=True,
                )
            )

    def _field(self, delivery: Delivery) -> str:
        payload = delivery.send.payload
        ticket = self._ticket(delivery)
        fields = {str(k): str(v) for k, v in dict(payload.get("fields") or {}).items()}
        self._helpdesk.mark(ticket, [str(t) for t in payload.get("tags") or []], fields, delivery.send.key)
        return f"{ticket}:field"

    def _say(self, delivery: Delivery) -> str:
        return self._write_note(self._ticket(delivery), str(delivery.send.payload["text"]), delivery.send.key)

    def _escalation(self, delivery: Delivery) -> str:
        payload = delivery.send.payload
        text = (
            f"Escalated by {payload.get('by', '')}"
            + (f" to {payload['assignee']}" if payload.get("assignee") else "")
            + f": {payload.get('reason', '')}"
        )
        return self._write_note(self._ticket(delivery), text, delivery.send.key)

    def _redact(self, delivery: Delivery) -> str:
        """Take back a note of ours."""
        ticket, post = self._ticket(delivery), str(delivery.send.payload["post"])
        if not isinstance(self._helpdesk, TakesBack):
            raise SendRefused(
                f"{self._helpdesk.name}: has no way to take a note back; by hand: note {post} of ticket {ticket}"
            )
        self._helpdesk.take_back(ticket, post)
        return post

    # -- the calls -----------------------------------------------------------------------------------------------

    def _write_note(self, ticket: str, text: str, key: str) -> str:
        return self._helpdesk.note(ticket, self._signed(text, key), key)

    def _signed(self, text: str, key: str) -> str:
        return text if self._helpdesk.recognises else signed(text, token_of(key))

    def _card(self, delivery: Delivery) -> Card:
        with self._desk.look() as view:
            card = view.cases.card(str(delivery.send.payload["card"]))
        if card is None:
            raise SendPointless("the card is gone")
        return card

    def _ticket(self, delivery: Delivery) -> str:
        """The ticket that a delivery belongs to: the case knows it, wherever its card hangs."""
        named = delivery.send.payload.get("thread")
        if named:
            return str(named)
        with self._desk.look() as view:
            card = view.cases.card(str(delivery.send.payload.get("card", "")))
            case = view.cases.case(card.case_id) if card else None
        if case is None:
            raise SendPointless("the case is gone")
        return case.thread
