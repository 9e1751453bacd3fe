"""The tables of the log store in ClickHouse.

log_line         lines kept verbatim, every field of the decoded event in a column; ordered by the domain and the name
                 that a line names and by time, so that a mailbox's lines lie together and a domain's beside them. Skip
                 indexes find the network of an address and the few further names
log_failure      failures by hour, event, reason, service, host and TLS, counted by the view log_failure_view as lines
                 come in
log_new          lines in the order they were stored, by a view too: what is new is asked by reports and incidents.
                 For a week
log_success      successes by who and hour; log_session the sessions, log_session_end and log_session_client what was
                 told later of sessions that began in an earlier batch
log_login        user names seen in failures, for the search of near misses
log_minute, log_day   what each host and program family wrote, by minute and by day
log_beat, log_gap     its health probes and its gaps; the newest row counts
log_source       files read so far; the newest row counts. ``stop`` is set while a part is being written
log_journal      what a follower commits (:mod:`bot.adapters.logstore.clickhouse.journal`), and beside it what
                 live feeds need (:mod:`bot.adapters.logstore.feeding`)

ClickHouse has no transaction over several tables. A batch is therefore announced in log_source before it is written,
and each insert carries a token made of the file and the part: a batch whose writing was interrupted is read and
written once more, and what a table has already it leaves out (``insert_deduplication_token``; the window is what a
table remembers).

Every statement says IF NOT EXISTS: who runs a cluster makes Replicated and Distributed tables of these names
beforehand (docs/scale.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from bot.adapters.logstore.placing import COLUMNS, NUMBERS, TEXTS

VERSION: Final = "2"
DAYS: Final = 90
"""Days after which rows expire, where the URL does not say."""
KEPT_DAYS: Final = 7
"""Days for which the last lines of a feed are kept that cannot be read again, and lines in the order they were
stored."""
_FEW: Final = frozenset(
    {
        "event",
        "outcome",
        "program",
        "service",
        "reason",
        "tls",
        "mechanism",
        "enhanced_status",
        "format",
        "host",
        "local_ip",
        "client",
        "client_version",
    }
)
"""Columns with few different values."""
_MOMENT: Final = "DateTime64(6, 'UTC')"
_WHO: Final = "domain String, who String, network String, mailbox String, address String, service LowCardinality(String), host LowCardinality(String)"

CUT_BY_DAY: Final = (
    "log_line",
    "log_new",
    "log_failure",
    "log_success",
    "log_session",
    "log_session_end",
    "log_session_client",
    "log_minute",
    "log_day",
)
"""Tables of which whole days can be dropped; the others are small."""


def _kind(name: str) -> str:
    if name == "raw":
        return "String CODEC(ZSTD(3))"
    if name in ("event", "outcome"):
        return "LowCardinality(String)"
    return "LowCardinality(Nullable(String))" if name in _FEW else "Nullable(String)"


def _table(days: int, name: str, columns: str, engine: str, order: str, day: str = "") -> str:
    """What makes one table; ``day`` by which its partitions are cut, and expire."""
    cut = f" PARTITION BY {day}" if day else ""
    expires = f" TTL {day} + INTERVAL {days} DAY DELETE" if day else ""
    drops = ", ttl_only_drop_parts = 1" if day else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ({columns}) ENGINE = {engine}{cut} ORDER BY {order}{expires}"
        f" SETTINGS non_replicated_deduplication_window = 10000{drops}"
    )


def statements(days: int) -> Iterator[str]:
    """What makes the tables, rows of which expire after ``days``."""
    fields = ", ".join(
        [*(f"`{name}` {_kind(name)}" for name in TEXTS), *(f"`{name}` Nullable(Int64)" for name in NUMBERS)]
    )
    table = partial(_table, days)
    yield table("log_meta", "key String, value String", "ReplacingMergeTree", "key")
    yield table(
        "log_line",
        f"time {_MOMENT} CODEC(Delta, ZSTD), batch UInt64, number UInt32, domain String, who String, network String, also Array(String),"
        f" anonymous Bool, {fields}, INDEX network_in network TYPE bloom_filter(0.001) GRANULARITY 1, INDEX also_in also TYPE bloom_filter(0.001) GRANULARITY 1",
        "MergeTree",
        "(domain, who, time)",
        "toDate(time)",
    )
    yield table(
        "log_failure",
        "hour DateTime('UTC'), event LowCardinality(String), reason LowCardinality(String), service LowCardinality(String),"
        " host LowCardinality(String), tls LowCardinality(String), count UInt64",
        "SummingMergeTree",
        "(hour, event, reason, service, host, tls)",
        "toDate(hour)",
    )
    yield (
        "CREATE MATERIALIZED VIEW IF NOT EXISTS log_failure_view TO log_failure AS SELECT toStartOfHour(time) AS hour, event,"
        " ifNull(reason, '') AS reason, ifNull(service, '') AS service, ifNull(host, '-') AS host, ifNull(tls, '') AS tls, count() AS count"
        " FROM log_line WHERE outcome = 'failure' GROUP BY hour, event, reason, service, host, tls"
    )
    yield _table(
        KEPT_DAYS,
        "log_new",
        f"stored {_MOMENT}, time {_MOMENT}, number UInt32, {fields}",
        "MergeTree",
        "(stored, number)",
        "toDate(stored)",
    )
    yield (
        "CREATE MATERIALIZED VIEW IF NOT EXISTS log_new_view TO log_new AS"
        f" SELECT now64(6, 'UTC') AS stored, time, number, {', '.join(f'`{name}`' for name in COLUMNS)} FROM log_line"
    )
    yield table(
        "log_success",
        f"{_WHO}, hour DateTime('UTC'), count SimpleAggregateFunction(sum, UInt64), first SimpleAggregateFunction(min, {_MOMENT}),"
        f" last SimpleAggregateFunction(max, {_MOMENT}), client SimpleAggregateFunction(anyLast, Nullable(String)),"
        " version SimpleAggregateFunction(anyLast, Nullable(String)), INDEX network_in network TYPE bloom_filter(0.001) GRANULARITY 1",
        "AggregatingMergeTree",
        "(domain, who, hour, mailbox, address, service, host)",
        "toDate(hour)",
    )
    yield table(
        "log_session",
        f"{_WHO}, start {_MOMENT}, session String, ended Nullable({_MOMENT}), client Nullable(String), INDEX network_in network TYPE bloom_filter(0.001) GRANULARITY 1",
        "MergeTree",
        "(domain, who, start)",
        "toDate(start)",
    )
    yield table(
        "log_session_end",
        f"host LowCardinality(String), session String, ended {_MOMENT}",
        "MergeTree",
        "(host, session, ended)",
        "toDate(ended)",
    )
    yield table(
        "log_session_client",
        "host LowCardinality(String), session String, client String, version Nullable(String), stored DateTime DEFAULT now()",
        "MergeTree",
        "(host, session)",
        "toDate(stored)",
    )
    yield table(
        "log_login",
        f"login String, local String, domain String, first SimpleAggregateFunction(min, {_MOMENT}), last SimpleAggregateFunction(max, {_MOMENT})",
        "AggregatingMergeTree",
        "(login, local, domain)",
    )
    counted = "lines SimpleAggregateFunction(sum, UInt64), first SimpleAggregateFunction(min, Int64), last SimpleAggregateFunction(max, Int64)"
    source = "host LowCardinality(String), family LowCardinality(String)"
    yield table(
        "log_minute",
        f"{source}, minute UInt32, {counted}",
        "AggregatingMergeTree",
        "(host, family, minute)",
        "toDate(minute * 60)",
    )
    yield table(
        "log_day",
        f"{source}, day Date, {counted}, services SimpleAggregateFunction(groupUniqArrayArray, Array(String))",
        "AggregatingMergeTree",
        "(host, family, day)",
        "day",
    )
    yield table("log_beat", f"{source}, beats String, version UInt64", "ReplacingMergeTree(version)", "(host, family)")
    yield table(
        "log_gap",
        f"{source}, since Int64, until Int64, gaps Array(Tuple(Int64, Int64)), version UInt64",
        "ReplacingMergeTree(version)",
        "(host, family)",
    )
    yield table(
        "log_source",
        "id UInt64, fingerprint String, length UInt32, position UInt64, stop UInt64, path String, version UInt64",
        "ReplacingMergeTree(version)",
        "id",
    )
    who, newest = "follower String", "ReplacingMergeTree(version)"
    yield table(
        "log_follow",
        f"{who}, path String, source UInt64, device UInt64, inode UInt64, known String, version UInt64",
        newest,
        "(follower, path)",
    )
    yield table(
        "log_cursor", f"{who}, feed String, cursor String, time Int64, version UInt64", newest, "(follower, feed)"
    )
    yield _table(
        KEPT_DAYS,
        "log_tail",
        f"{who}, feed String, lines UInt32, data String CODEC(ZSTD(3)), version UInt64, stored DateTime DEFAULT now()",
        "MergeTree",
        "(follower, feed, version)",
        "toDate(stored)",
    )
    yield _table(
        KEPT_DAYS,
        "log_parcel",
        f"{who}, digest String, time Int64, gone Bool, version UInt64, stored DateTime DEFAULT now()",
        newest,
        "(follower, digest)",
        "toDate(stored)",
    )
    yield table(
        "log_hole",
        f"{source}, start Int64, ended Int64, version UInt64",
        newest,
        "(host, family, start)",
        "toDate(intDiv(start, 1000000))",
    )
    yield table("log_feed", f"{source}, seen Int64, lag Int64, version UInt64", newest, "(host, family)")
    yield table(
        "log_skew",
        "host LowCardinality(String), hour UInt32, least SimpleAggregateFunction(min, Int64), count SimpleAggregateFunction(sum, UInt64)",
        "AggregatingMergeTree",
        "(host, hour)",
        "toDate(hour * 3600)",
    )
    yield table(
        "log_journal", f"{who}, batch String, payload String CODEC(ZSTD(3)), version UInt64", newest, "follower"
    )
