"""Which file this is: by its first bytes, so that a rotated, renamed or compressed copy is the same file.

A file shorter than 1 kB is remembered by all the bytes it had; when it has grown, the longest beginning that
is known decides, and the longer beginning is remembered from then on.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bot.adapters.logstore.sqlite.sources import fingerprint


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read: its identity (digest of its first ``length`` bytes) and the position behind
    it."""

    id: int | None
    fingerprint: bytes
    length: int
    position: int
    path: str


@dataclass(slots=True)
class Identity:
    """A file's identity and how far it was read; position 0 and no id for one that is new."""

    id: int | None
    fingerprint: bytes
    length: int
    position: int
    stop: int | None = None
    """Where a write that was interrupted ended; only a back-end without transactions knows of one."""

    def mark(self, position: int, path: str) -> Mark:
        """The mark to store once the file is read up to ``position``."""
        return Mark(self.id, self.fingerprint, self.length, position, path)


def identify(connection: sqlite3.Connection, head: bytes) -> Identity:
    """The identity of the file that begins with ``head`` (its first 1,024 bytes, all where it is shorter)."""
    own = fingerprint(head)
    lengths = connection.execute(
        "SELECT DISTINCT length FROM log_source WHERE length <= ? ORDER BY length DESC", (len(head),)
    ).fetchall()
    for (length,) in lengths:
        known = connection.execute(
            "SELECT id, position FROM log_source WHERE fingerprint = ? AND length = ?",
            (fingerprint(head[:length]), length),
        ).fetchone()
        if known is not None:
            return Identity(known[0], own, len(head), known[1])
    return Identity(None, own, len(head), 0)
