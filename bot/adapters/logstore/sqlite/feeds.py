"""What the embedded store keeps of live feeds, as rows (:mod:`bot.adapters.logstore.feeding` tells what each table
is)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from bot.adapters.logstore.digest import Source
from bot.adapters.logstore.feeding import PARCELS_KEPT, SKEW_HOURS, TAIL_LINES, Followed, packed, skew, skews, unpacked
from bot.adapters.logstore.sqlite.prepared import Prepared


def followed(connection: sqlite3.Connection, path: str) -> Followed | None:
    """What lay under ``path`` last; None where it was never followed."""
    row = connection.execute("SELECT source, device, inode, known FROM log_follow WHERE path = ?", (path,)).fetchone()
    return None if row is None else Followed.of(*row)


def put_followed(connection: sqlite3.Connection, path: str, now: Followed) -> None:
    """Remember what lies under ``path``."""
    connection.execute(
        "INSERT OR REPLACE INTO log_follow VALUES (?, ?, ?, ?, ?)",
        (path, now.source, now.device, now.inode, now.known()),
    )


def put_hole(connection: sqlite3.Connection, source: Source, start: int, end: int) -> None:
    """A feed may have lost lines of ``source`` between two of its lines."""
    connection.execute(
        "INSERT OR REPLACE INTO log_hole VALUES (?, ?, ?, ?)", (*source, min(start, end), max(start, end))
    )


def put_lag(connection: sqlite3.Connection, newest: Mapping[Source, int], now: int) -> None:
    """Note when the newest lines of a batch arrived; ``now`` is our clock, microseconds."""
    connection.executemany(
        "INSERT INTO log_feed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen, lag = excluded.lag",
        [(*source, now, now - last) for source, last in newest.items()],
    )


def put_cursor(connection: sqlite3.Connection, feed: str, cursor: str, time: int) -> None:
    """``feed`` was read up to ``cursor``, an entry of ``time``."""
    connection.execute("INSERT OR REPLACE INTO log_cursor VALUES (?, ?, ?)", (feed, cursor, time))


def cursor_of(connection: sqlite3.Connection, feed: str) -> tuple[str, int] | None:
    """Where to go on in ``feed``: cursor and time of its last entry."""
    row = connection.execute("SELECT cursor, time FROM log_cursor WHERE feed = ?", (feed,)).fetchone()
    return None if row is None else (str(row[0]), int(row[1]))


def put_tail(connection: sqlite3.Connection, feed: str, masked: str) -> None:
    """Keep the lines that a feed brought last; the oldest of it go."""
    connection.execute(
        "INSERT INTO log_tail (feed, lines, data) VALUES (?, ?, ?)", (feed, masked.count("\n"), packed(masked))
    )
    connection.execute(
        "DELETE FROM log_tail WHERE feed = ? AND id IN (SELECT id FROM (SELECT id, sum(lines) OVER (ORDER BY id DESC) - lines AS after"
        " FROM log_tail WHERE feed = ?) WHERE after >= ?)",
        (feed, feed, TAIL_LINES),
    )


def tail_of(connection: sqlite3.Connection, feed: str) -> str:
    """The last lines of a feed, oldest first."""
    return unpacked(
        data for (data,) in connection.execute("SELECT data FROM log_tail WHERE feed = ? ORDER BY id", (feed,))
    )


def put_parcels(connection: sqlite3.Connection, digests: Iterable[bytes], now: int) -> None:
    """These bodies are stored and not acknowledged yet."""
    connection.executemany("INSERT OR REPLACE INTO log_parcel VALUES (?, ?)", [(digest, now) for digest in digests])
    connection.execute("DELETE FROM log_parcel WHERE time < ?", (now - PARCELS_KEPT,))


def drop_parcels(connection: sqlite3.Connection, digests: Iterable[bytes]) -> None:
    """The senders of these bodies know that they are stored."""
    connection.executemany("DELETE FROM log_parcel WHERE digest = ?", [(digest,) for digest in digests])


def parcels(connection: sqlite3.Connection) -> set[bytes]:
    """The bodies that are stored and not acknowledged."""
    return {bytes(row[0]) for row in connection.execute("SELECT digest FROM log_parcel")}


def holes(connection: sqlite3.Connection, source: Source) -> list[tuple[int, int]]:
    """The stretches in which lines of ``source`` may be missing."""
    return connection.execute(
        "SELECT start, end FROM log_hole WHERE host = ? AND family = ? ORDER BY start", source
    ).fetchall()


def lag_of(connection: sqlite3.Connection, source: Source) -> tuple[int, int] | None:
    """When the newest line of ``source`` was stored and how old it was then, microseconds; None where nobody follows
    it."""
    row = connection.execute("SELECT seen, lag FROM log_feed WHERE host = ? AND family = ?", source).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))


def skew_of(connection: sqlite3.Connection, host: str) -> int | None:
    """By how much the stamps of ``host``'s lines are ahead of its mail server's own clock, microseconds, over the
    last hours that tell; None where too few logins do."""
    return skew(
        connection.execute(
            "SELECT least, count FROM log_skew WHERE host = ? ORDER BY hour DESC LIMIT ?", (host, SKEW_HOURS)
        )
    )


def measure_skew(connection: sqlite3.Connection, ready: Prepared) -> None:
    """Note how far the stamps of a batch's logins lie from the clocks in their session ids."""
    logins = [(start, session, address, host) for host, address, start, session in ready.logged_in]
    connection.executemany(
        "INSERT INTO log_skew VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET least = min(least, excluded.least), count = count + excluded.count",
        [(*key, *values) for key, values in skews(logins).items()],
    )
