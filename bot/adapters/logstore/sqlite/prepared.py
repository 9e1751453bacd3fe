"""A batch made ready for the tables: plain tuples, so that any thread or process can make them and one can insert
them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from bot.adapters.logstore.digest import HOUR, NO_HOST, Batch, Session, Span, keep_sessions_from, newest_of, spans_of
from bot.adapters.logstore.feeding import SAMPLE
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.selection import domain_of, names_of
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import Block, write_blocks
from bot.adapters.logstore.sqlite.packing import FINDS, HourSum, Seen, pack_finds, pack_sessions, pack_sums
from bot.adapters.logstore.sqlite.schema import digest_of, key_of
from bot.logs.event import LogEvent

Row = tuple[Any, ...]
Found = tuple[int, int, int]
"""Key, time, the line's number within the batch."""


@dataclass(slots=True)
class Prepared:
    """The rows of one batch, in the order of the tables' keys where that makes inserting cheap."""

    read: int = 0
    undated: int = 0
    kept: int = 0
    blocks: list[Block] = field(default_factory=list)
    finds: list[Row] = field(default_factory=list)
    """Key, last and first time, packed finds."""
    logins: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)
    who: list[Row] = field(default_factory=list)
    sums: list[Row] = field(default_factory=list)
    """Who, first and last hour, packed sums."""
    sessions: list[Row] = field(default_factory=list)
    """Who, first and last start, packed sessions."""
    unended: list[Row] = field(default_factory=list)
    """Those of the sessions whose end is still to come: tag, who, start, the first start of its row, session."""
    ends: list[tuple[int, int]] = field(default_factory=list)
    """Session's tag, end."""
    clients: list[tuple[int, str, str | None]] = field(default_factory=list)
    """Session's tag, client, its version."""
    expired: list[tuple[str, int]] = field(default_factory=list)
    """Host, and the time before which its sessions are dropped."""
    logged_in: list[tuple[str, str, int, str]] = field(default_factory=list)
    """A few of the logins: host, address, start, session."""
    spans: list[Span] = field(default_factory=list)


def prepare(batch: Batch) -> Prepared:
    """The rows that ``batch`` comes to."""
    ready = Prepared(batch.lines, batch.undated, len(batch.kept))
    finds = looked([(number, time, event) for number, (time, event) in enumerate(batch.kept)], ready)
    ready.finds = group_finds(finds)
    ready.blocks = write_blocks([(time, rows.pack(time, event)) for time, event in batch.kept])
    who: dict[int, Row] = {}
    sums: defaultdict[int, list[HourSum]] = defaultdict(list)
    for (mailbox, hour, address, service, host), known in batch.sums.items():
        person = person_of(mailbox, address, service, host)
        who[person[0]] = person
        sums[person[0]].append(
            HourSum(hour // HOUR, known.count, known.first - hour, known.last - hour, known.client, known.version)
        )
    ready.sums = [
        (tag, min(one.hour for one in some), max(one.hour for one in some), pack_sums(some))
        for tag, some in sorted(sums.items())
    ]
    ready.who = sorted(who.values())
    ready.spans = spans_of(batch)
    _sessions(batch, ready)
    return ready


def looked(kept: Iterable[tuple[int, int, LogEvent]], ready: Prepared) -> list[Found]:
    """By what kept lines (number within the batch, time, event) are found; adds the names in them and the failures that
    they count as to ``ready``."""
    finds: list[Found] = []
    logins: dict[str, tuple[int, int]] = {}
    failures: Counter[Row] = Counter()
    for number, time, event in kept:
        names = names_of(event)
        finds.extend([(key, time, number) for key in rows.find_keys(event, names)])
        for name in names:
            first, last = logins.get(name, (time, time))
            logins[name] = (min(first, time), max(last, time))
        if event.outcome == "failure":
            failures[
                time // HOUR,
                event.event,
                event.reason or "",
                event.service or "",
                event.host or NO_HOST,
                event.tls or "",
            ] += 1
    ready.logins += [(login, *parted(login), first, last) for login, (first, last) in sorted(logins.items())]
    ready.failures += [(*key, count) for key, count in sorted(failures.items())]
    return finds


def group_finds(finds: Sequence[Found]) -> list[Row]:
    """The rows of finds: what one key finds together."""
    made: list[Row] = []
    for key, some in groupby(sorted(finds), itemgetter(0)):
        own = [one[1:] for one in some]
        for start in range(0, len(own), FINDS):
            part = own[start : start + FINDS]
            made.append((key, part[-1][0], part[0][0], pack_finds(part)))
    return made


def _sessions(batch: Batch, ready: Prepared) -> None:
    newest = newest_of(ready.spans)
    ready.expired = [(host, keep_sessions_from(last)) for host, last in newest.items()]
    together: defaultdict[int, list[Session]] = defaultdict(list)
    for one in batch.sessions.values():
        if one.start >= keep_sessions_from(newest.get(one.host, 0)):
            together[person_of(one.mailbox, one.address or "", one.service, one.host)[0]].append(one)
    for who, some in sorted(together.items()):
        first = min(one.start for one in some)
        packed = pack_sessions(
            [Seen(one.start, None if one.end is None else one.end - one.start, one.session, one.client) for one in some]
        )
        ready.sessions.append((who, first, max(one.start for one in some), packed))
        ready.unended += [
            (session_tag(one.host, one.session), who, one.start, first, one.session) for one in some if one.end is None
        ]
    ready.unended.sort()
    ready.logged_in = [
        (one.host, one.address or "", one.start, one.session)
        for one in list(batch.sessions.values())[:: max(1, len(batch.sessions) // SAMPLE)]
    ]
    ready.ends = [(session_tag(host, session), end) for host, session, end in batch.ends]
    ready.clients = [(session_tag(host, session), client, version) for host, session, client, version in batch.clients]


@lru_cache(maxsize=65_536)
def person_of(mailbox: str, address: str, service: str, host: str) -> Row:
    """The row of somebody who logs in: what they are known by, and what they are found by."""
    domain = domain_of(mailbox)
    tag = who_tag(mailbox, address, service, host)
    return (
        tag,
        key_of("n", mailbox),
        None if domain is None else key_of("d", domain),
        rows.network_key(address),
        mailbox,
        address,
        service,
        host,
    )


def who_tag(mailbox: str, address: str, service: str, host: str) -> int:
    """What somebody who logs in is known by."""
    return digest_of(f"w:{mailbox} {address} {service} {host}")


def session_tag(host: str, session: str) -> int:
    """What a session is known by."""
    return digest_of(f"s:{host} {session}")
