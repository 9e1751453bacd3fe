"""The whole desk on a database and one helpdesk, as bootstrap wires it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.adapters.helpdesk.inbox import HelpdeskInbox
from bot.adapters.helpdesk.outlet import HelpdeskOutlet
from bot.adapters.store.desk import DeskStore
from bot.core.desk.values import Card
from bot.deliver import Courier
from bot.handle import Handler
from bot.ports import Helpdesk
from bot.triage import Triager
from bot.work import Worker
from tests.databases import new_database
from tests.slack.desk import RealClock


@dataclass
class Office:
    """Everything that a scenario needs."""

    store: DeskStore
    inbox: HelpdeskInbox
    worker: Worker
    clock: RealClock

    def work(self, turns: int = 60) -> None:
        """Sweep now, and do all that follows from it; the sweep after that is not waited for."""
        self.clock.ahead += self.inbox.every
        idle = 0
        for _ in range(turns):
            if self.worker.turn():
                idle = 0
                continue
            self.clock.ahead += timedelta(seconds=0.4)
            idle += 1
            if idle > 3 and not self._waiting():
                return

    def _waiting(self) -> bool:
        with self.store.look() as view:
            backlog = view.queues.backlog()
        return bool(backlog["deliveries"] or backlog["jobs"] > 1)

    def card(self, ticket: str, round_: int = 1) -> Card | None:
        """The card of a ticket."""
        with self.store.look() as view:
            return view.cases.card(f"{self.inbox.helpdesk.name}/{ticket}#{round_}")

    def troubled(self) -> list[tuple[str, str, str, str]]:
        """What waits for a human."""
        with self.store.look() as view:
            return view.queues.troubled()


def open_office(url: str, helpdesk: Helpdesk, triager: Triager, *, every: float = 15, **courier: Any) -> Office:
    """Wire it as bootstrap does."""
    clock = RealClock()
    database = new_database(url)
    store = DeskStore(database, clock)
    inbox = HelpdeskInbox(helpdesk, store, clock, triager.knowledge, timedelta(seconds=every))
    inbox.schedule()
    worker = Worker(
        store,
        Handler(store, triager, clock, jobs=inbox.jobs()),
        Courier(store, {helpdesk.name: HelpdeskOutlet(helpdesk, store)}, clock, **courier),
    )
    return Office(store, inbox, worker, clock)
