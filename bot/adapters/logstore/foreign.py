"""Lines out of a store that the host fills by itself: made whole, decoded, linked, and selected once more.

Such a store holds text. What it returns for a query is read with our own decoder and summed up as the store in memory
does, and only what the query's selection takes is answered, whatever the store thought of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from bot.adapters.logstore.digest import from_micros, to_micros
from bot.adapters.logstore.keeping import FAMILIES, is_kept
from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.rhythm import MINUTE, Minute, gaps
from bot.core.observed import HostCoverage, LogQuery, LogResult
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
    "no auth attempts", "SSL_accept", "handshak", "lost connection", "too many errors", "Aborted login", "Disconnected", "not enough",
    "no shared cipher", "unknown ca", "certificate", "temporarily", "refused", "reject",
)  # fmt: skip
"""Words of failures in which nobody is named; what is found with them is judged by the decoded line."""
FACES: Final = {"imap": ("imap-login", "imap("), "pop3": ("pop3-login", "pop3("), "submission": ("submission",), "smtps": ("smtps",), "smtp": ("postfix/smtpd",)}
"""What stands in a line of each service."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as a store holds it: the time by which it files the line (microseconds since 1970), its text, and what it
    may have taken out of the text into fields."""

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


def answer(entries: Iterable[Entry], query: LogQuery, zone: tzinfo, *, cut: bool) -> LogResult:
    """What ``query`` selects of ``entries``; ``cut`` says that the store had more."""
    found = MemoryLogStore(events_of(entries, zone)).search(query)
    return LogResult(found.lines, found.successes, found.sessions, found.truncated or cut)


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


def covered(counts: Iterable[Count], services: Mapping[str, Iterable[str]], since: datetime, until: datetime) -> list[HostCoverage]:
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
        activity = [Minute(minute, lines, minute * MINUTE + MINUTE // 2, minute * MINUTE + MINUTE // 2) for minute, lines in sorted(minutes.items())]
        missing = tuple((from_micros(start), from_micros(end)) for start, end in gaps(activity) if start <= high and end >= low)
        first, last = (activity[0].minute + 1) * MINUTE, activity[-1].minute * MINUTE
        if first > last:  # all within a minute
            first = last = activity[0].first
        faces = tuple(sorted(services.get(host, ()))) if family != "fail2ban" else ()
        found.append(HostCoverage(host, family, from_micros(first), from_micros(last), sum(minutes.values()), faces, missing))
    return found


def slips(entries: Iterable[Entry], mailbox: str, since: datetime, until: datetime, zone: tzinfo) -> Sequence[str]:
    """User names in failures among ``entries`` that are a slip away from ``mailbox``, the closest first."""
    kept = [event for event in events_of(entries, zone) if is_kept(event)]
    return MemoryLogStore(kept).logins_like(mailbox, since, until)


def picked(source: Any, name: str) -> str | None:
    """The field ``name`` of a document, written flat or nested: ``host.name``."""
    if not isinstance(source, dict):
        return None
    found = source.get(name)
    if found is None:
        first, dot, rest = name.partition(".")
        return picked(source.get(first), rest) if dot else None
    return str(found) if isinstance(found, str | int) else None
