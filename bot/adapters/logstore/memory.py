"""A log store in memory, for tests and for logs that are handed in with a ticket; and one that knows
nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.adapters.logstore.digest import (
    Batch,
    from_micros,
    gathered,
    keep_sessions_from,
    named,
    newest_of,
    spans_of,
    to_micros,
)
from bot.adapters.logstore.likeness import alike
from bot.adapters.logstore.rhythm import BeatFinder, Minute, gaps
from bot.adapters.logstore.selection import Selection, names_of
from bot.core.observed import HostCoverage, LogQuery, LogResult, SessionInterval, SuccessSum
from bot.logs.event import LogEvent


class MemoryLogStore:
    """A LogStore over decoded, linked events; the same answers as the embedded store's."""

    def __init__(self, events: Iterable[LogEvent] = ()) -> None:
        self._batch: Batch = gathered(events)
        self._batch.kept.sort(key=lambda entry: entry[0])
        self._coverage = tuple(self._covered())

    def search(self, query: LogQuery) -> LogResult:
        """The newest ``query.limit`` lines in time order, with the successes and sessions of the
        selectors."""
        selection = Selection.of(query)
        since, until = to_micros(query.since), to_micros(query.until)
        if not selection:
            return LogResult()
        lines = [event for time, event in self._batch.kept if since <= time <= until and selection.takes(event)]
        limit = max(0, query.limit)
        return LogResult(
            lines=tuple(lines[len(lines) - limit :] if len(lines) > limit else lines),
            successes=tuple(self._successes(selection, since, until)),
            sessions=tuple(self._sessions(selection, since, until)),
            truncated=len(lines) > limit,
        )

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]."""
        return [
            HostCoverage(
                one.host,
                one.program,
                one.first,
                one.last,
                one.lines,
                one.services,
                tuple(gap for gap in one.gaps if gap[0] <= until and gap[1] >= since),
            )
            for one in self._coverage
        ]

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """User names seen in failures in the window that are a slip away from ``mailbox``, the closest
        first."""
        low, high = to_micros(since), to_micros(until)
        return alike(
            mailbox, (name for time, event in self._batch.kept if low <= time <= high for name in names_of(event))
        )

    def _successes(self, selection: Selection, since: int, until: int) -> Iterable[SuccessSum]:
        for key, known in sorted(self._batch.sums.items(), key=lambda item: (item[1].first, item[0])):
            mailbox, hour, address, service, host = key
            if known.last >= since and known.first <= until and selection.takes_login(mailbox, address or None):
                yield SuccessSum(
                    mailbox,
                    address or None,
                    service,
                    named(host),
                    from_micros(hour),
                    known.count,
                    from_micros(known.first),
                    from_micros(known.last),
                    known.client,
                    known.version,
                )

    def _sessions(self, selection: Selection, since: int, until: int) -> Iterable[SessionInterval]:
        newest = newest_of(spans_of(self._batch))
        for one in sorted(self._batch.sessions.values(), key=lambda one: (one.start, one.session)):
            if one.start > until or (one.end is not None and one.end < since):
                continue
            if one.start < keep_sessions_from(newest.get(one.host, 0)):
                continue
            if selection.takes_login(one.mailbox, one.address):
                yield SessionInterval(
                    one.mailbox,
                    one.address,
                    one.service,
                    named(one.host),
                    from_micros(one.start),
                    None if one.end is None else from_micros(one.end),
                    one.session,
                    one.client,
                )

    def _covered(self) -> Iterable[HostCoverage]:
        for span in spans_of(self._batch):
            finder = BeatFinder()
            for time, address in span.visits:
                finder.visit(address, time)
            found = gaps(sorted(map(Minute._make, span.minutes)), finder.beats().values())
            yield HostCoverage(
                *span.source,
                from_micros(span.first),
                from_micros(span.last),
                span.lines,
                tuple(span.services),
                tuple((from_micros(start), from_micros(end)) for start, end in found),
            )


class EmptyLogStore:
    """Where no log is configured: nothing is found and nothing is covered, so that nothing is proven."""

    def search(self, query: LogQuery) -> LogResult:
        """Nothing. Not a failure: there is nowhere to look."""
        return LogResult()

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """No host."""
        return ()

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """Nobody."""
        return ()
