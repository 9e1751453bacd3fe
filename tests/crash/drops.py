"""``python -m tests.crash.drops``: helpdesks that take a reply and drop the connection before they say so; how often
each reply stands in its ticket."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import timedelta
from typing import Any

from bot.adapters.helpdesk.outlet import HelpdeskOutlet
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import upgrade
from bot.core.desk.values import Send
from bot.deliver import Courier
from tests.helpdesk.lookalike import LookAlike
from tests.helpdesk.vendors import LOOKALIKES, helpdesk_of
from tests.slack.desk import RealClock


def run(kind: type[LookAlike], replies: int, limit: float) -> dict[str, Any]:
    """One vendor's run; its figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        kind(drop_after=0.75, drop_before=0.15, limited=0.02, broken=0.03, seed=7) as server,
    ):
        clock, database = RealClock(), Database(f"sqlite:///{folder}/desk.db")
        upgrade(database)
        store, helpdesk = DeskStore(database, clock), helpdesk_of(server)
        tickets = [server.customer_opens(f"ticket {n}") for n in range(replies)]
        with store.step("drops.replies") as step:
            for ticket in tickets:
                thread = f"cnv_{ticket}" if server.kind == "front" else ticket
                step.queues.send(
                    Send(
                        f"reply:{ticket}",
                        helpdesk.name,
                        "reply",
                        helpdesk.name,
                        {"text": f"An answer to {ticket}", "thread": thread},
                        priority=1,
                    )
                )
        courier = Courier(store, {helpdesk.name: HelpdeskOutlet(helpdesk, store)}, clock)
        started = time.monotonic()
        while time.monotonic() - started < limit:
            if not courier.carry():
                clock.ahead += timedelta(seconds=1)
                with store.look() as view:
                    if not view.queues.backlog()["deliveries"]:
                        break
            else:
                clock.ahead += timedelta(milliseconds=60)
        counts = [len(server.written(ticket, public=True)) for ticket in tickets]
        with store.look() as view:
            parked = len(view.queues.troubled())
        return {
            "replies": replies,
            "drops": server.dropped,
            "once": counts.count(1),
            "lost": counts.count(0),
            "doubled": sum(1 for c in counts if c > 1),
            "parked": parked,
            "seconds": round(time.monotonic() - started, 1),
        }


def main() -> None:
    """Print the table and the figures; status 1 where a reply is missing or stands twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", choices=[k.kind for k in LOOKALIKES])
    parser.add_argument("--replies", type=int, default=1100)
    parser.add_argument("--limit", type=float, default=900.0)
    chosen = parser.parse_args()
    kinds = {k.kind: k for k in LOOKALIKES}
    figures = {}
    for name in chosen.kind or ["zendesk", "zammad"]:
        figures[name] = run(kinds[name], chosen.replies, chosen.limit)
        sys.stdout.write(f"{name:<12}" + "  ".join(f"{k} {v}" for k, v in figures[name].items()) + "\n")
        sys.stdout.flush()
    sys.stdout.write("figures " + json.dumps({"helpdesk": figures}) + "\n")
    sys.exit(0 if all(row["once"] == row["replies"] for row in figures.values()) else 1)


if __name__ == "__main__":
    main()
