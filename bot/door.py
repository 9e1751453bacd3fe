"""Where every channel hands its tickets in: a message is written down once, with the work that it asks for.

Nothing else happens here, so whoever sent the ticket may be told "accepted" when :meth:`Door.accept` returns. The
work is :mod:`bot.handle`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.cards import change_card
from bot.core.desk.conversation import is_small_talk
from bot.core.desk.values import Accepted, Amended, Inbound, Send
from bot.core.policy.trust import agreement
from bot.ports import Desk, Step


@dataclass(frozen=True)
class Door:
    """Where every channel hands its tickets in."""

    desk: Desk

    def accept(self, inbound: Inbound, sends: Sequence[Send] = ()) -> Accepted | None:
        """Write a message down with the work it asks for, in one transaction; None for greetings and thanks, which
        are no tickets.

        The same delivery a second time changes nothing. ``sends`` go out with it (an eyes reaction). Raises
        StoreBusy: then it is not accepted.
        """
        if (
            not (inbound.explicit or inbound.from_agent)
            and not inbound.message.get("attachments")
            and is_small_talk(str(inbound.message.get("body", "")))
        ):
            return None
        with self.desk.step("inbox.accept") as step:
            before = step.cases.seen(inbound)
            if before is not None:
                return before
            known = _case_of(step, inbound)
            case_id = known or inbound.conversation
            if known is None:
                step.cases.open(case_id, inbound)
            step.cases.converse(inbound.conversation, case_id)
            if inbound.gather:
                step.cases.converse(inbound.gather, case_id)
            result = Accepted(case_id, step.cases.add_message(case_id, inbound), new=known is None)
            step.cases.accepted(inbound, result)
            if (known is None and not inbound.from_agent) or _wants_triage(step, case_id, inbound):
                step.queues.schedule(
                    f"triage:{case_id}:{result.version}",
                    "triage",
                    case_id,
                    {"version": result.version},
                    run_at=step.now + timedelta(seconds=inbound.settle_seconds),
                )
                for send in sends:
                    step.queues.send(send)
        return result

    def amend(self, amended: Amended) -> bool:
        """Take over what the writer of a message made of it since: the ticket is read again, or, with nothing left
        of it, its draft withdrawn. False where that message is not one that we keep.

        What is decided stays decided: that answer was to what stood there then. Raises StoreBusy.
        """
        with self.desk.step("inbox.amend") as step:
            if not step.cases.first_time(f"{amended.channel}:{amended.change_id}"):
                return True
            found = step.cases.amend(amended.channel, amended.delivery_id, amended.message)
            if found is None:
                return False
            case_id, version = found
            case = step.cases.case(case_id, lock=True)
            assert case is not None
            card = step.cases.card(f"{case_id}#{case.round}", lock=True)
            if not case.messages and amended.gather and step.cases.conversation(amended.gather)[0] == case_id:
                step.cases.converse(amended.gather, None)  # what the same person writes next begins anew
            if card is not None and card.state not in ("open", "rewriting", "failed"):
                return True
            if case.messages:
                step.queues.schedule(
                    f"triage:{case_id}:{version}",
                    "triage",
                    case_id,
                    {"version": version},
                    run_at=step.now + timedelta(seconds=amended.settle_seconds),
                )
            elif card is not None:
                change_card(step, replace(card, state="withdrawn", detail="the ticket was deleted by its writer"))
        return True


def _case_of(step: Step, inbound: Inbound) -> str | None:
    """The case a message belongs to: its conversation's; else what the same person wrote minutes ago and nobody has
    decided."""
    case_id, _ = step.cases.conversation(inbound.conversation)
    if inbound.gather:
        recent, last = step.cases.conversation(inbound.gather)
        fresh = step.now - last <= timedelta(seconds=inbound.gather_seconds)
        if case_id is None and recent is not None and fresh:
            case = step.cases.case(recent)
            card = step.cases.card(f"{recent}#{case.round}") if case else None
            if card is None or card.state == "open":
                return recent
    return case_id


def _wants_triage(step: Step, case_id: str, inbound: Inbound) -> bool:
    """Move the case on for a new message. False where no triage is wanted: a colleague has written, or agents have
    the case."""
    case = step.cases.case(case_id)
    assert case is not None
    card = step.cases.card(f"{case_id}#{case.round}", lock=True)
    if inbound.from_agent:
        if card and card.state in ("open", "rewriting", "failed"):
            body = str(inbound.message.get("body", ""))
            step.cases.review(
                card,
                inbound.author,
                "reply",
                agrees=agreement("reply", card.content.cause, None, draft=card.content.draft, text=body),
            )
            change_card(step, replace(card, state="withdrawn", detail="a colleague has answered"))
        return False
    if card is None or card.state in ("open", "rewriting", "failed"):
        return True
    if card.decision in ("send", "edit", "auto"):
        step.cases.next_round(
            case_id, [card.content.cause] if card.content.cause and card.content.verdict == "answer" else []
        )
        return True
    return card.state == "withdrawn" and inbound.explicit
