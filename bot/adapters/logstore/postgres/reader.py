"""Answers questions from PostgreSQL: lines, successes, sessions, coverage, near misses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import psycopg

from bot.adapters.logstore.digest import HOUR, from_micros, keep_sessions_from, named, to_micros
from bot.adapters.logstore.feeding import SKEW_HOURS, Live
from bot.adapters.logstore.likeness import SLIP, alike, parted
from bot.adapters.logstore.placing import COLUMNS, Wanted, event_from, key
from bot.adapters.logstore.postgres.text import read
from bot.adapters.logstore.postgres.writer import dirty_spans, find_gaps
from bot.adapters.logstore.selection import Selection
from bot.core.observed import HostCoverage, LogQuery, LogResult, SessionInterval, SuccessSum
from bot.logs.event import LogEvent

MOST_ROWS: Final = 20_000
"""Sums and sessions of one answer, the newest first."""
_MOST_LOGINS: Final = 50_000
FIELDS: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_WINDOW: Final = "time BETWEEN %(since)s AND %(until)s"
_NEWEST: Final = "ORDER BY time DESC, id DESC LIMIT %(limit)s"
_BRANCH: Final = f"SELECT one.* FROM unnest(%({{values}})s::text[]) AS wanted CROSS JOIN LATERAL (SELECT * FROM log_line WHERE {{column}} = wanted AND {_WINDOW} {_NEWEST}) one"
"""Lines that one column selects, for each value the newest: the index gives them in order, however many there are."""
_COLUMN_OF: Final = {"who": "who", "domains": "domain", "networks": "network"}


class Reader:
    """One reading connection. Every question is one snapshot: a writer at work changes nothing under it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._db = connection
        self._db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._db.read_only = True

    def search(self, query: LogQuery, seconds: float) -> LogResult:
        """The newest ``query.limit`` lines in time order, with the successes and sessions of the selectors; each
        statement gets ``seconds``."""
        selection = Selection.of(query)
        since, until = to_micros(query.since), to_micros(query.until)
        with self._snapshot(seconds):
            if not selection or since > until:  # the server was asked all the same: could it answer?
                return LogResult()
            wanted = Wanted.of(selection)
            limit = max(0, query.limit)
            asked = {
                "who": [*wanted.who, *([""] if wanted.anonymous else [])],
                "domains": list(wanted.domains),
                "networks": list(wanted.networks),
                "also": list(wanted.also),
                "since": query.since,
                "until": query.until,
                "limit": limit + 1,
                "hour": from_micros(since - since % HOUR),
                "most": MOST_ROWS,
            }
            # the planner takes every name for a rare one and sorts all its lines; the index has them in order already
            self._db.execute("SET LOCAL enable_sort = off")
            found = self._db.execute(lines_query(asked).encode(), asked).fetchall()
            self._db.execute("SET LOCAL enable_sort = on")
            lines = [event_of_row(row) for row in reversed(found[:limit])]
            who = self._who(asked, selection)
            asked["tags"] = list(who)
            return LogResult(
                lines=tuple(event for event in lines if selection.takes(event)),
                successes=tuple(self._successes(asked, who)),
                sessions=tuple(self._sessions(asked, who)),
                truncated=len(found) > limit,
            )

    def coverage(
        self, seconds: float, since: datetime | None = None, until: datetime | None = None
    ) -> list[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]; all gaps where None."""
        low = to_micros(since) if since is not None else -(1 << 62)
        high = to_micros(until) if until is not None else 1 << 62
        covered = []
        with self._snapshot(seconds):
            stale = {span.id: span for span in dirty_spans(self._db)}
            live = self._live()
            known: dict[int, list[tuple[int, int]]] = {}
            for span, start, end in self._db.execute("SELECT span, start, ended FROM log_gap ORDER BY span, start"):
                known.setdefault(span, []).append((start, end))
            for span, host, program, first, last, lines, services in self._db.execute(
                "SELECT id, host, family, first, last, lines, services FROM log_span ORDER BY host, family"
            ).fetchall():
                found = known.get(span, [])
                if span in stale:  # a writer is at work, or was killed before it came to judge the gaps
                    judged = stale[span]
                    outside = [gap for gap in found if gap[1] < judged.low or gap[0] > judged.high]
                    found = sorted([*outside, *find_gaps(self._db, judged)])
                found = sorted({*found, *live.holes.get((host, program), ())})
                gaps = tuple(
                    (from_micros(start), from_micros(end)) for start, end in found if start <= high and end >= low
                )
                covered.append(
                    HostCoverage(
                        read(host),
                        program,
                        from_micros(first),
                        from_micros(last),
                        lines,
                        tuple(services),
                        gaps,
                        *live.of((host, program)),
                    )
                )
        return covered

    def logins_like(self, mailbox: str, since: datetime, until: datetime, seconds: float) -> list[str]:
        """User names seen in failures between ``since`` and ``until`` that are a slip away from ``mailbox``."""
        local, domain = parted(mailbox.casefold())
        bounds = {
            "local": local,
            "domain": domain or "",
            "short": len(mailbox) - SLIP,
            "long": len(mailbox) + SLIP,
            "since": since,
            "until": until,
            "most": _MOST_LOGINS,
        }
        with self._snapshot(seconds):
            found = self._db.execute(
                "SELECT login FROM log_login WHERE (local = %(local)s OR (domain <> '' AND domain = %(domain)s)"
                " OR (domain = '' AND length(login) BETWEEN %(short)s AND %(long)s))"
                " AND last >= %(since)s AND first <= %(until)s ORDER BY last DESC LIMIT %(most)s",
                bounds,
            )
            near = alike(mailbox, (read(row[0]) for row in found.fetchall()))
            return [login for login in near if self._seen(key(login), since, until)]

    def _seen(self, name: str, since: datetime, until: datetime) -> bool:
        row = self._db.execute(
            f"SELECT 1 FROM log_line WHERE (who = %(name)s OR also && ARRAY[%(name)s::text]) AND {_WINDOW} LIMIT 1".encode(),
            {"name": name, "since": since, "until": until},
        )
        return row.fetchone() is not None

    def _live(self) -> Live:
        """What is known of live feeds, hosts as stored."""
        return Live.of_rows(
            self._db.execute("SELECT host, family, start, ended FROM log_hole").fetchall(),
            self._db.execute("SELECT host, family, seen, lag FROM log_feed").fetchall(),
            self._db.execute(
                "SELECT host, least, count FROM (SELECT *, row_number() OVER (PARTITION BY host ORDER BY hour DESC) AS place FROM log_skew) AS hours"
                " WHERE place <= %s ORDER BY host, place",
                (SKEW_HOURS,),
            ).fetchall(),
        )

    @contextmanager
    def _snapshot(self, seconds: float) -> Iterator[None]:
        with self._db.transaction():
            self._db.execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}".encode())
            yield

    def _who(self, asked: dict[str, Any], selection: Selection) -> dict[int, tuple[str, str | None, str, str]]:
        """Who logs in and is selected: mailbox, address, service and host (as stored) by tag. Asked for apart, so
        that no plan depends on what the server believes to know of tables that were filled a moment ago."""
        found = self._db.execute(
            "SELECT tag, mailbox, address, service, host FROM log_who WHERE who = ANY(%(who)s)"
            " UNION SELECT tag, mailbox, address, service, host FROM log_who WHERE domain = ANY(%(domains)s) AND domain <> ''"
            " UNION SELECT tag, mailbox, address, service, host FROM log_who WHERE network = ANY(%(networks)s) AND network <> '' LIMIT %(most)s",
            asked,
        ).fetchall()
        known = {tag: (read(mailbox), address or None, service, host) for tag, mailbox, address, service, host in found}
        return {tag: one for tag, one in known.items() if selection.takes_login(one[0], one[1])}

    def _successes(
        self, asked: dict[str, Any], who: dict[int, tuple[str, str | None, str, str]]
    ) -> Iterator[SuccessSum]:
        found = self._db.execute(
            "SELECT tag, hour, count, first, last, client, version FROM log_success WHERE tag = ANY(%(tags)s)"
            " AND hour BETWEEN %(hour)s AND %(until)s AND last >= %(since)s AND first <= %(until)s ORDER BY hour DESC LIMIT %(most)s",
            asked,
        ).fetchall()
        for tag, hour, count, first, last, client, version in sorted(
            found, key=lambda row: (row[3], who[row[0]][0], row[0])
        ):
            mailbox, address, service, host = who[tag]
            yield SuccessSum(
                mailbox, address, service, named(read(host)), hour, count, first, last, read(client), read(version)
            )

    def _sessions(
        self, asked: dict[str, Any], who: dict[int, tuple[str, str | None, str, str]]
    ) -> Iterator[SessionInterval]:
        newest: dict[str, int] = dict(self._db.execute("SELECT host, max(last) FROM log_span GROUP BY host").fetchall())
        found = self._db.execute(
            "SELECT tag, start, ended, session, client FROM log_session WHERE tag = ANY(%(tags)s)"
            " AND start <= %(until)s AND (ended IS NULL OR ended >= %(since)s) ORDER BY start DESC LIMIT %(most)s",
            asked,
        ).fetchall()
        for tag, start, ended, session, client in sorted(found, key=lambda row: (row[1], row[3])):
            mailbox, address, service, host = who[tag]
            if to_micros(start) >= keep_sessions_from(newest.get(host, 0)):
                yield SessionInterval(mailbox, address, service, named(read(host)), start, ended, session, read(client))


def lines_query(asked: dict[str, Any]) -> str:
    """The query for the newest lines that any of the selectors in ``asked`` takes, a branch for each kind that is
    given."""
    branches = [f"({_BRANCH.format(values=name, column=column)})" for name, column in _COLUMN_OF.items() if asked[name]]
    if asked["also"]:
        branches.append(f"(SELECT * FROM log_line WHERE also && %(also)s::text[] AND {_WINDOW} {_NEWEST})")
    return f"SELECT DISTINCT ON (time, id) time, id, {FIELDS} FROM ({' UNION ALL '.join(branches)}) found {_NEWEST}"


def event_of_row(row: tuple[Any, ...]) -> LogEvent:
    """The event of a row of time, id and :data:`FIELDS`."""
    time, _, *values = row
    return event_from(time, list(map(read, values)))
