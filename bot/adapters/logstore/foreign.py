"""Lines out of a store that the host fills by itself: made whole, decoded, linked, and selected once more.

Such a store holds text. What it returns for a query is read with our own decoder and summed up as the store in memory
does, and only what the query's selection takes is answered, whatever the store thought of it.
"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Generic, NamedTuple, TypeVar

import httpx

from bot.adapters.logstore.digest import from_micros, to_micros
from bot.adapters.logstore.http import Answer, Place, Server
from bot.adapters.logstore.keeping import FAMILIES, is_kept
from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.rhythm import MINUTE, Minute, gaps
from bot.adapters.logstore.searched import SearchedLogStore
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.errors import StoreBusy, StoreError
from bot.logs.decode import Decoder
from bot.logs.event import LogEvent, rfc3339
from bot.logs.link import Linker

SEARCHES_WITHIN: Final = 5.0
"""Seconds for all requests of one question together."""
LATE: Final = timedelta(minutes=5)
"""By how much a store's time of a line may differ from the line's own."""
MOST_LINES: Final = 4_900
"""Lines of one answer: Loki refuses more than 5,000 by default, OpenSearch 10,000."""
LONGEST: Final = 320
"""Characters of a name that are searched for: the longest address; rows are compared whole."""
BACK: Final = timedelta(hours=6)
"""Log before a stretch by whose rhythm its gaps are judged."""
WIDEST: Final = timedelta(days=7)
"""The longest stretch of which minutes are counted: Loki answers with 11,000 points at most."""
NAMELESS: Final = (
    "no auth attempts",
    "SSL_accept",
    "handshak",
    "lost connection",
    "too many errors",
    "Aborted login",
    "Disconnected",
    "not enough",
    "no shared cipher",
    "unknown ca",
    "certificate",
    "temporarily",
    "refused",
    "reject",
)
"""Words of failures in which nobody is named; what is found with them is judged by the decoded line."""
FACES: Final = {
    "imap": ("imap-login", "imap("),
    "pop3": ("pop3-login", "pop3("),
    "submission": ("submission",),
    "smtps": ("smtps",),
    "smtp": ("postfix/smtpd",),
}
"""What stands in a line of each service."""


Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as a store holds it: the time by which it files the line (microseconds since 1970), its text, and
    what it may have taken out of the text into fields."""

    time: int
    line: str
    host: str | None = None
    program: str | None = None
    pid: str | None = None


class Count(NamedTuple):
    """Lines of one host and program family in one minute (since 1970)."""

    host: str
    family: str
    minute: int
    lines: int


class ForeignLogStore(SearchedLogStore, Generic[Asked]):
    """A LogStore over a server that only answers. What derives from it says how a question is asked (an ``Asked``)
    and how an answer is read; ``zone`` is that of lines that name none, ``seconds`` bounds every question. A user of
    ``place`` without a password is a token of the HTTP scheme ``token``."""

    def __init__(
        self,
        place: Place,
        *,
        token: str,
        zone: tzinfo,
        seconds: float,
        transport: httpx.BaseTransport | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = place.name
        given = dict(headers or {})
        if place.user is not None and place.password is None:
            given["Authorization"] = f"{token} {place.user}"
        self._server = Server(place, given, transport, basic=place.password is not None)
        self._zone = zone
        self._seconds = seconds

    # -- what a store has of its own -----------------------------------------------------------------------

    @abstractmethod
    def query_of(self, query: LogQuery) -> Asked | None:
        """What finds every line that ``query`` selects, its time aside; None where there is nothing to ask for.
        Raises StoreError."""

    @abstractmethod
    def _holding(self, texts: Sequence[str]) -> Asked:
        """What finds the lines in which one of ``texts`` stands."""

    @abstractmethod
    def _lines(self, asked: Asked, since: datetime, until: datetime, ends: float) -> tuple[list[Entry], bool]:
        """The newest :data:`MOST_LINES` lines filed from ``since`` to ``until``, and whether there may be more.
        Raises StoreError."""

    @abstractmethod
    def _counted(self, begin: datetime, end: datetime, ends: float) -> tuple[list[Count], Mapping[str, Iterable[str]]]:
        """The lines minute by minute, and which services each host's name. Raises StoreError."""

    @abstractmethod
    def _probe(self, begin: datetime, end: datetime, ends: float) -> None:
        """Ask for next to nothing. Raises StoreError where even that cannot be answered."""

    # -- the LogStore port, and beside it ------------------------------------------------------------------

    def _search(self, query: LogQuery) -> LogResult:
        if not is_wanted(query):
            self.check()
            return LogResult()
        asked = self.query_of(query)
        if asked is None:
            return LogResult()
        entries, cut = self._lines(asked, query.since - LATE, query.until + LATE, self._deadline())
        found = MemoryLogStore(events_of(entries, self._zone)).search(query)
        return replace(found, truncated=found.truncated or cut)

    def _coverage(self, since: datetime, until: datetime) -> list[HostCoverage]:
        """Counted by minute."""
        counts, services = self._counted(*stretch(since, until), self._deadline())
        return covered(counts, services, since, until)

    def _logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """Those that share its local part or its domain, for only these can be asked for."""
        local, at, domain = mailbox.rpartition("@")
        if not at:
            return ()
        asked = self._holding([local[:LONGEST] + "@", "@" + domain[:LONGEST]])
        entries, _ = self._lines(asked, since - LATE, until + LATE, self._deadline())
        kept = [event for event in events_of(entries, self._zone) if is_kept(event)]
        return MemoryLogStore(kept).logins_like(mailbox, since, until)

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        now = datetime.now(UTC)
        self._probe(now - timedelta(minutes=5), now, self._deadline())

    def status(self) -> Sequence[HostCoverage]:
        """What each host's logs of the last day cover. Raises StoreError."""
        now = datetime.now(UTC)
        return self._coverage(now - timedelta(days=1), now)

    def close(self) -> None:
        """Close its connections."""
        self._server.close()

    # -- for those that derive -----------------------------------------------------------------------------

    def _deadline(self) -> float:
        return time.monotonic() + self._seconds

    def _left(self, ends: float) -> float:
        """Seconds that are left. Raises StoreBusy where there are none."""
        left = ends - time.monotonic()
        if left <= 0:
            raise StoreBusy(self._server.too_slow(self._seconds))
        return left

    def _read(self, got: Answer) -> dict[str, Any]:
        """The JSON object that came back. Raises StoreError."""
        if got.status != 200:
            raise StoreError(
                f"{self.name}: answered {got.status} ({got.first_line()[:200]}); check LOG_STORE_URL and the server"
            )
        try:
            told = json.loads(got.body)
        except ValueError as error:
            raise self._strange() from error
        if not isinstance(told, dict):
            raise self._strange()
        return told

    def _strange(self) -> StoreError:
        return StoreError(f"{self.name}: answered what is no answer of a search; is this its address?")


def events_of(entries: Iterable[Entry], zone: tzinfo) -> list[LogEvent]:
    """The decoded and linked events, in order of time."""
    ordered = sorted(entries, key=lambda entry: entry.time)
    if not ordered:
        return []
    decoder = Decoder(zone=zone, reference=from_micros(ordered[-1].time))
    linker = Linker()
    return [linker.feed(_decoded(decoder, entry)) for entry in ordered]


def _decoded(decoder: Decoder, entry: Entry) -> LogEvent:
    """The event of an entry. A collector that has taken host, program and time out of the line leaves the bare message:
    the line is then put together again as RFC 3339 syslog."""
    event = decoder.decode(entry.line)
    if event.time is not None and event.program is not None:
        return event
    if entry.program and not any(sign in entry.program for sign in " []:\n"):
        tag = f"{entry.program}[{entry.pid}]" if entry.pid and entry.pid.isdecimal() else entry.program
        host = "".join((entry.host or "-").split()) or "-"
        return decoder.decode(f"{rfc3339(from_micros(entry.time))} {host} {tag}: {entry.line}")
    return event


def needles(query: LogQuery) -> list[str]:
    """The texts of which one stands in every line that ``query`` selects by a name or a domain, networks aside."""
    texts = {*query.mailboxes, *query.logins, *("@" + domain for domain in query.domains if domain)}
    return sorted(text[:LONGEST] for text in texts if text)


def is_wanted(query: LogQuery) -> bool:
    """True where ``query`` selects anything at all."""
    return bool((needles(query) or query.ips or query.anonymous) and query.since <= query.until and query.limit > 0)


def stretch(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The whole minutes of which lines are counted, to know what covers [since, until]."""
    begin = max(since - BACK, until - WIDEST)
    return (from_micros(to_micros(begin) // MINUTE * MINUTE), from_micros((to_micros(until) // MINUTE + 1) * MINUTE))


def covered(
    counts: Iterable[Count], services: Mapping[str, Iterable[str]], since: datetime, until: datetime
) -> list[HostCoverage]:
    """The coverage that counts by minute prove. A minute's lines count as one in its middle; the first and the last are
    placed so that no more is claimed than was seen."""
    sources: dict[tuple[str, str], dict[int, int]] = {}
    for one in counts:
        if one.lines > 0 and one.family in FAMILIES:
            minutes = sources.setdefault((one.host, one.family), {})
            minutes[one.minute] = minutes.get(one.minute, 0) + one.lines
    low, high = to_micros(since), to_micros(until)
    found = []
    for (host, family), minutes in sorted(sources.items()):
        activity = [
            Minute(minute, lines, minute * MINUTE + MINUTE // 2, minute * MINUTE + MINUTE // 2)
            for minute, lines in sorted(minutes.items())
        ]
        missing = tuple(
            (from_micros(start), from_micros(end)) for start, end in gaps(activity) if start <= high and end >= low
        )
        first, last = (activity[0].minute + 1) * MINUTE, activity[-1].minute * MINUTE
        if first > last:  # all within a minute
            first = last = activity[0].first
        faces = tuple(sorted(services.get(host, ()))) if family != "fail2ban" else ()
        found.append(
            HostCoverage(host, family, from_micros(first), from_micros(last), sum(minutes.values()), faces, missing)
        )
    return found


def picked(source: Any, name: str) -> str | None:
    """The field ``name`` of a document, written flat or nested: ``host.name``."""
    if not isinstance(source, dict):
        return None
    found = source.get(name)
    if found is None:
        first, dot, rest = name.partition(".")
        return picked(source.get(first), rest) if dot else None
    return str(found) if isinstance(found, str | int) else None
