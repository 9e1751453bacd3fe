"""ClickHouse as live feeds fill it: several followers, each under its name; a batch and its feed's place are one row
first."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from bot.adapters.logstore.claim import FileClaim
from bot.adapters.logstore.clickhouse.client import ClickHouse, quote
from bot.adapters.logstore.clickhouse.journal import Entry, carry_out, commit, next_version, pending
from bot.adapters.logstore.clickhouse.sink import WRITES_WITHIN, ClickHouseSink
from bot.adapters.logstore.clickhouse.store import ClickHouseLogStore
from bot.adapters.logstore.clickhouse.tables import make
from bot.adapters.logstore.digest import Batch, Source
from bot.adapters.logstore.feeding import PARCELS_KEPT, TAIL_LINES, Followed, another_follows
from bot.adapters.logstore.rows import Rows, rows_of
from bot.adapters.logstore.sqlite.marks import Identity, Mark
from bot.errors import StoreBusy


class ClickHouseFeedStore:
    """The FeedStore over a database, for the follower ``follower``; ``transport`` is the way to the server, where it
    is not the network."""

    rest = 1.0
    """ClickHouse makes files of every insert: its documentation asks for about one a second."""

    def __init__(self, url: str, follower: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url, self._follower, self._transport = url, follower, transport
        self._db = ClickHouse(url, transport)
        self.name = self._db.name
        digest = blake2b(f"{self.name} {follower}".encode(), digest_size=8).hexdigest()
        self._claim = FileClaim(Path(tempfile.gettempdir()) / f"triage-follow-{os.getuid()}-{digest}")
        self._held: ClickHouseSink | None = None
        self._version = 0

    def claim(self) -> None:
        """Be the only follower of this name on this machine. Raises StoreBusy, StoreError."""
        self._claim.take(held=another_follows(self.name, self._follower), cannot="see who owns it, or set TMPDIR")
        self._sink()

    def forget(self) -> None:
        """Remember nothing of what was written."""
        self._held = None

    def close(self) -> None:
        """Close its connections and give up the claim."""
        self._db.close()
        self._claim.give_up()

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read. Raises StoreBusy where an ingest of it broke
        off."""
        found = self._sink().identify(head)
        if found.stop is not None:
            raise StoreBusy(
                f"{self.name}: `triage logs ingest` of a file that is followed broke off; run it on that file once more"
            )
        return found

    def recall(self, source: int) -> Identity | None:
        """The file of that number in log_source."""
        rows = self._select(f"SELECT fingerprint, length, position FROM log_source FINAL WHERE id = {source}")
        return Identity(source, bytes.fromhex(rows[0][0]), rows[0][1], rows[0][2]) if rows else None

    def followed(self, path: str) -> Followed | None:
        """What lay under ``path`` last."""
        rows = self._select(
            f"SELECT source, device, inode, known FROM log_follow FINAL WHERE {self._mine()} AND path = {quote(path)}"
        )
        return Followed.of(*rows[0]) if rows else None

    def tail_of(self, feed: str) -> str:
        """The last lines of a feed."""
        rows = self._select(
            "SELECT data FROM (SELECT data, version, sum(lines) OVER (ORDER BY version DESC) - lines AS after FROM log_tail"
            f" WHERE {self._mine()} AND feed = {quote(feed)}) WHERE after < {TAIL_LINES} ORDER BY version"
        )
        return "".join(row[0] for row in rows)

    def cursor_of(self, feed: str) -> tuple[str, int] | None:
        """Where to go on in ``feed``."""
        rows = self._select(f"SELECT cursor, time FROM log_cursor FINAL WHERE {self._mine()} AND feed = {quote(feed)}")
        return (rows[0][0], rows[0][1]) if rows else None

    def parcels(self) -> set[bytes]:
        """The bodies that are stored and not acknowledged."""
        rows = self._select(f"SELECT digest, time, gone FROM log_parcel FINAL WHERE {self._mine()}")
        since = max((row[1] for row in rows), default=0) - PARCELS_KEPT
        return {bytes.fromhex(digest) for digest, at, gone in rows if not gone and at >= since}

    def prepare(self, batch: Batch) -> tuple[str, Rows]:
        """The rows of a batch, and the token under which they are stored however often that is tried."""
        return uuid4().hex, rows_of(batch)

    @contextmanager
    def writing(self, ready: tuple[str, Rows]) -> Iterator[ClickHouseFeedWriting]:
        """What is committed when the block ends."""
        sink = self._sink()
        self._version = max(self._version + 2, time.time_ns())
        entry = Entry(self._follower, ready[0], self._version, ready[1])
        yield ClickHouseFeedWriting(entry)
        commit(self._db, sink, entry)

    def refresh_gaps(self) -> None:
        """Work out anew where the logs that were written to have gaps."""
        self._sink().refresh_gaps()

    def prune(self, before: datetime | None, size: int | None) -> datetime | None:
        """Drop what is too old or too much."""
        store = ClickHouseLogStore(self._url, transport=self._transport)
        try:
            return store.prune(before=before, size=size)
        finally:
            store.close()

    def _sink(self) -> ClickHouseSink:
        """Where rows go; first what was committed and perhaps not carried out."""
        if self._held is None:
            make(self._db)
            sink = ClickHouseSink(self._db)
            for entry in pending(self._db, self._follower):
                carry_out(self._db, sink, entry)
            self._version = max(self._version, next_version(self._db, self._follower))
            self._held = sink
        return self._held

    def _select(self, query: str) -> list[list[Any]]:
        self._sink()
        return self._db.select(query, WRITES_WITHIN)

    def _mine(self) -> str:
        return f"follower = {quote(self._follower)}"


class ClickHouseFeedWriting:
    """What goes into one entry of the journal."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def put_hole(self, source: Source, start: int, end: int) -> None:
        """Lines may be missing."""
        self._entry.hole.append((*source, min(start, end), max(start, end)))

    def put_lag(self, newest: Mapping[Source, int], now: int) -> None:
        """When lines arrived."""
        self._entry.feed += [(*source, now, now - last) for source, last in newest.items()]

    def advance(self, mark: Mark) -> int:
        """How far a file was read."""
        number = ClickHouseSink.number_of(mark)
        self._entry.source.append((number, mark.fingerprint.hex(), mark.length, mark.position, mark.path))
        return number

    def put_followed(self, path: str, now: Followed) -> None:
        """What lies under a path."""
        self._entry.follow.append((path, now.source, now.device, now.inode, now.known()))

    def put_tail(self, feed: str, masked: str) -> None:
        """A feed's last lines."""
        self._entry.tail.append((feed, masked.count("\n"), masked))

    def put_cursor(self, feed: str, cursor: str, time: int) -> None:
        """Where a feed stands."""
        self._entry.cursor.append((feed, cursor, time))

    def put_parcels(self, stored: Sequence[bytes], told: Sequence[bytes], now: int) -> None:
        """Bodies that are stored, and those whose senders know it."""
        again = set(stored)
        self._entry.parcel += [(digest.hex(), now, False) for digest in stored] + [
            (digest.hex(), now, True) for digest in told if digest not in again
        ]
