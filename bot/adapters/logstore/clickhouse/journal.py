"""What a follower commits, in one row.

ClickHouse has no transaction over several tables, but takes one row whole or not at all. A batch with all that goes
with it is therefore first written into one row of log_journal: that is the commit. Then it is carried out, table by
table, under the batch's own token, and the row is emptied. Who finds a row that was not emptied carries it out once
more; what a table has of it already it leaves out (``insert_deduplication_token``), and of rows with a version the
newest counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.adapters.logstore.clickhouse.client import ClickHouse, quote
from bot.adapters.logstore.clickhouse.sink import WRITES_WITHIN, ClickHouseSink
from bot.adapters.logstore.digest import Span
from bot.adapters.logstore.rows import Row, Rows


@dataclass(slots=True)
class Entry:
    """A batch and the places of its feed. ``id`` is its token; rows are those of the tables of the same names, without
    follower and version."""

    follower: str
    id: str
    version: int
    batch: Rows
    source: list[Row] = field(default_factory=list)
    follow: list[Row] = field(default_factory=list)
    tail: list[Row] = field(default_factory=list)
    cursor: list[Row] = field(default_factory=list)
    parcel: list[Row] = field(default_factory=list)
    hole: list[Row] = field(default_factory=list)
    feed: list[Row] = field(default_factory=list)

    def text(self) -> str:
        """The entry as the row holds it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> Entry:
        """What :meth:`text` wrote down."""
        told: dict[str, Any] = json.loads(text)
        batch = told.pop("batch")
        spans = [Span(**{**one, "source": tuple(one["source"])}) for one in batch.pop("spans")]
        return cls(batch=Rows(**batch, spans=spans), **told)


def commit(database: ClickHouse, sink: ClickHouseSink, entry: Entry) -> None:
    """Store an entry, and carry it out. Raises StoreError; the same entry may then be committed again."""
    _put(database, entry, entry.text(), entry.version)
    carry_out(database, sink, entry)


def pending(database: ClickHouse, follower: str | None = None) -> Iterable[Entry]:
    """The entries, of all followers or one, that were committed and perhaps not carried out. Raises StoreError."""
    only = "" if follower is None else f" AND follower = {quote(follower)}"
    return [
        Entry.of(text)
        for (text,) in database.select(
            f"SELECT payload FROM log_journal FINAL WHERE payload <> ''{only}", WRITES_WITHIN
        )
    ]


def next_version(database: ClickHouse, follower: str) -> int:
    """A version that is newer than any of this follower's, whatever the clock says. Raises StoreError."""
    found = database.select(f"SELECT max(version) FROM log_journal WHERE follower = {quote(follower)}", WRITES_WITHIN)
    return max(int(found[0][0] or 0) + 2 if found else 0, time.time_ns())


def carry_out(database: ClickHouse, sink: ClickHouseSink, entry: Entry) -> None:
    """Write what an entry holds, however often that was begun before. Raises StoreError."""
    sink.insert(entry.batch, entry.id)
    mine, version = (entry.follower,), (entry.version,)
    for table, columns, rows in (
        (
            "log_source",
            ("id", "fingerprint", "length", "position", "path", "stop", "version"),
            [(*row, 0, *version) for row in entry.source],
        ),
        (
            "log_follow",
            ("follower", "path", "source", "device", "inode", "known", "version"),
            [(*mine, *row, *version) for row in entry.follow],
        ),
        ("log_tail", ("follower", "feed", "lines", "data", "version"), [(*mine, *row, *version) for row in entry.tail]),
        (
            "log_cursor",
            ("follower", "feed", "cursor", "time", "version"),
            [(*mine, *row, *version) for row in entry.cursor],
        ),
        (
            "log_parcel",
            ("follower", "digest", "time", "gone", "version"),
            [(*mine, *row, *version) for row in entry.parcel],
        ),
        ("log_hole", ("host", "family", "start", "ended", "version"), [(*row, *version) for row in entry.hole]),
        ("log_feed", ("host", "family", "seen", "lag", "version"), [(*row, *version) for row in entry.feed]),
    ):
        database.insert(table, columns, rows, WRITES_WITHIN, token=entry.id)
    _put(database, entry, "", entry.version + 1)


def _put(database: ClickHouse, entry: Entry, payload: str, version: int) -> None:
    database.insert(
        "log_journal",
        ("follower", "batch", "payload", "version"),
        [[entry.follower, entry.id, payload, version]],
        WRITES_WITHIN,
    )
