"""A feed: where lines come from, how they reach the store once, and what is remembered of it. Files are one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from bot.adapters.logstore.feeding import FeedNotes, FeedStore
from bot.adapters.logstore.follow.siblings import is_rotated
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.follow.tail import Tail
from bot.errors import InputError

MOST_LINES: Final = 20_000
"""Lines that are stored together: a feed that has much to say does not keep the others waiting."""

Say = Callable[[str], None]
"""Takes a message for people."""


class Feed(Protocol):
    """One source of lines. All methods but :meth:`close` are called by one thread."""

    stream: Stream

    def open(self, store: FeedStore) -> None:
        """Take up what the store remembers of this feed. Raises StoreError."""
        ...

    def pull(self) -> None:
        """Hand what is new to :attr:`stream`, at most about :data:`MOST_LINES` lines; never waits."""
        ...

    def store(self, notes: FeedNotes) -> None:
        """Write down how far was read, within the transaction that stores the lines; may be called again where that
        fails."""
        ...

    def stored(self) -> None:
        """The transaction is committed."""
        ...

    def end(self) -> bool:
        """Take nothing more in from outside; what came can still be pulled. True once that is all. Never waits; may
        be called again."""
        ...

    def close(self) -> None:
        """Let go of files, processes and sockets."""
        ...


class FileFeed:
    """A path that is followed."""

    def __init__(self, path: Path, stream: Stream, say: Say) -> None:
        self.path, self.stream, self._say = path, stream, say
        self._tail: Tail | None = None
        self._ids: dict[int, int] = {}

    def open(self, store: FeedStore) -> None:
        """Go on where the store says."""
        self._tail = Tail(
            self.path, self.stream, store.identify, store.recall, store.followed(str(self.path)), self._say
        )

    def pull(self) -> None:
        """Read what was written since."""
        if self._tail is None:
            return
        for text in self._tail.pieces():
            self.stream.feed(text)
            if self.stream.lines >= MOST_LINES:
                return

    def store(self, notes: FeedNotes) -> None:
        """Positions of the files, and what lies under the path."""
        if self._tail is None:
            return
        self._ids = {}
        for file in self._tail.dirty:
            if id(file.identity) not in self._ids:
                self._ids[id(file.identity)] = notes.advance(file.identity.mark(file.identity.position, str(file.path)))
        now = self._tail.followed(self._ids)
        if now is not None:
            notes.put_followed(str(self.path), now)

    def stored(self) -> None:
        """The files have their numbers."""
        if self._tail is None:
            return
        for file in self._tail.dirty:
            file.identity.id = self._ids[id(file.identity)]
        self._tail.stored()

    def end(self) -> bool:
        """A file waits where it is."""
        return True

    def close(self) -> None:
        """Let go of the files."""
        if self._tail is not None:
            self._tail.close()


def live_files(paths: Sequence[str]) -> list[Path]:
    """The paths to follow: files as they are named (they need not exist yet), of folders every file that no rotation
    made.

    Raises InputError for standard input.
    """
    found: list[Path] = []
    for name in paths:
        if name == "-":
            raise InputError("-: standard input cannot be followed; use `triage logs ingest -`")
        path = Path(name)
        inside = (
            sorted(entry for entry in path.rglob("*") if entry.is_file() and not is_rotated(entry.name))
            if path.is_dir()
            else [path]
        )
        found += [entry.absolute() for entry in inside]
    return list(dict.fromkeys(found))
