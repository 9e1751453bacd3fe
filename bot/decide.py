"""What agents decide, and what leads set: each in one transaction that judges, changes, labels and audits, or
refuses in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.answer import BREAKER
from bot.cards import change_card
from bot.core.desk.rules import MODES, RESTORED, ROLES, may, refusal
from bot.core.desk.values import Card, Decision, Outcome, Send
from bot.core.policy.trust import agreement
from bot.ports import Desk, Step

LOOKUPS_AN_HOUR: Final = 200
"""From here on an agent's log look-ups raise an alarm (and are refused)."""
WATCH_FOR: Final = timedelta(minutes=5)

_WHY: Final = {
    "not_allowed": "That is for support agents. A lead can give you the role: /triage role",
    "stale": "The ticket has changed since you looked; the card shows it as it is now.",
    "no_draft": "There is no draft to send here.",
    "rewriting": "The draft is being rewritten; a moment, please.",
    "withdrawn": "The draft was withdrawn: a colleague has answered.",
    "failed": "The triage of this ticket failed; use Try again.",
    "answered": "I have answered this by myself; Wrong check corrects it.",
    "leaving": "I am answering this myself this very moment; look again in a minute.",
    "not_failed": "Nothing failed here.",
}
_DONE: Final = {
    "send": "Sent.",
    "edit": "Sent as edited.",
    "not_ours": "Marked as not ours.",
    "escalate": "Escalated.",
    "other_check": "The draft is being rewritten.",
    "ask": "A draft that asks is being written.",
    "retry": "Trying again.",
}


@dataclass(frozen=True)
class Decisions:
    """The agents' side of the desk."""

    desk: Desk

    def decide(self, decision: Decision) -> Outcome:
        """Take a decision on a card, once: a second one is told who was first. Raises StoreBusy; then nothing
        happened."""
        with self.desk.step("card.decide") as step:
            card = step.cases.card(decision.card_id, lock=True)
            if card is None:
                return Outcome(False, "This card is not known here any more.")
            why = refusal(
                card.state,
                card.revision,
                card.mode,
                bool(card.content.draft),
                action=decision.action,
                role=decision.role,
                seen=decision.revision,
            )
            if why == "decided":
                when = f" at {card.decided_at:%H:%M} UTC" if card.decided_at else ""
                return Outcome(False, f"Already decided by {card.decided_by}{when}: {card.decision}.")
            if why is None and decision.action in ("send", "edit") and leaving(step, card.case_id):
                why = "leaving"
            if why is not None:
                return Outcome(False, _WHY[why], stale=why == "stale")
            _take(step, card, decision)
            step.people.audit(
                decision.by,
                f"card.{decision.action}",
                card.id,
                f"revision {card.revision}",
                decision.cause or decision.assignee or "",
            )
        return Outcome(True, _DONE[decision.action])

    def done(self, card_id: str, by: str, role: str) -> Outcome:
        """Whoever a card was escalated to says that it needs them no more."""
        if not may(role, "home"):
            return Outcome(False, _WHY["not_allowed"])
        with self.desk.step("card.done") as step:
            card = step.cases.card(card_id, lock=True)
            if card is None or card.assignee != by:
                return Outcome(False, "That card is not assigned to you.")
            step.cases.put_card(replace(card, assignee=None))
            step.people.audit(by, "card.done", card.id)
        return Outcome(True, "Done.")

    def card_of_case(self, case_id: str) -> Card | None:
        """The card that a case has in its present round: what a helpdesk's note command, reply or closing is about."""
        with self.desk.look() as view:
            case = view.cases.case(case_id)
            return view.cases.card(f"{case.id}#{case.round}") if case else None

    def watch(self, card_id: str, by: str, role: str) -> Outcome:
        """Watch the log while the customer tries again."""
        if not may(role, "test_now"):
            return Outcome(False, _WHY["not_allowed"])
        with self.desk.step("card.watch") as step:
            card = step.cases.card(card_id)
            if card is None or card.content.mailbox is None:
                return Outcome(False, "No mailbox is known for this ticket, so there is nothing to watch.")
            payload = {
                "since": step.now.isoformat(),
                "until": (step.now + WATCH_FOR).isoformat(),
                "mailbox": card.content.mailbox,
                "place": card.place,
                "thread": card.thread,
            }
            step.queues.schedule(f"watch:{card.id}:{int(step.now.timestamp() // 60)}", "watch", card.case_id, payload)
            step.people.audit(by, "logs.watch", card.content.mailbox)
        return Outcome(
            True,
            "Watching the log for five minutes: ask the customer to try now. What arrives is reported in the thread.",
        )

    def look_up(self, by: str, role: str, mailbox: str, *, of_ticket: bool) -> Outcome:
        """Whether somebody may see the lines of a mailbox: agents their ticket's, leads any; each look-up is written
        down."""
        if not may(role, "logs" if of_ticket else "logs_any"):
            return Outcome(
                False,
                _WHY["not_allowed"]
                if role == "none"
                else "Agents see the lines of a ticket's mailbox only; a lead sees any.",
            )
        with self.desk.step("logs.lookup") as step:
            count = step.people.count(by, "logs.lookup", timedelta(hours=1))
            if count >= LOOKUPS_AN_HOUR:
                target = step.people.setting("escalate-to")
                if target:
                    step.queues.send(
                        Send(
                            f"alarm:{by}:{int(step.now.timestamp() // 3600)}",
                            "slack",
                            "alarm",
                            target,
                            {"text": f"{by} has looked up logs {count} times within an hour."},
                            priority=1,
                        )
                    )
                return Outcome(
                    False, "Too many look-ups within an hour" + ("; the leads have been told." if target else ".")
                )
            step.people.audit(by, "logs.lookup", mailbox)
        return Outcome(True, "")

    # -- leads -------------------------------------------------------------------------------------------------

    def set_mode(self, by: str, role: str, place: str, mode: str, cause: str | None = None) -> Outcome:
        """off, note, draft or auto for a place, or for one cause there. auto for a cause switches it on by hand,
        without the trust that it would have to earn."""
        if mode not in MODES or (mode == "off" and cause):
            return Outcome(
                False,
                "A mode is one of: off, note, draft, auto."
                if not cause
                else "For one check a mode is one of: note, draft, auto.",
            )
        if mode == "auto" and place.startswith("slack"):
            return Outcome(
                False,
                "In Slack nothing is answered without a click; auto is for helpdesks and mailboxes (their channel's name).",
            )
        name = f"{place}#{cause}" if cause else place
        return self._set(by, role, "mode", f"mode:{name}", mode, f"Mode of {name}: {mode}.")

    def set_cards(self, by: str, role: str, channel: str, place: str) -> Outcome:
        """The Slack channel where agents see the cards of a helpdesk's or mailbox's tickets; an empty ``place``:
        where the tickets are."""
        return self._set(
            by,
            role,
            "cards_to",
            f"cards:{channel}",
            place,
            f"Cards of {channel} go to {place or 'the channel itself'}.",
        )

    def set_abuse(self, by: str, role: str, place: str) -> Outcome:
        """Where cards of mailboxes go that are suspended for abuse."""
        return self._set(
            by, role, "abuse_to", "abuse-to", place, f"Tickets of mailboxes suspended for abuse go to {place}."
        )

    def set_escalation(self, by: str, role: str, place: str) -> Outcome:
        """Where escalated tickets and alarms go."""
        return self._set(by, role, "escalate_to", "escalate-to", place, f"Escalations go to {place}.")

    def set_paused(self, by: str, role: str, *, paused: bool) -> Outcome:
        """The switch that holds back everything automatic."""
        with self.desk.look() as view:
            restored = view.people.setting("pause") == RESTORED
        if restored and paused:
            return Outcome(False, "This copy was restored from a backup and sends nothing at all; resume releases it.")
        said = (
            "Paused: nothing is sent that nobody clicked."
            if paused
            else "Released: this restored copy sends from now on."
            if restored
            else "Resumed."
        )
        return self._set(by, role, "pause" if paused else "resume", "pause", "on" if paused else "off", said)

    def set_role(self, by: str, role: str, person: str, new: str) -> Outcome:
        """Give or take a role; the last lead of this list cannot be taken away."""
        if not may(role, "role"):
            return Outcome(False, _WHY["not_allowed"])
        if new not in ROLES:
            return Outcome(False, "A role is one of: none, agent, lead.")
        with self.desk.step("lead.role") as step:
            before = step.people.role(person)
            if before == "lead" and new != "lead" and list(step.people.roles().values()).count("lead") == 1:
                return Outcome(False, "That is the last lead; name another first.")
            step.people.set_role(person, new)
            step.people.audit(by, "role", person, before, new)
        return Outcome(True, f"{person}: {new}.")

    def _set(self, by: str, role: str, action: str, name: str, value: str, said: str) -> Outcome:
        if not may(role, action):
            return Outcome(False, "That is for leads.")
        with self.desk.step("lead.setting") as step:
            before = step.people.set(name, value)
            step.people.audit(by, action, name, before, value)
            if action == "resume":
                step.people.set(BREAKER, "")
        return Outcome(True, said)


def _take(step: Step, card: Card, decision: Decision) -> None:
    """Carry out a decision that was judged: change the card, label it, queue what is to be sent."""
    action = decision.action
    case = step.cases.case(card.case_id)
    assert case is not None
    if action in ("other_check", "ask", "retry"):
        chosen = {"other_check": decision.cause, "ask": "ask", "retry": None}[action]
        step.queues.schedule(
            f"{action}:{card.id}:{card.revision}",
            "triage",
            card.case_id,
            {"version": case.version, "chosen": chosen},
            priority=1,
        )
        if action == "other_check":
            step.cases.review(card, decision.by, action, decision.cause, agrees=_agrees(card, decision))
        if action == "retry":
            step.queues.settle_dead(card.case_id)
        change_card(step, replace(card, state="rewriting", handled_by=decision.by))
        return
    step.cases.review(card, decision.by, action, agrees=_agrees(card, decision))
    detail = ""
    if action in ("send", "edit"):
        text = card.content.draft if action == "send" else decision.text
        step.queues.send(
            Send(
                f"reply:{card.id}",
                case.channel,
                "reply",
                case.place,
                {"text": text, "thread": case.thread, "card": card.id, "automatic": False},
                case.id,
                priority=1,
            )
        )
    if action == "escalate":
        detail = decision.text
        target, thread = step.people.setting("escalate-to"), ""
        if not target and decision.assignee and card.outlet == "slack":
            target, thread = card.place, card.thread  # whoever takes over hears of it where the ticket is
        if target:
            step.queues.send(
                Send(
                    f"escalation:{card.id}",
                    card.outlet,
                    "escalation",
                    target,
                    {
                        "card": card.id,
                        "assignee": decision.assignee or "",
                        "reason": decision.text,
                        "by": decision.by,
                        "thread": thread,
                    },
                    case.id,
                    priority=1,
                )
            )
    change_card(
        step,
        replace(
            card,
            state="decided",
            decision=action,
            decided_by=decision.by,
            decided_at=step.now,
            detail=detail,
            handled_by=decision.by,
            assignee=(decision.assignee or None) if action == "escalate" else None,
            content=replace(card.content, draft=decision.text) if action == "edit" else card.content,
        ),
    )


def _agrees(card: Card, decision: Decision) -> bool | None:
    """Whether the decision says that the bot's answer was right; a card that asked or escalated had none."""
    if card.content.verdict != "answer":
        return None
    return agreement(decision.action, card.content.cause, decision.cause, draft=card.content.draft, text=decision.text)


def leaving(step: Step, case_id: str) -> bool:
    """True while the bot's own mail is on its way out, or may have arrived: a second answer must not overtake it."""
    key = step.automatic.key_of(case_id)
    return key is not None and step.queues.state_of(key)[0] in ("sending", "unsure")
