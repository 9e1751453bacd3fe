"""A batch as rows of a back-end with columns: plain tuples, so that any process can make them and one can store them.

Times are microseconds since 1970 in UTC; a text that is missing is empty where the column belongs to a key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from bot.adapters.logstore.digest import HOUR, NO_HOST, Batch, Span, spans_of
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.placing import columns_of, key, network, place_of
from bot.adapters.logstore.selection import domain_of, names_of

Row = tuple[Any, ...]

WHO: Final = ("who", "domain", "network", "mailbox", "address", "service", "host")
"""Who logged in: the first three to find it by, the others as they are."""
LOGIN: Final = ("login", "local", "domain", "first", "last")
FAILURE: Final = ("hour", "event", "reason", "service", "host", "tls", "count")
SUM: Final = (*WHO, "hour", "count", "first", "last", "client", "version")
SESSION: Final = (*WHO, "start", "session", "ended", "client")
END: Final = ("host", "session", "ended")
CLIENT: Final = ("host", "session", "client", "version")


@dataclass(slots=True)
class Rows:
    """The rows of one batch, each list in the order of its columns above and sorted by key, so that two writers that
    meet in a table wait for each other instead of locking each other out."""

    read: int = 0
    undated: int = 0
    kept: int = 0
    lines: list[Row] = field(default_factory=list)
    """Time, number in the batch, who, domain, network, also, whether it names nobody, and the event's columns."""
    logins: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)
    sums: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    ends: list[Row] = field(default_factory=list)
    clients: list[Row] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def rows_of(batch: Batch) -> Rows:
    """The rows that ``batch`` comes to."""
    rows = Rows(batch.lines, batch.undated, len(batch.kept))
    _lines(batch, rows)
    rows.sums = sorted(
        (*_who(mailbox, address, service, host), hour, one.count, one.first, one.last, one.client, one.version)
        for (mailbox, hour, address, service, host), one in batch.sums.items()
    )
    rows.sessions = sorted(
        (
            (
                *_who(one.mailbox, one.address or "", one.service, one.host),
                one.start,
                key(one.session),
                one.end,
                one.client,
            )
            for one in batch.sessions.values()
        ),
        key=_place_of_session,
    )
    rows.ends = sorted({(host, key(session)): (host, key(session), end) for host, session, end in batch.ends}.values())
    rows.clients = sorted(
        {
            (host, key(session)): (host, key(session), client, version)
            for host, session, client, version in batch.clients
        }.values()
    )
    rows.spans = spans_of(batch)
    return rows


def _place_of_session(row: Row) -> Row:
    return (row[6], row[8], row[7])


def _who(mailbox: str, address: str, service: str, host: str) -> Row:
    return (key(mailbox), key(domain_of(mailbox) or ""), network(address), mailbox, address, service, host)


def _lines(batch: Batch, rows: Rows) -> None:
    logins: dict[str, tuple[int, int]] = {}
    failures: Counter[Row] = Counter()
    for number, (time, event) in enumerate(batch.kept):
        place = place_of(event)
        rows.lines.append(
            (
                time,
                number,
                place.who,
                place.domain,
                place.network,
                list(place.also),
                place.anonymous,
                *columns_of(event),
            )
        )
        for name in map(key, names_of(event)):
            if name[:1] != "#":  # one that is found by its digest is no slip of any address
                first, last = logins.get(name, (time, time))
                logins[name] = (min(first, time), max(last, time))
        if event.outcome == "failure":
            failures[
                time - time % HOUR,
                event.event,
                event.reason or "",
                event.service or "",
                event.host or NO_HOST,
                event.tls or "",
            ] += 1
    rows.logins = [_login(login, first, last) for login, (first, last) in sorted(logins.items())]
    rows.failures = [(*counted, count) for counted, count in sorted(failures.items())]


def _login(login: str, first: int, last: int) -> Row:
    local, domain = parted(login)
    return (login, local, domain or "", first, last)
