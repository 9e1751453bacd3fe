"""A second look at the logs: where a triage could not look, or found nothing in logs that were not complete, the
line may be on its way.

The case is looked at again when lines have arrived, for a quarter of an hour; its card changes only where the answer
does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.core.desk.card import CardContent, content_of
from bot.core.desk.conversation import ticket_of
from bot.core.desk.values import Card, Case, Job
from bot.core.observed import LogQuery, ServerView
from bot.core.policy.tiers import Sender
from bot.core.verdict import Triage
from bot.ports import Clock, Desk, LogStore, Step
from bot.triage import Triager

KIND: Final = "look-again"
FIRST: Final = timedelta(seconds=30)
"""Until the first look; each wait is twice the one before, so that an outage's thousand tickets are not triaged all
the time."""
FOR: Final = timedelta(minutes=15)


def worth_it(server: ServerView) -> bool:
    """True where later lines may change the answer: nobody could look, or no line was found where the logs were not
    complete."""
    return server.failed is not None or (server.matching is None and bool(server.hosts) and server.coverage != "full")


def plan(step: Step, case: Case, triage: Triage) -> None:
    """Have a case looked at again, where that is worth it; once for each message and round."""
    server = triage.server
    if not worth_it(server) or server.since is None or server.until is None or triage.diagnosis.verdict == "none":
        return
    payload = {
        "version": case.version,
        "round": case.round,
        "until": (step.now + FOR).isoformat(),
        "stood": _stand(server.failed, server),
        "since": server.since.isoformat(),
        "to": server.until.isoformat(),
        "wait": FIRST.total_seconds(),
    }
    step.queues.schedule(
        f"{KIND}:{case.id}:{case.version}:{case.round}", KIND, case.id, payload, run_at=step.now + FIRST
    )


@dataclass(frozen=True)
class LookAgain:
    """Does the looks. ``change`` keeps a changed card and has it redrawn."""

    desk: Desk
    triager: Triager
    clock: Clock
    change: Callable[[Step, Card], Card]
    sender: Callable[[Case], Sender | None] = lambda _: None
    """What is proven of who writes, as at the first triage."""

    def look(self, job: Job) -> None:
        """One look: nothing where no line has arrived since the last, else another triage. Raises StoreBusy,
        InputError."""
        with self.desk.look() as view:
            case = view.cases.case(job.case_id or "")
            card = view.cases.card(f"{job.case_id}#{job.payload['round']}")
        if (
            case is None
            or (case.version, case.round) != (job.payload["version"], job.payload["round"])
            or card is None
            or card.state != "open"
        ):
            self._over(job)
            return
        now = self.clock.now()
        last = now >= datetime.fromisoformat(str(job.payload["until"]))
        stands = stand_of(
            self.triager.logs,
            datetime.fromisoformat(str(job.payload["since"])),
            datetime.fromisoformat(str(job.payload["to"])),
        )
        if stands == job.payload["stood"]:
            if last:
                self._over(job)
            else:
                with self.desk.step("case.look-later") as step:
                    step.queues.again(job, *_next(job, now, stands))
            return
        triage = self.triager.triage(ticket_of(case.id, case.messages), tried=case.tried, sender=self.sender(case))
        content = content_of(triage, self.triager.knowledge, now, case.tried)
        with self.desk.step("case.looked-again") as step:
            if last or not worth_it(triage.server):
                held = step.queues.finish_job(job)
            else:
                held = step.queues.again(job, *_next(job, now, stands))
            current = step.cases.case(case.id, lock=True)
            card = step.cases.card(card.id, lock=True)
            if (
                not held
                or current is None
                or (current.version, current.round) != (case.version, case.round)
                or card is None
                or card.state != "open"
            ):
                return
            if _says(card.content) != _says(content):
                step.cases.save(triage)
                self.change(step, replace(card, content=replace(content, by_itself=card.content.by_itself)))

    def _over(self, job: Job) -> None:
        with self.desk.step("case.look-over") as step:
            step.queues.finish_job(job)


def _next(job: Job, now: datetime, stands: str) -> tuple[datetime, str, dict[str, Any]]:
    """When to look next, no error, and with what."""
    wait = 2 * float(job.payload["wait"])
    until = datetime.fromisoformat(str(job.payload["until"]))
    return min(now + timedelta(seconds=wait), max(until, now)), "", {**job.payload, "stood": stands, "wait": wait}


def stand_of(logs: LogStore, since: datetime, until: datetime) -> str:
    """How far the logs of a window go: another text as soon as a line has arrived, or the store can be asked again."""
    hosts = logs.coverage(since, until)
    failed = None if hosts else logs.search(LogQuery(since, until)).failed
    return _stand(failed, ServerView(hosts=tuple(hosts)))


def _stand(failed: str | None, server: ServerView) -> str:
    if failed is not None:
        return "could not look"
    return " ".join(sorted(f"{host.host}/{host.program}:{host.lines}:{host.last.isoformat()}" for host in server.hosts))


def _says(content: CardContent) -> CardContent:
    """What a card says that does not change by time alone (the account's age does)."""
    return replace(content, who="", by_itself="")
