"""PostgreSQL as live feeds fill it: several followers, each under its name; rows and feeds' places in one
transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import psycopg

from bot.adapters.logstore.digest import Batch, Source
from bot.adapters.logstore.feeding import PARCELS_KEPT, TAIL_LINES, Followed, another_follows, packed, unpacked
from bot.adapters.logstore.postgres.connection import faults_named, name_of, open_for_writing
from bot.adapters.logstore.postgres.store import PostgresLogStore
from bot.adapters.logstore.postgres.text import read, written
from bot.adapters.logstore.postgres.writer import PostgresSink
from bot.adapters.logstore.rows import Rows, rows_of
from bot.adapters.logstore.sqlite.marks import Identity, Mark
from bot.errors import StoreBusy

CLAIMS_WITHIN: Final = 10
"""Seconds: a server notices that a follower was killed when it next reads from it."""
WAITS_FOR_LOCKS: Final = 10
"""Seconds until somebody is told that another writer is in the way; lines wait as long as it takes."""


class PostgresFeedStore:
    """The FeedStore over a database, for the follower ``follower``."""

    rest = 0.2

    def __init__(self, url: str, follower: str) -> None:
        self._url, self._follower = url, written(follower)
        self.name = name_of(url)
        self._held: tuple[psycopg.Connection, PostgresSink] | None = None

    def claim(self) -> None:
        """Be the only follower of this name. Raises StoreBusy, StoreError."""
        self._open()

    def forget(self) -> None:
        """Close the connection, and with it give up the claim; the next use takes both again."""
        held, self._held = self._held, None
        if held is not None:
            held[0].close()

    def close(self) -> None:
        """Close the connection."""
        self.forget()

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read."""
        with faults_named(self.name):
            return self._open()[1].identify(head)

    def recall(self, source: int) -> Identity | None:
        """The file of that number in log_source."""
        row = self._row("SELECT id, fingerprint, length, position FROM log_source WHERE id = %s", source)
        return None if row is None else Identity(*row)

    def followed(self, path: str) -> Followed | None:
        """What lay under ``path`` last."""
        row = self._row(
            "SELECT source, device, inode, known FROM log_follow WHERE follower = %s AND path = %s",
            self._follower,
            written(path),
        )
        return None if row is None else Followed.of(row[0], int(row[1]), int(row[2]), read(row[3]))

    def tail_of(self, feed: str) -> str:
        """The last lines of a feed."""
        with faults_named(self.name):
            rows = (
                self._open()[0]
                .execute(
                    "SELECT data FROM log_tail WHERE follower = %s AND feed = %s ORDER BY id", (self._follower, feed)
                )
                .fetchall()
            )
        return unpacked(data for (data,) in rows)

    def cursor_of(self, feed: str) -> tuple[str, int] | None:
        """Where to go on in ``feed``."""
        row = self._row("SELECT cursor, time FROM log_cursor WHERE follower = %s AND feed = %s", self._follower, feed)
        return None if row is None else (str(read(row[0])), int(row[1]))

    def parcels(self) -> set[bytes]:
        """The bodies that are stored and not acknowledged."""
        with faults_named(self.name):
            return {
                bytes(row[0])
                for row in self._open()[0].execute(
                    "SELECT digest FROM log_parcel WHERE follower = %s", (self._follower,)
                )
            }

    def prepare(self, batch: Batch) -> Rows:
        """The rows of a batch."""
        return rows_of(batch)

    @contextmanager
    def writing(self, ready: Rows) -> Iterator[PostgresFeedWriting]:
        """A transaction."""
        with faults_named(self.name):
            connection, sink = self._open()
            with sink.storing(ready):
                yield PostgresFeedWriting(connection, sink, self._follower)

    def refresh_gaps(self) -> None:
        """Work out anew where the logs that were written to have gaps."""
        with faults_named(self.name):
            self._open()[1].refresh_gaps()

    def prune(self, before: datetime | None, size: int | None) -> datetime | None:
        """Drop what is too old or too much."""
        store = PostgresLogStore(self._url)
        try:
            return store.prune(before=before, size=size)
        finally:
            store.close()

    def _row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        with faults_named(self.name):
            return self._open()[0].execute(statement.encode(), values).fetchone()

    def _open(self) -> tuple[psycopg.Connection, PostgresSink]:
        if self._held is None:
            with faults_named(self.name):
                connection = open_for_writing(self._url, self.name)
                try:
                    connection.execute(f"SET lock_timeout = '{WAITS_FOR_LOCKS}s'".encode())
                    self._claim(connection)
                except BaseException:
                    connection.close()
                    raise
            self._held = (connection, PostgresSink(connection))
        return self._held

    def _claim(self, connection: psycopg.Connection) -> None:
        number = int.from_bytes(
            blake2b(f"triage follow {self._follower}".encode(), digest_size=8).digest(), "big", signed=True
        )
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{CLAIMS_WITHIN}s'".encode())
                connection.execute("SELECT pg_advisory_lock(%s)", (number,))
        except psycopg.errors.LockNotAvailable as error:
            raise StoreBusy(another_follows(self.name, self._follower)) from error


class PostgresFeedWriting:
    """One transaction of the follower's."""

    def __init__(self, connection: psycopg.Connection, sink: PostgresSink, follower: str) -> None:
        self._db, self._sink, self._follower = connection, sink, follower

    def put_hole(self, source: Source, start: int, end: int) -> None:
        """Lines may be missing."""
        self._db.execute(
            "INSERT INTO log_hole VALUES (%s, %s, %s, %s) ON CONFLICT (host, family, start) DO UPDATE SET ended = excluded.ended",
            (written(source[0]), source[1], min(start, end), max(start, end)),
        )

    def put_lag(self, newest: Mapping[Source, int], now: int) -> None:
        """When lines arrived."""
        for (host, family), last in sorted(newest.items()):
            self._db.execute(
                "INSERT INTO log_feed VALUES (%s, %s, %s, %s) ON CONFLICT (host, family) DO UPDATE SET seen = excluded.seen, lag = excluded.lag",
                (written(host), family, now, now - last),
            )

    def advance(self, mark: Mark) -> int:
        """How far a file was read."""
        return self._sink.advance(mark)

    def put_followed(self, path: str, now: Followed) -> None:
        """What lies under a path."""
        self._db.execute(
            "INSERT INTO log_follow VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (follower, path) DO UPDATE"
            " SET source = excluded.source, device = excluded.device, inode = excluded.inode, known = excluded.known",
            (self._follower, written(path), now.source, now.device, now.inode, written(now.known())),
        )

    def put_tail(self, feed: str, masked: str) -> None:
        """A feed's last lines."""
        place = (self._follower, feed)
        self._db.execute(
            "INSERT INTO log_tail (follower, feed, lines, data) VALUES (%s, %s, %s, %s)",
            (*place, masked.count("\n"), packed(masked)),
        )
        self._db.execute(
            "DELETE FROM log_tail WHERE id IN (SELECT id FROM (SELECT id, sum(lines) OVER (ORDER BY id DESC) - lines AS after"
            " FROM log_tail WHERE follower = %s AND feed = %s) known WHERE after >= %s)",
            (*place, TAIL_LINES),
        )

    def put_cursor(self, feed: str, cursor: str, time: int) -> None:
        """Where a feed stands."""
        self._db.execute(
            "INSERT INTO log_cursor VALUES (%s, %s, %s, %s) ON CONFLICT (follower, feed) DO UPDATE SET cursor = excluded.cursor, time = excluded.time",
            (self._follower, feed, written(cursor), time),
        )

    def put_parcels(self, stored: Sequence[bytes], told: Sequence[bytes], now: int) -> None:
        """Bodies that are stored, and those whose senders know it."""
        self._db.execute(
            "DELETE FROM log_parcel WHERE follower = %s AND (digest = ANY(%s) OR time < %s)",
            (self._follower, list(told), now - PARCELS_KEPT),
        )
        self._db.execute(
            "INSERT INTO log_parcel SELECT %s, digest, %s FROM unnest(%s::bytea[]) AS new (digest) ON CONFLICT (follower, digest) DO UPDATE SET time = excluded.time",
            (self._follower, now, list(stored)),
        )
