"""The log store in ClickHouse, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

import httpx

from bot.adapters.logstore.clickhouse import tables
from bot.adapters.logstore.clickhouse.client import ClickHouse
from bot.adapters.logstore.clickhouse.figures import ClickHouseLogFigures
from bot.adapters.logstore.clickhouse.journal import carry_out, pending
from bot.adapters.logstore.clickhouse.reader import Reader
from bot.adapters.logstore.clickhouse.schema import CUT_BY_DAY
from bot.adapters.logstore.clickhouse.sink import WRITES_WITHIN, ClickHouseSink
from bot.adapters.logstore.rows import rows_of
from bot.adapters.logstore.searched import SearchedLogStore
from bot.adapters.logstore.sink import add_events
from bot.adapters.logstore.sqlite.ingest import Ingest, IngestReport, Progress
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.logs.event import LogEvent

SEARCHES_WITHIN: Final = 5.0
"""Seconds for all queries of one question together."""


class ClickHouseLogStore(SearchedLogStore):
    """A LogStore in a ClickHouse database. Safe to share between threads. ``seconds`` bounds every question;
    ``transport`` is the way to the server, where it is not the network."""

    def __init__(
        self, url: str, *, seconds: float = SEARCHES_WITHIN, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._db = ClickHouse(url, transport)
        self.name = self._db.name
        self._seconds = seconds

    # -- the LogStore port ---------------------------------------------------------------------------------

    def _search(self, query: LogQuery) -> LogResult:
        return self._reader().search(query)

    def _coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        return self._reader().coverage(since, until)

    def _logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        return self._reader().logins_like(mailbox, since, until)

    # -- beside the port -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        tables.check(self._db, self._seconds)

    def status(self) -> Sequence[HostCoverage]:
        """Every host and program family with all its gaps. Raises StoreError."""
        self.check()
        return self._reader().coverage(None, None)

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
        """Read server logs into the store, as :meth:`bot.adapters.logstore.sqlite.SqliteLogStore.ingest` does. Several
        processes may do so at a time, as long as no two read one file. Raises StoreError; what was stored stays."""
        run = Ingest(
            self._sink(), rows_of, zone=zone, year=year, finished=finished, progress=progress, processes=processes
        )
        return run.run(paths)

    def add(self, events: Iterable[LogEvent]) -> int:
        """Store decoded, linked events that come from no file; returns how many lines were kept verbatim."""
        return add_events(self._sink(), rows_of, events)

    def figures(self) -> ClickHouseLogFigures:
        """What reports and incidents ask of it."""
        return ClickHouseLogFigures(self._db)

    def prune(self, *, before: datetime | None = None, size: int | None = None) -> datetime | None:
        """Drop whole days that are older than ``before``, then the oldest days until the tables take at most
        ``size`` bytes; returns the time from which on everything is kept, None where nothing went. The newest day
        stays. Raises StoreError."""
        self.check()
        cut: date | None = None
        days = [
            date.fromisoformat(day)
            for (day,) in self._db.select(
                "SELECT DISTINCT toString(day) AS day FROM log_day ORDER BY day", self._seconds
            )
        ]
        while len(days) > 1:
            small = size is None or self.size() <= size
            if small and (before is None or days[0] >= before.astimezone(UTC).date()):
                break
            for table in CUT_BY_DAY:
                self._db.run(f"ALTER TABLE {table} DROP PARTITION '{days[0]}'", WRITES_WITHIN)
            cut = days.pop(0) + timedelta(days=1)
        return None if cut is None else datetime(cut.year, cut.month, cut.day, tzinfo=UTC)

    def size(self) -> int:
        """Bytes that the tables take on disk. Raises StoreError."""
        rows = self._db.select(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()", self._seconds
        )
        return int(rows[0][0] or 0) if rows else 0

    def close(self) -> None:
        """Close its connections."""
        self._db.close()

    def _reader(self) -> Reader:
        return Reader(self._db, self._seconds)

    def _sink(self) -> ClickHouseSink:
        """Where rows go: made where it is missing, with all that a follower has committed and not carried out."""
        tables.make(self._db)
        sink = ClickHouseSink(self._db)
        for entry in pending(self._db):
            carry_out(self._db, sink, entry)
        return sink
