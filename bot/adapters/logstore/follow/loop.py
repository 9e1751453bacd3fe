"""The loop behind `triage logs follow`: takes what the feeds have, stores it with their positions, tidies up, never gives up.

Nothing is taken from a feed before what it gave last is stored. While the store is held by somebody or its disk is full, the lines wait
where they are (in the file, in the sender's queue), and go in as soon as there is room again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bot import failpoints
from bot.adapters.logstore.digest import Source, from_micros, to_micros
from bot.adapters.logstore.follow.feed import Feed, Say
from bot.adapters.logstore.sqlite import feeds
from bot.adapters.logstore.sqlite.prepared import Prepared
from bot.adapters.logstore.sqlite.pruning import prune
from bot.adapters.logstore.sqlite.schema import faults_named, open_for_writing
from bot.adapters.logstore.sqlite.writer import Writer
from bot.errors import StoreBusy, StoreCorrupt, StoreError

IDLE: Final = 0.2
"""Seconds between two looks where nothing came."""
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
    """Feeds on their way into the store at ``path``."""

    def __init__(self, path: Path, feeds: Sequence[Feed], *, say: Say, keep: Keep | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path, self._feeds, self._say, self._now = path, feeds, say, now
        self._keep = keep or Keep()
        self._stop = threading.Event()
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self.lines = 0
        """Lines stored so far."""
        self._said = ""

    def stop(self) -> None:
        """Have :meth:`run` end once what was taken is stored."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Follow until :meth:`stop`; with ``once`` until the feeds have nothing new.

        Raises StoreBusy where another process follows into this store already, StoreCorrupt; StoreError only where the store
        cannot be used at the start, or still not when it is told to stop.
        """
        lock = self._lock()
        try:
            self._open()
            for feed in self._feeds:
                with faults_named(self.path):
                    feed.open(self._connected)
            gaps = tidy = time.monotonic()
            stopped = 0.0
            while True:
                stopping = self._stop.is_set()
                ends = [feed.end() for feed in self._feeds] if stopping else []
                ended = stopping and all(ends)
                busy = self.turn()
                clock = time.monotonic()
                if clock - gaps > GAPS_EVERY:
                    self._quietly(self._refresh)
                    gaps = clock
                if clock - tidy > TIDY_EVERY or (once and not busy):
                    self._quietly(self._tidy)
                    tidy = clock
                stopped = stopped or (clock if stopping else 0.0)
                if not busy and (once or ended or (stopping and clock - stopped > ENDING)):
                    break
                if not busy:
                    time.sleep(SHORT) if stopping else self._stop.wait(IDLE)
            self._quietly(self._refresh)
        finally:
            for feed in self._feeds:
                feed.close()
            if self._connection is not None:
                self._connection.close()
            os.close(lock)

    def turn(self) -> bool:
        """Take what each feed has and store it; False where no feed had anything."""
        busy = False
        for feed in self._feeds:
            try:
                with faults_named(self.path):
                    feed.pull()
            except StoreCorrupt:
                raise
            except StoreError as error:  # nothing was taken: the next turn asks again
                self._reset()
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

    def _commit(self, feed: Feed, ready: Prepared, holes: list[tuple[Source, int, int]]) -> None:
        """Store a batch and how far its feed was read; tries until it is done."""
        said = ""
        for attempt in range(1 << 30):
            try:
                self._open()
                with faults_named(self.path):
                    self._write(feed, ready, holes)
                break
            except StoreCorrupt:
                raise
            except StoreError as error:
                self._reset()
                if str(error) != said:
                    said = str(error)
                    self._say(f"{said} (the lines wait and are tried again)")
                if self._stop.is_set() and attempt >= len(AGAIN):
                    raise
                time.sleep(AGAIN[min(attempt, len(AGAIN) - 1)])
        if said:
            self._say(f"{self.path}: can be written again; nothing was lost")
        feed.stored()

    def _write(self, feed: Feed, ready: Prepared, holes: list[tuple[Source, int, int]]) -> None:
        writer, connection = self._writer, self._connected()
        if writer is None:
            return
        with writer.transaction():
            writer.put(ready)
            for hole in holes:
                feeds.put_hole(connection, *hole)
            failpoints.reach("logs.store.rows")
            feeds.put_lag(connection, ready, to_micros(self._now()))
            feed.store(connection, writer)
            failpoints.reach("logs.store.before")
        failpoints.reach("logs.store.after")

    def _open(self) -> None:
        if self._connection is None:
            self._connection = open_for_writing(self.path)
            self._connection.execute("PRAGMA synchronous = FULL")  # a sender that was told 2xx forgets its lines: they outlive the power
            self._writer = Writer(self._connection)

    def _reset(self) -> None:
        """Begin anew after a fault: what the writer remembers may not be what the file holds."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._writer = None

    def _connected(self) -> sqlite3.Connection:
        self._open()
        assert self._connection is not None
        return self._connection

    # -- tidying up ------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        if self._writer is not None:
            self._writer.refresh_gaps()

    def _tidy(self) -> None:
        keep = self._keep
        if keep.age is None and keep.size is None:
            return
        before = None if keep.age is None else to_micros(self._now() - keep.age)
        cut = prune(self._connected(), before=before, size=keep.size)
        if cut is not None and keep.size is not None:
            self._say(f"{self.path}: everything before {from_micros(cut):%Y-%m-%d %H:%M} UTC was dropped, as LOG_KEEP_DAYS and LOG_KEEP_MB ask")

    def _quietly(self, work: Callable[[], None]) -> None:
        """Do what can as well be done later: a store that is held or full is reported where lines are stored."""
        try:
            with faults_named(self.path):
                work()
        except StoreCorrupt:
            raise
        except StoreError:
            self._reset()

    def _lock(self) -> int:
        """Hold the store for this process among those that follow. Raises StoreBusy, StoreError."""
        place = self.path.with_name(self.path.name + ".follow")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{place}: cannot be made ({error.strerror}); choose another place for LOG_STORE_URL") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreBusy(f"{self.path}: another `triage logs follow` is at work on this store; end it first") from error
        return lock
