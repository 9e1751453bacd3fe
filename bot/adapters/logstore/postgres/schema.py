"""The tables of the log store in PostgreSQL, in a schema of their own, and the days into which they are cut.

log_line      lines kept verbatim, every field of the decoded event in a column, cut by day
log_who       who logs in: each mailbox with address, service and host once; ``tag`` is a digest of the four
log_success   successes by who and hour, cut by day
log_session   sessions of the last 48 hours of each host's log, cut by day; ``ended`` is NULL until the end is seen,
              ``key`` is a digest of host and session id
log_login     user names seen in failures, for the search of near misses
log_failure   failures counted by hour, event, reason, service, host and TLS, for reports
log_span      each host and program family: what its log covers; ``dirty_*`` is the stretch whose gaps are to be worked
              out again (microseconds since 1970, as in log_minute, log_beat and log_gap)
log_source    files read so far: digest of their first bytes, and how far they were read
log_stored    the batches with lines in the order of their commits, and the times between which their lines lie: what
              is new since a place is asked by reports and incidents
and what live feeds need (:mod:`bot.adapters.logstore.feeding`)

A day gets its partition when its first line is written, so that forgetting it is dropping a table. Lines dated
further than a year back or two days ahead go to the default partition: a log with broken dates must not make ten
thousand tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg
from psycopg import sql

from bot.adapters.logstore.placing import NUMBERS, TEXTS

VERSION: Final = "2"
SCHEMA: Final = "triage_logs"
CUT_BY_DAY: Final = {"log_line": "time", "log_success": "hour", "log_session": "start"}
"""Tables that are cut by day, and by which column."""
OLDEST: Final = timedelta(days=366)
NEWEST: Final = timedelta(days=2)
_LOCK: Final = 0x7472696167
"""The advisory lock under which tables are made."""
ORDER_LOCK: Final = 0x747269616F
"""The advisory lock under which a batch gets its place in log_stored."""
LINES_OF_BATCH: Final = 1 << 20
"""A line's id is its batch's number times this, plus its place in the batch."""

_FIELDS: Final = ", ".join([*(f'"{name}" text' for name in TEXTS), *(f'"{name}" bigint' for name in NUMBERS)])
_TABLES: Final = f"""
CREATE TABLE log_meta (key text PRIMARY KEY, value text NOT NULL);
CREATE SEQUENCE log_batch;
CREATE TABLE log_line (
    time timestamptz NOT NULL, id bigint NOT NULL, who text, domain text, network text, also text[], {_FIELDS})
    PARTITION BY RANGE (time);
CREATE INDEX ON log_line (who, time, id) WHERE who IS NOT NULL;
CREATE INDEX ON log_line (domain, time, id) WHERE domain IS NOT NULL;
CREATE INDEX ON log_line (network, time, id) WHERE network IS NOT NULL;
CREATE INDEX ON log_line USING gin (also) WHERE also IS NOT NULL;
CREATE INDEX ON log_line (id);
CREATE TABLE log_who (
    tag bigint PRIMARY KEY, who text NOT NULL, domain text NOT NULL, network text NOT NULL, mailbox text NOT NULL,
    address text NOT NULL, service text NOT NULL, host text NOT NULL);
CREATE INDEX ON log_who (who);
CREATE INDEX ON log_who (domain) WHERE domain <> '';
CREATE INDEX ON log_who (network) WHERE network <> '';
CREATE TABLE log_success (
    tag bigint NOT NULL, hour timestamptz NOT NULL, count int NOT NULL, first timestamptz NOT NULL,
    last timestamptz NOT NULL, client text, version text, PRIMARY KEY (tag, hour)) PARTITION BY RANGE (hour);
CREATE TABLE log_session (
    tag bigint NOT NULL, start timestamptz NOT NULL, key bigint NOT NULL, session text NOT NULL, ended timestamptz,
    client text, PRIMARY KEY (tag, start, key)) PARTITION BY RANGE (start);
CREATE INDEX ON log_session (key) WHERE ended IS NULL;
CREATE TABLE log_line_other PARTITION OF log_line DEFAULT;
CREATE TABLE log_success_other PARTITION OF log_success DEFAULT;
CREATE TABLE log_session_other PARTITION OF log_session DEFAULT;
CREATE TABLE log_login (
    login text PRIMARY KEY, local text NOT NULL, domain text NOT NULL, first timestamptz NOT NULL, last timestamptz NOT NULL);
CREATE INDEX ON log_login (local);
CREATE INDEX ON log_login (domain) WHERE domain <> '';
CREATE INDEX ON log_login (length(login)) WHERE domain = '';
CREATE TABLE log_failure (
    hour timestamptz NOT NULL, event text NOT NULL, reason text NOT NULL, service text NOT NULL, host text NOT NULL,
    tls text NOT NULL, count bigint NOT NULL, PRIMARY KEY (hour, event, reason, service, host, tls));
CREATE TABLE log_span (
    id serial PRIMARY KEY, host text NOT NULL, family text NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
    lines bigint NOT NULL, services text[] NOT NULL, dirty_first bigint, dirty_last bigint, UNIQUE (host, family));
CREATE TABLE log_minute (
    span int NOT NULL, minute bigint NOT NULL, lines bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
    PRIMARY KEY (span, minute));
CREATE TABLE log_beat (
    span int NOT NULL, address text NOT NULL, period bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
    hits bigint NOT NULL, PRIMARY KEY (span, address));
CREATE TABLE log_gap (span int NOT NULL, start bigint NOT NULL, ended bigint NOT NULL, PRIMARY KEY (span, start));
CREATE TABLE log_source (
    id bigserial PRIMARY KEY, fingerprint bytea NOT NULL, length int NOT NULL, position bigint NOT NULL,
    path text NOT NULL, UNIQUE (fingerprint, length));
CREATE TABLE log_stored (
    place bigserial PRIMARY KEY, batch bigint NOT NULL, first timestamptz NOT NULL, last timestamptz NOT NULL);
CREATE TABLE log_follow (
    follower text NOT NULL, path text NOT NULL, source bigint NOT NULL, device numeric NOT NULL, inode numeric NOT NULL, known text NOT NULL,
    PRIMARY KEY (follower, path));
CREATE TABLE log_hole (
    host text NOT NULL, family text NOT NULL, start bigint NOT NULL, ended bigint NOT NULL, PRIMARY KEY (host, family, start));
CREATE TABLE log_feed (
    host text NOT NULL, family text NOT NULL, seen bigint NOT NULL, lag bigint NOT NULL, PRIMARY KEY (host, family));
CREATE TABLE log_skew (
    host text NOT NULL, hour bigint NOT NULL, least bigint NOT NULL, count bigint NOT NULL, PRIMARY KEY (host, hour));
CREATE TABLE log_cursor (
    follower text NOT NULL, feed text NOT NULL, cursor text NOT NULL, time bigint NOT NULL, PRIMARY KEY (follower, feed));
CREATE TABLE log_tail (id bigserial PRIMARY KEY, follower text NOT NULL, feed text NOT NULL, lines int NOT NULL, data bytea NOT NULL);
CREATE TABLE log_parcel (follower text NOT NULL, digest bytea NOT NULL, time bigint NOT NULL, PRIMARY KEY (follower, digest));
"""


def make_tables(connection: psycopg.Connection) -> None:
    """Make what is missing; several may try at a time."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        if version_of(connection) is None:
            connection.execute(_TABLES)
            connection.execute("INSERT INTO log_meta VALUES ('version', %s)", (VERSION,))


def version_of(connection: psycopg.Connection) -> str | None:
    """The version of the tables; None where there are none."""
    there = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.log_meta",)).fetchone()
    if there is None or there[0] is None:
        return None
    found = connection.execute("SELECT value FROM log_meta WHERE key = 'version'").fetchone()
    return None if found is None else str(found[0])


def make_days(connection: psycopg.Connection, days: Iterable[date]) -> None:
    """Make the partitions of ``days``, each in its own transaction: making one locks the table for others."""
    today = datetime.now(UTC).date()
    for day in sorted(days):
        if not today - OLDEST <= day <= today + NEWEST:
            continue
        try:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                for table in CUT_BY_DAY:
                    connection.execute(
                        sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
                            sql.Identifier(f"{table}_{day:%Y%m%d}"),
                            sql.Identifier(table),
                            sql.Literal(f"{day} 00:00:00+00"),
                            sql.Literal(f"{day + timedelta(days=1)} 00:00:00+00"),
                        )
                    )
        except (
            psycopg.errors.CheckViolation
        ):  # the default partition holds lines of that day, from when it was far ahead
            continue


def days_of(connection: psycopg.Connection, table: str) -> list[tuple[date, str]]:
    """The days for which ``table`` has a partition, with its name, oldest first."""
    found = connection.execute(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
        " WHERE inhparent = %s::regclass AND child.relname ~ %s",
        (f"{SCHEMA}.{table}", rf"^{table}_[0-9]{{8}}$"),
    )
    return sorted((datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC).date(), name) for (name,) in found)
