"""What leads decide on an incident, once for all its tickets: on the page, in Slack, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.cards import change_card
from bot.core.desk.incidents import Grouped, Incident, IncidentDecision, incident_refusal
from bot.core.desk.values import Job, Outcome, Send
from bot.decide import leaving
from bot.ports import Desk, Step

MAX_TEXT: Final = 10_000
SETTLE: Final = "incident"
"""The kind of job that goes on with an incident's tickets."""
AT_ONCE: Final = 50
"""Tickets that are settled in one transaction: Slack waits three seconds for whoever clicked."""

_WHY: Final = {
    "not_allowed": "That is for leads.",
    "stale": "The incident has changed since you looked; it is shown as it is now.",
    "released": "Its tickets have their own cards already.",
    "no_text": "An answer for all needs its text.",
}


@dataclass(frozen=True)
class IncidentDecisions:
    """What leads decide on an incident: on the page, in Slack, on the command line."""

    desk: Desk

    def decide(self, decision: IncidentDecision) -> Outcome:
        """Take a decision, once: a second one is told who was first. Raises StoreBusy; then nothing happened."""
        text = decision.text.strip()
        if len(text) > MAX_TEXT:
            return Outcome(False, f"That text is longer than {MAX_TEXT} characters.")
        with self.desk.step("incident.decide") as step:
            incident = step.incidents.incident(decision.number, lock=True)
            if incident is None:
                return Outcome(False, f"{decision.number}: is no incident; triage incidents lists them.")
            why = incident_refusal(incident, decision.action, decision.role, decision.seen, text)
            if why == "closed":
                return Outcome(False, _ended(incident))
            if why is not None:
                return Outcome(False, _WHY[why], stale=why == "stale")
            before = len(incident.text)
            outcome = _decide(step, incident, decision, text)
            step.people.audit(
                decision.by,
                f"incident.{decision.action}",
                str(decision.number),
                f"revision {incident.revision}",
                outcome.said if decision.action != "agree" else f"{before} -> {len(text)} characters",
            )
        return outcome

    def jobs(self) -> Mapping[str, Callable[[Job], None]]:
        """What the handler calls by kind."""
        return {SETTLE: self._go_on}

    def _go_on(self, job: Job) -> None:
        """The next tickets of an incident that had more than one transaction holds."""
        with self.desk.step("incident.settled") as step:
            left = _settle(step, int(job.payload["incident"]), str(job.payload["by"]), str(job.payload["text"]))
            if left:
                step.queues.again(job, step.now)
                return
            step.queues.finish_job(job)
            incident = step.incidents.incident(int(job.payload["incident"]))
            if incident is not None:
                redraw_incident(step, incident)


def _decide(step: Step, incident: Incident, decision: IncidentDecision, text: str) -> Outcome:
    number = incident.number
    if decision.action == "agree":
        put_incident(step, replace(incident, text=text, agreed_by=decision.by, revision=incident.revision + 1))
        return Outcome(
            True, f"The answer to incident {number} is agreed; nothing is sent before somebody sends it to all."
        )
    if decision.action == "release":
        waiting = _held(step, number)
        put_incident(step, replace(incident, holding=False, revision=incident.revision + 1))
        _begin(step, number, decision.by, "")
        return Outcome(
            True, f"Incident {number}: {_tickets(waiting)} now with cards of their own, as does what still comes."
        )
    if decision.action == "close":
        waiting = _held(step, number)
        end_incident(step, number, decision.by)
        return Outcome(True, f"Incident {number} is closed; {_tickets(waiting)} now with cards of their own.")
    answer = text or incident.text
    put_incident(
        step, replace(incident, text=answer, agreed_by=incident.agreed_by if answer == incident.text else decision.by)
    )
    end_incident(step, number, decision.by, answer)
    states = [g.state for g in step.incidents.grouped(number)]
    done, open_ = states.count("answered"), states.count("held") + states.count("shown")
    return Outcome(
        True,
        f"Incident {number} is closed; tickets answered: {done}{f', {open_} more within minutes' if open_ else ''}.",
    )


def _held(step: Step, number: int) -> int:
    """How many tickets wait for a decision on the incident."""
    return sum(g.state == "held" for g in step.incidents.grouped(number))


def end_incident(step: Step, number: int, by: str, text: str = "") -> None:
    """End an incident: its tickets get ``text``, or, without one, their own cards. ``by``: a person, or why it is
    over."""
    incident = step.incidents.incident(number, lock=True)
    assert incident is not None
    put_incident(
        step,
        replace(
            incident, state="closed", holding=False, closed_by=by, closed_at=step.now, revision=incident.revision + 1
        ),
    )
    _begin(step, number, by, text)


def _begin(step: Step, number: int, by: str, text: str) -> None:
    """Settle the first tickets now; the rest is a job's."""
    if _settle(step, number, by, text):
        step.queues.schedule(
            f"incident:{number}:{step.now.timestamp():.3f}",
            SETTLE,
            None,
            {"incident": number, "by": by, "text": text},
            priority=1,
        )


def _settle(step: Step, number: int, by: str, text: str) -> bool:
    """Answer the next tickets with ``text``; without one give those that were held back their cards. True where some
    are left."""
    waiting = [g for g in step.incidents.grouped(number) if g.state == "held" or (text and g.state == "shown")]
    for one in waiting[:AT_ONCE]:
        state = _answer(step, number, by, text, one) if text else _release(step, one)
        step.incidents.settle(number, one.case_id, state)
    return len(waiting) > AT_ONCE


def _answer(step: Step, number: int, by: str, text: str, one: Grouped) -> str:
    case, card = (step.cases.case(one.case_id, lock=True), step.cases.card(f"{one.case_id}#{one.round}", lock=True))
    if case is None or card is None or card.state != "open" or case.round != one.round or leaving(step, one.case_id):
        return "released"  # decided, withdrawn or gone on meanwhile
    if card.mode == "note":  # nothing is said to customers there
        return _release(step, one) if one.state == "held" else "released"
    step.queues.send(
        Send(
            f"reply:{card.id}",
            case.channel,
            "reply",
            case.place,
            {"text": text, "thread": case.thread, "card": card.id, "automatic": False},
            one.case_id,
            priority=1,
        )
    )
    step.cases.review(card, by, "incident")
    change_card(
        step,
        replace(
            card,
            state="decided",
            decision="edit",
            decided_by=by,
            decided_at=step.now,
            detail=f"incident {number}",
            content=replace(card.content, draft=text),
        ),
    )
    return "answered"


def _release(step: Step, one: Grouped) -> str:
    """Post the card that was held back."""
    card = step.cases.card(f"{one.case_id}#{one.round}")
    if card is not None and card.state != "withdrawn":
        step.queues.send(
            Send(f"card:{card.id}", card.outlet, "card", card.place, {"card": card.id}, one.case_id, priority=3)
        )
    return "released"


def put_incident(step: Step, incident: Incident) -> None:
    """Keep an incident and have it drawn again where it was told."""
    step.incidents.put(incident)
    redraw_incident(step, incident)


def redraw_incident(step: Step, incident: Incident) -> None:
    """Have an incident's message drawn again as it then is."""
    if incident.place.startswith("slack/"):
        step.queues.send(
            Send(
                f"incident:{incident.number}:{incident.revision}:{step.now.timestamp():.3f}",
                "slack",
                "incident_update",
                "slack/update",
                {"incident": incident.number},
                priority=2,
                repeatable=True,
            )
        )


def _ended(incident: Incident) -> str:
    when = f" at {incident.closed_at:%H:%M} UTC" if incident.closed_at else ""
    return f"Incident {incident.number} was closed already{when}: {incident.closed_by}."


def _tickets(count: int) -> str:
    return "the one held ticket" if count == 1 else f"{count} held tickets"
