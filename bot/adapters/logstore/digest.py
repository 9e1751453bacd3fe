"""What one stretch of log comes to: events go in one by one, a batch ready for any back-end comes out.

Pure and picklable, so that it can run in a worker process. Times are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.adapters.logstore import keeping
from bot.adapters.logstore.rhythm import MICROSECONDS, MINUTE, Minute
from bot.logs.event import LogEvent

HOUR: Final = 60 * MINUTE
NO_HOST: Final = "-"
"""The host under which lines without a host name count (Dovecot's own log file has none)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 20_000

Source = tuple[str, str]
"""Host and program family: what coverage is kept for."""
SumKey = tuple[str, int, str, str, str]
"""Mailbox, hour (microseconds), address or "", service, host."""


def to_micros(moment: datetime) -> int:
    """``moment`` as microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of ``micros``."""
    return _EPOCH + timedelta(microseconds=micros)


def named(host: str) -> str | None:
    """``host`` as an answer states it: None for the lines that had none."""
    return None if host == NO_HOST else host


@dataclass(slots=True)
class Sum:
    """Successful logins of one mailbox, address, service, host and hour."""

    count: int
    first: int
    last: int
    client: str | None = None
    version: str | None = None


@dataclass(slots=True)
class Session:
    """One session: ``end`` is None until its end is seen."""

    mailbox: str
    address: str | None
    service: str
    host: str
    start: int
    end: int | None
    session: str
    client: str | None = None


@dataclass(slots=True)
class Batch:
    """All that a back-end stores for one stretch of log."""

    lines: int = 0
    undated: int = 0
    kept: list[tuple[int, LogEvent]] = field(default_factory=list)
    sums: dict[SumKey, Sum] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    ends: list[tuple[str, str, int]] = field(default_factory=list)
    """(host, session id, end) of sessions that began in an earlier batch."""
    clients: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    """(host, session id, client, its version) of sessions that began in an earlier batch."""
    minutes: dict[Source, dict[int, Minute]] = field(default_factory=dict)
    services: dict[Source, set[str]] = field(default_factory=dict)
    visits: dict[Source, list[tuple[int, str]]] = field(default_factory=dict)
    """Connections without a login, (time, address): among them are the health probes."""


@dataclass(frozen=True, slots=True)
class Span:
    """What one host and program family wrote in a batch."""

    source: Source
    first: int
    last: int
    lines: int
    services: list[str]
    minutes: Sequence[tuple[int, int, int, int]]
    """Minute, lines, first, last."""
    visits: list[tuple[int, str]]


def spans_of(batch: Batch) -> list[Span]:
    """The spans of ``batch``, in the order of their sources."""
    return [
        span_of(source, list(minutes.values()), batch.services.get(source, ()), batch.visits.get(source, []))
        for source, minutes in sorted(batch.minutes.items())
    ]


def span_of(
    source: Source, minutes: Sequence[tuple[int, int, int, int]], services: Iterable[str], visits: list[tuple[int, str]]
) -> Span:
    """What ``source`` wrote in these minutes."""
    first, last = min(minute[2] for minute in minutes), max(minute[3] for minute in minutes)
    return Span(source, first, last, sum(minute[1] for minute in minutes), sorted(services), minutes, visits)


def newest_of(spans: Iterable[Span]) -> dict[str, int]:
    """The newest time of each host."""
    newest: dict[str, int] = {}
    for span in spans:
        host = span.source[0]
        newest[host] = max(newest.get(host, span.last), span.last)
    return newest


def gathered(events: Iterable[LogEvent]) -> Batch:
    """What events that come from no file come to."""
    digest = Digest()
    for event in events:
        digest.add(event)
    return digest.take()


class Digest:
    """Sums events up into a :class:`Batch`; lives as long as one file is read."""

    def __init__(self) -> None:
        self._batch = Batch()
        self._clients: OrderedDict[tuple[str, str], tuple[str, str | None]] = OrderedDict()
        self._minute: dict[Source, list[int]] = {}
        self._faces: set[tuple[Source, str]] = set()
        """Sources and services that the present batch has."""

    def add(self, event: LogEvent) -> None:
        """Take one decoded and linked line."""
        batch = self._batch
        batch.lines += 1
        if event.time is None:
            batch.undated += 1
            return
        time = to_micros(event.time)
        host = event.host or NO_HOST
        family = keeping.family(event.program)
        self.cover(host, family, event.service, (time,))
        if keeping.is_probe_like(event):
            self.visit(host, family, event.remote_ip or "", time)
        if event.event == "client_id" and event.client and event.session:
            self.learn_client(event, host)
        if keeping.is_login(event):
            self.succeed(
                host,
                keeping.face_of(event),
                event.mailbox or event.login or "",
                event.remote_ip,
                event.session,
                time,
                event.client,
                event.client_version,
            )
        elif keeping.ends_session(event):
            self.end(host, event.session or "", time)
        if keeping.is_kept(event):
            self.keep(time, event)

    def keep(self, time: int, event: LogEvent) -> None:
        """Keep the line verbatim."""
        self._batch.kept.append((time, event))

    @property
    def lines(self) -> int:
        """Lines of the batch so far."""
        return self._batch.lines

    def take(self) -> Batch:
        """The batch so far; the next one starts empty."""
        batch, self._batch = self._batch, Batch()
        for source, (minute, lines, first, last) in self._minute.items():
            _merge(batch.minutes.setdefault(source, {}), Minute(minute, lines, first, last))
        self._minute.clear()
        self._faces.clear()
        return batch

    # -- lines that were passed over: the same facts, without an event ---------------------------------------

    def passed(self, lines: int) -> None:
        """So many lines were passed over."""
        self._batch.lines += lines

    def cover(self, host: str, family: str | None, service: str | None, times: Sequence[int]) -> None:
        """``host`` wrote lines of ``family`` at ``times``."""
        if family is None:
            return
        source = (host, family)
        running = self._minute.get(source)
        if running is None:
            running = self._minute[source] = [times[0] // MINUTE, 0, times[0], times[0]]
        minute, lines, first, last = running
        begin, end = minute * MINUTE, minute * MINUTE + MINUTE
        for time in times:
            if begin <= time < end:
                lines += 1
                if time > last:
                    last = time
                elif time < first:
                    first = time
            else:
                _merge(self._batch.minutes.setdefault(source, {}), Minute(minute, lines, first, last))
                minute, lines, first, last = time // MINUTE, 1, time, time
                begin, end = minute * MINUTE, minute * MINUTE + MINUTE
        running[:] = minute, lines, first, last
        if service is not None and (source, service) not in self._faces:
            self._faces.add((source, service))
            if service in keeping.FACES:
                self._batch.services.setdefault(source, set()).add(service)

    def succeed(
        self,
        host: str,
        service: str,
        login: str,
        address: str | None,
        session: str | None,
        time: int,
        client: str | None = None,
        version: str | None = None,
    ) -> None:
        """``login`` was accepted; ``session`` is that of IMAP and POP3, else None."""
        mailbox = login.casefold()
        if client is None and session is not None and self._clients:
            client, version = self._clients.get((host, session), (None, None))
        key = (mailbox, time - time % HOUR, address or "", service, host)
        known = self._batch.sums.get(key)
        if known is None:
            self._batch.sums[key] = Sum(1, time, time, client, version)
        else:
            known.count += 1
            if time < known.first:
                known.first = time
            if time > known.last:
                known.last = time
            if client is not None:
                known.client, known.version = client, version
        if session is not None and service in keeping.SESSION_SERVICES:
            sessions = self._batch.sessions
            if (host, session) not in sessions:
                begun = Session(mailbox, address, service, host, time, None, session, client)
                sessions[host, session] = begun

    def visit(self, host: str, family: str | None, address: str, time: int) -> None:
        """``address`` came and left without a login."""
        if family is not None:
            self._batch.visits.setdefault((host, family), []).append((time, address))

    def end(self, host: str, session: str, time: int) -> None:
        """``session`` ended."""
        begun = self._batch.sessions.get((host, session))
        if begun is not None:
            if begun.end is None and begun.start <= time:
                begun.end = time
        else:
            self._batch.ends.append((host, session, time))

    def learn_client(self, event: LogEvent, host: str) -> None:
        """The client of a session named itself."""
        client, session = event.client or "", event.session or ""
        self._clients[host, session] = (client, event.client_version)
        if len(self._clients) > _REMEMBERED:
            self._clients.popitem(last=False)
        begun = self._batch.sessions.get((host, session))
        if begun is None:
            self._batch.clients.append((host, session, client, event.client_version))
            return
        begun.client = client
        hour = begun.start - begun.start % HOUR
        known = self._batch.sums.get((begun.mailbox, hour, begun.address or "", begun.service, host))
        if known is not None:
            known.client, known.version = client, event.client_version


def _merge(minutes: dict[int, Minute], new: Minute) -> None:
    known = minutes.get(new.minute)
    if known is not None:
        new = merged(known, new)
    minutes[new.minute] = new


def merged(one: Minute, other: Minute) -> Minute:
    """Two counts of the same minute as one."""
    return Minute(one.minute, one.lines + other.lines, min(one.first, other.first), max(one.last, other.last))


def keep_sessions_from(newest: int) -> int:
    """The time before which sessions are no longer kept, given the newest line of their host: 48 hours."""
    return newest - 48 * 3600 * MICROSECONDS
