"""The seam between live feeds and the store that they fill: rows, and how far each feed was read, together or not at
all.

What is remembered of a feed beside its rows, in every back-end:

log_follow  each path that is followed: the file last seen under it (its log_source, device and inode), the files that
            were renamed and are still read, and the newest line of each host and program that it brought. A new file
            under the same inode is one that was truncated: what was written between the last look and the truncation is
            gone, and nobody can say how much
log_hole    stretches in which a feed may have lost lines, however long or short; they are gaps of the coverage
log_feed    when the newest line of a host and program was stored, by our clock, and how old it was then
log_skew    the least distance of a login line's stamp from the clock inside its Dovecot session id, host by host and
            hour by hour, microseconds
log_cursor  where journald's journal was read up to
log_tail    the last lines of feeds that cannot be read again, masked and compressed: they teach a new process who is
            connected
log_parcel  HTTP bodies that were stored and whose sender has not been told yet; sent again, they are not stored again

A store on one machine has one follower. A store that several machines share has several; paths, cursors, tails and
parcels are then kept under each follower's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import zstandard

from bot.adapters.logstore.digest import HOUR, Batch, Source, from_micros
from bot.logs import session as session_id
from bot.logs.session import WRAP

if TYPE_CHECKING:
    from bot.adapters.logstore.sqlite.marks import Identity, Mark

TAIL_LINES: Final = 20_000
"""Lines kept of a feed that cannot be read again."""
PARCELS_KEPT: Final = 24 * HOUR
SAMPLE: Final = 64
"""Logins of a batch that its clock skew is measured on."""
SKEW_HOURS: Final = 6
SKEW_LOGINS: Final = 5
"""Logins that must agree before a skew is believed: any one may have waited long for its password."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What lay under a followed path when its lines were last stored."""

    source: int
    device: int
    inode: int
    newest: Mapping[Source, int] = field(default_factory=dict)
    """The newest line of each host and program, microseconds."""
    held: tuple[int, ...] = ()
    """Renamed files that may still be written to, by their numbers in log_source."""

    def known(self) -> str:
        """``newest`` and ``held`` as a text."""
        return json.dumps({"newest": [[*source, time] for source, time in self.newest.items()], "held": self.held})

    @classmethod
    def of(cls, source: int, device: int, inode: int, known: str) -> Followed:
        """What :meth:`known` wrote down."""
        told = json.loads(known)
        return cls(
            source, device, inode, {(host, family): time for host, family, time in told["newest"]}, tuple(told["held"])
        )


class FeedNotes(Protocol):
    """What a feed has the store write down, in the transaction that stores its lines."""

    def advance(self, mark: Mark) -> int:
        """A file was read that far; returns its number."""
        ...

    def put_followed(self, path: str, now: Followed) -> None:
        """This lies under ``path``."""
        ...

    def put_tail(self, feed: str, masked: str) -> None:
        """``feed`` brought these lines; the oldest of its tail go."""
        ...

    def put_cursor(self, feed: str, cursor: str, time: int) -> None:
        """``feed`` was read up to ``cursor``, an entry of ``time``."""
        ...

    def put_parcels(self, stored: Sequence[bytes], told: Sequence[bytes], now: int) -> None:
        """Bodies with these digests are stored and not acknowledged yet; the senders of those in ``told`` know by
        now."""
        ...


class FeedWriting(FeedNotes, Protocol):
    """One transaction, which has the rows of a batch already."""

    def put_hole(self, source: Source, start: int, end: int) -> None:
        """A feed may have lost lines of ``source`` between two of its lines."""
        ...

    def put_lag(self, newest: Mapping[Source, int], now: int) -> None:
        """The newest lines of a batch were stored at ``now`` by our clock."""
        ...


class FeedStore(Protocol):
    """A log store as the follower sees it. Everything raises StoreError and may be tried again after :meth:`forget`."""

    name: str
    """What messages call it; never a password."""
    rest: float
    """Seconds from one look at idle feeds to the next: what a commit costs decides."""

    def claim(self) -> None:
        """Be the only follower (of this name), until :meth:`close`. Raises StoreBusy where there is another."""
        ...

    def forget(self) -> None:
        """Begin anew after a fault: what is remembered may not be what is stored."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read."""
        ...

    def recall(self, source: int) -> Identity | None:
        """The file of that number in log_source."""
        ...

    def followed(self, path: str) -> Followed | None:
        """What lay under ``path`` last; None where it was never followed."""
        ...

    def tail_of(self, feed: str) -> str:
        """The last lines of a feed, oldest first."""
        ...

    def cursor_of(self, feed: str) -> tuple[str, int] | None:
        """Where to go on in ``feed``: cursor and time of its last entry."""
        ...

    def parcels(self) -> set[bytes]:
        """The bodies that are stored and not acknowledged."""
        ...

    def prepare(self, batch: Batch) -> Any:
        """``batch`` as :meth:`writing` takes it, however often that is tried."""
        ...

    def writing(self, ready: Any) -> AbstractContextManager[FeedWriting]:
        """A transaction: the batch that :meth:`prepare` made and all that is noted inside are stored, or nothing."""
        ...

    def refresh_gaps(self) -> None:
        """Work out anew where the logs that were written to have gaps."""
        ...

    def prune(self, before: datetime | None, size: int | None) -> datetime | None:
        """Drop what is too old or too much; returns the time from which on everything is kept, None where nothing
        went."""
        ...


def another_follows(store: str, follower: str) -> str:
    """What is said where ``follower`` is at work on a store that several followers share."""
    return f"{store}: another `triage logs follow` called {follower} is at work; end it, or give this one another LOG_FOLLOW_NAME"


def packed(lines: str) -> bytes:
    """Lines of a tail, compressed."""
    return zstandard.ZstdCompressor(level=3).compress(lines.encode("utf-8", "surrogatepass"))


def unpacked(parts: Iterable[bytes]) -> str:
    """The lines of parts that :func:`packed` made, one after the other."""
    opened = zstandard.ZstdDecompressor()
    return "".join(opened.decompress(part).decode("utf-8", "surrogatepass") for part in parts)


def skews(logins: Sequence[tuple[int, str, str, str]]) -> dict[tuple[str, int], tuple[int, int]]:
    """How far the stamps of some logins (start, session id, address, host) lie from the clocks in their session ids:
    by host and hour the least distance in microseconds, and of how many.

    A login is written within moments of its connection's start, and the id holds that start
    (:mod:`bot.logs.session`), so the least distance of many is the difference of the two clocks. An id made by
    somebody else does not hold the line's address.
    """
    least: dict[tuple[str, int], tuple[int, int]] = {}
    for start, session, address, host in logins[:: max(1, len(logins) // SAMPLE)]:
        made = session_id.decode(session)
        if made is None or not session_id.same_address(made, address):
            continue
        off = (start - made.clock + WRAP // 2) % WRAP - WRAP // 2
        key = (host, start // HOUR)
        known = least.get(key, (off, 0))
        least[key] = (min(known[0], off), known[1] + 1)
    return least


def skew(hours: Iterable[tuple[int, int]]) -> int | None:
    """The skew that a host's hours (least distance, of how many logins; the newest first) prove; None where too few
    logins do."""
    logins = 0
    seen: list[int] = []
    for least, count in list(hours)[:SKEW_HOURS]:
        seen.append(least)
        logins += count
        if logins >= SKEW_LOGINS:
            return min(seen)
    return None


@dataclass(frozen=True, slots=True)
class Live:
    """What a store knows of live feeds beside their lines, by host and program family."""

    holes: Mapping[Source, Sequence[tuple[int, int]]] = field(default_factory=dict)
    lags: Mapping[Source, tuple[int, int]] = field(default_factory=dict)
    skews: Mapping[str, int | None] = field(default_factory=dict)

    @classmethod
    def of_rows(
        cls, holes: Iterable[Sequence[Any]], lags: Iterable[Sequence[Any]], hours: Iterable[Sequence[Any]]
    ) -> Live:
        """From rows: host, family, start, end of each hole; host, family, when seen, lag; host, least, count of each
        hour, the newest first."""
        missing: dict[Source, list[tuple[int, int]]] = {}
        for host, family, start, end in holes:
            missing.setdefault((host, family), []).append((start, end))
        told: dict[str, list[tuple[int, int]]] = {}
        for host, least, count in hours:
            told.setdefault(host, []).append((least, count))
        return cls(
            missing,
            {(host, family): (seen, lag) for host, family, seen, lag in lags},
            {host: skew(known) for host, known in told.items()},
        )

    def of(self, source: Source) -> tuple[datetime | None, timedelta | None, timedelta | None]:
        """When the newest line was stored, how old it was then, and the skew of its host's clock."""
        seen, off = self.lags.get(source), self.skews.get(source[0])
        return (
            None if seen is None else from_micros(seen[0]),
            None if seen is None else timedelta(microseconds=seen[1]),
            None if off is None else timedelta(microseconds=off),
        )
