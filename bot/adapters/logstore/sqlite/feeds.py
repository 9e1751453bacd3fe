"""What the embedded store keeps of the feeds that `triage logs follow` reads, beside the rows that they brought.

log_follow  each path that is followed: the file last seen under it (its log_source, device and inode), the files that
            were renamed and are still read, and the newest line of each host and program that it brought. A new file under the same inode is one that was
            truncated: what was written between the last look and the truncation is gone, and nobody can say how much
log_hole    stretches in which a feed may have lost lines, however long or short; they are gaps of the coverage
log_feed    when the newest line of a host and program was stored, by our clock, and how old it was then
log_skew    the least distance of a login line's stamp from the clock inside its Dovecot session id, host by host
            and hour by hour, microseconds
log_cursor  where journald's journal was read up to
log_tail    the last lines of feeds that cannot be read again, masked and compressed: they teach a new process who
            is connected
log_parcel  HTTP bodies that were stored and whose sender has not been told yet; sent again, they are not stored again

All of it is written in the transaction that stores the rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import zstandard

from bot.adapters.logstore.digest import HOUR, Source
from bot.adapters.logstore.sqlite.prepared import Prepared
from bot.logs import session as session_id
from bot.logs.session import WRAP

TAIL_LINES: Final = 20_000
"""Lines kept of a feed that cannot be read again."""
SKEW_HOURS: Final = 6
SKEW_LOGINS: Final = 5
"""Logins that must agree before a skew is believed: any one may have waited long for its password."""
PARCELS_KEPT: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Followed:
    """What lay under a followed path when its lines were last stored."""

    source: int
    device: int
    inode: int
    newest: Mapping[Source, int] = field(default_factory=dict)
    """The newest line of each host and program, microseconds."""
    held: tuple[int, ...] = ()
    """Renamed files that may still be written to, by their numbers in log_source."""


def followed(connection: sqlite3.Connection, path: str) -> Followed | None:
    """What lay under ``path`` last; None where it was never followed."""
    row = connection.execute("SELECT source, device, inode, known FROM log_follow WHERE path = ?", (path,)).fetchone()
    if row is None:
        return None
    known = json.loads(row[3])
    return Followed(row[0], row[1], row[2], {(host, family): time for host, family, time in known["newest"]}, tuple(known["held"]))


def put_followed(connection: sqlite3.Connection, path: str, now: Followed) -> None:
    """Remember what lies under ``path``."""
    known = json.dumps({"newest": [[*source, time] for source, time in now.newest.items()], "held": now.held})
    connection.execute("INSERT OR REPLACE INTO log_follow VALUES (?, ?, ?, ?, ?)", (path, now.source, now.device, now.inode, known))


def put_hole(connection: sqlite3.Connection, source: Source, start: int, end: int) -> None:
    """A feed may have lost lines of ``source`` between two of its lines."""
    connection.execute("INSERT OR REPLACE INTO log_hole VALUES (?, ?, ?, ?)", (*source, min(start, end), max(start, end)))


def put_lag(connection: sqlite3.Connection, ready: Prepared, now: int) -> None:
    """Note when the newest lines of a batch arrived; ``now`` is our clock, microseconds."""
    connection.executemany(
        "INSERT INTO log_feed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen, lag = excluded.lag",
        [(*span.source, now, now - span.last) for span in ready.spans],
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
    data = zstandard.ZstdCompressor(level=3).compress(masked.encode("utf-8", "surrogatepass"))
    connection.execute("INSERT INTO log_tail (feed, lines, data) VALUES (?, ?, ?)", (feed, masked.count("\n"), data))
    connection.execute(
        "DELETE FROM log_tail WHERE feed = ? AND id IN (SELECT id FROM (SELECT id, sum(lines) OVER (ORDER BY id DESC) - lines AS after"
        " FROM log_tail WHERE feed = ?) WHERE after >= ?)",
        (feed, feed, TAIL_LINES),
    )


def tail_of(connection: sqlite3.Connection, feed: str) -> str:
    """The last lines of a feed, oldest first."""
    opened = zstandard.ZstdDecompressor()
    rows = connection.execute("SELECT data FROM log_tail WHERE feed = ? ORDER BY id", (feed,))
    return "".join(opened.decompress(data).decode("utf-8", "surrogatepass") for (data,) in rows)


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
    return connection.execute("SELECT start, end FROM log_hole WHERE host = ? AND family = ? ORDER BY start", source).fetchall()


def lag_of(connection: sqlite3.Connection, source: Source) -> tuple[int, int] | None:
    """When the newest line of ``source`` was stored and how old it was then, microseconds; None where nobody follows it."""
    row = connection.execute("SELECT seen, lag FROM log_feed WHERE host = ? AND family = ?", source).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))


def skew_of(connection: sqlite3.Connection, host: str) -> int | None:
    """By how much the stamps of ``host``'s lines are ahead of its mail server's own clock, microseconds, over the last hours
    that tell; None where too few logins do."""
    rows = connection.execute("SELECT least, count FROM log_skew WHERE host = ? ORDER BY hour DESC LIMIT ?", (host, SKEW_HOURS)).fetchall()
    logins = 0
    for hours, (_, count) in enumerate(rows, 1):
        logins += count
        if logins >= SKEW_LOGINS:
            return min(int(least) for least, _ in rows[:hours])
    return None


def measure_skew(connection: sqlite3.Connection, ready: Prepared) -> None:
    """Note how far the stamps of a batch's logins lie from the clocks in their session ids.

    A login is written within moments of its connection's start, and the id holds that start (:mod:`bot.logs.session`), so the
    least distance of many is the difference of the two clocks. An id made by somebody else does not hold the line's address.
    """
    least: dict[tuple[str, int], tuple[int, int]] = {}
    for host, address, start, session in ready.logged_in:
        made = session_id.decode(session)
        if made is None or not session_id.same_address(made, address):
            continue
        off = (start - made.clock + WRAP // 2) % WRAP - WRAP // 2
        key = (host, start // HOUR)
        known = least.get(key, (off, 0))
        least[key] = (min(known[0], off), known[1] + 1)
    connection.executemany(
        "INSERT INTO log_skew VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET least = min(least, excluded.least), count = count + excluded.count",
        [(*key, *values) for key, values in least.items()],
    )
