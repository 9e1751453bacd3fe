"""The embedded log store, as the rest of the program sees it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from bot.adapters.logstore.digest import from_micros, to_micros
from bot.adapters.logstore.searched import SearchedLogStore
from bot.adapters.logstore.sink import add_events
from bot.adapters.logstore.sqlite.erasing import erase
from bot.adapters.logstore.sqlite.figures import SqliteLogFigures
from bot.adapters.logstore.sqlite.ingest import Ingest, IngestReport, Progress
from bot.adapters.logstore.sqlite.prepared import prepare
from bot.adapters.logstore.sqlite.pruning import prune
from bot.adapters.logstore.sqlite.reader import Reader
from bot.adapters.logstore.sqlite.schema import faults_named, open_for_reading, open_for_writing
from bot.adapters.logstore.sqlite.writer import Writer
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.errors import StoreError, StoreMissing
from bot.logs.event import LogEvent


class SqliteLogStore(SearchedLogStore):
    """A LogStore in one SQLite file (WAL): one process ingests, any number search meanwhile.

    Nothing is opened before it is needed. Safe to share between threads: each thread reads through a
    connection of its own.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._mine = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    # -- the LogStore port ---------------------------------------------------------------------------------

    def _search(self, query: LogQuery) -> LogResult:
        with self._reading() as reader:
            return reader.search(query)

    def _coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        with self._reading() as reader:
            return reader.coverage(since, until)

    def _logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        with self._reading() as reader:
            return reader.logins_like(mailbox, since, until)

    # -- beside the port -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        with self._reading():
            pass

    def status(self) -> Sequence[HostCoverage]:
        """Every host and program family with all its gaps. Raises StoreMissing, StoreCorrupt, StoreBusy."""
        with self._reading() as reader:
            return reader.coverage()

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
        """Read server logs into the store: files (plain, gz, xz, zst, bz2), directories, ``-`` for standard
        input.

        ``zone`` is that of lines that name none, ``year`` that of lines without one (else each file's time of last
        change tells). ``finished`` says that no file is written to any more: then a last line without its newline is
        read too. ``processes`` is how many processes read (None: one for each processor, where the files are large
        enough; 0: this one). A file that cannot be read is named in the report and the rest goes on. Raises
        StoreCorrupt, StoreBusy, StoreError where the store itself fails; what was committed stays.
        """
        connection = open_for_writing(self.path)
        try:
            with faults_named(self.path):
                run = Ingest(
                    Writer(connection),
                    prepare,
                    zone=zone,
                    year=year,
                    finished=finished,
                    progress=progress,
                    processes=processes,
                )
                return run.run(paths)
        finally:
            connection.close()

    def add(self, events: Iterable[LogEvent]) -> int:
        """Store decoded, linked events that come from no file; returns how many lines were kept verbatim."""
        connection = open_for_writing(self.path)
        try:
            with faults_named(self.path):
                return add_events(Writer(connection), prepare, events)
        finally:
            connection.close()

    def figures(self) -> SqliteLogFigures:
        """What reports and incidents ask of it."""
        return SqliteLogFigures(self.path)

    def prune(self, *, before: datetime | None = None, size: int | None = None) -> datetime | None:
        """Drop what is older than ``before``, then the oldest days until ``size`` bytes are enough; returns the time
        from which on everything is kept, None where nothing went.

        Raises StoreMissing where there is no store, StoreCorrupt, StoreBusy, StoreError.
        """
        self.check()
        connection = open_for_writing(self.path)
        try:
            with faults_named(self.path):
                cut = prune(connection, before=None if before is None else to_micros(before), size=size)
        finally:
            connection.close()
        return None if cut is None else from_micros(cut)

    def erase(self, address: str, pseudonym: str) -> int:
        """Replace a mail address everywhere by ``pseudonym``; returns how many blocks of lines changed. Raises
        StoreMissing, StoreCorrupt, StoreBusy, StoreError."""
        self.check()
        self.close()
        connection = open_for_writing(self.path)
        try:
            with faults_named(self.path):
                return erase(connection, address, pseudonym)
        finally:
            connection.close()

    def close(self) -> None:
        """Close every connection that searches have opened."""
        with self._lock:
            opened, self._opened = self._opened, []
            self._mine = threading.local()
        for connection in opened:
            connection.close()

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        """This thread's reader; after a fault its connection is forgotten, and the next question opens a new one."""
        try:
            with faults_named(self.path):
                yield self._reader()
        except StoreError:
            self._mine.reader = None
            raise

    def _reader(self) -> Reader:
        reader: Reader | None = getattr(self._mine, "reader", None)
        if reader is not None and not self.path.exists():
            raise StoreMissing(f"{self.path}: the log store is gone; run `triage logs ingest PATH` to make it anew")
        if reader is None:
            connection = open_for_reading(self.path)
            with self._lock:
                self._opened.append(connection)
            reader = self._mine.reader = Reader(connection)
        return reader
