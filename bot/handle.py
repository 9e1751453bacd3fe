"""The work that an accepted ticket asks for: triaged, saved, shown to the agents.

It happens in jobs (:class:`Handler`), which may be killed at any moment and are then done again by somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot import look_again
from bot.answer import Answers
from bot.cards import change_card
from bot.core.desk.card import CardContent, content_of
from bot.core.desk.conversation import takes_over, ticket_of
from bot.core.desk.values import Card, Case, Job, Send
from bot.core.observed import LogQuery
from bot.core.policy.gate import is_abuse
from bot.core.policy.modes import mode_of
from bot.core.policy.tiers import Sender
from bot.errors import InputError, StoreBusy
from bot.logs.event import LogEvent
from bot.ports import Clock, Desk, Step
from bot.triage import Triager

BURST_WINDOW: Final = timedelta(minutes=5)
BURST_FROM: Final = 4
"""From the fourth ticket of one error and server within the window on, they are gathered into one thread."""
CROWD_FROM: Final = 15
"""Cards a minute in one place; whatever comes beyond is gathered as well, whatever its error."""
MAX_ATTEMPTS: Final = 5
BACK_OFF: Final = timedelta(seconds=10)
WATCH_EVERY: Final = timedelta(seconds=5)
DIGEST_EVERY: Final = timedelta(seconds=30)
UNPROVEN: Final = "who writes is not proven to own it"
LISTED: Final = 200
"""Tickets in one list: some twelve thousand characters as links."""


@dataclass(frozen=True)
class Handler:
    """Does the jobs. A card goes where its ticket came from, or to the Slack channel that ``cards:CHANNEL`` names; a
    helpdesk gets a note besides. Without ``answers`` nothing is ever sent that nobody clicked."""

    desk: Desk
    triager: Triager
    clock: Clock
    answers: Answers | None = None
    jobs: Mapping[str, Callable[[Job], None]] = field(default_factory=dict)
    """Kinds of jobs that others bring with them: reading a helpdesk's ticket, a sweep, work by the clock
    (bot/chores.py)."""

    def work(self, job: Job) -> None:
        """Do one claimed job, or give it back with the reason. A job begun too often is buried and its card says so."""
        if job.attempts > MAX_ATTEMPTS:
            self._give_up(job, "whoever worked on it died each time")
            return
        try:
            own = {
                "triage": self._triage,
                "watch": self._watch,
                "digest": self._digest,
                look_again.KIND: look_again.LookAgain(
                    self.desk, self.triager, self.clock, change_card, self._sender
                ).look,
            }
            {**own, **self.jobs}[job.kind](job)
        except StoreBusy:
            return  # the lease runs out and somebody does it again; nothing was kept
        except InputError as error:
            self._give_up(job, str(error))

    def _triage(self, job: Job) -> None:
        with self.desk.look() as view:
            case = view.cases.case(job.case_id or "")
            if case is None or not case.messages or case.version != job.payload["version"]:
                case = None
        if case is None:
            with self.desk.step("case.superseded") as step:  # a later message has its own job
                step.queues.finish_job(job)
            return
        chosen = job.payload.get("chosen")
        told = self.triager.told(ticket_of(case.id, case.messages))
        sender = self._sender(case)
        triage = self.triager.triage(told, tried=case.tried, chosen=chosen, sender=sender)
        unverified = sender is not None and sender.tier(triage.facts.mailbox, triage.account.account) == "unverified"
        blind = self.triager.triage(told, tried=case.tried, chosen=chosen, blind=True) if unverified else None
        content = content_of(triage, self.triager.knowledge, self.clock.now(), case.tried)
        content = replace(content, by_agent=chosen not in (None, "ask"))
        if unverified and content.who:
            content = replace(content, who=f"{content.who} · {UNPROVEN}")
        with self.desk.step("case.triaged") as step:
            if not step.queues.finish_job(job):
                return
            current = step.cases.case(case.id, lock=True)
            if current is None or current.version != case.version or current.round != case.round:
                return
            step.cases.save(triage)
            send = None
            if self.answers and sender:
                content, send = self.answers.consider(
                    step, current, content, triage, blind, sender, by_agent=chosen is not None
                )
            if self._show(step, current, content, rewritten=chosen is not None, abuse=is_abuse(triage)) and send:
                step.queues.send(send)
            if chosen is None:
                look_again.plan(step, current, triage)

    def _sender(self, case: Case) -> Sender | None:
        """What is proven of who writes; in Slack people are known by other means."""
        return self.answers.sender(case) if self.answers and case.channel != "slack" else None

    def _show(self, step: Step, case: Case, content: CardContent, *, rewritten: bool, abuse: bool = False) -> bool:
        """The card of a triage, new or changed; True where it is open for a decision."""
        if takes_over(case.round):
            content = replace(content, title=f"A human goes on: {content.title}", draft="")
        card = step.cases.card(f"{case.id}#{case.round}", lock=True)
        if card is not None:
            if card.state in ("open", "rewriting", "failed"):
                changed = change_card(step, replace(card, state="open", content=content, detail=""))
                _note(step, case, changed)
            return card.state in ("open", "rewriting", "failed")
        if content.verdict == "none" and not case.explicit and not rewritten:
            return False  # not about us, and nobody asked
        mode = mode_of(step.people.settings("mode:"), case.place, case.channel, content.cause).name
        if mode == "off" and case.channel != "slack":
            return False
        outlet, place, thread = _where(step, case, abuse=abuse)
        # a helpdesk's note carries the draft
        shown = "draft" if mode == "off" or (mode == "note" and case.channel != "slack") else mode
        card = Card(case.id, case.round, 1, "open", content, outlet, place, thread, shown)
        step.cases.put_card(card)
        if not self._held_back(step, case) and not self._gathered(step, case, card):
            step.queues.send(
                Send(f"card:{card.id}", card.outlet, "card", card.place, {"card": card.id}, case.id, priority=3)
            )
        _note(step, case, card)
        if abuse and case.channel == "slack" and (queue := step.people.setting("abuse-to")):
            payload = {
                "card": card.id,
                "assignee": "",
                "reason": "The mailbox is suspended for abuse, or looks taken over.",
                "by": "triage",
            }
            step.queues.send(Send(f"abuse:{card.id}", "slack", "escalation", queue, payload, case.id, priority=1))
        return True

    def _held_back(self, step: Step, case: Case) -> bool:
        """True where an open incident explains the ticket: its card waits for one answer for all (bot/incidents.py)."""
        if case.explicit or case.round > 1:
            return False
        number = step.incidents.covering(case.id)
        return number is not None and step.incidents.hold(number, case.id, case.round)

    def _gathered(self, step: Step, case: Case, card: Card) -> bool:
        """True where a card is one of many: its ticket is listed in one thread, and the counter there grows."""
        if case.explicit or case.round > 1 or card.outlet != "slack":
            return False  # a helpdesk's ticket has its note to itself
        number, count = step.cases.burst(card.place, card.content.signature or "?", BURST_WINDOW)
        if count < BURST_FROM:
            number, count = step.cases.burst(card.place, f"* {step.now:%H:%M}", timedelta(minutes=1))
            if count <= CROWD_FROM:
                return False
        step.cases.gather(number, case.id)
        step.queues.send(Send(f"burst:{number}", card.outlet, "burst", card.place, {"burst": number}, priority=4))
        step.queues.schedule(
            f"digest:{number}:{int(step.now.timestamp() // DIGEST_EVERY.total_seconds())}",
            "digest",
            None,
            {"burst": number},
            run_at=step.now + DIGEST_EVERY,
        )
        return True

    def _digest(self, job: Job) -> None:
        """List the tickets that a burst has gathered since the last list, and renew its counter."""
        number = int(job.payload["burst"])
        with self.desk.step("burst.digest") as step:
            place = step.cases.burst_state(number)[3]
            # the place is behind: what waits goes into one list when there is room for it
            if step.queues.queued(place, "digest"):
                step.queues.again(job, step.now + DIGEST_EVERY / 3)
                return
            if not step.queues.finish_job(job):
                return
            listed = step.cases.listing(number, limit=LISTED)
            if not listed:
                return
            step.queues.send(
                Send(f"digest:{job.id}", "slack", "digest", place, {"burst": number, "cases": listed}, priority=8)
            )
            step.queues.send(
                Send(
                    f"burst:{number}:{job.id}",
                    "slack",
                    "burst_update",
                    "slack/update",
                    {"burst": number},
                    priority=8,
                    repeatable=True,
                )
            )
            if len(listed) == LISTED:
                step.queues.schedule(
                    f"digest:{number}:after:{job.id}", "digest", None, {"burst": number}, run_at=step.now
                )

    def _watch(self, job: Job) -> None:
        """Look at the log while the customer tries again; the first line that decides ends it, or the time."""
        since, until = _moment(job.payload["since"]), _moment(job.payload["until"])
        now = self.clock.now()
        found = self.triager.logs.search(LogQuery(since, now, mailboxes=(str(job.payload["mailbox"]),), limit=50))
        said = [_said(line) for line in found.lines if line.outcome == "failure"]
        said += [
            f"{s.last:%H:%M:%S} UTC {s.service} login OK from {s.remote_ip}" for s in found.successes if s.last >= since
        ]
        with self.desk.step("watch.looked") as step:
            if not said and now < until:
                step.queues.again(job, now + WATCH_EVERY)
                return
            if not step.queues.finish_job(job):
                return
            step.queues.send(
                Send(
                    f"watch:{job.id}",
                    "slack",
                    "watch",
                    str(job.payload["place"]),
                    {"thread": job.payload["thread"], "lines": said[:5], "failed": found.failed or ""},
                    job.case_id,
                    priority=1,
                )
            )

    def _give_up(self, job: Job, why: str) -> None:
        with self.desk.step("job.buried") as step:
            if not step.queues.bury(job, why) or job.kind != "triage" or job.case_id is None:
                return
            case = step.cases.case(job.case_id, lock=True)
            if case is None:
                return
            card = step.cases.card(f"{case.id}#{case.round}", lock=True)
            if card is None:
                card = Card(
                    case.id,
                    case.round,
                    1,
                    "failed",
                    CardContent("The triage failed"),
                    *_where(step, case, abuse=False),
                    detail=why,
                )
                step.cases.put_card(card)
                step.queues.send(
                    Send(f"card:{card.id}", card.outlet, "card", card.place, {"card": card.id}, case.id, priority=3)
                )
            else:
                change_card(step, replace(card, state="failed", detail=why))


def _where(step: Step, case: Case, *, abuse: bool) -> tuple[str, str, str]:
    """(outlet, place, thread) of a new card: where the ticket came from, or the Slack channel that a lead has named
    for its channel, or for abuse."""
    named = (step.people.setting("abuse-to") if abuse else "") or step.people.setting(f"cards:{case.channel}")
    if case.channel == "slack" or not named:
        return case.channel, case.place, case.thread
    return named.partition("/")[0], named, ""


def _note(step: Step, case: Case, card: Card) -> None:
    """The internal note in the helpdesk, where the card itself is elsewhere."""
    if card.outlet != case.channel:
        step.queues.send(
            Send(
                f"note:{card.id}:{card.revision}",
                case.channel,
                "note",
                case.place,
                {"card": card.id, "thread": case.thread},
                case.id,
                priority=3,
            )
        )


def _moment(value: object) -> Any:
    return datetime.fromisoformat(str(value))


def _said(line: LogEvent) -> str:
    stamp = f"{line.time:%H:%M:%S} UTC" if line.time else "time unknown"
    return f"{stamp} {line.service or line.program or ''} {(line.reason or line.event).replace('_', ' ')} from {line.remote_ip or 'no address'}"
