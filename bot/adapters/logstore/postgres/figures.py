"""What reports and incidents ask of the store in PostgreSQL: its new lines in the order they were stored, and who
has logged in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import psycopg

from bot.adapters.logstore.digest import HOUR, from_micros, to_micros
from bot.adapters.logstore.placing import key
from bot.adapters.logstore.postgres.connection import bounded, check_version, connect, faults_named, name_of
from bot.adapters.logstore.postgres.reader import FIELDS, event_of_row
from bot.adapters.logstore.postgres.schema import LINES_OF_BATCH, version_of
from bot.adapters.logstore.postgres.text import read
from bot.core.networks import network_of
from bot.core.observed import FailureCount
from bot.logs.event import LogEvent

ASKS_WITHIN: Final = 30.0
"""Seconds for one question: nobody waits at a screen for it."""
_BATCH: Final = f"SELECT time, id, {FIELDS} FROM log_line WHERE id BETWEEN %(first)s AND %(last)s AND time BETWEEN %(since)s AND %(until)s ORDER BY id"


class PostgresLogFigures:
    """The port LogFigures on a PostgreSQL database; each question has a connection of its own and ``seconds``."""

    def __init__(self, url: str, *, seconds: float = ASKS_WITHIN) -> None:
        self._url, self._seconds = url, seconds
        self._name = name_of(url)

    def newest(self) -> int:
        """The mark behind the last line; 0 where nothing is stored. Raises StoreError."""
        with self._asking() as db:
            row = db.execute("SELECT coalesce(max(place), 0) FROM log_stored").fetchone() if db else None
            return int(row[0]) if row else 0

    def lines_after(self, mark: int, limit: int) -> tuple[list[LogEvent], int]:
        """Up to about ``limit`` lines that were stored after ``mark``, batch by batch, and the new mark. Raises
        StoreError."""
        events: list[LogEvent] = []
        with self._asking() as db:
            if db is None:
                return [], 0
            for place, batch, since, until in db.execute(
                "SELECT place, batch, first, last FROM log_stored WHERE place > %s ORDER BY place", (mark,)
            ).fetchall():
                first = batch * LINES_OF_BATCH
                asked = {"first": first, "last": first + LINES_OF_BATCH - 1, "since": since, "until": until}
                events += map(event_of_row, db.execute(_BATCH.encode(), asked))
                mark = place
                if len(events) >= limit:
                    break
        return events, mark

    def regulars(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Of (mailbox or "", network) those that have logged in: that mailbox from there; anybody from there where
        no mailbox is given."""
        names = sorted({key(mailbox) for mailbox, _ in pairs if mailbox})
        networks = sorted({network for mailbox, network in pairs if not mailbox and network})
        with self._asking() as db:
            if db is None:
                return set()
            seen = {
                (read(mailbox), network_of(address) or "")
                for mailbox, address in db.execute(
                    "SELECT DISTINCT mailbox, address FROM log_who WHERE who = ANY(%s) AND address <> ''", (names,)
                )
            }
            seen |= {
                ("", network)
                for (network,) in db.execute(
                    "SELECT DISTINCT network FROM log_who WHERE network = ANY(%s)", (networks,)
                )
            }
        return {pair for pair in pairs if pair in seen}

    def logged_in(self, asked: Iterable[tuple[str, str, datetime, datetime]]) -> set[str]:
        """``asked``: (id, mailbox, from, until). The ids whose mailbox has logged in meanwhile, webmail aside (it
        proves the password, not the device)."""
        rows = [(name, key(mailbox.casefold()), since, until) for name, mailbox, since, until in asked]
        with self._asking() as db:
            if db is None or not rows:
                return set()
            found = db.execute(
                "SELECT DISTINCT asked.name FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[]) AS asked (name, who, since, until)"
                " JOIN log_who ON log_who.who = asked.who AND service <> 'webmail' JOIN log_success ON log_success.tag = log_who.tag"
                " AND hour BETWEEN date_trunc('hour', since) AND until AND first <= until AND last >= since",
                [list(column) for column in zip(*rows, strict=True)],
            )
            return {name for (name,) in found}

    def active_mailboxes(self, since: datetime, until: datetime) -> int:
        """How many mailboxes have logged in within the hours that touch [since, until]."""
        with self._asking() as db:
            row = (
                db.execute(
                    "SELECT count(DISTINCT mailbox) FROM log_who WHERE tag IN (SELECT tag FROM log_success WHERE hour BETWEEN date_trunc('hour', %s::timestamptz) AND %s)",
                    (since, until),
                ).fetchone()
                if db
                else None
            )
            return int(row[0]) if row else 0

    def failures(self, since: datetime, until: datetime) -> list[FailureCount]:
        """Failures counted by whole hour and cause, of the hours that touch [since, until], oldest first. Raises
        StoreError."""
        with self._asking() as db:
            if db is None:
                return []
            found = db.execute(
                "SELECT hour, event, reason, service, host, tls, count FROM log_failure WHERE hour BETWEEN %s AND %s ORDER BY hour, event, reason, service, host, tls",
                (from_micros(to_micros(since) // HOUR * HOUR), until),
            )
            return [
                FailureCount(hour, event, reason, service, read(host), tls, count)
                for hour, event, reason, service, host, tls, count in found
            ]

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection | None]:
        with faults_named(self._name), connect(self._url) as db, bounded(db, self._seconds):
            db.execute(
                f"SET default_transaction_read_only = on; SET statement_timeout = {int(self._seconds * 1000)}".encode()
            )
            if version_of(db) is None:
                yield None
                return
            check_version(db, self._name)
            yield db
