"""The tables of the embedded log store, how a connection to them is opened, and what its faults mean.

All tables begin with ``log_``, so that the file may hold other tables of ours. Times are microseconds since
1970.

log_block    lines kept verbatim, a few to a block: each with its decoded event, compressed together
             (:mod:`bot.adapters.logstore.sqlite.blocks`)
log_find     the lines that a key finds, of each batch those of a key together
             (:mod:`bot.adapters.logstore.sqlite.packing`):
             one key for each name, domain and address, and one for failures that name nobody. ``line`` is the number of
             the batch's first line. A key is a 47-bit digest (six bytes in the file), so that no dictionary has to be
             kept; what is found is compared again when it is read
log_login    user names seen in failures, for the search of near misses
log_who      who logs in: each mailbox with address, service and host once; ``tag`` is a digest of the four
log_success  successes of one of them by hour (whole hours since 1970), those of a batch packed together; ``hour`` and
             ``last`` are the first and last of them
log_session  sessions of the last 48 hours of each host's log, packed likewise
log_open     the sessions whose end was not seen yet, and ``first``, in which row each stands; ``tag`` is a digest of
             host and session id
log_failure  failures counted by hour, event, reason, service, host and TLS, for reports
log_span     each host and program family: what its log covers; ``dirty_*`` is the stretch whose gaps are to
             be worked out again
log_minute   its lines minute by minute; log_beat its health probes; log_gap its gaps
log_source   files read so far: digest of their first bytes, and how far they were read
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from bot.adapters.logstore.sqlite import packing
from bot.errors import StoreBusy, StoreCorrupt, StoreError, StoreMissing

VERSION: Final = "4"

TABLES: Final = """
CREATE TABLE IF NOT EXISTS log_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_block (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS log_find (
    key INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, line INTEGER NOT NULL, finds BLOB NOT NULL,
    PRIMARY KEY (key, last, first, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_login (
    login TEXT PRIMARY KEY, local TEXT NOT NULL, domain TEXT, first INTEGER NOT NULL, last INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_login_local ON log_login (local);
CREATE INDEX IF NOT EXISTS log_login_domain ON log_login (domain) WHERE domain IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_login_bare ON log_login (length(login)) WHERE domain IS NULL;
CREATE TABLE IF NOT EXISTS log_who (
    tag INTEGER PRIMARY KEY, name INTEGER NOT NULL, domain INTEGER, network INTEGER,
    mailbox TEXT NOT NULL, address TEXT NOT NULL, service TEXT NOT NULL, host TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS log_who_name ON log_who (name);
CREATE INDEX IF NOT EXISTS log_who_domain ON log_who (domain) WHERE domain IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_who_network ON log_who (network) WHERE network IS NOT NULL;
CREATE TABLE IF NOT EXISTS log_success (
    who INTEGER NOT NULL, hour INTEGER NOT NULL, last INTEGER NOT NULL, sums BLOB NOT NULL, PRIMARY KEY (who, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_session (
    who INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, sessions BLOB NOT NULL, PRIMARY KEY (who, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_open (
    tag INTEGER PRIMARY KEY, who INTEGER NOT NULL, start INTEGER NOT NULL, first INTEGER NOT NULL, session TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log_failure (
    hour INTEGER NOT NULL, event TEXT NOT NULL, reason TEXT NOT NULL, service TEXT NOT NULL, host TEXT NOT NULL,
    tls TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, event, reason, service, host, tls)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_span (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, family TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, lines INTEGER NOT NULL, services TEXT NOT NULL,
    dirty_first INTEGER, dirty_last INTEGER, UNIQUE (host, family));
CREATE TABLE IF NOT EXISTS log_minute (
    span INTEGER NOT NULL, minute INTEGER NOT NULL, lines INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (span, minute)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_beat (
    span INTEGER NOT NULL, address TEXT NOT NULL, period INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, hits INTEGER NOT NULL, PRIMARY KEY (span, address)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_gap (
    span INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (span, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_source (
    id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL, length INTEGER NOT NULL, position INTEGER NOT NULL,
    path TEXT NOT NULL, UNIQUE (fingerprint, length));
"""

FEED_TABLES: Final = """
CREATE TABLE IF NOT EXISTS log_follow (
    path TEXT PRIMARY KEY, source INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, known TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_hole (
    host TEXT NOT NULL, family TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (host, family, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_feed (
    host TEXT NOT NULL, family TEXT NOT NULL, seen INTEGER NOT NULL, lag INTEGER NOT NULL, PRIMARY KEY (host, family))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_skew (
    host TEXT NOT NULL, hour INTEGER NOT NULL, least INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (host, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_cursor (feed TEXT PRIMARY KEY, cursor TEXT NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_tail (id INTEGER PRIMARY KEY, feed TEXT NOT NULL, lines INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS log_parcel (digest BLOB PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;
"""
"""What live feeds need (:mod:`bot.adapters.logstore.sqlite.feeds` tells what each is); a store of an earlier program
gets them when it is next written to."""

WRITER_WAITS: Final = 30.0
PAGE: Final = 8192
"""Bytes of a page. A row without a rowid that takes more than a quarter of its page overflows into pages of its own
(sqlite.org/fileformat2.html, "Cell Payload Overflow Pages"), and the sessions of a busy mailbox come to a kilobyte: in
pages of 4 kB they wasted a third of the file."""
WAL_BYTES: Final = 64 << 20
"""How much gathers before it is moved into the main file: moving pages at each commit would write every page of the
indexes again and again."""
READER_WAITS: Final = 5.0
"""Seconds to wait for a lock that another process holds."""


@lru_cache(maxsize=131_072)
def key_of(kind: str, text: str) -> int:
    """The 47-bit key of ``text`` as a ``kind`` of selector: n(ame), d(omain), i (address), a (nobody)."""
    return digest_of(f"{kind}:{text}") >> 16


def digest_of(text: str) -> int:
    """The 63-bit digest of ``text``."""
    digest = blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write; makes the file and its tables where they are missing.

    Raises StoreCorrupt, StoreBusy, StoreError.
    """
    with faults_named(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: cannot make its directory ({error.strerror}); choose another place") from error
        connection = sqlite3.connect(path, timeout=WRITER_WAITS, isolation_level=None, check_same_thread=False)
        try:
            packing.teach(connection)
            # only a new file takes these two: it can shrink in small steps
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA temp_store = MEMORY")
            page = int(connection.execute("PRAGMA page_size").fetchone()[0])
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_BYTES // page}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")  # a write-ahead log that a bulk load left
            if version_of(connection) is None:
                connection.executescript("BEGIN IMMEDIATE;" + TABLES)
                connection.execute("INSERT OR IGNORE INTO log_meta VALUES ('version', ?)", (VERSION,))
                connection.execute("COMMIT")
            check_version(connection, path)
            if not has_feeds(connection):
                connection.executescript("BEGIN IMMEDIATE;" + FEED_TABLES + "COMMIT;")
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; it works while another process ingests.

    Raises StoreMissing where there is no log store at ``path``, StoreCorrupt, StoreBusy, StoreError.
    """
    missing = StoreMissing(f"{path}: no server log was ingested yet; run `triage logs ingest PATH` first")
    if not path.is_file():
        raise missing
    with faults_named(path):
        uri = path.absolute().as_uri() + "?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=READER_WAITS, isolation_level=None, check_same_thread=False)
        try:
            packing.teach(connection)
            connection.execute("PRAGMA query_only = ON")
            if version_of(connection) is None:
                raise missing
            check_version(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def version_of(connection: sqlite3.Connection) -> str | None:
    """The version of the log store in this database; None where it holds none."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_meta'").fetchone() is None:
        return None
    row = connection.execute("SELECT value FROM log_meta WHERE key = 'version'").fetchone()
    return None if row is None else str(row[0])


def has_feeds(connection: sqlite3.Connection) -> bool:
    """False for a store that only an earlier program has written to."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_parcel'").fetchone() is not None


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreCorrupt where the tables are of another version than this program's."""
    version = version_of(connection)
    if version != VERSION:
        raise StoreCorrupt(f"{path}: a log store of version {version}, this program knows {VERSION}; ingest anew")


@contextmanager
def faults_named(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the file's name and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise StoreBusy(f"{path}: another process is writing to it; try again") from error
        if "full" in text or "disk I/O" in text:
            raise StoreError(
                f"{path}: cannot be written, the disk or the quota is full or broken ({text}); make room, nothing stored so far is lost"
            ) from error
        if "malformed" in text or "no such" in text:
            raise StoreCorrupt(f"{path}: the log store is damaged ({text}); move it away and ingest anew") from error
        raise StoreError(f"{path}: cannot be used ({text}); check the path and its permissions") from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{path}: not a usable log store ({error}); move it away and ingest anew") from error
