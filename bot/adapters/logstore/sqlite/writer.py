"""Writes batches: rows, sums, coverage and the file's position in one transaction, so that kill -9 is
harmless."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Final

from bot.adapters.logstore.digest import HOUR, Span
from bot.adapters.logstore.rhythm import Beat, BeatFinder
from bot.adapters.logstore.sqlite import feeds, rhythm_rows, rows
from bot.adapters.logstore.sqlite.blocks import LINES
from bot.adapters.logstore.sqlite.marks import Identity, Mark, identify
from bot.adapters.logstore.sqlite.prepared import Prepared, Row

EXPIRES_EVERY: Final = 6 * HOUR
"""Log time between two runs over a host's sessions in one ingest: they look at everybody who ever logged in."""

TOGETHER: Final = 32
"""Rows that one step inserts; more gain nothing."""


class Writer:
    """The embedded store's LogSink: one writing connection and what it remembers between batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._finders: dict[int, BeatFinder] = {}
        self._expired: dict[str, int] = {}
        """Up to when this run has dropped each host's sessions."""

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read."""
        return identify(self._db, head)

    def write(self, ready: Prepared, mark: Mark | None) -> int | None:
        """Store the rows of a batch and how far its file was read, all or nothing; returns the mark's id."""
        with self.transaction():
            self.put(ready)
            return self.advance(mark) if mark is not None else None

    def put(self, ready: Prepared) -> None:
        """Store the rows of a batch, within a :meth:`transaction`."""
        rows.remember_order(self._db)
        self._lines(ready)
        self._successes(ready)
        self._sessions(ready)
        self._coverage(ready)
        feeds.measure_skew(self._db, ready)

    def refresh_gaps(self) -> None:
        """Work out again the gaps of every stretch that batches have touched."""
        with self.transaction():
            for span in rhythm_rows.dirty_spans(self._db):
                found = rhythm_rows.find_gaps(self._db, span)
                self._db.execute(
                    "DELETE FROM log_gap WHERE span = ? AND end >= ? AND start <= ?", (span.id, span.low, span.high)
                )
                self._db.executemany(
                    "INSERT OR REPLACE INTO log_gap VALUES (?, ?, ?)", [(span.id, *gap) for gap in found]
                )
            self._db.execute("UPDATE log_span SET dirty_first = NULL, dirty_last = NULL WHERE dirty_first NOT NULL")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is stored, or nothing. Raises sqlite3.Error."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, statement: str, rows: Sequence[Row], values: str | None = None) -> None:
        """Put ``rows`` into a table, many with each step: Python and SQLite take turns once for all of them. ``values``
        stands for one row where ``statement`` has braces."""
        if not rows:
            return
        values = values or f"({', '.join('?' * len(rows[0]))})"
        whole, width = len(rows) - len(rows) % TOGETHER, TOGETHER * len(rows[0])
        flat = list(chain.from_iterable(rows[:whole]))
        together = [flat[start : start + width] for start in range(0, len(flat), width)]
        self._db.executemany(statement.format(", ".join([values] * TOGETHER)), together)
        self._db.executemany(statement.format(values), rows[whole:])

    def _lines(self, ready: Prepared) -> None:
        block = int(self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM log_block").fetchone()[0])
        self._insert("INSERT INTO log_block VALUES {}", ready.blocks, f"(? + {block}, ?, ?, ?)")
        self._insert("INSERT INTO log_find VALUES {}", ready.finds, f"(?, ?, ?, {block * LINES}, ?)")
        self._insert(
            "INSERT INTO log_login VALUES {} ON CONFLICT DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            ready.logins,
        )
        self._insert(
            "INSERT INTO log_failure VALUES {} ON CONFLICT DO UPDATE SET count = count + excluded.count", ready.failures
        )

    def _successes(self, ready: Prepared) -> None:
        self._insert("INSERT OR IGNORE INTO log_who VALUES {}", ready.who)
        self._insert(
            "INSERT INTO log_success VALUES {} ON CONFLICT DO UPDATE SET"
            " last = max(last, excluded.last), sums = log_add_sums(sums, excluded.sums)",
            ready.sums,
        )

    def _sessions(self, ready: Prepared) -> None:
        self._insert(
            "INSERT INTO log_session VALUES {} ON CONFLICT DO UPDATE SET"
            " last = max(last, excluded.last), sessions = log_add_sessions(sessions, excluded.sessions)",
            ready.sessions,
        )
        self._insert("INSERT OR IGNORE INTO log_open VALUES {}", ready.unended)
        for tag, client, version in ready.clients:
            self._name_client(tag, client, version)
        for tag, end in ready.ends:
            self._end(tag, end)
        for host, since in ready.expired:
            if since - self._expired.get(host, 0) > EXPIRES_EVERY:
                self._expire(host, since)

    def _end(self, tag: int, end: int) -> None:
        """A session that an earlier batch began has ended."""
        row = self._db.execute(
            "DELETE FROM log_open WHERE tag = ? AND start <= ? RETURNING start, session, who, first", (tag, end)
        ).fetchone()
        if row is not None:
            start, session, *place = row
            self._db.execute(
                "UPDATE log_session SET sessions = log_end_session(sessions, ?, ?, ?) WHERE who = ? AND first = ?",
                (start, session, end, *place),
            )

    def _name_client(self, tag: int, client: str, version: str | None) -> None:
        """A client named itself in a session that an earlier batch began."""
        row = self._db.execute("SELECT start, session, who, first FROM log_open WHERE tag = ?", (tag,)).fetchone()
        if row is not None:
            start, session, who, first = row
            self._db.execute(
                "UPDATE log_session SET sessions = log_name_session(sessions, ?, ?, ?) WHERE who = ? AND first = ?",
                (start, session, client, who, first),
            )
            hour = start // HOUR
            self._db.execute(
                "UPDATE log_success SET sums = log_name_sum(sums, ?, ?, ?) WHERE who = ? AND hour <= ? AND last >= ?",
                (hour, client, version, who, hour, hour),
            )

    def _expire(self, host: str, since: int) -> None:
        """Drop the host's sessions that began before ``since``."""
        for table, time in (("log_session", "last"), ("log_open", "start")):
            self._db.execute(  # rows so old are few: each is asked for its host, not each host for its rows
                f"DELETE FROM {table} WHERE {time} < ? AND (SELECT host FROM log_who WHERE tag = who) = ?",
                (since, host),
            )
        self._expired[host] = since

    def _coverage(self, ready: Prepared) -> None:
        for found in ready.spans:
            span = self._span(found)
            self._insert(
                "INSERT INTO log_minute VALUES {} ON CONFLICT DO UPDATE SET lines = lines + excluded.lines,"
                " first = min(first, excluded.first), last = max(last, excluded.last)",
                found.minutes,
                f"({span}, ?, ?, ?, ?)",
            )
            self._beats(span, found.visits)

    def _span(self, found: Span) -> int:
        known = self._db.execute(
            "SELECT id, services FROM log_span WHERE host = ? AND family = ?", found.source
        ).fetchone()
        together = {*found.services, *(known[1].split() if known else ())}
        row = self._db.execute(
            "INSERT INTO log_span (host, family, first, last, lines, services, dirty_first, dirty_last)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, family) DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last), lines ="
            " lines + excluded.lines,"
            " services = excluded.services,"
            " dirty_first = min(coalesce(dirty_first, excluded.dirty_first), excluded.dirty_first),"
            " dirty_last = max(coalesce(dirty_last, excluded.dirty_last), excluded.dirty_last) RETURNING id",
            (*found.source, found.first, found.last, found.lines, " ".join(sorted(together)), found.first, found.last),
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

    def advance(self, mark: Mark) -> int:
        """Note how far a file was read, within a :meth:`transaction`; returns the mark's id."""
        if mark.id is None:
            row = self._db.execute(
                "INSERT INTO log_source (fingerprint, length, position, path) VALUES (?, ?, ?, ?) RETURNING id",
                (mark.fingerprint, mark.length, mark.position, mark.path),
            ).fetchone()
            return int(row[0])
        self._db.execute(
            "UPDATE log_source SET fingerprint = ?, length = ?, position = ?, path = ? WHERE id = ?",
            (mark.fingerprint, mark.length, mark.position, mark.path, mark.id),
        )
        return mark.id
