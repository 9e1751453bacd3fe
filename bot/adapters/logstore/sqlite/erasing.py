"""Erasing one mail address from the embedded store: kept lines are rewritten, what is found by it is found no more,
sums go on under another name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import zstandard

from bot.adapters.logstore.sqlite.blocks import BlockReader
from bot.adapters.logstore.sqlite.schema import digest_of, key_of

CHUNK = 2_000


def erase(connection: sqlite3.Connection, address: str, pseudonym: str) -> int:
    """Replace ``address`` (in any case) by ``pseudonym`` in every line; returns how many blocks of lines changed.
    The file is then written anew, its write-ahead log emptied, so that no byte of it is left.

    The whole store is looked through, since an address may stand in a line that is not found by it (a recipient).
    """
    wanted = address.lower()
    pattern = re.compile(rf"(?<![A-Za-z0-9._+-]){re.escape(wanted)}(?!\.?[A-Za-z0-9-])", re.IGNORECASE)
    connection.execute("PRAGMA secure_delete = ON")
    compress = zstandard.ZstdCompressor(level=3).compress
    changed = 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        reader = BlockReader()
        for number, data in _blocks(connection):
            packed = "\n".join(reader.lines(data))
            if wanted in packed.lower():
                new = pattern.sub(pseudonym, packed)
                if new != packed:
                    connection.execute(
                        "UPDATE log_block SET data = ? WHERE id = ?",
                        (compress(new.encode("utf-8", "surrogatepass")), number),
                    )
                    changed += 1
        connection.execute("DELETE FROM log_find WHERE key = ?", (key_of("n", wanted),))
        connection.execute("DELETE FROM log_login WHERE lower(login) = ?", (wanted,))
        _sums(connection, wanted, pseudonym)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return changed


def _blocks(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    last = -1
    while rows := connection.execute(
        "SELECT id, data FROM log_block WHERE id > ? ORDER BY id LIMIT ?", (last, CHUNK)
    ).fetchall():
        yield from rows
        last = rows[-1][0]


def _sums(connection: sqlite3.Connection, wanted: str, pseudonym: str) -> None:
    """Successes and sessions stay counted, of somebody whom nobody can name; their digests are of the pseudonym too."""
    for tag, host, service, ip in connection.execute(
        "SELECT tag, host, service, address FROM log_who WHERE lower(mailbox) = ?", (wanted,)
    ).fetchall():
        new = digest_of("\0".join((pseudonym, ip, service, host)))
        connection.execute(
            "UPDATE log_who SET tag = ?, mailbox = ?, name = ?, domain = NULL WHERE tag = ?",
            (new, pseudonym, key_of("n", pseudonym), tag),
        )
        for table in ("log_success", "log_session", "log_open"):
            connection.execute(f"UPDATE {table} SET who = ? WHERE who = ?", (new, tag))
