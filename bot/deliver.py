"""Sending, once: a delivery is written down as begun before it is sent, and as sent after. What may have arrived is
looked for first.

A worker that dies between the two leaves a delivery that somebody else finds by its key outside; only what is surely
absent is sent again, and what nobody can tell waits for a human.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.cards import change_card, redraw
from bot.core.desk.rules import RESTORED
from bot.core.desk.values import Delivery
from bot.errors import SendLater, SendPointless, SendRefused, SendUnsure
from bot.ports import Clock, Desk, Outlet, Step

MAX_ATTEMPTS: Final = 12
PAUSED_FOR: Final = timedelta(seconds=5)
UNASKED_A_MINUTE: Final = {"slack": 18}
"""Messages that nobody clicked, to one place within a minute; the promise is twenty, and clocks differ a little."""


@dataclass(frozen=True)
class Courier:
    """Carries deliveries to their outlets. ``lease``: how long one may take; ``settle``: how long outside needs to
    show what it accepted; ``margin``: what must be left of the lease to begin a send (its own time limit)."""

    desk: Desk
    outlets: Mapping[str, Outlet]
    clock: Clock
    lease: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(seconds=30)
    margin: timedelta = timedelta(seconds=20)
    judge: Callable[[Step, Delivery], str | None] | None = None
    """Asked right before a reply leaves that nobody clicked: why it must not. Nobody to ask: it never leaves."""

    def carry(self) -> bool:
        """Send one delivery of each outlet that has one due; False where none had. Raises StoreBusy."""
        moved = False
        for name, outlet in self.outlets.items():
            with self.desk.step("delivery.claim") as step:
                pause = step.people.setting("pause")
                if pause == RESTORED:
                    return False
                delivery = step.queues.claim_delivery(
                    name, self.lease, outlet.gap, paused=pause == "on", unasked_a_minute=UNASKED_A_MINUTE.get(name)
                )
            if delivery is not None:
                self._carry(delivery, outlet)
                moved = True
        return moved

    def _carry(self, delivery: Delivery, outlet: Outlet) -> None:
        if delivery.unsure:
            found = outlet.find(delivery)
            if found.remote_id is not None:
                self._sent(delivery, found.remote_id)
                return
            if not found.known:
                with self.desk.step("delivery.unsure") as step:
                    step.queues.unsure(delivery, step.now + self.settle, found.why)
                return
        if delivery.attempts > MAX_ATTEMPTS:
            self._parked(delivery, "sent in vain too often")
            return
        if self.clock.now() > delivery.lease_until - self.margin:
            return  # the search took the lease's time: somebody else begins anew
        if delivery.send.automatic and delivery.send.kind == "reply" and not self._may_leave(delivery):
            return
        try:
            remote_id = outlet.send(delivery)
        except SendLater as error:
            with self.desk.step("delivery.later") as step:
                until = step.now + timedelta(seconds=error.seconds)
                step.queues.not_sent(delivery, until, str(error))
                if error.whole_place:
                    step.queues.hold_place(delivery.send.place, until)
        except SendRefused as error:
            self._parked(delivery, str(error))
        except SendPointless as error:
            with self.desk.step("delivery.dropped") as step:
                step.queues.drop(delivery, str(error))
        except SendUnsure as error:
            with self.desk.step("delivery.unsure") as step:
                if delivery.send.repeatable:
                    step.queues.not_sent(delivery, step.now + timedelta(seconds=2), str(error))
                else:
                    step.queues.unsure(delivery, step.now + self.settle, str(error))
        else:
            self._sent(delivery, remote_id)

    def _may_leave(self, delivery: Delivery) -> bool:
        """The last word on a reply that nobody clicked. One that must not leave is withdrawn, and its card says why."""
        with self.desk.step("delivery.judged") as step:
            if step.people.setting("pause") == "on":
                step.queues.not_sent(delivery, step.now + PAUSED_FOR, "paused")
                return False
            why = self.judge(step, delivery) if self.judge else "nobody is there to judge it"
            if why is None:
                return True
            if step.queues.drop(delivery, why):
                card = step.cases.card(str(delivery.send.payload.get("card", "")), lock=True)
                if card is not None:
                    change_card(
                        step, replace(card, content=replace(card.content, by_itself=f"Not answered by itself: {why}."))
                    )
            return False

    def _sent(self, delivery: Delivery, remote_id: str) -> None:
        with self.desk.step("delivery.sent") as step:
            if step.queues.sent(delivery, remote_id):
                _tell_card(step, delivery, remote_id)

    def _parked(self, delivery: Delivery, why: str) -> None:
        with self.desk.step("delivery.parked") as step:
            if step.queues.park(delivery, why):
                _tell_card(step, delivery, None)


def _tell_card(step: Step, delivery: Delivery, remote_id: str | None) -> None:
    """A card learns where it stands, and what became of its reply."""
    card = step.cases.card(str(delivery.send.payload.get("card", "")), lock=True)
    if card is None:
        return
    if delivery.send.kind == "card" and remote_id is not None:
        step.cases.put_card(replace(card, remote_id=remote_id))
        if card.revision > 1 or card.state != "open":
            redraw(step, card)  # it may have changed while it was being posted
    elif delivery.send.kind == "reply" and delivery.send.automatic and remote_id is not None:
        answer = bool(delivery.send.payload.get("answer"))
        reason = card.content.by_itself.partition(": ")[2]
        told = f"{'Answered' if answer else 'Acknowledged'} by itself at {step.now:%Y-%m-%d %H:%M} UTC: {reason}"
        card = replace(card, content=replace(card.content, by_itself=told))
        if answer and card.state == "open":
            card = replace(card, state="answered", decision="auto", decided_by="triage", decided_at=step.now)
        change_card(step, card)
    elif delivery.send.kind == "reply":
        redraw(step, card)
