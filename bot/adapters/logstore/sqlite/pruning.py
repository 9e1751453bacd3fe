"""Dropping what is old from the embedded store: lines, sums, sessions, counts and the coverage that they prove.

How far each file was read is kept, so that a pruned log that is handed in again is not read again.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from bot.adapters.logstore.digest import HOUR
from bot.adapters.logstore.rhythm import MINUTE

DAY: Final = 24 * HOUR
SLICES: Final = 64
"""Parts in which the index of lines is gone through, each a transaction of its own: nobody waits long for the store."""
PAGES: Final = 1_000
"""Pages (8 MB) given back to the disk in one step."""
_KEYS: Final = 1 << 47


def prune(connection: sqlite3.Connection, *, before: int | None, size: int | None) -> int | None:
    """Drop what is older than ``before`` (microseconds since 1970), then whole days from the oldest on, of the
    newest day whole hours, until at most ``size`` bytes are in use; returns the time from which on everything is
    kept, None where nothing went.

    The newest hour stays, however large. What is dropped is claimed by no coverage from the first moment on; the
    rows follow in small steps, and those that a kill leaves behind go with the next run. The file gives its free
    pages back in small steps too; one that an earlier program made keeps and reuses them.
    """
    cut = None
    oldest, newest = connection.execute("SELECT min(first), max(last) FROM log_span").fetchone()
    if oldest is None:
        return None
    if before is not None and oldest < before:
        cut = before
        _drop(connection, cut)
    while size is not None and used(connection) > size:
        start = max(oldest, cut or oldest)
        step = DAY if (start // DAY + 1) * DAY <= newest else HOUR
        following = (start // step + 1) * step
        if following > newest:
            break
        cut = following
        _drop(connection, cut)
    if cut is not None:
        shrink(connection)
    return cut


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    return (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * _pragma(
        connection, "page_size"
    )


def shrink(connection: sqlite3.Connection) -> None:
    """Give free pages back to the disk, a few at a time."""
    free = _pragma(connection, "freelist_count")
    while free:
        connection.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
        left = _pragma(connection, "freelist_count")
        if left >= free:  # the file was made without the means
            break
        free = left
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _drop(connection: sqlite3.Connection, cut: int) -> None:
    """Forget everything before ``cut``. A block goes once its last line is older; a line in a block that stays is no
    longer found. Of a row that reaches across the cut the older part is cut off; what it begins with is then a lower
    bound."""
    _together(
        connection,
        [
            ("DELETE FROM log_minute WHERE minute < ?", (cut // MINUTE,)),
            ("DELETE FROM log_gap WHERE end < ?", (cut,)),
            ("DELETE FROM log_hole WHERE end < ?", (cut,)),
            ("DELETE FROM log_skew WHERE hour < ?", (cut // HOUR,)),
            ("DELETE FROM log_span WHERE last < ?", (cut,)),
            (
                "DELETE FROM log_feed WHERE NOT EXISTS (SELECT 1 FROM log_span WHERE log_span.host = log_feed.host AND log_span.family = log_feed.family)",
                (),
            ),
            ("DELETE FROM log_beat WHERE span NOT IN (SELECT id FROM log_span)", ()),
            (
                "UPDATE log_span SET first = max(first, ?), lines = (SELECT coalesce(sum(lines), 0) FROM log_minute WHERE span = log_span.id)",
                (cut,),
            ),
        ],
    )
    for part in range(SLICES):
        low, high = part * _KEYS // SLICES, (part + 1) * _KEYS // SLICES - 1
        _together(
            connection,
            [
                ("DELETE FROM log_find WHERE key BETWEEN ? AND ? AND last < ?", (low, high, cut)),
                (
                    "UPDATE log_find SET finds = log_later_finds(finds, ?) WHERE key BETWEEN ? AND ? AND first < ?",
                    (cut, low, high, cut),
                ),
            ],
        )
    for statement in (
        ("DELETE FROM log_block WHERE last < ?", (cut,)),
        ("DELETE FROM log_login WHERE last < ?", (cut,)),
        ("DELETE FROM log_success WHERE last < ?", (cut // HOUR,)),
        ("UPDATE log_success SET sums = log_later_sums(sums, ?) WHERE hour < ?", (cut // HOUR, cut // HOUR)),
        ("DELETE FROM log_failure WHERE hour < ?", (cut // HOUR,)),
        ("DELETE FROM log_session WHERE last < ?", (cut,)),
        ("UPDATE log_session SET sessions = log_later_sessions(sessions, ?) WHERE first < ?", (cut, cut)),
        ("DELETE FROM log_open WHERE start < ?", (cut,)),
        ("DELETE FROM log_who WHERE tag NOT IN (SELECT who FROM log_success UNION SELECT who FROM log_session)", ()),
    ):
        _together(connection, [statement])


def _together(connection: sqlite3.Connection, statements: list[tuple[str, tuple[int, ...]]]) -> None:
    """All of them or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
