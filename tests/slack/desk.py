"""The whole desk on a database and a fake Slack, as bootstrap wires it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt import App

from bot.adapters.slack.app import build_app
from bot.adapters.slack.client import SlackCalls, web_client
from bot.adapters.slack.context import Edge
from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.slack.people import SlackPeople
from bot.adapters.store.desk import DeskStore
from bot.core.model import Ticket
from bot.core.verdict import Triage
from bot.decide import Decisions
from bot.deliver import Courier
from bot.door import Door
from bot.handle import Handler
from bot.ports import Clock
from bot.triage import Told, Triager
from bot.work import Worker
from tests.databases import new_database
from tests.slack.payloads import SECRET
from tests.slack.server import FakeSlack


class RealClock:
    """The machine's clock, which a test may move on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class SimulatedClock(RealClock):
    """A clock that stands still unless a test moves it on: what the machine takes for the work costs no time here."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return self._began + self.ahead


@dataclass(frozen=True)
class RememberingTriager(Triager):
    """Triages each kind of ticket once: where many tickets differ in their mailbox alone and what is tried is the
    desk, not the reading."""

    read: dict[str, Told] = field(default_factory=dict)
    known: dict[tuple[str, tuple[str, ...], str | None], Triage] = field(default_factory=dict)

    def told(self, ticket: Ticket) -> Told:
        kind = _kind(ticket)
        if kind not in self.read:
            self.read[kind] = super().told(ticket)
        return replace(self.read[kind], ticket=ticket)

    def triage(
        self, ticket: Ticket | Told, *, tried: Sequence[str] = (), chosen: str | None = None, **more: Any
    ) -> Triage:
        told = ticket if isinstance(ticket, Told) else self.told(ticket)
        key = (_kind(told.ticket), tuple(tried), chosen)
        if key not in self.known:
            self.known[key] = super().triage(told, tried=tried, chosen=chosen, **more)
        return replace(self.known[key], ticket=told.ticket)


def _kind(ticket: Ticket) -> str:
    return re.sub(r"\b(u|user)\d+@", "user@", ticket.body)


@dataclass
class Office:
    """Everything that a scenario needs."""

    slack: FakeSlack
    store: DeskStore
    edge: Edge
    app: App
    worker: Worker
    clock: RealClock

    def work(self, turns: int = 200) -> None:
        """Let the worker do what is due; time passes as it needs to."""
        for _ in range(turns):
            if not self.worker.turn():
                self.clock.ahead += timedelta(seconds=1.2)
                if not self._waiting():
                    return

    def _waiting(self) -> bool:
        with self.store.look() as view:
            backlog = view.queues.backlog()
        return bool(backlog["jobs"] or backlog["deliveries"])


def open_office(
    url: str, slack: FakeSlack, triager: Triager, *, settle: float = 0.0, clock: RealClock | None = None, **courier: Any
) -> Office:
    """Wire it as bootstrap does, with an agent U9, a lead U8, and channel C1 on draft."""
    clock = clock or RealClock()
    database = new_database(url)
    store = DeskStore(database, clock)
    with store.step("test.office") as step:
        step.people.set_role("slack:T1:U9", "agent")
        step.people.set_role("slack:T1:U8", "lead")
        step.people.set("mode:slack/C1", "draft")
    edge = edge_of(slack.url, store, triager, settle)
    app = build_app(edge, web_client("xoxb-test", slack.url), SECRET)
    return Office(slack, store, edge, app, worker_of(slack.url, store, triager, clock, **courier), clock)


def edge_of(url: str, store: DeskStore, triager: Triager, settle: float = 0.0) -> Edge:
    """Slack's listeners' end."""
    calls = SlackCalls(web_client("xoxb-test", url))
    return Edge(calls, SlackPeople(calls, store), store, Door(store), Decisions(store), triager, triager.logs, settle)


def worker_of(url: str, store: DeskStore, triager: Triager, clock: Clock, **courier: Any) -> Worker:
    """One worker with Slack as its outlet."""
    outlet = SlackOutlet(SlackCalls(web_client("xoxb-test", url)), store)
    return Worker(store, Handler(store, triager, clock), Courier(store, {"slack": outlet}, clock, **courier))
