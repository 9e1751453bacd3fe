"""Writes batches into PostgreSQL: rows, sums, coverage and the file's position in one transaction.

Several processes may write at a time. Rows come sorted by key and tables in one order, so that writers wait for each
other; those of one host's log wait at its row in log_span, which is the first that a batch touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain
from typing import Any, Final

import psycopg
from psycopg import sql

from bot.adapters.logstore.digest import Span, from_micros, keep_sessions_from
from bot.adapters.logstore.feeding import skews
from bot.adapters.logstore.placing import COLUMNS
from bot.adapters.logstore.postgres.schema import LINES_OF_BATCH, ORDER_LOCK, days_of, make_days
from bot.adapters.logstore.postgres.text import written
from bot.adapters.logstore.rhythm import MINUTE, Beat, BeatFinder, Minute, gaps
from bot.adapters.logstore.rows import FAILURE, LOGIN, SESSION, SUM, WHO, Row, Rows
from bot.adapters.logstore.sqlite.marks import Identity, Mark
from bot.adapters.logstore.sqlite.prepared import session_tag, who_tag
from bot.adapters.logstore.sqlite.rhythm_rows import AROUND, DirtySpan
from bot.adapters.logstore.sqlite.rhythm_rows import TOUCHED as AROUND_NEW
from bot.adapters.logstore.sqlite.sources import fingerprint

_TIMES: Final = frozenset({"hour", "first", "last", "start", "ended"})
_NUMBERS: Final = frozenset({"count", "tag", "key"})
_WHO: Final = len(WHO)
_HOST: Final = _WHO - 1
_START: Final = _WHO
"""The place of the hour in a sum, and of the start in a session."""
_LINE: Final = sql.SQL("COPY log_line ({}) FROM STDIN").format(
    sql.SQL(", ").join(map(sql.Identifier, ("time", "id", "who", "domain", "network", "also", *COLUMNS)))
)


class PostgresSink:
    """The LogSink: one connection, and what it remembers between batches."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._db = connection
        self._days: set[date] = set()
        self._finders: dict[int, BeatFinder] = {}

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read."""
        own = fingerprint(head)
        lengths = self._db.execute(
            "SELECT DISTINCT length FROM log_source WHERE length <= %s ORDER BY length DESC", (len(head),)
        )
        for (length,) in lengths.fetchall():
            known = self._db.execute(
                "SELECT id, position FROM log_source WHERE fingerprint = %s AND length = %s",
                (fingerprint(head[:length]), length),
            ).fetchone()
            if known is not None:
                return Identity(known[0], own, len(head), known[1])
        return Identity(None, own, len(head), 0)

    def write(self, ready: Rows, mark: Mark | None) -> int | None:
        """Store a batch and how far its file was read, all or nothing; returns the mark's id."""
        with self.storing(ready):
            return self.advance(mark) if mark is not None else None

    @contextmanager
    def storing(self, ready: Rows) -> Iterator[None]:
        """A transaction that stores a batch, and what is done inside."""
        self._make_days(ready)
        with self._db.transaction():
            for span in ready.spans:
                self._cover(span)
            batch = self._lines(ready.lines)
            self._put(
                "log_login",
                LOGIN,
                ready.logins,
                "(login) DO UPDATE SET first = least(log_login.first, excluded.first), last = greatest(log_login.last, excluded.last)",
            )
            self._put(
                "log_failure",
                FAILURE,
                ready.failures,
                "(hour, event, reason, service, host, tls) DO UPDATE SET count = log_failure.count + excluded.count",
            )
            logins = [*ready.sums, *ready.sessions]
            self._put(
                "log_who",
                ("tag", *WHO),
                sorted({(tag := _tag(row)): (tag, *row[:_WHO]) for row in logins}.values()),
                "DO NOTHING",
            )
            self._put(
                "log_success",
                ("tag", *SUM[_WHO:]),
                sorted(((_tag(row), *row[_WHO:]) for row in ready.sums), key=_by_key),
                "(tag, hour) DO UPDATE SET count = log_success.count + excluded.count,"
                " first = least(log_success.first, excluded.first), last = greatest(log_success.last, excluded.last),"
                " client = coalesce(excluded.client, log_success.client), version = coalesce(excluded.version, log_success.version)",
            )
            sessions = (
                (_tag(row), row[_START], session_tag(row[_HOST], row[_START + 1]), *row[_START + 1 :])
                for row in ready.sessions
            )
            self._put(
                "log_session",
                ("tag", "start", "key", *SESSION[_START + 1 :]),
                sorted(sessions, key=_by_key),
                "DO NOTHING",
            )
            self._name_clients(ready.clients)
            self._end_sessions(ready.ends)
            self._skews(ready)
            yield
            self._stored(batch, ready.lines)

    def refresh_gaps(self) -> None:
        """Work out again the gaps of every stretch that batches have touched, and forget days of sessions that
        ended."""
        with self._db.transaction():
            for span in dirty_spans(self._db, lock=True):
                found = find_gaps(self._db, span)
                self._db.execute(
                    "DELETE FROM log_gap WHERE span = %s AND ended >= %s AND start <= %s",
                    (span.id, span.low, span.high),
                )
                with self._db.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO log_gap VALUES (%s, %s, %s) ON CONFLICT (span, start) DO UPDATE SET ended = excluded.ended",
                        [(span.id, *gap) for gap in found],
                    )
                self._db.execute("UPDATE log_span SET dirty_first = NULL, dirty_last = NULL WHERE id = %s", (span.id,))
        self._forget_sessions()

    def _make_days(self, ready: Rows) -> None:
        times = chain(
            (row[0] for row in ready.lines),
            (row[_START] for row in ready.sums),
            (row[_START] for row in ready.sessions),
        )
        new = {
            from_micros(day * 1440 * MINUTE).date() for day in {time // (1440 * MINUTE) for time in times}
        } - self._days
        make_days(self._db, new)
        self._days |= new

    def _lines(self, lines: Sequence[Row]) -> int:
        """Add the lines; returns the number of their batch."""
        if not lines:
            return 0
        row = self._db.execute("SELECT nextval('log_batch')").fetchone()
        batch = int(row[0]) if row else 0
        base = batch * LINES_OF_BATCH
        with self._db.cursor() as cursor, cursor.copy(_LINE) as copy:
            for time, number, who, domain, network, also, anonymous, *values in lines:
                copy.write_row(
                    [
                        from_micros(time),
                        base + number,
                        who if who or anonymous else None,
                        domain or None,
                        network or None,
                        also or None,
                        *map(written, values),
                    ]
                )
        return batch

    def _stored(self, batch: int, lines: Sequence[Row]) -> None:
        """Give the batch its place in the order of commits, as the last act before its own: who waits for the lock
        gets a later place, and sees this one."""
        if lines:
            times = [row[0] for row in lines]
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (ORDER_LOCK,))
            self._db.execute(
                "INSERT INTO log_stored (batch, first, last) VALUES (%s, %s, %s)",
                (batch, from_micros(min(times)), from_micros(max(times))),
            )

    def _put(self, table: str, columns: Sequence[str], rows: Sequence[Row], conflict: str) -> None:
        """Add rows, all in one statement: a column each as an array."""
        if not rows:
            return
        arrays = []
        for name, values in zip(columns, zip(*rows, strict=True), strict=True):
            times = name in _TIMES
            arrays.append(
                [None if value is None else from_micros(value) for value in values]
                if times
                else [written(value) for value in values]
            )
        types = ["timestamptz" if name in _TIMES else "bigint" if name in _NUMBERS else "text" for name in columns]
        statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)}) ON CONFLICT {conflict}"
        self._db.execute(statement.encode(), arrays)

    def _end_sessions(self, ends: Sequence[Row]) -> None:
        """Sessions that earlier batches began have ended."""
        if ends:
            self._db.execute(
                "UPDATE log_session SET ended = told.ended FROM unnest(%s::bigint[], %s::timestamptz[]) AS told (key, ended)"
                " WHERE log_session.key = told.key AND log_session.ended IS NULL AND log_session.start <= told.ended",
                ([session_tag(host, session) for host, session, _ in ends], [from_micros(ended) for *_, ended in ends]),
            )

    def _name_clients(self, clients: Sequence[Row]) -> None:
        """Clients named themselves in sessions that earlier batches began."""
        if clients:
            keys, names, versions = zip(
                *(
                    (session_tag(host, session), written(client), written(version))
                    for host, session, client, version in clients
                ),
                strict=True,
            )
            self._db.execute(
                "WITH named AS (UPDATE log_session SET client = told.client"
                " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS told (key, client, version)"
                " WHERE log_session.key = told.key AND log_session.ended IS NULL"
                " RETURNING tag, date_trunc('hour', start) AS hour, told.client, told.version)"
                " UPDATE log_success one SET client = named.client, version = named.version FROM named"
                " WHERE one.tag = named.tag AND one.hour = named.hour",
                (list(keys), list(names), list(versions)),
            )

    def _forget_sessions(self) -> None:
        """Drop each day of sessions of which none is young enough for its host's log any more."""
        newest = self._db.execute("SELECT max(last) FROM log_span").fetchone()
        if newest is None or newest[0] is None:
            return
        for day, name in days_of(self._db, "log_session"):
            if day >= from_micros(keep_sessions_from(newest[0])).date():
                return
            table = sql.Identifier(name)
            young = self._db.execute(
                sql.SQL(
                    "SELECT 1 FROM {} one JOIN log_who USING (tag) JOIN (SELECT host, max(last) AS last FROM log_span GROUP BY host) log ON log.host = log_who.host"
                    " WHERE one.start >= to_timestamp(log.last / 1e6) - interval '48 hours' LIMIT 1"
                ).format(table)
            ).fetchone()
            if young is None:
                self._db.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
                self._days.discard(day)

    def _cover(self, span: Span) -> None:
        row = self._db.execute(
            "INSERT INTO log_span AS known (host, family, first, last, lines, services, dirty_first, dirty_last)"
            " VALUES (%(host)s, %(family)s, %(first)s, %(last)s, %(lines)s, %(services)s::text[], %(first)s, %(last)s)"
            " ON CONFLICT (host, family) DO UPDATE SET first = least(known.first, excluded.first), last = greatest(known.last, excluded.last),"
            " lines = known.lines + excluded.lines, services = ARRAY(SELECT DISTINCT unnest(known.services || excluded.services) ORDER BY 1),"
            " dirty_first = least(known.dirty_first, excluded.dirty_first), dirty_last = greatest(known.dirty_last, excluded.dirty_last)"
            " RETURNING id",
            {
                "host": written(span.source[0]),
                "family": span.source[1],
                "first": span.first,
                "last": span.last,
                "lines": span.lines,
                "services": span.services,
            },
        ).fetchone()
        number = int(row[0]) if row else 0
        columns = [list(column) for column in zip(*span.minutes, strict=True)]
        self._db.execute(
            "INSERT INTO log_minute AS known SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
            " ON CONFLICT (span, minute) DO UPDATE SET lines = known.lines + excluded.lines,"
            " first = least(known.first, excluded.first), last = greatest(known.last, excluded.last)",
            (number, *columns),
        )
        self._beats(number, span.visits)

    def _skews(self, ready: Rows) -> None:
        logins = [(row[_START], row[_START + 1], row[_HOST - 2], row[_HOST]) for row in ready.sessions]
        for (host, hour), (least, count) in sorted(skews(logins).items()):
            self._db.execute(
                "INSERT INTO log_skew AS known VALUES (%s, %s, %s, %s) ON CONFLICT (host, hour) DO UPDATE"
                " SET least = least(known.least, excluded.least), count = known.count + excluded.count",
                (written(host), hour, least, count),
            )

    def _beats(self, span: int, visits: Iterable[tuple[int, str]]) -> None:
        finder = self._finders.get(span)
        if finder is None:
            finder = self._finders[span] = BeatFinder()
            for address, *beat in self._db.execute(
                "SELECT address, period, first, last, hits FROM log_beat WHERE span = %s", (span,)
            ):
                finder.resume(address, Beat(*beat))
        for time, address in visits:
            finder.visit(address, time)
        self._db.execute("DELETE FROM log_beat WHERE span = %s", (span,))
        with self._db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO log_beat VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (span, address, beat.period, beat.first, beat.last, beat.hits)
                    for address, beat in finder.beats().items()
                ],
            )

    def advance(self, mark: Mark) -> int:
        """Note how far a file was read, within a transaction; returns the mark's id."""
        values: tuple[Any, ...] = (mark.fingerprint, mark.length, mark.position, written(mark.path))
        if mark.id is None:
            row = self._db.execute(
                "INSERT INTO log_source (fingerprint, length, position, path) VALUES (%s, %s, %s, %s) RETURNING id",
                values,
            ).fetchone()
            return int(row[0]) if row else 0
        self._db.execute(
            "UPDATE log_source SET fingerprint = %s, length = %s, position = %s, path = %s WHERE id = %s",
            (*values, mark.id),
        )
        return mark.id


def _tag(row: Row) -> int:
    """What somebody who logs in is known by."""
    return who_tag(*row[_HOST - 3 : _HOST + 1])


def _by_key(row: Row) -> Row:
    return row[:3]


def dirty_spans(connection: psycopg.Connection, *, lock: bool = False) -> list[DirtySpan]:
    """The logs whose gaps are out of date; ``lock`` holds off their writers."""
    found = connection.execute(
        "SELECT id, dirty_first, dirty_last FROM log_span WHERE dirty_first IS NOT NULL ORDER BY host, family"
        + (" FOR UPDATE" if lock else "")
    )
    return [DirtySpan(span, first - AROUND_NEW, last + AROUND_NEW) for span, first, last in found.fetchall()]


def find_gaps(connection: psycopg.Connection, span: DirtySpan) -> list[tuple[int, int]]:
    """The gaps of ``span`` that touch its stretch, worked out from its minutes and beats."""
    minutes = connection.execute(
        "SELECT minute, lines, first, last FROM log_minute WHERE span = %s AND minute BETWEEN %s AND %s ORDER BY minute",
        (span.id, (span.low - AROUND) // MINUTE, (span.high + AROUND) // MINUTE),
    )
    beats = connection.execute("SELECT period, first, last, hits FROM log_beat WHERE span = %s", (span.id,))
    found = gaps([Minute(*row) for row in minutes.fetchall()], [Beat(*row) for row in beats.fetchall()])
    return [gap for gap in found if gap[1] >= span.low and gap[0] <= span.high]
