"""Writes batches: rows, sums, coverage and the file's position in one transaction, so that kill -9 is
harmless."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.adapters.logstore.digest import HOUR
from bot.adapters.logstore.rhythm import Beat, BeatFinder
from bot.adapters.logstore.sqlite import rhythm_rows, rows
from bot.adapters.logstore.sqlite.prepared import Prepared, SpanRows, sum_tag


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read: its identity (digest of its first ``length`` bytes) and the position behind
    it."""

    id: int | None
    fingerprint: bytes
    length: int
    position: int
    path: str


class Writer:
    """One writing connection and what it remembers between batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._finders: dict[int, BeatFinder] = {}

    def write(self, ready: Prepared, mark: Mark | None) -> int | None:
        """Store the rows of a batch and how far its file was read, all or nothing; returns the mark's id."""
        with self._transaction():
            rows.remember_order(self._db)
            self._lines(ready)
            self._successes(ready)
            self._sessions(ready)
            self._coverage(ready)
            return self._advance(mark) if mark is not None else None

    def refresh_gaps(self) -> None:
        """Work out again the gaps of every stretch that batches have touched."""
        with self._transaction():
            for span in rhythm_rows.dirty_spans(self._db):
                found = rhythm_rows.find_gaps(self._db, span)
                self._db.execute(
                    "DELETE FROM log_gap WHERE span = ? AND end >= ? AND start <= ?",
                    (span.id, span.low, span.high),
                )
                self._db.executemany(
                    "INSERT OR REPLACE INTO log_gap VALUES (?, ?, ?)", [(span.id, *gap) for gap in found]
                )
            self._db.execute(
                "UPDATE log_span SET dirty_first = NULL, dirty_last = NULL WHERE dirty_first NOT NULL"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _lines(self, ready: Prepared) -> None:
        line = int(self._db.execute("SELECT coalesce(max(id), 0) FROM log_line").fetchone()[0])
        self._db.executemany(f"INSERT INTO log_line VALUES (? + {line}, ?, ?, ?)", ready.lines)
        self._db.executemany(f"INSERT INTO log_find VALUES (?, ?, ? + {line})", ready.finds)
        self._db.executemany(
            "INSERT INTO log_login VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            ready.logins,
        )

    def _successes(self, ready: Prepared) -> None:
        self._db.executemany(
            "INSERT INTO log_success (name, hour, tag, domain, network, mailbox, address, service,"
            " host, count,"
            " first, last, client, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name, hour, tag) DO UPDATE SET count = count + excluded.count,"
            " first = min(first, excluded.first), last = max(last, excluded.last),"
            " client = coalesce(excluded.client, client), version = coalesce(excluded.version, version)",
            ready.sums,
        )

    def _sessions(self, ready: Prepared) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO log_session (tag, name, start, end, mailbox, address, service,"
            " host, session, client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ready.sessions,
        )
        self._db.executemany(
            "UPDATE log_session SET end = ? WHERE tag = ? AND end IS NULL AND start <= ?", ready.ends
        )
        for tag, client, version in ready.clients:
            self._name_client(tag, client, version)
        self._db.executemany("DELETE FROM log_session WHERE host = ? AND start < ?", ready.expired)

    def _name_client(self, tag: int, client: str, version: str | None) -> None:
        """A client named itself in a session that an earlier batch began."""
        row = self._db.execute(
            "UPDATE log_session SET client = ? WHERE tag = ? RETURNING name, start, mailbox,"
            " address, service, host",
            (client, tag),
        ).fetchone()
        if row is not None:
            name, start, mailbox, address, service, host = row
            self._db.execute(
                "UPDATE log_success SET client = ?, version = ? WHERE name = ? AND hour = ? AND tag = ?",
                (client, version, name, start - start % HOUR, sum_tag(mailbox, address or "", service, host)),
            )

    def _coverage(self, ready: Prepared) -> None:
        for found in ready.spans:
            span = self._span(found)
            self._db.executemany(
                f"INSERT INTO log_minute VALUES ({span}, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " lines = lines + excluded.lines, first = min(first, excluded.first),"
                " last = max(last, excluded.last)",
                found.minutes,
            )
            self._beats(span, found.visits)

    def _span(self, found: SpanRows) -> int:
        known = self._db.execute(
            "SELECT id, services FROM log_span WHERE host = ? AND family = ?", found.source
        ).fetchone()
        together = found.services | (set(known[1].split()) if known else set())
        row = self._db.execute(
            "INSERT INTO log_span (host, family, first, last, lines, services, dirty_first, dirty_last)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, family) DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last), lines ="
            " lines + excluded.lines,"
            " services = excluded.services,"
            " dirty_first = min(coalesce(dirty_first, excluded.dirty_first), excluded.dirty_first),"
            " dirty_last = max(coalesce(dirty_last, excluded.dirty_last), excluded.dirty_last) RETURNING id",
            (
                *found.source, found.first, found.last, found.lines, " ".join(sorted(together)), found.first,
                found.last,
            ),
        ).fetchone()
        return int(row[0])

    def _beats(self, span: int, visits: list[tuple[int, str]]) -> None:
        finder = self._finders.get(span)
        if finder is None:
            finder = self._finders[span] = BeatFinder()
            for address, *beat in self._db.execute(
                "SELECT address, period, first, last, hits FROM log_beat WHERE span = ?", (span,)
            ):
                finder.resume(address, Beat(*beat))
        for time, address in visits:
            finder.visit(address, time)
        self._db.execute("DELETE FROM log_beat WHERE span = ?", (span,))
        self._db.executemany(
            "INSERT OR REPLACE INTO log_beat VALUES (?, ?, ?, ?, ?, ?)",
            [
                (span, address, beat.period, beat.first, beat.last, beat.hits)
                for address, beat in finder.beats().items()
            ],
        )

    def _advance(self, mark: Mark) -> int:
        if mark.id is None:
            row = self._db.execute(
                "INSERT INTO log_source (fingerprint, length, position, path) VALUES (?, ?, ?,"
                " ?) RETURNING id",
                (mark.fingerprint, mark.length, mark.position, mark.path),
            ).fetchone()
            return int(row[0])
        self._db.execute(
            "UPDATE log_source SET fingerprint = ?, length = ?, position = ?, path = ? WHERE id = ?",
            (mark.fingerprint, mark.length, mark.position, mark.path, mark.id),
        )
        return mark.id
