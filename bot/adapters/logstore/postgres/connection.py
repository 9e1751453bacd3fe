"""Connecting to PostgreSQL within bounds, and what its faults mean."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from bot.adapters.logstore.postgres.schema import SCHEMA, VERSION, make_tables, version_of
from bot.errors import SettingsError, StoreBusy, StoreCorrupt, StoreError, StoreMissing

CONNECTS_WITHIN: Final = 3
"""Seconds."""
WRITES_WITHIN: Final = 120
"""Seconds for one statement of a batch."""
GRACE: Final = 1.0
"""Seconds that a server may be late in giving up by itself before the connection is cut."""


def name_of(url: str) -> str:
    """What messages call the database: host and name, never a password. Raises SettingsError for a URL that libpq
    does not read."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise SettingsError("LOG_STORE_URL: cannot be read; write postgresql://user:password@host/database") from error
    return f"PostgreSQL {parts.get('dbname', '')} at {parts.get('host') or 'the local socket'}"


def connect(url: str) -> psycopg.Connection:
    """A connection in autocommit mode whose names are looked up in our schema, all times in UTC. Plans are not
    compiled: that takes longer than any question of ours, and no time limit interrupts it. Raises psycopg.Error."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=CONNECTS_WITHIN,
        application_name="triage",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=15_000,
    )
    connection.execute(
        sql.SQL("SET search_path TO {}; SET timezone TO 'UTC'; SET jit TO off").format(sql.Identifier(SCHEMA))
    )
    return connection


def open_for_writing(url: str, name: str) -> psycopg.Connection:
    """A connection that may write, for a batch at most :data:`WRITES_WITHIN`; makes the tables where they are missing.
    Raises psycopg.Error, StoreCorrupt."""
    connection = connect(url)
    try:
        connection.execute(f"SET lock_timeout = '60s'; SET statement_timeout = '{WRITES_WITHIN}s'".encode())
        make_tables(connection)
        check_version(connection, name)
    except BaseException:
        connection.close()
        raise
    return connection


def check_version(connection: psycopg.Connection, name: str) -> None:
    """Raise StoreMissing where there are no tables, StoreCorrupt where they are of another version."""
    version = version_of(connection)
    if version is None:
        raise StoreMissing(f"{name}: no server log was ingested yet; run `triage logs ingest PATH` first")
    if version != VERSION:
        raise StoreCorrupt(
            f"{name}: a log store of version {version}, this program knows {VERSION}; drop the schema {SCHEMA} and ingest anew"
        )


@contextmanager
def bounded(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """End every statement after ``seconds``, and the connection itself where the server does not even do that:
    a machine that hangs acknowledges packets and answers nothing."""
    cut = threading.Timer(seconds + GRACE, _cut, [connection.fileno()])
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()


def _cut(descriptor: int) -> None:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as held:
            held.shutdown(socket.SHUT_RDWR)
    except OSError:  # it was closed meanwhile
        return


@contextmanager
def faults_named(name: str) -> Iterator[None]:
    """Turn psycopg's errors into ours, with the database's name and what to do."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise StoreBusy(f"{name}: took too long to answer; ask for less time, or see what keeps it busy") from error
    except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure) as error:
        raise StoreBusy(f"{name}: another writer was in the way; try again") from error
    except errors.DiskFull as error:
        raise StoreError(f"{name}: its disk is full; make room, nothing stored so far is lost") from error
    except (errors.UndefinedTable, errors.UndefinedColumn) as error:
        raise StoreCorrupt(
            f"{name}: its tables are not this program's ({_first_line(error)}); drop the schema {SCHEMA} and ingest anew"
        ) from error
    except errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{name}: {_first_line(error)}; grant its user CREATE on the database, or on the schema {SCHEMA}"
        ) from error
    except psycopg.Error as error:
        raise StoreError(
            f"{name}: cannot be used ({_first_line(error)}); check LOG_STORE_URL and the server"
        ) from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0][:200]
