"""``python -m tests.crash.run``: kill -9 at random while tickets come in and answers go out; what is lost, doubled,
parked.

An event counts as accepted when its dispatch returned 200 and that was written down. Lost: accepted, and no card in
the channel, no parked delivery. Doubled: a key that stands in more than one message. Every accepted ticket's card is
also clicked twice, by two people: one reply each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.slack.text import plain_of
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import upgrade
from bot.core.desk.keys import token_of
from bot.core.model import Ticket
from knowledge import load
from tests.crash.logs import run_logs
from tests.crash.processes import CHANNELS, TEXTS, WARM_CHANNEL, Plan, Warm, edge, noted, slack, spawn, warm, worker
from tests.postgres import postgres
from tests.slack.desk import RealClock, RememberingTriager

WORKERS = 4
KILLS_A_SECOND = 1.5
"""At random moments, beside those at fail-points."""
NOT_HERE = frozenset({"db.upgrade"})
"""Fail-points of what is not done in a run; they have tests of their own."""


def run(url: str, *, tickets: int, kills: int, seed: int, limit: float) -> dict[str, Any]:
    """One run; its figures. Raises TimeoutError where it does not come to rest."""
    dice = random.Random(seed)
    knowledge = load()
    triager = RememberingTriager(knowledge, EmptyLogStore(), EmptyAccountDirectory(), RealClock())
    triager.warm()
    for text in TEXTS:  # each worker inherits what the parent knows: a run is about what happens between a ticket's steps, not about reading it
        triager.triage(
            Ticket(id="warm", body=plain_of("<@UBOT> ") + text.format(box="user0@firm.example"), channel="slack")
        )
    database = Database(url)
    upgrade(database)
    with DeskStore(database, RealClock()).step("crash.roles") as step:
        for user in ("U8", "U9"):
            step.people.set_role(f"slack:T1:{user}", "agent")
        for channel in (WARM_CHANNEL, *(f"C{100 + number}" for number in range(CHANNELS))):
            step.people.set(f"mode:slack/{channel}", "draft")
    database.engine.dispose()  # no connection may be shared with children
    read, write = os.pipe()
    server = spawn(lambda: slack(write, seed))
    os.close(write)
    slack_url = os.read(read, 200).decode().strip()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            done = _go(
                Plan(url, slack_url, folder, tickets, kills / (25 * tickets)),
                warm(url, slack_url, triager),
                kills,
                dice,
                limit,
            )
            return _figures(done, Database(url), folder, slack_url)
        finally:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)


def _go(plan: Plan, warmed: Warm, kills: int, dice: random.Random, limit: float) -> Plan:
    """Keep the processes running and kill them, until enough have died and everything has been carried out."""
    roles: dict[int, str] = {}
    killed = 0
    quiet = Plan(plan.url, plan.slack_url, plan.folder, plan.tickets, 0.0)
    ends = time.monotonic() + limit

    def start(role: str) -> None:
        armed = plan if killed < kills else quiet
        serve = edge if role == "edge" else worker
        seed = dice.randrange(1 << 30)
        roles[spawn(lambda: serve(armed, warmed, seed))] = role

    for role in ["edge"] + ["worker"] * WORKERS:
        start(role)
    due = time.monotonic() + dice.expovariate(KILLS_A_SECOND)
    try:
        while True:
            if time.monotonic() > ends:
                raise TimeoutError(
                    f"no rest within {limit:.0f} s: {killed} kills, {len(noted(plan.folder / 'acknowledged'))} accepted, {len(noted(plan.folder / 'clicked'))} clicked"
                )
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in roles:
                role = roles.pop(pid)
                if not os.WIFSIGNALED(status):
                    raise RuntimeError(f"a {role} ended by itself with {os.waitstatus_to_exitcode(status)}")
                killed += 1
                start(role)
                continue
            if killed < kills and time.monotonic() > due:
                os.kill(dice.choice(list(roles)), signal.SIGKILL)
                due = time.monotonic() + dice.expovariate(KILLS_A_SECOND)
            if killed >= kills and noted(plan.folder / "finished") and _at_rest(plan.url):
                return Plan(plan.url, plan.slack_url, plan.folder, killed, 0.0)
            time.sleep(0.02)
    finally:
        for pid in roles:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _at_rest(url: str) -> bool:
    database = Database(url)
    with DeskStore(database, RealClock()).look() as view:
        backlog = view.queues.backlog()
    database.engine.dispose()
    time.sleep(0.2)
    return not backlog["jobs"] and not backlog["deliveries"]


def _figures(done: Plan, database: Database, folder: Path, slack_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(slack_url + "test.dump") as answer:
        messages = json.load(answer)["messages"]
    keys = Counter(next(iter(m["blocks"]), {}).get("block_id") for m in messages)
    accepted = [int(n) for n in noted(folder / "acknowledged")]
    plan = Plan("", "", folder, 0, 0.0)
    with DeskStore(database, RealClock()).look() as view:
        troubled = {key for _, key, _, _ in view.queues.troubled()}
    database.engine.dispose()
    wanted = [f"card:{plan.case_id(n)}#1" for n in accepted] + [
        f"reply:{plan.case_id(int(n))}#1" for n in noted(folder / "clicked")
    ]
    lost = [key for key in wanted if not keys[f"key|{token_of(key)}"] and key not in troubled]
    return {
        "kills": done.tickets,
        "accepted": len(set(accepted)),
        "sends": len(wanted),
        "lost": len(lost),
        "doubled": sum(n - 1 for n in keys.values() if n > 1),
        "parked": len(troubled),
        "failpoints_reached": len(set(noted(folder / "reached"))),
        "failpoints_killed": len(set(noted(folder / "killed"))),
        "not_killed": sorted(set(noted(folder / "reached")) - set(noted(folder / "killed"))),
    }


@contextmanager
def database_url(engine: str) -> Iterator[str]:
    """A new database of an engine."""
    with ExitStack() as stack:
        if engine == "postgresql":
            yield stack.enter_context(postgres())
        else:
            yield f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/desk.db"


def promises_kept(row: dict[str, Any], kills: int) -> bool:
    """0 lost, 0 doubled, at most 1 % parked, and as many kills as asked for."""
    return not row["lost"] and not row["doubled"] and row["parked"] * 100 <= row["sends"] and row["kills"] >= kills


def main() -> None:
    """Print the table and the figures; status 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--engine",
        action="append",
        choices=["sqlite", "postgresql", "log"],
        help="log: `triage logs follow` instead of the desk",
    )
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--limit", type=float, default=1500.0)
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    logs: dict[str, Any] = {}
    for engine in chosen.engine or ["sqlite", "postgresql", "log"]:
        started = time.monotonic()
        if engine == "log":
            logs["sqlite"] = run_logs(kills=chosen.kills, seed=chosen.seed)
            sys.stdout.write(
                f"{'log.sqlite':<12}"
                + "  ".join(f"{re.sub('_', ' ', k)} {v}" for k, v in logs["sqlite"].items())
                + f"  (seed {chosen.seed})\n"
            )
            sys.stdout.flush()
            continue
        with database_url(engine) as url:
            row = run(url, tickets=chosen.tickets, kills=chosen.kills, seed=chosen.seed, limit=chosen.limit)
        figures[engine] = {**row, "seconds": round(time.monotonic() - started)}
        sys.stdout.write(
            f"{engine:<12}"
            + "  ".join(f"{re.sub('_', ' ', k)} {v}" for k, v in figures[engine].items())
            + f"  (seed {chosen.seed})\n"
        )
        sys.stdout.flush()
    sys.stdout.write(
        "figures " + json.dumps({name: rows for name, rows in (("slack", figures), ("log", logs)) if rows}) + "\n"
    )
    kept = all(promises_kept(row, chosen.kills) for row in figures.values())
    sys.exit(
        0
        if kept and not any(row["lost"] or row["doubled"] or row["kills"] < chosen.kills for row in logs.values())
        else 1
    )


if __name__ == "__main__":
    main()
