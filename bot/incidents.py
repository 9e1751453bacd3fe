"""Incidents: watched for each minute, told to the leads, held tickets released or answered together when they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.desk.rules import may
from bot.core.desk.values import Outcome, Send
from bot.core.incident import Burst, bursts, said
from bot.handle import change_card
from bot.ports import Desk, Step
from bot.reporting import Reporter

LINES_A_MINUTE: Final = 20_000
"""Lines that one look takes over at most; what is left comes with the next."""
MAX_TEXT: Final = 10_000
OVER: Final = "quiet for an hour"


@dataclass(frozen=True)
class IncidentWatch:
    """The look that the worker takes each minute. ``titles``: cause -> how people call it."""

    desk: Desk
    reporter: Reporter
    titles: Mapping[str, str]
    zone: ZoneInfo

    def look(self, now: datetime) -> list[Burst]:
        """Tell of new bursts, renew what is open, end what is over. Raises StoreError where the log store cannot be read."""
        self.reporter.catch_up(limit=LINES_A_MINUTE)
        with self.desk.look() as view:
            troubles = view.incidents.troubles()
            normals, unseen = view.incidents.normals() if troubles else ({}, None)
            found = bursts(troubles, normals, now, view.incidents.cooling(), unseen)
        with self.desk.step("incidents.looked") as step:
            for burst in found:
                self._tell(step, burst)
            for number in step.incidents.refresh(troubles):
                _release(step, number)
                step.incidents.close(number, OVER, "")
        return found

    def _tell(self, step: Step, burst: Burst) -> None:
        here = burst.since.astimezone(self.zone)
        text = said(burst, self.titles, str(here.tzname()), f"{here:%H:%M}")
        number = step.incidents.open(burst, text)
        place = step.people.setting("escalate-to")
        if place:
            step.queues.send(Send(f"incident:{number}", place.partition("/")[0], "alarm", place, {"text": (
                f"Incident {number}. {text}. Its tickets are held back. One answer for all: triage incidents answer {number} TEXT; none: triage incidents close {number}.")}, priority=1))


def close(desk: Desk, number: int, by: str, role: str, text: str = "") -> Outcome:
    """End an incident: held tickets get ``text`` as their answer, or, without one, their own cards. For leads."""
    if not may(role, "mode"):
        return Outcome(False, "That is for leads.")
    if len(text) > MAX_TEXT:
        return Outcome(False, f"That text is longer than {MAX_TEXT} characters.")
    with desk.step("incidents.closed") as step:
        held = step.incidents.held(number)
        if not step.incidents.close(number, by, text):
            return Outcome(False, f"{number}: is no open incident; triage incidents lists them.")
        done = _answer(step, number, by, text) if text else _release(step, number)
        step.people.audit(by, "incident.answer" if text else "incident.close", str(number), "", f"{done} tickets")
    return Outcome(True, f"Incident {number} is closed; {done} of {len(held)} held tickets {'are answered' if text else 'get their cards'}.")


def _answer(step: Step, number: int, by: str, text: str) -> int:
    done = 0
    for case_id, round_ in step.incidents.held(number):
        case, card = step.cases.case(case_id, lock=True), step.cases.card(f"{case_id}#{round_}", lock=True)
        if case is None or card is None or card.state != "open" or case.round != round_:
            step.incidents.settle(number, case_id, "released")  # decided, withdrawn or gone on meanwhile
            continue
        step.queues.send(Send(f"reply:{card.id}", case.channel, "reply", case.place, {"text": text, "thread": case.thread, "card": card.id}, case_id, priority=1))
        step.cases.review(card, by, "incident")
        change_card(step, replace(card, state="decided", decision="edit", decided_by=by, decided_at=step.now, detail=f"incident {number}", content=replace(card.content, draft=text)))
        step.incidents.settle(number, case_id, "answered")
        done += 1
    return done


def _release(step: Step, number: int) -> int:
    """Post the cards that were held back."""
    done = 0
    for case_id, round_ in step.incidents.held(number):
        card = step.cases.card(f"{case_id}#{round_}")
        if card is not None and card.state != "withdrawn":
            step.queues.send(Send(f"card:{card.id}", card.outlet, "card", card.place, {"card": card.id}, case_id, priority=3))
            done += 1
        step.incidents.settle(number, case_id, "released")
    return done
