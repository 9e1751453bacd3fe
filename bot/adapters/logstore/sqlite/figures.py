"""What reports and incidents ask of the embedded store: its new lines in the order they were stored, and who has
logged in."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.adapters.logstore.digest import HOUR, from_micros, to_micros
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import BlockReader
from bot.adapters.logstore.sqlite.packing import sums_in
from bot.adapters.logstore.sqlite.schema import faults_named, key_of, open_for_reading
from bot.core.networks import network_of
from bot.core.observed import FailureCount
from bot.logs.event import LogEvent

_MANY = 400
"""Parameters of one statement."""


class SqliteLogFigures:
    """The port LogFigures on the embedded store; each question opens the file and closes it, since an ingest may
    replace it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def newest(self) -> int:
        """The mark behind the last line; 0 where nothing is stored. Raises StoreError."""
        with self._open() as db:
            return 0 if db is None else int(db.execute("SELECT coalesce(max(id), 0) FROM log_block").fetchone()[0])

    def lines_after(self, mark: int, limit: int) -> tuple[list[LogEvent], int]:
        """Up to about ``limit`` lines that were stored after ``mark``, and the new mark. Raises StoreError."""
        with self._open() as db:
            if db is None:
                return [], 0
            known, blocks = rows.orders(db), BlockReader()
            events: list[LogEvent] = []
            for block, data in db.execute("SELECT id, data FROM log_block WHERE id > ? ORDER BY id", (mark,)):
                events += [rows.unpack(packed, known)[1] for packed in blocks.lines(data)]
                mark = block
                if len(events) >= limit:
                    break
            return events, mark

    def regulars(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Of (mailbox or "", network) those that have logged in: that mailbox from there; anybody from there where
        no mailbox is given."""
        with self._open() as db:
            if db is None:
                return set()
            named = {m for m, _ in pairs if m}
            seen = {
                (mailbox, network) for mailbox, network in self._logins(db, "name", {key_of("n", m): m for m in named})
            }
            seen |= {("", network) for network in self._networks(db, {n for m, n in pairs if not m and n})}
            return {pair for pair in pairs if pair in seen}

    def _logins(self, db: sqlite3.Connection, column: str, keys: dict[int, str]) -> Iterator[tuple[str, str]]:
        for part in _parts(list(keys)):
            for key, mailbox, address in db.execute(
                f"SELECT {column}, mailbox, address FROM log_who WHERE {column} IN ({_marks(part)})", part
            ):
                if mailbox == keys[key] and address:
                    yield mailbox, _unit(address)

    def _networks(self, db: sqlite3.Connection, wanted: set[str]) -> Iterator[str]:
        keys = {key_of("i", network): network for network in wanted}
        for part in _parts(list(keys)):
            for (key,) in db.execute(f"SELECT DISTINCT network FROM log_who WHERE network IN ({_marks(part)})", part):
                yield keys[key]

    def logged_in(self, asked: Iterable[tuple[str, str, datetime, datetime]]) -> set[str]:
        """``asked``: (id, mailbox, from, until). The ids whose mailbox has logged in meanwhile, webmail aside (it
        proves the password, not the device)."""
        wanted: dict[str, list[tuple[str, int, int]]] = {}
        for name, mailbox, since, until in asked:
            wanted.setdefault(mailbox.casefold(), []).append((name, to_micros(since), to_micros(until)))
        found: set[str] = set()
        with self._open() as db:
            if db is None:
                return found
            for part in _parts(sorted(wanted)):
                keys = [key_of("n", mailbox) for mailbox in part]
                low, high = (
                    min(s for m in part for _, s, _ in wanted[m]),
                    max(u for m in part for _, _, u in wanted[m]),
                )
                for mailbox, packed in db.execute(
                    f"SELECT mailbox, sums FROM log_who CROSS JOIN log_success ON who = tag WHERE name IN ({_marks(keys)})"
                    " AND service <> 'webmail' AND hour <= ? AND last >= ?",
                    (*keys, high // HOUR, low // HOUR),
                ):
                    for one in sums_in(packed):
                        begun, ended = one.hour * HOUR + one.first, one.hour * HOUR + one.last
                        found.update(
                            name for name, since, until in wanted.get(mailbox, ()) if since <= ended and begun <= until
                        )
        return found

    def active_mailboxes(self, since: datetime, until: datetime) -> int:
        """How many mailboxes have logged in within [since, until]."""
        with self._open() as db:
            if db is None:
                return 0
            hours = (to_micros(since) // HOUR, to_micros(until) // HOUR)
            return int(
                db.execute(
                    "SELECT count(DISTINCT mailbox) FROM log_who WHERE EXISTS (SELECT 1 FROM log_success WHERE who = tag"
                    " AND hour <= ?2 AND last >= ?1 AND (hour >= ?1 OR last <= ?2 OR log_has_hour(sums, ?1, ?2)))",
                    hours,
                ).fetchone()[0]
            )

    def failures(self, since: datetime, until: datetime) -> list[FailureCount]:
        """Failures counted by whole hour and cause, of the hours that touch [since, until], oldest first. Raises
        StoreError."""
        with self._open() as db:
            if db is None:
                return []
            found = db.execute(
                "SELECT hour, event, reason, service, host, tls, count FROM log_failure WHERE hour BETWEEN ? AND ? ORDER BY hour, event, reason, service, host, tls",
                (to_micros(since) // HOUR, to_micros(until) // HOUR),
            )
            return [FailureCount(from_micros(hour * HOUR), *cause) for hour, *cause in found]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.is_file():
            yield None
            return
        with faults_named(self.path):
            db = open_for_reading(self.path)
            try:
                yield db
            finally:
                db.close()


def _unit(address: str) -> str:
    return network_of(address) or ""


def _parts(entries: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(entries), _MANY):
        yield entries[start : start + _MANY]


def _marks(part: Sequence[object]) -> str:
    return ",".join("?" * len(part))
