"""Feeds that others push: lines wait in memory, within bounds, until the loop stores them. What cannot be read again
is learned from once more at the next start (:data:`bot.adapters.logstore.feeding.TAIL_LINES` of it are kept)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.adapters.logstore.digest import to_micros
from bot.adapters.logstore.feeding import FeedNotes, FeedStore
from bot.adapters.logstore.follow.feed import MOST_LINES, Say
from bot.adapters.logstore.follow.stream import Stream

CAPACITY: Final = 32 << 20
"""Characters that may wait; then senders have to."""


@dataclass(slots=True)
class Parcel:
    """Lines that were pushed together, secrets masked, each with its end."""

    text: str
    digest: bytes | None = None
    """Names the body, where its sender may send it again because he was not told that it is stored."""
    cursor: str | None = None
    time: int = 0
    """Where the feed stands behind these lines, and the time of the last, microseconds."""
    missing: str = ""
    """Says that lines are, or may be, missing here; there are none in it then."""


class PushedFeed:
    """A feed whose lines come from other threads. ``on_open`` and ``on_end`` begin and end whatever brings them."""

    def __init__(self, name: str, stream: Stream, say: Say) -> None:
        self.name, self.stream, self._say = name, stream, say
        self._guard = threading.Lock()
        self._waiting: deque[Parcel] = deque()
        self._held = 0
        self._taken: list[Parcel] = []
        self._told: list[bytes] = []
        self._dropping: list[bytes] = []
        """Those of them that the transaction at hand forgets."""
        self._callers: dict[bytes, list[Callable[[], None]]] = {}
        self._unacknowledged: set[bytes] = set()
        self.cursor: tuple[str, int] | None = None
        """Where the store says that this feed was read up to."""
        self.on_open: Callable[[], None] = lambda: None
        self.on_end: Callable[[], bool] = lambda: True

    # -- from other threads --------------------------------------------------------------------------------------

    def offer(self, parcel: Parcel, stored: Callable[[], None] | None = None) -> bool:
        """Hand lines over; False where too much waits. ``stored`` is called, by the loop's thread, once they are
        committed. A body that is stored or waits already is not taken twice."""
        with self._guard:
            digest = parcel.digest
            if digest is not None and digest in self._unacknowledged:
                if stored is not None:
                    stored()
                return True
            if digest is not None and digest in self._callers:
                if stored is not None:
                    self._callers[digest].append(stored)
                return True
            if self._held >= CAPACITY:
                return False
            if digest is not None:
                self._callers[digest] = [stored] if stored is not None else []
            self._waiting.append(parcel)
            self._held += len(parcel.text)
            return True

    def told(self, digest: bytes) -> None:
        """The sender of that body knows that it is stored: the same body again is another one."""
        with self._guard:
            self._unacknowledged.discard(digest)
            self._told.append(digest)

    def missing(self, why: str) -> None:
        """Lines are, or may be, missing before the next: a gap of the coverage. ``why`` is for people."""
        with self._guard:
            if not self._waiting or self._waiting[-1].missing != why:
                self._waiting.append(Parcel("", missing=why))

    # -- the loop's thread -----------------------------------------------------------------------------------------

    def open(self, store: FeedStore) -> None:
        """Learn from the last lines, and let others push."""
        self.stream.warm(store.tail_of(self.name))
        self.cursor = store.cursor_of(self.name)
        self._unacknowledged = store.parcels()
        self.on_open()

    def pull(self) -> None:
        """Read what waits."""
        while self.stream.lines < MOST_LINES:
            with self._guard:
                if not self._waiting:
                    return
                parcel = self._waiting[0]
                if parcel.missing and self.stream.lines:
                    return  # what came before is stored first, so that the hole begins at its last line
                self._waiting.popleft()
            if parcel.missing:
                self.stream.broken()
                self._say(parcel.missing)
                continue
            self._taken.append(parcel)
            self.stream.feed(parcel.text)

    def store(self, notes: FeedNotes) -> None:
        """The last lines, the cursor, and the bodies whose senders do not know yet."""
        notes.put_tail(self.name, "".join(parcel.text for parcel in self._taken))
        stands = next((parcel for parcel in reversed(self._taken) if parcel.cursor is not None), None)
        if stands is not None and stands.cursor is not None:
            notes.put_cursor(self.name, stands.cursor, stands.time)
        digests = [parcel.digest for parcel in self._taken if parcel.digest is not None]
        with self._guard:
            self._dropping = list(self._told)
        if digests or self._dropping:
            notes.put_parcels(digests, self._dropping, to_micros(self.stream.now()))

    def stored(self) -> None:
        """Tell who waits for it."""
        with self._guard:
            self._told = self._told[len(self._dropping) :]
            taken, self._taken = self._taken, []
            callers = []
            for parcel in taken:
                self._held -= len(parcel.text)
                if parcel.digest is not None:
                    self._unacknowledged.add(parcel.digest)
                    callers += self._callers.pop(parcel.digest, [])
        for caller in callers:
            caller()

    def end(self) -> bool:
        """End whatever brings lines; True once it has ended."""
        return self.on_end()

    def close(self) -> None:
        """End whatever brings lines."""
        self.on_end()
