"""How long the page takes to its first byte with 100,000 stored tickets: ``make bench-page`` prints a table, then
one line ``figures {json}``; exits 1 above the bar."""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import upgrade
from bot.adapters.web.page.app import page_app
from bot.adapters.web.page.people import Ways
from bot.adapters.web.page.playground import EXAMPLE, pasted
from bot.adapters.web.page.site import Site
from bot.bootstrap import SystemClock
from bot.core.desk.card import content_of
from bot.core.output import to_json
from bot.decide import Decisions
from bot.door import Door
from bot.triage import Triager
from knowledge import load

BAR_MS = 200.0
ROUNDS = 30
WAITING = 300
TOKEN = "x" * 40


def fill(path: Path, triager: Triager, tickets: int) -> None:
    """A year of tickets with real answers: written past the desk, which would take its time for each."""
    triage = triager.triage(pasted(EXAMPLE))
    document, content = (
        json.dumps(to_json(triage)),
        json.dumps(content_of(triage, triager.knowledge, datetime.now(UTC)).to_json()),
    )
    causes, errors = [*triager.knowledge.checks, *triager.knowledge.others], list(triager.knowledge.errors)
    start, step = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=365), timedelta(days=365) / tickets
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        for number in range(tickets):
            at, case = (start + step * number).isoformat(" "), f"mail:{number}"
            key, state = f"{number:064d}", "open" if number > tickets - WAITING else "decided"
            raw.execute(
                "INSERT INTO ticket (id, channel, requester, first_seen, text, place, thread, author, version, round, explicit, tried) VALUES (?, 'mail', ?, ?, ?, '', '', '', 1, 1, 0, '[]')",
                (case, f"user{number % 5000}@firm.example", at, triage.reading.text),
            )
            raw.execute(
                "INSERT INTO message (ticket_id, author, from_agent, at, document) VALUES (?, '', 0, ?, '{}')",
                (case, at),
            )
            raw.execute(
                "INSERT INTO triage VALUES (?, ?, ?, ?, ?, ?, 'likely', 'answer', ?)",
                (
                    key,
                    case,
                    at,
                    f"{number // (tickets // 10):012x}",
                    f"user{number % 5000}@firm.example",
                    causes[number % len(causes)],
                    document,
                ),
            )
            raw.execute("INSERT INTO triage_match VALUES (?, ?, ?)", (key, errors[number % len(errors)], at))
            raw.execute(
                "INSERT INTO card (ticket_id, round, revision, state, mode, content, outlet, place, thread, detail, created_at) VALUES (?, 1, 1, ?, 'draft', ?, 'page', '', '', '', ?)",
                (case, state, content, at),
            )
            raw.execute(
                "INSERT INTO delivery (key, outlet, kind, place, payload, ticket_id, state, priority, repeatable, automatic, not_before, attempts, searches, token, error, created_at) "
                "VALUES (?, 'slack', 'card', 'slack/C1', '{}', ?, 'sent', 3, 0, 0, ?, 1, 0, 1, '', ?)",
                (f"card:{case}", case, at, at),
            )
            raw.execute(
                "INSERT INTO job (key, kind, ticket_id, payload, state, priority, run_at, attempts, token, error, created_at) VALUES (?, 'triage', ?, '{}', 'done', 5, ?, 1, 1, '', ?)",
                (f"triage:{case}", case, at, at),
            )
            raw.execute("INSERT INTO inbound VALUES (?, ?, 1, ?)", (case, case, at))
        raw.commit()


def main() -> int:
    """Fill, serve over a real socket, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    tickets = parser.parse_args().tickets
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database)
        triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), SystemClock())
        triager.warm()
        fill(path, triager, tickets)
        store = DeskStore(database, SystemClock())
        site = Site(store, Door(store), Decisions(store), triager, triager.logs, Ways(store, lambda _: "lead", TOKEN))
        server = uvicorn.Server(uvicorn.Config(page_app(site), port=18476, log_level="warning"))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.05)
        half = datetime.now(UTC) - timedelta(days=180)
        views = {
            "playground": "/playground",
            "queue": "/queue",
            "decided": "/queue?show=decided",
            "decided, half-way": f"/queue?show=decided&at={half.isoformat().replace('+', '%2B')}&key=x%231",
            "tickets": "/tickets",
            "tickets of a cause": "/tickets?cause=mailbox-password",
            "tickets of a mailbox": "/tickets?mailbox=user77@firm.example",
            "tickets of an error": "/tickets?error=auth-failed",
            "tickets, half-way": f"/tickets?at={half.isoformat().replace('+', '%2B')}&key=x",
            "ticket": f"/ticket?case=mail:{tickets - 7}",
            "knowledge": "/knowledge",
            "cause": "/knowledge/cause?id=mailbox-password",
            "error": "/knowledge/error?id=auth-failed",
            "logs": "/logs",
            "report": "/report",
            "incidents": "/incidents",
            "health": "/health",
            "audit": "/audit",
        }
        figures = {}
        with httpx.Client(base_url="http://127.0.0.1:18476") as client:
            client.get(f"/sign-in?token={TOKEN}")
            for name, view in views.items():
                times = []
                for _ in range(ROUNDS):
                    begun = time.perf_counter()
                    with client.stream("GET", view) as answer:
                        next(answer.iter_raw())
                        times.append((time.perf_counter() - begun) * 1000)
                        assert answer.status_code == 200, (name, answer.status_code)
                        answer.read() if not answer.is_stream_consumed else None
                figures[name] = {
                    "p50_ms": round(statistics.median(times), 1),
                    "p95_ms": round(sorted(times)[int(ROUNDS * 0.95)], 1),
                }
                sys.stdout.write(
                    f"{name:24}{figures[name]['p50_ms']:9.1f} ms p50{figures[name]['p95_ms']:9.1f} ms p95\n"
                )
        server.should_exit = True
        size = path.stat().st_size
    slow = [name for name, found in figures.items() if found["p50_ms"] > BAR_MS]
    sys.stdout.write(
        f"{tickets:,} tickets, {size / 1e6:,.0f} MB; bar: {BAR_MS:.0f} ms to the first byte (p50 of {ROUNDS})"
        + (f"; too slow: {', '.join(slow)}" if slow else "")
        + "\n"
    )
    sys.stdout.write("figures " + json.dumps({"tickets": tickets, "bytes": size, "first_byte": figures}) + "\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
