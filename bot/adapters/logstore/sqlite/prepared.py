"""A batch made ready for the tables: plain tuples, so that any process can make them and one can insert them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from bot.adapters.logstore.digest import HOUR, NO_HOST, Batch, Source, keep_sessions_from
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.selection import domain_of, names_of
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import Block, write_blocks
from bot.adapters.logstore.sqlite.schema import digest_of, key_of
from bot.logs.event import LogEvent

Row = tuple[Any, ...]


@dataclass(slots=True)
class SpanRows:
    """What one host and program family wrote."""

    source: Source
    first: int
    last: int
    lines: int
    services: frozenset[str]
    minutes: list[Row]
    """Minute, lines, first, last."""
    visits: list[tuple[int, str]]


@dataclass(slots=True)
class Prepared:
    """The rows of one batch, in the order of the tables' keys where that makes inserting cheap."""

    read: int = 0
    undated: int = 0
    kept: int = 0
    blocks: list[Block] = field(default_factory=list)
    finds: list[Row] = field(default_factory=list)
    """Key, time, line's number within the batch."""
    logins: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)
    who: list[Row] = field(default_factory=list)
    sums: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    unended: list[Row] = field(default_factory=list)
    """Those of the sessions whose end is still to come."""
    ends: list[tuple[int, int]] = field(default_factory=list)
    """Session's tag, end."""
    clients: list[tuple[int, str, str | None]] = field(default_factory=list)
    """Session's tag, client, its version."""
    expired: list[tuple[str, int]] = field(default_factory=list)
    """Host, and the time before which its sessions are dropped."""
    spans: list[SpanRows] = field(default_factory=list)


def prepare(batch: Batch) -> Prepared:
    """The rows that ``batch`` comes to."""
    ready = Prepared(batch.lines, batch.undated, len(batch.kept))
    _lines(batch, ready)
    who: dict[int, Row] = {}
    for (mailbox, hour, address, service, host), known in batch.sums.items():
        tag = who_tag(mailbox, address, service, host)
        if tag not in who:
            who[tag] = (tag, key_of("n", mailbox), domain_key(mailbox), rows.network_key(address), mailbox, address, service, host)
        ready.sums.append((tag, hour // HOUR, known.count, known.first - hour, known.last - hour, known.client, known.version))
    ready.sums.sort()
    ready.who = sorted(who.values())
    _sessions(batch, ready)
    for source, minutes in batch.minutes.items():
        ready.spans.append(
            SpanRows(
                source,
                min(minute.first for minute in minutes.values()),
                max(minute.last for minute in minutes.values()),
                sum(minute.lines for minute in minutes.values()),
                frozenset(batch.services.get(source, ())),
                [tuple(minute) for minute in minutes.values()],
                batch.visits.get(source, []),
            )
        )
    return ready


def _lines(batch: Batch, ready: Prepared) -> None:
    add_looked([(number, time, event) for number, (time, event) in enumerate(batch.kept)], ready)
    ready.blocks = write_blocks([(time, rows.pack(time, event)) for time, event in batch.kept])


def add_looked(kept: Sequence[tuple[int, int, LogEvent]], ready: Prepared) -> None:
    """By what kept lines (number within the batch, time, event) are found, and which failures they count as; put
    in the order of the tables' keys together with what ``ready`` has."""
    logins: dict[str, tuple[int, int]] = {}
    failures: Counter[Row] = Counter()
    for number, time, event in kept:
        names = names_of(event)
        ready.finds.extend([(key, time, number) for key in rows.find_keys(event, names)])
        for name in names:
            first, last = logins.get(name, (time, time))
            logins[name] = (min(first, time), max(last, time))
        if event.outcome == "failure":
            failures[time // HOUR, event.event, event.reason or "", event.service or "", event.host or NO_HOST, event.tls or ""] += 1
    ready.finds.sort()
    ready.logins += [(login, *parted(login), first, last) for login, (first, last) in sorted(logins.items())]
    ready.failures += [(*key, count) for key, count in sorted(failures.items())]


def _sessions(batch: Batch, ready: Prepared) -> None:
    newest: dict[str, int] = {}
    for (host, _), minutes in batch.minutes.items():
        newest[host] = max(newest.get(host, 0), max(minute.last for minute in minutes.values()))
    ready.expired = [(host, keep_sessions_from(last)) for host, last in newest.items()]
    for one in batch.sessions.values():
        if one.start < keep_sessions_from(newest.get(one.host, 0)):
            continue
        who = who_tag(one.mailbox, one.address or "", one.service, one.host)
        length = None if one.end is None else one.end - one.start
        ready.sessions.append((who, one.start, one.session, length, one.client))
        if length is None:
            ready.unended.append((session_tag(one.host, one.session), who, one.start, one.session))
    ready.sessions.sort(key=itemgetter(0, 1))
    ready.ends = [(session_tag(host, session), end) for host, session, end in batch.ends]
    ready.clients = [
        (session_tag(host, session), client, version) for host, session, client, version in batch.clients
    ]


@lru_cache(maxsize=50_000)
def who_tag(mailbox: str, address: str, service: str, host: str) -> int:
    """What somebody who logs in is known by."""
    return digest_of(f"w:{mailbox} {address} {service} {host}")


def session_tag(host: str, session: str) -> int:
    """What a session is known by."""
    return digest_of(f"s:{host} {session}")


@lru_cache(maxsize=50_000)
def domain_key(mailbox: str) -> int | None:
    """The key of a mailbox's domain; None where it has none."""
    domain = domain_of(mailbox)
    return None if domain is None else key_of("d", domain)
