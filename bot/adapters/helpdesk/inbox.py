"""What comes in from a helpdesk: the jobs that read a ticket, and the sweep that finds what no webhook told of."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from bot.cards import change_card
from bot.core.desk.helpdesk import TICKET_ID, Closed, Command, File, Thread, events_of
from bot.core.desk.rules import highest
from bot.core.desk.values import Decision, Inbound, Job, Outcome, Send
from bot.core.parse.mime_parts import MAX_CONTENT, may_hold_text
from bot.core.parse.plain import one_line
from bot.core.parse.ticket_json import ticket_from_json, ticket_to_json
from bot.decide import Decisions
from bot.door import Door
from bot.errors import InputError, SendError, SendLater, SendPointless, SendRefused
from bot.ports import AttachmentReader, Clock, Desk, Helpdesk
from knowledge.model import Knowledge

READ: Final = "helpdesk_read"
SWEEP: Final = "helpdesk_sweep"
LONGEST_WAIT: Final = 900.0
TRIES: Final = 20
"""A ticket that the helpdesk will not show is asked for some hours; then it is a human's."""
SETTLED: Final = timedelta(seconds=2)
"""Most vendors stamp a change with whole seconds. A ticket is read when the second in which it was found changed is
over: what else happened within that second is read too, and whatever comes later has another stamp."""
MAX_FILES: Final = 6
FETCH_SECONDS: Final = 10.0
PATIENCE: Final = 2
"""So often a ticket is read again because a file could not be had; then it goes on without."""


@dataclass(frozen=True)
class HelpdeskInbox:
    """Reads tickets and hands in what is new: messages to the door, agents' notes and closes to the decisions.

    Everything it takes has a key of its own, so a job may be done twice, and webhook and sweep may both tell of the
    same change.
    """

    helpdesk: Helpdesk
    desk: Desk
    clock: Clock
    knowledge: Knowledge
    every: timedelta
    """Between two sweeps."""
    thread_of: Callable[[Any], Thread] | None = None
    """For the generic webhook, whose ticket comes with the delivery."""
    reader: AttachmentReader | None = None
    """Opens what came with a post; None: files are only named."""

    def jobs(self) -> Mapping[str, Callable[[Job], None]]:
        """The kinds of jobs that are done here."""
        return {READ: self.read, SWEEP: self.sweep}

    def schedule(self) -> None:
        """See to it that there is a sweep; one that had been given up is taken up again."""
        if self.thread_of is not None:
            return
        with self.desk.step("sweep.begin") as step:
            key = f"sweep:{self.helpdesk.name}"
            if not step.queues.schedule(key, SWEEP, None, {"cursor": ""}, priority=4):
                step.queues.replay(key)

    def sweep(self, job: Job) -> None:
        """Ask what has changed since the cursor and queue a look at each; the cursor moves in the same transaction."""
        try:
            found = self.helpdesk.changed(str(job.payload.get("cursor", "")))
        except SendLater as error:
            self._later(job, error)
            return
        except (SendRefused, SendPointless) as error:
            # a token that is renewed tomorrow must not end the sweep for good
            self._later(job, SendLater(str(error), seconds=LONGEST_WAIT))
            return
        with self.desk.step("helpdesk.swept") as step:
            wait = timedelta(seconds=1) if found.more else self.every
            if step.queues.again(job, step.now + wait, payload={"cursor": found.cursor}):
                for ticket, version in found.tickets:
                    if TICKET_ID.fullmatch(ticket):
                        step.queues.schedule(
                            f"read:{self.helpdesk.name}:{ticket}:{version}",
                            READ,
                            None,
                            {"ticket": ticket},
                            run_at=step.now + SETTLED,
                            priority=4,
                        )

    def read(self, job: Job) -> None:
        """Read one ticket and take what is new of it."""
        try:
            document = job.payload.get("document")
            thread: Thread | None = (
                self.thread_of(document)
                if self.thread_of is not None
                else self.helpdesk.read(str(job.payload["ticket"]))
            )
        except SendLater as error:
            self._later(job, error)
            return
        except SendPointless:
            thread = None  # deleted meanwhile: there is nothing to take
        except SendRefused as error:
            if int(job.payload.get("tries", 0)) < TRIES and self.thread_of is None:
                self._later(job, SendLater(str(error), seconds=60))  # a token that is renewed tomorrow
                return
            with self.desk.step("helpdesk.refused") as step:
                step.queues.bury(job, str(error))
            return
        try:
            if thread is not None and not thread.merged:
                self.take(thread, patient=int(job.payload.get("tries", 0)) < PATIENCE)
        except SendLater as error:
            self._later(job, error)
            return
        asked = str(job.payload.get("ticket") or (thread.id if thread else ""))
        if thread is None or thread.merged or thread.id != asked:
            self._withdraw(
                asked,
                "the ticket is gone"
                if thread is None
                else "the ticket was merged" + (f" into {thread.id}" if thread.id != asked else " into another"),
            )
        with self.desk.step("helpdesk.read") as step:
            step.queues.finish_job(job)

    def take(self, thread: Thread, *, patient: bool = False) -> None:
        """Everything that is new about a ticket, in order. A ticket that was closed before we ever saw it is left
        alone.

        Raises SendLater where a file cannot be had now and we are ``patient``; what came before it has been taken.
        """
        with self.desk.look() as view:
            known = view.cases.belongs(f"{self.helpdesk.name}/{thread.id}") is not None
        if thread.closed and not known:
            return
        door = Door(self.desk)
        files = {f"{thread.id}:{post.id}": post.files for post in thread.posts}
        for event in events_of(self.helpdesk.name, thread):
            if isinstance(event, Inbound):
                door.accept(self._opened(event, files.get(event.delivery_id, ()), patient=patient))
            else:
                self._decide(thread, event)

    def _withdraw(self, ticket: str, why: str) -> None:
        """A ticket that is no more, or goes on as another, has no draft to send."""
        with self.desk.step("helpdesk.gone") as step:
            case_id = step.cases.belongs(f"{self.helpdesk.name}/{ticket}")
            case = step.cases.case(case_id, lock=True) if case_id else None
            card = step.cases.card(f"{case.id}#{case.round}", lock=True) if case else None
            if card is not None and card.state in ("open", "rewriting", "failed"):
                change_card(step, replace(card, state="withdrawn", detail=why))

    def _opened(self, inbound: Inbound, files: tuple[File, ...], *, patient: bool) -> Inbound:
        """A customer's message with the text of its files, where they can be read within limits; what cannot be read
        is named. Raises SendLater."""
        if self.reader is None or not files or inbound.from_agent:
            return inbound
        with self.desk.look() as view:
            if view.cases.had(f"{inbound.channel}:{inbound.delivery_id}"):
                return inbound
        told, notes = [f.told() for f in files], list[str]()
        until, wanted = (
            time.monotonic() + FETCH_SECONDS,
            [
                n
                for n, f in enumerate(files)
                if f.ref and f.size <= MAX_CONTENT and may_hold_text(f.name, f.content_type)
            ],
        )
        for number in wanted[:MAX_FILES]:
            name = one_line(files[number].name, 80) or "without a name"
            if time.monotonic() > until:
                notes.append(f"attachment {name} was not fetched in time")
                continue
            try:
                told[number] = {
                    **told[number],
                    "content": base64.b64encode(self.helpdesk.fetch(files[number].ref, MAX_CONTENT)).decode(),
                }
            except SendError as error:
                if isinstance(error, SendLater) and patient:
                    raise
                notes.append(f"attachment {name} could not be fetched: {one_line(str(error), 160)}")
        message = {**inbound.message, "attachments": told, "notes": notes}
        try:
            read = ticket_to_json(
                self.reader.read(ticket_from_json(message, where=inbound.delivery_id, fallback_id=inbound.conversation))
            )
        except InputError as error:  # what a delivery calls base64 and is none
            return replace(
                inbound,
                message={
                    **inbound.message,
                    "attachments": [{k: v for k, v in f.items() if k != "content"} for f in told],
                    "notes": [str(error)],
                },
            )
        return replace(inbound, message={**inbound.message, "attachments": read["attachments"], "notes": read["notes"]})

    def _decide(self, thread: Thread, event: Command | Closed) -> None:
        """Take an agent's word once. It is marked as taken after it was carried out: a decision that is taken twice
        is refused the second time."""
        key = f"{self.helpdesk.name}:word:{event.key}"
        with self.desk.look() as view:
            case_id = view.cases.belongs(f"{self.helpdesk.name}/{thread.id}")
            case = view.cases.case(case_id) if case_id else None
            card = view.cases.card(f"{case.id}#{case.round}") if case else None
            role = highest({view.people.role(event.by), "agent"})  # the helpdesk has already let them in as staff
            taken = view.cases.had(key)
        if taken:
            return
        outcome = Outcome(False, "There is nothing to decide for this ticket yet.")
        if card is not None:
            outcome = self._carry_out(
                Decision(card.id, card.revision, "not_ours", event.by, role)
                if isinstance(event, Closed)
                else self._decision(card.id, card.revision, event, role)
            )
        with self.desk.step("helpdesk.word") as step:
            if step.cases.first_time(key) and not outcome.done and isinstance(event, Command):
                step.queues.send(
                    Send(
                        f"say:{key}",
                        self.helpdesk.name,
                        "say",
                        self.helpdesk.name,
                        {"thread": thread.id, "text": f"Triage: {outcome.said}"},
                        case_id,
                        priority=1,
                    )
                )

    def _carry_out(self, decision: Decision | Outcome) -> Outcome:
        return decision if isinstance(decision, Outcome) else Decisions(self.desk).decide(decision)

    def _decision(self, card_id: str, revision: int, command: Command, role: str) -> Decision | Outcome:
        """A command as a decision, or what is wrong with it."""
        if command.stale:
            return Outcome(
                False, "The customer has written since the last note; the new note has the draft as it is now."
            )
        if not command.action:
            return Outcome(
                False, "That is no command. Known: /triage send, check NUMBER, ask, not-ours, escalate REASON, retry."
            )
        if command.action != "other_check":
            return Decision(card_id, revision, command.action, command.by, role, text=command.argument)
        wanted = command.argument.strip().removeprefix("#")
        for check in self.knowledge.checks.values():
            if wanted in (str(check.number), check.id):
                return Decision(card_id, revision, "other_check", command.by, role, cause=check.id)
        if wanted in self.knowledge.others:
            return Decision(card_id, revision, "other_check", command.by, role, cause=wanted)
        return Outcome(False, f"There is no such check; use a number from 1 to {len(self.knowledge.checks)}.")

    def _later(self, job: Job, error: SendLater) -> None:
        """The helpdesk cannot be asked now: that is no fault of the job, so it counts as no attempt."""
        with self.desk.step("helpdesk.later") as step:
            tries = int(job.payload.get("tries", 0)) + 1
            wait = min(max(error.seconds, 5.0 * 2.0 ** min(tries, 10)), LONGEST_WAIT)
            step.queues.again(
                job, step.now + timedelta(seconds=wait), payload={**job.payload, "tries": tries, "why": str(error)}
            )
