"""A desk on SQLite with a helpdesk of the test's own as its outlet: what would leave, leaves into a list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.adapters.store.desk import DeskStore
from bot.answer import Answers
from bot.core.desk.values import Accepted, Card, Delivery, Envelope, Found, Inbound
from bot.core.policy.gate import Rules
from bot.decide import Decisions
from bot.deliver import Courier
from bot.door import Door
from bot.handle import Handler
from bot.triage import Triager
from bot.work import Worker
from tests.databases import new_database

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AUTHSERV = "mx.host.example"
OURS = "support@host.example"
RULES = Rules(frozenset({AUTHSERV}), frozenset({OURS}))
SETTINGS_FAULT = (
    "Hello, I cannot receive mail for {mailbox} with Thunderbird 128. My settings: IMAP server imap.trekmail.net, port 143, "
    "connection security STARTTLS. It says: connection refused."
)
"""A fault that stands in the settings that the customer wrote."""


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        """The test's present."""
        return self.moment


@dataclass
class Outbox:
    """The outlet of a helpdesk that does as it is told and forgets nothing."""

    gap: timedelta = timedelta()
    sent: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery) -> str:
        """Accept it."""
        self.sent.append(delivery)
        return f"r{len(self.sent)}"

    def find(self, delivery: Delivery) -> Found:
        """What has been accepted is found by its key."""
        return Found(next((f"r{n}" for n, d in enumerate(self.sent, 1) if d.send.key == delivery.send.key), None))

    def kinds(self, kind: str) -> list[Delivery]:
        """All deliveries of a kind, in order."""
        return [d for d in self.sent if d.send.kind == kind]

    @property
    def replies(self) -> list[Delivery]:
        """What customers would read."""
        return self.kinds("reply")


@dataclass
class Helpdesk:
    """Door, worker and outlets of one bot, for the channel ``desk``."""

    store: DeskStore
    clock: Clock
    door: Door
    worker: Worker
    outbox: Outbox
    slack: Outbox
    decisions: Decisions
    _number: int = 0

    def ticket(self, body: str, envelope: Envelope | None, *, thread: str = "", **more: Any) -> Accepted | None:
        """One message comes in; each is a ticket of its own unless ``thread`` says otherwise."""
        self._number += 1
        thread = thread or f"t{self._number}"
        message = {
            "body": body,
            "requester": envelope.requester if envelope else None,
            "received_at": self.clock.now().isoformat(),
        }
        values: dict[str, Any] = {
            "channel": "desk",
            "delivery_id": f"d{self._number}",
            "conversation": f"desk:{thread}",
            "message": message,
            "author": envelope.requester or "" if envelope else "",
            "at": self.clock.now(),
            "place": "desk",
            "thread": thread,
            "envelope": envelope,
        }
        return self.door.accept(Inbound(**{**values, **more}))

    def work(self, turns: int = 400) -> None:
        """Do what is due now."""
        for _ in range(turns):
            if not self.worker.turn():
                return

    def card(self, thread: str, round_: int = 1) -> Card:
        """The card of a ticket."""
        with self.store.look() as view:
            card = view.cases.card(f"desk:{thread}#{round_}")
        assert card is not None
        return card

    def set(self, name: str, value: str) -> None:
        """What a lead has set."""
        with self.store.step("test.set") as step:
            step.people.set(name, value)

    def pass_(self, **time: float) -> None:
        """Time goes by."""
        self.clock.moment += timedelta(**time)


def open_helpdesk(url: str, triager: Triager, rules: Rules = RULES, *, auto: bool = True) -> Helpdesk:
    """Wired as bootstrap does; ``auto``: a lead has switched the channel and its port check on by hand."""
    clock = Clock()
    database = new_database(url)
    store = DeskStore(database, clock)
    answers = Answers(triager.knowledge, rules)
    outbox, slack = Outbox(), Outbox()
    handler = Handler(store, replace(triager, clock=clock), clock, answers)
    worker = Worker(store, handler, Courier(store, {"desk": outbox, "slack": slack}, clock, judge=answers.judge))
    office = Helpdesk(store, clock, Door(store), worker, outbox, slack, Decisions(store))
    if auto:
        office.set("mode:desk", "auto")
        for cause in ("port-and-tls", "mailbox-password", "hostnames", "username-full-address"):
            office.set(f"mode:desk#{cause}", "auto")
    return office


def proven(address: str, *, extra: tuple[tuple[str, str], ...] = (), **more: Any) -> Envelope:
    """A mail that our exchanger has proven to be ``address``'s."""
    domain = address.rpartition("@")[2]
    headers = (
        ("Authentication-Results", f"{AUTHSERV}; dmarc=pass (p=reject dis=none) header.from={domain}"),
        ("From", f"Somebody <{address}>"),
        *extra,
    )
    return Envelope(address, headers, address, **more)


def unproven(address: str, *, extra: tuple[tuple[str, str], ...] = (), **more: Any) -> Envelope:
    """A mail of which nobody knows anything."""
    return Envelope(address, (("From", f"<{address}>"), *extra), address, **more)
