"""Answers questions from the embedded store: lines, successes, sessions, coverage, near misses."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import nlargest
from operator import itemgetter
from typing import Final

from bot.adapters.logstore.digest import HOUR, from_micros, named, to_micros
from bot.adapters.logstore.likeness import SLIP, alike, parted
from bot.adapters.logstore.rhythm import Gap
from bot.adapters.logstore.selection import Selection
from bot.adapters.logstore.sqlite import feeds, packing, rhythm_rows, rows
from bot.adapters.logstore.sqlite.blocks import LINES, BlockReader
from bot.adapters.logstore.sqlite.schema import has_feeds, key_of
from bot.core.observed import HostCoverage, LogQuery, LogResult, SessionInterval, SuccessSum
from bot.logs.event import LogEvent

_WHO: Final = "log_who.mailbox, log_who.address, log_who.service, log_who.host"
_MOST_LOGINS: Final = 50_000
"""Distinct user names compared in one search for near misses, those seen last first."""
_MOST_SUMS: Final = 20_000
_SUCCESSES: Final = (
    "hour, {who}, sums FROM log_who CROSS JOIN log_success ON who = tag WHERE {column} = ? AND hour <= ? AND last >= ?"
    f" ORDER BY hour DESC LIMIT {_MOST_SUMS}"
)
_SESSIONS: Final = (
    "first, {who}, sessions FROM log_who CROSS JOIN log_session ON who = tag WHERE {column} = ? AND first <= ?"
)

_Person = tuple[str, str, str, str]
"""Mailbox, address, service, host."""


class Reader:
    """One reading connection. Every question is one snapshot: a writer at work changes nothing under it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._blocks = BlockReader()
        self._orders: dict[int, tuple[str, ...]] = {}

    def search(self, query: LogQuery) -> LogResult:
        """The newest ``query.limit`` lines in time order, with the successes and sessions of the
        selectors."""
        selection = Selection.of(query)
        since, until = to_micros(query.since), to_micros(query.until)
        if not selection or since > until:
            return LogResult()
        keys = _keys(selection)
        self._db.execute("BEGIN")
        try:
            lines, truncated = self._lines(keys, selection, since, until, max(0, query.limit))
            return LogResult(
                lines=tuple(lines),
                successes=tuple(self._successes(keys, selection, since, until)),
                sessions=tuple(self._sessions(keys, selection, since, until)),
                truncated=truncated,
            )
        finally:
            self._db.execute("COMMIT")

    def coverage(self, since: datetime | None = None, until: datetime | None = None) -> list[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]; all gaps where None."""
        low = to_micros(since) if since is not None else -(1 << 62)
        high = to_micros(until) if until is not None else 1 << 62
        covered = []
        self._db.execute("BEGIN")
        try:
            stale = {span.id: span for span in rhythm_rows.dirty_spans(self._db)}
            live = has_feeds(self._db)
            for span, host, program, first, last, lines, services in self._db.execute(
                "SELECT id, host, family, first, last, lines, services FROM log_span ORDER BY host, family"
            ).fetchall():
                found: Iterable[Gap] = self._db.execute(
                    "SELECT start, end FROM log_gap WHERE span = ? ORDER BY start", (span,)
                ).fetchall()
                if span in stale:  # a writer is at work, or was killed before it came to judge the gaps
                    judged = stale[span]
                    outside = [gap for gap in found if gap[1] < judged.low or gap[0] > judged.high]
                    found = sorted([*outside, *rhythm_rows.find_gaps(self._db, judged)])
                holes = feeds.holes(self._db, (host, program)) if live else []
                gaps = tuple(
                    (from_micros(start), from_micros(end))
                    for start, end in sorted({*map(tuple, found), *holes})
                    if start <= high and end >= low
                )
                seen = feeds.lag_of(self._db, (host, program)) if live else None
                skew = feeds.skew_of(self._db, host) if live else None
                covered.append(
                    HostCoverage(
                        host,
                        program,
                        from_micros(first),
                        from_micros(last),
                        lines,
                        tuple(services.split()),
                        gaps,
                        None if seen is None else from_micros(seen[0]),
                        None if seen is None else timedelta(microseconds=seen[1]),
                        None if skew is None else timedelta(microseconds=skew),
                    )
                )
        finally:
            self._db.execute("COMMIT")
        return covered

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> list[str]:
        """User names seen in failures between ``since`` and ``until`` that are a slip away from
        ``mailbox``."""
        low, high = to_micros(since), to_micros(until)
        local, domain = parted(mailbox.casefold())
        rows_found = self._db.execute(
            "SELECT login FROM (SELECT * FROM log_login WHERE local = ? UNION"
            " SELECT * FROM log_login WHERE domain = ? UNION"
            " SELECT * FROM log_login WHERE domain IS NULL AND length(login) BETWEEN ? AND ?)"
            " WHERE last >= ? AND first <= ? ORDER BY last DESC LIMIT ?",
            (local, domain, len(mailbox) - SLIP, len(mailbox) + SLIP, low, high, _MOST_LOGINS),
        )
        near = alike(mailbox, (row[0] for row in rows_found))
        return [login for login in near if self._newest(key_of("n", login), low, high, 1)]

    def _lines(
        self, keys: dict[str, list[int]], selection: Selection, since: int, until: int, limit: int
    ) -> tuple[list[LogEvent], bool]:
        found: set[tuple[int, int]] = set()
        wanted = [key for kind in keys.values() for key in kind]
        if selection.anonymous:
            wanted.append(rows.ANONYMOUS)
        for key in wanted:
            found.update(self._newest(key, since, until, limit + 1))
        newest = nlargest(limit, found)
        if rows.ORDER not in self._orders:
            self._orders = rows.orders(self._db)
        places: dict[int, list[int]] = {}
        for _, line in newest:
            places.setdefault(line // LINES, []).append(line % LINES)
        events: list[tuple[int, int, LogEvent]] = []
        for part in _slices(sorted(places), 500):
            marks = ",".join("?" * len(part))
            for block, data in self._db.execute(f"SELECT id, data FROM log_block WHERE id IN ({marks})", part):
                packed = self._blocks.lines(data)
                for place in places[block]:
                    time, event = rows.unpack(packed[place], self._orders)
                    events.append((time, block * LINES + place, event))
        events.sort(key=lambda entry: entry[:2])
        return [event for _, _, event in events if selection.takes(event)], len(found) > limit

    def _newest(self, key: int, since: int, until: int, limit: int) -> list[tuple[int, int]]:
        """Time and number of the newest ``limit`` lines that ``key`` finds."""
        newest: list[tuple[int, int]] = []
        cursor = self._db.execute(
            "SELECT last, line, finds FROM log_find WHERE key = ? AND last >= ? AND first <= ? ORDER BY last DESC",
            (key, since, until),
        )
        for last, line, packed in cursor:
            if len(newest) == limit and last < newest[-1][0]:
                break
            newest += [(time, line + place) for time, place in packing.finds_in(packed) if since <= time <= until]
            if len(newest) > limit:
                newest = nlargest(limit, newest)
        cursor.close()
        return newest

    def _packed(
        self, keys: dict[str, list[int]], selection: Selection, what: str, *bounds: int
    ) -> dict[_Person, list[bytes]]:
        """The packed rows of everybody who is selected; ``what`` is the end of the statement."""
        rows_found = {
            row[:2]: row
            for column, some in keys.items()
            for key in some
            for row in self._db.execute(f"SELECT tag, {what.format(who=_WHO, column=column)}", (key, *bounds))
        }
        found: defaultdict[_Person, list[bytes]] = defaultdict(list)
        for *_, mailbox, address, service, host, packed in rows_found.values():
            if selection.takes_login(mailbox, address or None):
                found[mailbox, address, service, host].append(packed)
        return found

    def _successes(
        self, keys: dict[str, list[int]], selection: Selection, since: int, until: int
    ) -> Iterator[SuccessSum]:
        found = self._packed(keys, selection, _SUCCESSES, until // HOUR, since // HOUR)
        sums: list[tuple[int, _Person, packing.HourSum]] = []
        for who, some in found.items():
            merged = packing.sums_in(some[0])
            for packed in some[1:]:
                merged = packing.add_sums(merged, packing.sums_in(packed))
            sums += [(one.hour * HOUR + one.first, who, one) for one in merged]
        for first, who, one in sorted(sums):
            hour = one.hour * HOUR
            if first <= until and hour + one.last >= since:
                mailbox, address, service, host = who
                yield SuccessSum(
                    mailbox,
                    address or None,
                    service,
                    named(host),
                    from_micros(hour),
                    one.logins,
                    from_micros(first),
                    from_micros(hour + one.last),
                    one.client,
                    one.version,
                )

    def _sessions(
        self, keys: dict[str, list[int]], selection: Selection, since: int, until: int
    ) -> Iterator[SessionInterval]:
        found = self._packed(keys, selection, _SESSIONS, until)
        sessions: list[tuple[int, str, _Person, packing.Seen]] = []
        for who, some in found.items():
            merged = packing.sessions_in(some[0])
            for packed in some[1:]:
                merged = packing.add_sessions(merged, packing.sessions_in(packed))
            sessions += [
                (one.start, one.session, who, one)
                for one in merged
                if one.start <= until and (one.length is None or one.start + one.length >= since)
            ]
        for start, session, who, one in sorted(sessions, key=itemgetter(0, 1, 2)):
            mailbox, address, service, host = who
            yield SessionInterval(
                mailbox,
                address or None,
                service,
                named(host),
                from_micros(start),
                None if one.length is None else from_micros(start + one.length),
                session,
                one.client,
            )


def _keys(selection: Selection) -> dict[str, list[int]]:
    """The keys of the selectors, by the column of log_who that holds them."""
    return {
        "name": [key_of("n", name) for name in sorted(selection.names)],
        "domain": [key_of("d", domain) for domain in sorted(selection.domains)],
        "network": [key_of("i", found) for found in sorted(selection.networks)],
    }


def _slices(entries: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
