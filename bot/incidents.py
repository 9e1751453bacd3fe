"""Incidents: watched for each minute, told to the leads, ended when they are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.desk.values import Send
from bot.core.incident import Burst, bursts, said
from bot.core.probe import SAID
from bot.core.probe_evidence import FACES, ProbeFact, failing
from bot.decide_incident import end_incident, put_incident
from bot.ports import Desk, Probes, Step
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
    probes: Probes | None = None
    """Looks at our own servers: a failing one makes a burst of its protocol more likely, and is named with it."""

    def look(self, now: datetime) -> list[Burst]:
        """Tell of new bursts, renew what is open, end what is over. Raises StoreError where the log store cannot be
        read."""
        self.reporter.catch_up(limit=LINES_A_MINUTE)
        with self.desk.look() as view:
            troubles = view.incidents.troubles()
            normals, unseen = view.incidents.normals() if troubles else ({}, None)
            cooling = view.incidents.cooling()
        down = failing(self.probes.seen(None), now) if self.probes else []
        found = bursts(
            troubles, normals, now, cooling, unseen, {face for fact in down for face in FACES[fact.protocol]}
        )
        with self.desk.step("incidents.looked") as step:
            for burst in found:
                self.tell(step, burst, down)
            for number in step.incidents.refresh(troubles):
                end_incident(step, number, OVER)
            self.renew(step, down)
        return found

    def tell(self, step: Step, burst: Burst, down: Sequence[ProbeFact] = ()) -> None:
        """Open an incident and tell the leads where escalations go: in Slack with its tickets and buttons, elsewhere
        in a sentence."""
        place, text = step.people.setting("escalate-to"), self._said(burst, down)
        number = step.incidents.open(burst, text, place)
        if place.startswith("slack/"):
            step.queues.send(Send(f"incident:{number}", "slack", "incident", place, {"incident": number}, priority=1))
        elif place:
            step.queues.send(
                Send(
                    f"incident:{number}",
                    place.partition("/")[0],
                    "alarm",
                    place,
                    {
                        "text": (
                            f"Incident {number}. {text}. Its tickets are held back. One answer for all: triage incidents answer {number} TEXT; none: triage incidents close {number}."
                        )
                    },
                    priority=1,
                )
            )

    def renew(self, step: Step, down: Sequence[ProbeFact] = ()) -> None:
        """Say of open incidents what they have come to."""
        for number, burst in step.incidents.ongoing():
            incident, told = step.incidents.incident(number, lock=True), self._said(burst, down)
            if incident is not None and incident.said != told:
                put_incident(step, replace(incident, said=told))

    def _said(self, burst: Burst, down: Sequence[ProbeFact]) -> str:
        here = burst.since.astimezone(self.zone)
        told = said(burst, self.titles, str(here.tzname()), f"{here:%H:%M}")
        protocol = dict(burst.common).get("protocol")
        seen = [
            f"{f.target} {SAID[f.fault]}" + (f" since {f.since.astimezone(self.zone):%H:%M}" if f.since else "")
            for f in down
            if protocol is None or protocol in FACES[f.protocol]
        ]
        return told + (f". Our probe: {', '.join(seen)}" if seen else "")
