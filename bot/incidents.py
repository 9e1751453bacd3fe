"""Incidents: watched for each minute, told to the leads, ended when they are over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.desk.values import Send
from bot.core.incident import Burst, bursts, said
from bot.decide_incident import end_incident, put_incident
from bot.ports import Desk, Step
from bot.reporting import Reporter

LINES_A_MINUTE: Final = 20_000
"""Lines that one look takes over at most; what is left comes with the next."""
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
                self.tell(step, burst)
            for number in step.incidents.refresh(troubles):
                end_incident(step, number, OVER)
            self.renew(step)
        return found

    def tell(self, step: Step, burst: Burst) -> None:
        """Open an incident and tell the leads where escalations go: in Slack with its tickets and buttons, elsewhere in a sentence."""
        place, text = step.people.setting("escalate-to"), self._said(burst)
        number = step.incidents.open(burst, text, place)
        if place.startswith("slack/"):
            step.queues.send(Send(f"incident:{number}", "slack", "incident", place, {"incident": number}, priority=1))
        elif place:
            step.queues.send(Send(f"incident:{number}", place.partition("/")[0], "alarm", place, {"text": (
                f"Incident {number}. {text}. Its tickets are held back. One answer for all: triage incidents answer {number} TEXT; none: triage incidents close {number}.")}, priority=1))

    def renew(self, step: Step) -> None:
        """Say of open incidents what they have come to."""
        for number, burst in step.incidents.ongoing():
            incident, told = step.incidents.incident(number, lock=True), self._said(burst)
            if incident is not None and incident.said != told:
                put_incident(step, replace(incident, said=told))

    def _said(self, burst: Burst) -> str:
        here = burst.since.astimezone(self.zone)
        return said(burst, self.titles, str(here.tzname()), f"{here:%H:%M}")
