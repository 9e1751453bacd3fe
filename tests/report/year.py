"""A year of tickets in a database, and how long reports over it take: ``make bench-report``.

python -m tests.report.year [--days 365] [--a-day 1000] [--url postgresql://…]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import FailingRow, TicketFactRow
from bot.adapters.store.reports import StoredReports
from bot.adapters.store.tables import DeliveryRow, MessageRow, ReviewRow, TicketRow
from bot.adapters.store.upgrade import upgrade
from bot.core.report.values import Filter
from bot.core.report.weeks import days_between, week_named
from bot.reporting import Reporter
from knowledge import Knowledge, load

END = datetime(2026, 11, 23, tzinfo=UTC)
PROMISE_SECONDS = 2.0
WORDS = (
    "Fehler",
    "refused",
    "gizmo",
    "Zeitlimit",
    "frobnication",
    "unerwartet",
    "subsystem",
    "Antwort",
    "0x9",
    "serveur",
    "impossible",
    "error",
)


class At:
    """A clock that stands."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def generate(database: Database, knowledge: Knowledge, *, days: int, a_day: int, seed: int = 1) -> int:
    """Fill ``database`` with the facts, replies, reviews and failing mailboxes of ``days`` days before :data:`END`;
    returns the tickets."""
    chance = random.Random(seed)
    causes = [*knowledge.checks, *knowledge.others]
    weights = [max(knowledge.prior(c), 0.001) for c in causes]
    clients = [f.name for f in knowledge.clients][:60]
    tables: dict[type, list[dict[str, object]]] = {
        t: [] for t in (TicketRow, TicketFactRow, DeliveryRow, MessageRow, ReviewRow, FailingRow)
    }
    number = 0
    for day in range(days):
        midnight = END - timedelta(days=days - day)
        for _ in range(a_day):
            number += 1
            _ticket(
                tables,
                chance,
                number,
                midnight + timedelta(seconds=chance.randrange(86_400)),
                chance.choices(causes, weights)[0],
                chance.choice(clients),
            )
        for who in chance.sample(range(20_000), 300):
            tables[FailingRow].append(
                {
                    "day": midnight,
                    "cause": chance.choices(causes, weights)[0],
                    "actor": f"m{who}@example.com",
                    "host": f"imap{who % 4}",
                    "service": "imap",
                    "mailbox": True,
                    "network": "192.0.2.0/24",
                    "proven": who % 3 > 0,
                    "first_at": midnight,
                    "last_at": midnight + timedelta(hours=3),
                    "lines": 4,
                }
            )
        if len(tables[TicketRow]) >= 20_000:
            _store(database, tables)
    _store(database, tables)
    with database.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return number


def _ticket(
    tables: dict[type, list[dict[str, object]]],
    chance: random.Random,
    number: int,
    at: datetime,
    cause: str,
    client: str,
) -> None:
    name = f"mail:{number}"
    domain = f"d{min(int(chance.expovariate(1 / 150)), 1_999)}.example"
    mailbox = f"m{chance.randrange(20_000)}@{domain}"
    tables[TicketRow].append(
        {
            "id": name,
            "channel": "mail",
            "requester": None,
            "received_at": at,
            "first_seen": at,
            "text": "",
            "place": "",
            "thread": "",
            "author": "",
            "version": 1,
            "round": 1,
            "explicit": False,
            "tried": "[]",
        }
    )
    known = chance.random() < 0.9
    tables[TicketFactRow].append(
        {
            "ticket_id": name,
            "at": at,
            "cause": cause,
            "confidence": chance.choice(["likely", "confirmed", "guess"]),
            "probability": 0.8,
            "verdict": "answer" if known else "ask",
            "mailbox": mailbox,
            "domain": domain,
            "plan": chance.choice(["nano", "pro", "starter"]),
            "client": client,
            "version": str(chance.randrange(5)),
            "host": f"imap{number % 4}",
            "network": f"10.{min(int(chance.expovariate(1 / 30)), 255)}.{chance.randrange(256)}.0/24",
            "protocol": "imap",
            "error_id": "auth-failed" if known else None,
            "unknown_text": None
            if known
            else " ".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 4)))
            + f" {chance.randrange(40)} beim Abruf von <host>",
            "abstained": None if known else "missing: client",
            "coverage": "full",
            "parsed": True,
            "matched": known,
            "line": "imap1 dovecot: imap-login: Login aborted: <mailbox>",
        }
    )
    if chance.random() < 0.6:
        tables[DeliveryRow].append(
            {
                "key": f"reply:{name}#1",
                "outlet": "mail",
                "kind": "reply",
                "place": "mail/x",
                "payload": "{}",
                "ticket_id": name,
                "state": "sent",
                "priority": 1,
                "repeatable": False,
                "automatic": False,
                "not_before": at,
                "attempts": 1,
                "searches": 0,
                "token": 1,
                "error": "",
                "created_at": at,
                "sent_at": at + timedelta(minutes=chance.randrange(5, 300)),
            }
        )
        tables[ReviewRow].append(
            {
                "ticket_id": name,
                "round": 1,
                "agent": "a",
                "decision": chance.choice(["send", "send", "edit", "other_check"]),
                "cause": cause,
                "chosen": None,
                "confidence": "likely",
                "knowledge_version": "v",
                "at": at + timedelta(minutes=5),
            }
        )
    if chance.random() < 0.1:
        tables[MessageRow].append(
            {"ticket_id": name, "author": "c", "from_agent": False, "at": at + timedelta(days=1), "document": "{}"}
        )


def _store(database: Database, tables: dict[type, list[dict[str, object]]]) -> None:
    with database.engine.begin() as connection:
        for table, rows in tables.items():
            if rows:
                connection.execute(insert(table), rows)
            rows.clear()


def main() -> None:
    """Measure; exits 1 where a report of a week or of the year, of all, of a plan or of a domain takes two seconds
    or more; the first one of a year, which adds up its days, is only printed."""
    options = argparse.ArgumentParser()
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--a-day", type=int, default=1000)
    options.add_argument("--url")
    given = options.parse_args()
    knowledge = load(None)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.url or f"sqlite:///{Path(folder) / 'year.db'}")
        upgrade(database)
        tickets = generate(database, knowledge, days=given.days, a_day=given.a_day)
        reporter = Reporter(
            StoredReports(database), EmptyLogStore(), None, knowledge, ZoneInfo("Europe/Berlin"), At(END)
        )
        first = (END - timedelta(days=given.days)).date().isoformat()
        year, took = days_between(first, "2026-11-22", reporter.zone), {}
        begun = time.perf_counter()
        reporter.report(year)
        took["first"] = round(time.perf_counter() - begun, 3)
        sys.stdout.write(f"the first report of a year, which adds up {given.days} days: {took['first']} s\n")
        for name, period, only in (
            ("week", week_named("2026-W47", reporter.zone), Filter()),
            ("year", year, Filter()),
            ("year_plan", year, Filter(plan="pro")),
            ("year_domain", year, Filter(domain="d7.example")),
        ):
            # the second time is measured: pages are then where they are on a machine that has worked a while
            reporter.report(period, only)
            begun, cpu = time.perf_counter(), time.process_time()
            reporter.catch_up()
            report = reporter.report(period, only)
            took[name] = round(time.perf_counter() - begun, 3)
            sys.stdout.write(
                f"a report of {name} over {tickets} tickets ({report.tickets} in it): {took[name]} s, {time.process_time() - cpu:.2f} s of it CPU\n"
            )
        database.engine.dispose()
    sys.stdout.write(
        "figures " + json.dumps({"tickets": tickets, **{f"{name}_s": seconds for name, seconds in took.items()}}) + "\n"
    )
    sys.exit(int(max(seconds for name, seconds in took.items() if name != "first") >= PROMISE_SECONDS))


if __name__ == "__main__":
    main()
