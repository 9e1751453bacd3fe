"""The log store in PostgreSQL, as the rest of the program sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

import psycopg

from bot.adapters.logstore.digest import from_micros, to_micros
from bot.adapters.logstore.postgres.connection import (
    bounded,
    check_version,
    connect,
    faults_named,
    name_of,
    open_for_writing,
)
from bot.adapters.logstore.postgres.figures import PostgresLogFigures
from bot.adapters.logstore.postgres.pruning import prune
from bot.adapters.logstore.postgres.reader import Reader
from bot.adapters.logstore.postgres.writer import PostgresSink
from bot.adapters.logstore.rhythm import DAY, MINUTE
from bot.adapters.logstore.rows import rows_of
from bot.adapters.logstore.searched import SearchedLogStore
from bot.adapters.logstore.sink import add_events
from bot.adapters.logstore.sqlite.ingest import Ingest, IngestReport, Progress
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.errors import StoreError
from bot.logs.event import LogEvent

SEARCHES_WITHIN: Final = 5.0
"""Seconds for all statements of one question together."""


class PostgresLogStore(SearchedLogStore):
    """A LogStore in a PostgreSQL database. Nothing is opened before it is needed. Safe to share between threads: each
    reads through a connection of its own. ``seconds`` bounds every question."""

    def __init__(self, url: str, *, seconds: float = SEARCHES_WITHIN) -> None:
        self._url = url
        self.name = name_of(url)
        self._seconds = seconds
        self._mine = threading.local()
        self._opened: list[psycopg.Connection] = []
        self._lock = threading.Lock()

    # -- the LogStore port ---------------------------------------------------------------------------------

    def _search(self, query: LogQuery) -> LogResult:
        with self._reading() as reader:
            return reader.search(query, self._seconds)

    def _coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        with self._reading() as reader:
            return reader.coverage(self._seconds, since, until)

    def _logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        with self._reading() as reader:
            return reader.logins_like(mailbox, since, until, self._seconds)

    # -- beside the port -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        with self._reading() as reader:
            reader.search(LogQuery(datetime.now(UTC), datetime.now(UTC)), self._seconds)

    def status(self) -> Sequence[HostCoverage]:
        """Every host and program family with all its gaps. Raises StoreError."""
        with self._reading() as reader:
            return reader.coverage(self._seconds)

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        zone: tzinfo = UTC,
        year: int | None = None,
        finished: bool = False,
        progress: Callable[[Progress], None] | None = None,
        processes: int | None = None,
    ) -> IngestReport:
        """Read server logs into the store, as :meth:`bot.adapters.logstore.sqlite.SqliteLogStore.ingest` does.
        Several processes may do so at a time. Raises StoreError; what was committed stays."""
        with self._writing() as sink:
            run = Ingest(sink, rows_of, zone=zone, year=year, finished=finished, progress=progress, processes=processes)
            return run.run(paths)

    def add(self, events: Iterable[LogEvent]) -> int:
        """Store decoded, linked events that come from no file; returns how many lines were kept verbatim."""
        with self._writing() as sink:
            return add_events(sink, rows_of, events)

    def figures(self) -> PostgresLogFigures:
        """What reports and incidents ask of it."""
        return PostgresLogFigures(self._url)

    def prune(self, *, before: datetime | None = None, size: int | None = None) -> datetime | None:
        """Drop what is older than ``before``, then the oldest days until the tables take at most ``size`` bytes;
        returns the time from which on everything is kept, None where nothing went. The newest day stays. Raises
        StoreError."""
        self.check()
        cut = None
        with faults_named(self.name), connect(self._url) as connection:
            connection.execute("SET lock_timeout = '60s'")
            row = connection.execute("SELECT min(first), max(last) FROM log_span").fetchone()
            oldest, newest = row if row else (None, None)
            if oldest is None:
                return None
            if before is not None and oldest < to_micros(before):
                cut = to_micros(before)
                prune(connection, cut)
            while size is not None and _size(connection) > size:
                following = (max(oldest, cut or oldest) // (DAY * MINUTE) + 1) * DAY * MINUTE
                if following > newest:
                    break
                cut = following
                prune(connection, cut)
        return None if cut is None else from_micros(cut)

    def size(self) -> int:
        """Bytes that the tables and their indexes take on disk. Raises StoreError."""
        with faults_named(self.name), connect(self._url) as connection:
            return _size(connection)

    def close(self) -> None:
        """Close every connection that searches have opened."""
        with self._lock:
            opened, self._opened = self._opened, []
            self._mine = threading.local()
        for connection in opened:
            connection.close()

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        """This thread's reader; after a fault its connection is closed, and the next question opens a new one."""
        try:
            with faults_named(self.name):
                held: tuple[psycopg.Connection, Reader] | None = getattr(self._mine, "held", None)
                if held is None:
                    connection = connect(self._url)
                    with self._lock:
                        self._opened.append(connection)
                    check_version(connection, self.name)
                    held = self._mine.held = (connection, Reader(connection))
                with bounded(held[0], self._seconds):
                    yield held[1]
        except StoreError:
            self._drop()
            raise

    @contextmanager
    def _writing(self) -> Iterator[PostgresSink]:
        with faults_named(self.name), open_for_writing(self._url, self.name) as connection:
            yield PostgresSink(connection)

    def _drop(self) -> None:
        held: tuple[psycopg.Connection, Reader] | None = getattr(self._mine, "held", None)
        self._mine.held = None
        if held is not None:
            with self._lock:
                self._opened = [one for one in self._opened if one is not held[0]]
            held[0].close()


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = current_schema() AND relkind = 'r'"
    ).fetchone()
    return int(row[0]) if row else 0
