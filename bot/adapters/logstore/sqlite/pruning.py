"""Dropping what is old from the embedded store: lines, sums, sessions, counts and the coverage that they prove.

How far each file was read is kept, so that a pruned log that is handed in again is not read again.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from bot.adapters.logstore.digest import HOUR
from bot.adapters.logstore.rhythm import MINUTE

DAY: Final = 24 * HOUR


def prune(connection: sqlite3.Connection, *, before: int | None, size: int | None) -> int | None:
    """Drop what is older than ``before`` (microseconds since 1970), then whole days from the oldest on until at
    most ``size`` bytes are in use; returns the time from which on everything is kept, None where nothing went.

    The newest day stays, however large. The file itself shrinks at the end, for which SQLite needs as much free
    disk as it is to keep.
    """
    cut = None
    oldest, newest = connection.execute("SELECT min(first), max(last) FROM log_span").fetchone()
    if oldest is None:
        return None
    if before is not None and oldest < before:
        cut = before
        _drop(connection, cut)
    while size is not None and _used(connection) > size:
        following = (max(oldest, cut or oldest) // DAY + 1) * DAY
        if following > newest:
            break
        cut = following
        _drop(connection, cut)
    if cut is not None:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return cut


def _used(connection: sqlite3.Connection) -> int:
    pages, free, page = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size"))
    return (pages - free) * page


def _drop(connection: sqlite3.Connection, cut: int) -> None:
    """Forget everything before ``cut``, all or nothing. A block goes once its last line is older; a line in a block
    that stays is no longer found."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, column, bound in (
            ("log_block", "last", cut), ("log_find", "time", cut), ("log_login", "last", cut),
            ("log_success", "hour", cut // HOUR), ("log_failure", "hour", cut // HOUR), ("log_session", "start", cut),
            ("log_open", "start", cut), ("log_minute", "minute", cut // MINUTE), ("log_gap", "end", cut),
            ("log_span", "last", cut),
        ):  # fmt: skip
            connection.execute(f"DELETE FROM {table} WHERE {column} < ?", (bound,))
        connection.execute("DELETE FROM log_who WHERE tag NOT IN (SELECT who FROM log_success UNION SELECT who FROM log_session)")
        connection.execute("DELETE FROM log_beat WHERE span NOT IN (SELECT id FROM log_span)")
        connection.execute(
            "UPDATE log_span SET first = max(first, ?),"
            " lines = (SELECT coalesce(sum(lines), 0) FROM log_minute WHERE span = log_span.id)",
            (cut,),
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
