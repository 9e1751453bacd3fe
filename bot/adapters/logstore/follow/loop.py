"""The loop behind `triage logs follow`: takes what the feeds have, stores it with their positions, tidies up, never
gives up.

Nothing is taken from a feed before what it gave last is stored. While the store is held by somebody or its disk is
full, the lines wait where they are (in the file, in the sender's queue), and go in as soon as there is room again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot import failpoints
from bot.adapters.logstore.digest import Batch, Source, to_micros
from bot.adapters.logstore.feeding import FeedStore
from bot.adapters.logstore.follow.feed import Feed, Say
from bot.adapters.logstore.follow.stream import newest_of
from bot.errors import StoreCorrupt, StoreError

SHORT: Final = 0.02
ENDING: Final = 5.0
"""Seconds that senders have to end once the follower is told to."""
GAPS_EVERY: Final = 20.0
TIDY_EVERY: Final = 60.0
AGAIN: Final = (0.2, 0.5, 1.0, 2.0)
"""Seconds until a commit that failed is tried again; the last one from then on."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much stays: of what age, and how many bytes. None is without end."""

    age: timedelta | None = None
    size: int | None = None


class Follow:
    """Feeds on their way into ``store``."""

    def __init__(
        self,
        store: FeedStore,
        feeds: Sequence[Feed],
        *,
        say: Say,
        keep: Keep | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._feeds, self._say, self._now = store, feeds, say, now
        self._keep = keep or Keep()
        self._stop = threading.Event()
        self.lines = 0
        """Lines stored so far."""
        self._said = ""

    def stop(self) -> None:
        """Have :meth:`run` end once what was taken is stored."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Follow until :meth:`stop`; with ``once`` until the feeds have nothing new.

        Raises StoreBusy where another process follows into this store already, StoreCorrupt; StoreError only where
        the store cannot be used at the start, or still not when it is told to stop.
        """
        try:
            self.open()
            gaps = tidy = time.monotonic()
            stopped = 0.0
            while True:
                stopping = self._stop.is_set()
                ends = [feed.end() for feed in self._feeds] if stopping else []
                ended = stopping and all(ends)
                busy = self.turn()
                clock = time.monotonic()
                if clock - gaps > GAPS_EVERY:
                    self._quietly(self._store.refresh_gaps)
                    gaps = clock
                if clock - tidy > TIDY_EVERY or (once and not busy):
                    self._quietly(self._tidy)
                    tidy = clock
                stopped = stopped or (clock if stopping else 0.0)
                if not busy and (once or ended or (stopping and clock - stopped > ENDING)):
                    break
                if not busy:
                    time.sleep(SHORT) if stopping else self._stop.wait(self._store.rest)
            self._quietly(self._store.refresh_gaps)
        finally:
            for feed in self._feeds:
                feed.close()
            self._store.close()

    def open(self) -> None:
        """Claim the store, and have every feed go on where it stood. Raises StoreBusy, StoreCorrupt, StoreError."""
        self._store.claim()
        for feed in self._feeds:
            feed.open(self._store)

    def turn(self) -> bool:
        """Take what each feed has and store it; False where no feed had anything."""
        busy = False
        for feed in self._feeds:
            try:
                feed.pull()
            except StoreCorrupt:
                raise
            except StoreError as error:  # nothing was taken: the next turn asks again
                self._store.forget()
                if str(error) != self._said:
                    self._said = str(error)
                    self._say(f"{error} (the lines wait and are tried again)")
                continue
            if feed.stream.lines:
                busy = True
                self.lines += feed.stream.lines
                self._commit(feed, *feed.stream.take())
        return busy

    # -- storing -------------------------------------------------------------------------------------------------

    def _commit(self, feed: Feed, batch: Batch, holes: list[tuple[Source, int, int]]) -> None:
        """Store a batch and how far its feed was read; tries until it is done."""
        said, newest, ready = "", newest_of(batch), self._store.prepare(batch)
        for attempt in range(1 << 30):
            try:
                self._write(feed, ready, newest, holes)
                break
            except StoreCorrupt:
                raise
            except StoreError as error:
                self._store.forget()
                if str(error) != said:
                    said = str(error)
                    self._say(f"{said} (the lines wait and are tried again)")
                if self._stop.is_set() and attempt >= len(AGAIN):
                    raise
                time.sleep(AGAIN[min(attempt, len(AGAIN) - 1)])
        if said:
            self._say(f"{self._store.name}: can be written again; nothing was lost")
        feed.stored()

    def _write(
        self, feed: Feed, ready: Any, newest: Mapping[Source, int], holes: Sequence[tuple[Source, int, int]]
    ) -> None:
        with self._store.writing(ready) as writing:
            for hole in holes:
                writing.put_hole(*hole)
            failpoints.reach("logs.store.rows")
            writing.put_lag(newest, to_micros(self._now()))
            feed.store(writing)
            failpoints.reach("logs.store.before")
        failpoints.reach("logs.store.after")

    # -- tidying up ------------------------------------------------------------------------------------------------

    def _tidy(self) -> None:
        keep = self._keep
        if keep.age is None and keep.size is None:
            return
        cut = self._store.prune(None if keep.age is None else self._now() - keep.age, keep.size)
        if cut is not None and keep.size is not None:
            self._say(
                f"{self._store.name}: everything before {cut:%Y-%m-%d %H:%M} UTC was dropped, as LOG_KEEP_DAYS and LOG_KEEP_MB ask"
            )

    def _quietly(self, work: Callable[[], None]) -> None:
        """Do what can as well be done later: a store that is held or full is reported where lines are stored."""
        try:
            work()
        except StoreCorrupt:
            raise
        except StoreError:
            self._store.forget()
