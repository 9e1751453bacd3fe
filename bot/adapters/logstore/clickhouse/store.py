"""The log store in ClickHouse, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

import httpx

from bot.adapters.logstore.clickhouse.client import ClickHouse
from bot.adapters.logstore.clickhouse.reader import Reader
from bot.adapters.logstore.clickhouse.schema import CUT_BY_DAY, VERSION, statements
from bot.adapters.logstore.clickhouse.sink import WRITES_WITHIN, ClickHouseSink
from bot.adapters.logstore.rows import rows_of
from bot.adapters.logstore.sink import add_events
from bot.adapters.logstore.sqlite.ingest import Ingest, IngestReport, Progress
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.errors import StoreCorrupt, StoreError, StoreMissing
from bot.logs.event import LogEvent

SEARCHES_WITHIN: Final = 5.0
"""Seconds for all queries of one question together."""


class ClickHouseLogStore:
    """A LogStore in a ClickHouse database. Safe to share between threads. ``seconds`` bounds every question; ``transport``
    is the way to the server, where it is not the network."""

    def __init__(self, url: str, *, seconds: float = SEARCHES_WITHIN, transport: httpx.BaseTransport | None = None) -> None:
        self._db = ClickHouse(url, transport)
        self.name = self._db.name
        self._seconds = seconds

    # -- the LogStore port ---------------------------------------------------------------------------------

    def search(self, query: LogQuery) -> LogResult:
        """The lines, sums and sessions that ``query`` selects; ``failed`` says why where we could not look."""
        try:
            return self._reader().search(query)
        except StoreError as error:
            return LogResult(failed=str(error))

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]; nothing where we cannot look."""
        try:
            return self._reader().coverage(since, until)
        except StoreError:
            return ()

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """User names seen in failures in the window that are a slip away from ``mailbox``, the closest first."""
        try:
            return self._reader().logins_like(mailbox, since, until)
        except StoreError:
            return ()

    # -- beside the port -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        found = self._db.select("SELECT value FROM log_meta WHERE key = 'version'", self._seconds)
        if not found:
            raise StoreMissing(f"{self.name}: no server log was ingested yet; run `triage logs ingest PATH` first")
        if found[0][0] != VERSION:
            raise StoreCorrupt(f"{self.name}: a log store of version {found[0][0]}, this program knows {VERSION}; choose another database")

    def status(self) -> Sequence[HostCoverage]:
        """Every host and program family with all its gaps. Raises StoreError."""
        self.check()
        return self._reader().coverage(None, None)

    def ingest(
        self, paths: Iterable[str | Path], *, zone: tzinfo = UTC, year: int | None = None, finished: bool = False,
        progress: Callable[[Progress], None] | None = None, processes: int | None = None,
    ) -> IngestReport:  # fmt: skip
        """Read server logs into the store, as :meth:`bot.adapters.logstore.sqlite.SqliteLogStore.ingest` does. Several
        processes may do so at a time, as long as no two read one file. Raises StoreError; what was stored stays."""
        run = Ingest(self._sink(), rows_of, zone=zone, year=year, finished=finished, progress=progress, processes=processes)
        return run.run(paths)

    def add(self, events: Iterable[LogEvent]) -> int:
        """Store decoded, linked events that come from no file; returns how many lines were kept verbatim."""
        return add_events(self._sink(), rows_of, events)

    def prune(self, *, before: datetime | None = None, size: int | None = None) -> datetime | None:
        """Drop whole days that are older than ``before``, then the oldest days until the tables take at most ``size`` bytes;
        returns the time from which on everything is kept, None where nothing went. The newest day stays. Raises StoreError."""
        self.check()
        cut: date | None = None
        days = [date.fromisoformat(day) for (day,) in self._db.select("SELECT DISTINCT toString(day) AS day FROM log_day ORDER BY day", self._seconds)]
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
        rows = self._db.select("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()", self._seconds)
        return int(rows[0][0] or 0) if rows else 0

    def close(self) -> None:
        """Close its connections."""
        self._db.close()

    def _reader(self) -> Reader:
        return Reader(self._db, self._seconds)

    def _sink(self) -> ClickHouseSink:
        """Make the tables where they are missing."""
        try:
            self.check()
        except StoreMissing:
            self._db.run(f"CREATE DATABASE IF NOT EXISTS `{self._db.database}`", WRITES_WITHIN, database=False)
            for statement in statements(self._db.days):
                self._db.run(statement, WRITES_WITHIN)
            self._db.insert("log_meta", ("key", "value"), [["version", VERSION]], WRITES_WITHIN)
        return ClickHouseSink(self._db)
