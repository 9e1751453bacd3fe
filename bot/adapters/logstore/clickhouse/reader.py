"""Answers questions from ClickHouse: lines, successes, sessions, coverage, near misses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.logstore.clickhouse.client import ClickHouse, listed, quote
from bot.adapters.logstore.clickhouse.sink import find_gaps, known_gaps
from bot.adapters.logstore.digest import HOUR, from_micros, keep_sessions_from, named, to_micros
from bot.adapters.logstore.feeding import SKEW_HOURS, Live
from bot.adapters.logstore.likeness import SLIP, alike, parted
from bot.adapters.logstore.placing import COLUMNS, Wanted, event_from, key
from bot.adapters.logstore.selection import Selection, domain_of
from bot.adapters.logstore.sqlite.rhythm_rows import TOUCHED
from bot.core.observed import HostCoverage, LogQuery, LogResult, SessionInterval, SuccessSum
from bot.errors import StoreBusy

MOST_ROWS: Final = 20_000
"""Sums and sessions of one answer, the newest first."""
_MOST_LOGINS: Final = 50_000
_FIELDS: Final = ", ".join(f"`{name}`" for name in COLUMNS)
_NEWEST: Final = "ORDER BY time DESC, batch DESC, number DESC"
_MICROS: Final = "toUnixTimestamp64Micro"


class Reader:
    """Answers one question, all of whose queries together get ``seconds``."""

    def __init__(self, database: ClickHouse, seconds: float) -> None:
        self._db = database
        self._ends = time.monotonic() + seconds

    def search(self, query: LogQuery) -> LogResult:
        """The newest ``query.limit`` lines in time order, with the successes and sessions of the selectors."""
        selection = Selection.of(query)
        since, until = to_micros(query.since), to_micros(query.until)
        if not selection or since > until:  # the server is asked all the same: could it answer?
            self._select("SELECT value FROM log_meta LIMIT 1")
            return LogResult()
        limit = max(0, query.limit)
        found = self._select(_lines_query(selection, since, until, limit + 1))
        events = [event_from(from_micros(micros), values) for micros, _, _, *values in reversed(found[:limit])]
        sessions, clients = self._sessions(selection, since - since % HOUR, until)
        return LogResult(
            lines=tuple(event for event in events if selection.takes(event)),
            successes=tuple(self._successes(selection, since, until, clients)),
            sessions=tuple(one for one in sessions if one.end is None or one.end >= query.since),
            truncated=len(found) > limit,
        )

    def coverage(self, since: datetime | None, until: datetime | None) -> list[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]; all gaps where None. What has expired
        counts as gone, whether its rows are yet or not."""
        low = to_micros(since) if since is not None else -(1 << 62)
        high = to_micros(until) if until is not None else 1 << 62
        kept_from = to_micros(datetime.now(UTC) - timedelta(days=self._db.days))
        known = known_gaps(self._db, self._left())
        live = self._live()
        covered = []
        for host, family, first, last, lines, services in self._select(
            "SELECT host, family, min(first), max(last), sum(lines), groupUniqArrayArray(services) FROM log_day GROUP BY host, family ORDER BY host, family"
        ):
            judged_from, judged_until, found = known.get((host, family), (1 << 62, -(1 << 62), []))
            # a writer is at work, or was killed before it came to judge the gaps
            if first < judged_from or last > judged_until:
                begin, end = (
                    (first if first < judged_from else judged_until) - TOUCHED,
                    (last if last > judged_until else judged_from) + TOUCHED,
                )
                outside = [gap for gap in found if gap[1] < begin or gap[0] > end]
                found = sorted([*outside, *find_gaps(self._db, (host, family), begin, end, self._left())])
            if last >= kept_from:
                found = sorted({*found, *live.holes.get((host, family), ())})
                gaps = tuple(
                    (from_micros(start), from_micros(end)) for start, end in found if start <= high and end >= low
                )
                covered.append(
                    HostCoverage(
                        host,
                        family,
                        from_micros(max(first, kept_from)),
                        from_micros(last),
                        lines,
                        tuple(sorted(services)),
                        gaps,
                        *live.of((host, family)),
                    )
                )
        return covered

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> list[str]:
        """User names seen in failures between ``since`` and ``until`` that are a slip away from ``mailbox``."""
        local, domain = parted(mailbox.casefold())
        low, high = to_micros(since), to_micros(until)
        near = [
            f"local = {quote(local)}",
            f"(domain = '' AND lengthUTF8(login) BETWEEN {max(0, len(mailbox) - SLIP)} AND {len(mailbox) + SLIP})",
        ]
        if domain:
            near.append(f"domain = {quote(domain)}")
        rows = self._select(
            f"SELECT login FROM log_login WHERE {' OR '.join(near)} GROUP BY login"
            f" HAVING {_MICROS}(max(last)) >= {low} AND {_MICROS}(min(first)) <= {high} ORDER BY max(last) DESC LIMIT {_MOST_LOGINS}"
        )
        slips = alike(mailbox, (row[0] for row in rows))
        if not slips:
            return []
        keys = {key(login): login for login in slips}
        pairs = pairs_of(slips)
        window = f"time BETWEEN fromUnixTimestamp64Micro({low}) AND fromUnixTimestamp64Micro({high})"
        seen = self._select(
            f"SELECT DISTINCT who FROM log_line WHERE (domain, who) IN ({pairs}) AND {window}"
            f" UNION DISTINCT SELECT DISTINCT arrayJoin(also) AS who FROM log_line WHERE hasAny(also, {listed(keys)}) AND {window}"
        )
        there = {row[0] for row in seen}
        return [login for login in slips if key(login) in there]

    def _successes(
        self, selection: Selection, since: int, until: int, clients: dict[tuple[Any, ...], tuple[str, str | None]]
    ) -> Iterator[SuccessSum]:
        rows = self._select(
            f"SELECT mailbox, address, service, host, toUInt32(hour), sum(count), {_MICROS}(min(first)) AS begun, {_MICROS}(max(last)) AS done,"
            f" anyLast(client), anyLast(version) FROM log_success WHERE {_who(selection)}"
            f" AND hour BETWEEN toDateTime({max(0, since - since % HOUR) // 1_000_000}) AND toDateTime({max(0, until) // 1_000_000})"
            " GROUP BY mailbox, address, service, host, hour"
            f" HAVING done >= {since} AND begun <= {until} ORDER BY hour DESC LIMIT {MOST_ROWS}"
        )
        for mailbox, address, service, host, hour, count, first, last, client, version in sorted(
            rows, key=lambda row: (row[6], row[:5])
        ):
            if selection.takes_login(mailbox, address or None):
                begun = from_micros(hour * 1_000_000)
                later = clients.get((mailbox, address or None, service, named(host), begun))
                client, version = later or (client, version)
                yield SuccessSum(
                    mailbox,
                    address or None,
                    service,
                    named(host),
                    begun,
                    count,
                    from_micros(first),
                    from_micros(last),
                    client,
                    version,
                )

    def _sessions(
        self, selection: Selection, since: int, until: int
    ) -> tuple[list[SessionInterval], dict[tuple[Any, ...], tuple[str, str | None]]]:
        """The sessions that were open at some time from ``since`` to ``until``, and the programs that named
        themselves in a later batch than the login's, by the sum of successes that they belong to."""
        newest: dict[str, int] = dict(self._select("SELECT host, max(last) FROM log_day GROUP BY host"))
        rows = self._select(
            f"SELECT mailbox, address, service, host, {_MICROS}(start), {_MICROS}(ended), session, client FROM log_session"
            f" WHERE {_who(selection)} AND start <= fromUnixTimestamp64Micro({until})"
            f" AND (ended IS NULL OR ended >= fromUnixTimestamp64Micro({since})) ORDER BY start DESC LIMIT {MOST_ROWS}"
        )
        ends, named_later = self._told_later([row for row in rows if row[5] is None or row[7] is None])
        found, clients = [], {}
        for mailbox, address, service, host, start, ended, session, client in sorted(
            rows, key=lambda row: (row[4], row[6])
        ):
            if start < keep_sessions_from(newest.get(host, 0)) or not selection.takes_login(mailbox, address or None):
                continue
            if ended is None:
                ended = next((end for end in ends.get((host, session), ()) if end >= start), None)
            one = SessionInterval(
                mailbox,
                address or None,
                service,
                named(host),
                from_micros(start),
                None if ended is None else from_micros(ended),
                session,
                client,
            )
            later = named_later.get((host, session))
            if later is not None and client is None:
                one = replace(one, client=later[0])
                clients[mailbox, one.remote_ip, service, one.host, from_micros(start - start % HOUR)] = later
            if one.end is None or ended >= since:
                found.append(one)
        return found, clients

    def _told_later(
        self, rows: list[list[Any]]
    ) -> tuple[dict[tuple[str, str], list[int]], dict[tuple[str, str], tuple[str, str | None]]]:
        if not rows:
            return {}, {}
        which = ",".join(f"({quote(row[3])},{quote(row[6])})" for row in rows)
        ends: dict[tuple[str, str], list[int]] = {}
        for host, session, ended in self._select(
            f"SELECT host, session, {_MICROS}(ended) AS at FROM log_session_end WHERE (host, session) IN ({which}) ORDER BY at"
        ):
            ends.setdefault((host, session), []).append(ended)
        told = self._select(
            f"SELECT host, session, client, version FROM log_session_client WHERE (host, session) IN ({which}) ORDER BY stored"
        )
        return ends, {(host, session): (client, version) for host, session, client, version in told}

    def _live(self) -> Live:
        """What is known of live feeds."""
        return Live.of_rows(
            self._select("SELECT host, family, start, ended FROM log_hole FINAL"),
            self._select("SELECT host, family, seen, lag FROM log_feed FINAL"),
            self._select(
                f"SELECT host, min(least), sum(count) FROM log_skew GROUP BY host, hour ORDER BY host, hour DESC LIMIT {SKEW_HOURS} BY host"
            ),
        )

    def _select(self, query: str) -> list[list[Any]]:
        return self._db.select(query, self._left())

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise StoreBusy(f"{self._db.name}: took too long to answer; ask for less time, or see what keeps it busy")
        return left


def _lines_query(selection: Selection, since: int, until: int, limit: int) -> str:
    """One branch for each way of finding a line, each cut to the newest: every branch reads by one index."""
    wanted = Wanted.of(selection)
    ways = []
    if selection.names:
        ways.append(f"(domain, who) IN ({pairs_of(selection.names)})")
    if wanted.also:
        ways.append(f"hasAny(also, {listed(wanted.also)})")
    if wanted.domains:
        ways.append(
            f"has({listed(wanted.domains)}, domain)"
            if len(wanted.domains) > 1
            else f"domain = {quote(wanted.domains[0])}"
        )
    if wanted.networks:
        ways.append(f"network IN ({','.join(map(quote, wanted.networks))})")
    if wanted.anonymous:
        ways.append("domain = '' AND who = '' AND anonymous")
    window = f"time BETWEEN fromUnixTimestamp64Micro({since}) AND fromUnixTimestamp64Micro({until})"
    branches = " UNION ALL ".join(
        f"(SELECT time, batch, number, {_FIELDS} FROM log_line WHERE {way} AND {window} {_NEWEST} LIMIT {limit})"
        for way in ways
    )
    return f"SELECT {_MICROS}(time), batch, number, {_FIELDS} FROM ({branches}) {_NEWEST} LIMIT 1 BY time, batch, number LIMIT {limit}"


def _who(selection: Selection) -> str:
    """Which successes and sessions are selected."""
    wanted = Wanted.of(selection)
    ways = []
    if selection.names:
        ways.append(f"(domain, who) IN ({pairs_of(selection.names)})")
    if wanted.domains:
        ways.append(f"domain IN ({','.join(map(quote, wanted.domains))})")
    if wanted.networks:
        ways.append(f"network IN ({','.join(map(quote, wanted.networks))})")
    return f"({' OR '.join(ways or ['0'])})"


def pairs_of(names: Any) -> str:
    """Names as the tables' order has them: domain and name."""
    return ",".join(f"({quote(key(domain_of(name) or ''))},{quote(key(name))})" for name in sorted(names))
