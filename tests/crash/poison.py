"""``python -m tests.crash.poison``: tickets that hang, crash or eat memory among many: all others are done, those
are a human's, and can be done again.

The workers are the product's own loop (time limit, memory limit) with short leases; whoever dies is replaced, as
``triage worker`` does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import upgrade
from bot.commands import serve
from bot.core.desk.conversation import ticket_of
from bot.core.desk.values import Delivery, Found, Inbound
from bot.core.model import Ticket
from bot.deliver import Courier
from bot.door import Door
from bot.handle import Handler
from bot.triage import Told, Triager
from bot.work import Worker
from knowledge import load
from tests.crash.processes import spawn
from tests.slack.desk import RealClock

POISONS = ("hang", "crash", "memory")
TURN_SECONDS = 2.0
"""By the clock on the wall, and a machine may be busy with other tests: a ticket that is no poison takes a fiftieth
of that."""
LEASE = timedelta(seconds=2.5)


class PoisonTriager(Triager):
    """Does to a worker what a poison ticket would do."""

    def told(self, ticket: Ticket) -> Told:
        """As the real one, but for three words."""
        if "POISON-hang" in ticket.body:
            time.sleep(3600)
        if "POISON-crash" in ticket.body:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "POISON-memory" in ticket.body:
            held = []
            while True:
                held.append(bytearray(64 * 1024 * 1024))
        return super().told(ticket)


class Nowhere:
    """An outlet that takes everything."""

    gap = timedelta(0)

    def send(self, delivery: Delivery) -> str:
        """It is sent."""
        return delivery.send.key

    def find(self, delivery: Delivery) -> Found:
        """It is not known."""
        return Found(None)


def run(tickets: int, workers: int, limit: float) -> dict[str, Any]:
    """One run; its figures. Raises TimeoutError where it does not come to rest."""
    triager = PoisonTriager(load(), EmptyLogStore(), EmptyAccountDirectory(), RealClock())
    triager.warm()
    # what the first ticket builds, each new worker inherits
    triager.triage(ticket_of("warm", [{"body": "535 5.7.8 Error: authentication failed"}]))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/desk.db"
        upgrade(Database(url))
        store = DeskStore(Database(url), RealClock())
        places = {tickets * (n + 1) // 5: poison for n, poison in enumerate(POISONS)}
        for number in range(tickets):
            poison = f" POISON-{places[number]}" if number in places else ""
            Door(store).accept(
                _inbound(number, f"user{number}@firm.example: 535 5.7.8 Error: authentication failed{poison}")
            )
        store.database.engine.dispose()
        started = time.monotonic()
        deaths = _work(url, triager, workers, tickets, limit)
        seconds = time.monotonic() - started
        store = DeskStore(Database(url), RealClock())
        with store.look() as view:
            troubled = view.queues.troubled()
            cards = [card.state for n in range(tickets) if (card := view.cases.card(f"poison/{n}#1"))]
        dead = sorted(key for what, key, _, _ in troubled if what == "job")
        with store.step("poison.replay") as step:
            back = all(step.queues.replay(key) for key in dead)
        healed = Worker(
            store,
            Handler(
                store, Triager(triager.knowledge, EmptyLogStore(), EmptyAccountDirectory(), RealClock()), RealClock()
            ),
            Courier(store, {"poison": Nowhere()}, RealClock()),
        )
        while healed.turn():
            pass
        with store.look() as view:
            after = view.queues.troubled()
        return {
            "tickets": tickets,
            "poison": len(places),
            "done": cards.count("open"),
            "dead": len(dead),
            "deaths": deaths,
            "replayed": back and not after,
            "seconds": round(seconds, 1),
        }


def _inbound(number: int, body: str) -> Inbound:
    now = datetime.now(UTC)
    return Inbound(
        "poison",
        f"d{number}",
        f"poison/{number}",
        {"id": str(number), "body": body},
        f"u{number}",
        now,
        place="poison",
        thread=str(number),
    )


def _work(url: str, triager: Triager, workers: int, tickets: int, limit: float) -> int:
    """Keep the workers running until nothing waits; returns how many died."""

    def child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        store, clock = DeskStore(Database(url), RealClock()), RealClock()
        mine = replace(
            Worker(store, Handler(store, triager, clock), Courier(store, {"poison": Nowhere()}, clock)), lease=LEASE
        )
        serve.MEMORY_BYTES = 2 * 1024**3
        try:
            serve.work_on(mine, TURN_SECONDS)
        except MemoryError:
            os._exit(4)

    running = {spawn(child) for _ in range(workers)}
    deaths, ends = 0, time.monotonic() + limit
    try:
        while not _at_rest(url):
            if time.monotonic() > ends:
                raise TimeoutError(f"no rest within {limit:.0f} s")
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                running.remove(pid)
                deaths += 1
                running.add(spawn(child))
            time.sleep(0.05)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return deaths


def _at_rest(url: str) -> bool:
    database = Database(url)
    with DeskStore(database, RealClock()).look() as view:
        backlog: Mapping[str, int] = view.queues.backlog()
    database.engine.dispose()
    time.sleep(0.2)
    return not backlog["jobs"] and not backlog["deliveries"]


def main() -> None:
    """Print the table and the figures; status 1 where a promise is broken."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no worker outlives us
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=float, default=1200.0)
    chosen = parser.parse_args()
    row = run(chosen.tickets, chosen.workers, chosen.limit)
    sys.stdout.write("  ".join(f"{k} {v}" for k, v in row.items()) + "\nfigures " + json.dumps({"poison": row}) + "\n")
    sys.exit(
        0 if row["done"] == row["tickets"] - row["poison"] and row["dead"] == row["poison"] and row["replayed"] else 1
    )


if __name__ == "__main__":
    main()
