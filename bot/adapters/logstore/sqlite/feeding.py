"""The embedded store as live feeds fill it: one follower, rows and feeds' places in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot.adapters.logstore.claim import FileClaim
from bot.adapters.logstore.digest import Batch, Source, from_micros, to_micros
from bot.adapters.logstore.feeding import Followed
from bot.adapters.logstore.sqlite import feeds, pruning
from bot.adapters.logstore.sqlite.marks import Identity, Mark, identify
from bot.adapters.logstore.sqlite.prepared import Prepared, prepare
from bot.adapters.logstore.sqlite.schema import faults_named, open_for_writing
from bot.adapters.logstore.sqlite.writer import Writer


class SqliteFeedStore:
    """The FeedStore over the file ``path``."""

    rest = 0.2

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        self._claim = FileClaim(path.with_name(path.name + ".follow"))
        self._held: tuple[sqlite3.Connection, Writer] | None = None

    def claim(self) -> None:
        """Hold the store for this process among those that follow. Raises StoreBusy, StoreError."""
        self._claim.take(
            held=f"{self.path}: another `triage logs follow` is at work on this store; end it first",
            cannot="choose another place for LOG_STORE_URL",
        )
        self._open()

    def forget(self) -> None:
        """Close the connection; the next use opens another."""
        held, self._held = self._held, None
        if held is not None:
            held[0].close()

    def close(self) -> None:
        """Close everything."""
        self.forget()
        self._claim.give_up()

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read."""
        with faults_named(self.path):
            return identify(self._open()[0], head)

    def recall(self, source: int) -> Identity | None:
        """The file of that number in log_source."""
        with faults_named(self.path):
            row = (
                self._open()[0]
                .execute("SELECT id, fingerprint, length, position FROM log_source WHERE id = ?", (source,))
                .fetchone()
            )
        return None if row is None else Identity(*row)

    def followed(self, path: str) -> Followed | None:
        """What lay under ``path`` last."""
        with faults_named(self.path):
            return feeds.followed(self._open()[0], path)

    def tail_of(self, feed: str) -> str:
        """The last lines of a feed."""
        with faults_named(self.path):
            return feeds.tail_of(self._open()[0], feed)

    def cursor_of(self, feed: str) -> tuple[str, int] | None:
        """Where to go on in ``feed``."""
        with faults_named(self.path):
            return feeds.cursor_of(self._open()[0], feed)

    def parcels(self) -> set[bytes]:
        """The bodies that are stored and not acknowledged."""
        with faults_named(self.path):
            return feeds.parcels(self._open()[0])

    def prepare(self, batch: Batch) -> Prepared:
        """The rows of a batch."""
        return prepare(batch)

    @contextmanager
    def writing(self, ready: Prepared) -> Iterator[SqliteFeedWriting]:
        """A transaction."""
        with faults_named(self.path):
            connection, writer = self._open()
            with writer.transaction():
                writer.put(ready)
                yield SqliteFeedWriting(connection, writer)

    def refresh_gaps(self) -> None:
        """Work out anew where the logs that were written to have gaps."""
        with faults_named(self.path):
            self._open()[1].refresh_gaps()

    def prune(self, before: datetime | None, size: int | None) -> datetime | None:
        """Drop what is too old or too much."""
        with faults_named(self.path):
            cut = pruning.prune(self._open()[0], before=None if before is None else to_micros(before), size=size)
        return None if cut is None else from_micros(cut)

    def _open(self) -> tuple[sqlite3.Connection, Writer]:
        if self._held is None:
            connection = open_for_writing(self.path)
            # a sender that was told 2xx forgets its lines: they outlive the power
            connection.execute("PRAGMA synchronous = FULL")
            self._held = (connection, Writer(connection))
        return self._held


class SqliteFeedWriting:
    """One transaction of the follower's."""

    def __init__(self, connection: sqlite3.Connection, writer: Writer) -> None:
        self._db, self._writer = connection, writer

    def put_hole(self, source: Source, start: int, end: int) -> None:
        """Lines may be missing."""
        feeds.put_hole(self._db, source, start, end)

    def put_lag(self, newest: Mapping[Source, int], now: int) -> None:
        """When lines arrived."""
        feeds.put_lag(self._db, newest, now)

    def advance(self, mark: Mark) -> int:
        """How far a file was read."""
        return self._writer.advance(mark)

    def put_followed(self, path: str, now: Followed) -> None:
        """What lies under a path."""
        feeds.put_followed(self._db, path, now)

    def put_tail(self, feed: str, masked: str) -> None:
        """A feed's last lines."""
        feeds.put_tail(self._db, feed, masked)

    def put_cursor(self, feed: str, cursor: str, time: int) -> None:
        """Where a feed stands."""
        feeds.put_cursor(self._db, feed, cursor, time)

    def put_parcels(self, stored: Sequence[bytes], told: Sequence[bytes], now: int) -> None:
        """Bodies that are stored, and those whose senders know it."""
        feeds.drop_parcels(self._db, told)
        feeds.put_parcels(self._db, stored, now)
