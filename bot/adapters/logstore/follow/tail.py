"""One path that is followed, whatever becomes of the file behind it.

Renamed, deleted and made anew: the old file is held open and read until it has been quiet for a while, the new one
from its beginning. Truncated: what its copy beside it holds is read first; whether the copy has everything nobody
can know, so the stretch between the last line and the next counts as a hole. After a restart the same questions are
asked of what the store remembers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.adapters.logstore.feeding import Followed
from bot.adapters.logstore.follow import siblings
from bot.adapters.logstore.follow.files import Identify, PackedFile, PlainFile, TruncatedError
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.sources import UNREADABLE, reason_of

LINGER: Final = 60.0
"""Seconds for which a file that is no longer under its path must be quiet until it is let go: daemons write on until
they are told."""
MOST_HELD: Final = 64

Recall = Callable[[int], Identity | None]
"""The identity of a file by its number in the store."""


class Tail:
    """A path's lines, in order. ``say`` takes messages for people."""

    def __init__(
        self,
        path: Path,
        stream: Stream,
        identify: Identify,
        recall: Recall,
        before: Followed | None,
        say: Callable[[str], None],
    ) -> None:
        self.path, self.stream = path, stream
        self._identify, self._say = identify, say
        self._files: list[PlainFile | PackedFile] = []
        self._live: PlainFile | None = None
        self._trouble = ""
        self._before: tuple[Identity, tuple[int, int]] | None = None
        """The file that lay under the path when it was last seen, where that was another process or another file."""
        self._torn: PlainFile | None = None
        """The file before whose first line others may be missing."""
        self._left: list[Identity] = []
        """Renamed files that the process before this one held open."""
        self._cold = True
        self._gone: list[PlainFile | PackedFile] = []
        if before is not None:
            stream.newest.update(before.newest)
            identity = recall(before.source)
            self._left = [left for number in before.held if (left := recall(number)) is not None]
            if identity is not None:
                self._before = (identity, (before.device, before.inode))

    # -- reading -------------------------------------------------------------------------------------------------

    def pieces(self) -> Iterator[str]:
        """The lines written since the last look. What cannot be read is said once, and tried again at the next look."""
        try:
            self._look()
            waiting = list(self._files)
            while waiting:
                file = waiting.pop(0)
                if file is self._torn:
                    if self.stream.lines:
                        return  # what came before is stored first, so that the hole begins at its last line
                    self.stream.broken()
                    self._torn = None
                live = self._live
                yield from self._from(file)
                if self._live is not live:  # it was truncated: its copy comes next, then the file anew
                    waiting = list(self._files)
            if self._live is not None:
                self._trouble = ""
        except UNREADABLE as error:
            self._complain(f"{self.path}: cannot be read ({reason_of(error)}); it is tried again")
        if self._live is None and not self._files and not self._trouble:
            self._complain(f"{self.path}: is not there; it is read as soon as it is")

    def _from(self, file: PlainFile | PackedFile) -> Iterator[str]:
        try:
            yield from file.pieces()
            if file is self._live:
                return
            if isinstance(file, PackedFile) or time.monotonic() - file.grew > LINGER or len(self._files) > MOST_HELD:
                yield from file.pieces(finished=True)
                self._let_go(file)
        except TruncatedError:
            self._let_go(file)
            if file is self._live:
                self._live = None
                self._before = (file.identity, file.key)
                self._look()
        except UNREADABLE as error:
            if isinstance(file, PlainFile):
                raise
            self._let_go(file)
            self._torn = self._live
            self._say(
                f"{file.path}: cannot be read to its end ({reason_of(error)}); lines may be missing, which counts as a gap"
            )

    def _look(self) -> None:
        """See what lies under the path now."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._live = None
            return
        if self._live is not None and self._live.key == (status.st_dev, status.st_ino):
            return
        try:
            new = PlainFile(self.path, self._identify)
        except FileNotFoundError:
            self._live = None
            return
        held = [*self._files, new]
        found: list[PlainFile | PackedFile] = []
        try:
            if self._before is not None:
                found = self._resume(new, *self._before, held)
            elif self._files:
                old = max((file.modified for file in self._files if isinstance(file, PlainFile)), default=0)
                found = siblings.missed(self.path, old, held, self._identify)
        except OSError:  # a copy went away meanwhile: everything is looked for again
            new.close()
            raise
        self._files += found
        self._before, self._left = None, []
        known = next((file for file in self._files if file.key == new.key), None)
        if isinstance(known, PlainFile):  # it was renamed away and back again
            new.close()
            self._files.remove(known)
            new = known
        self._live = new
        self._files.append(new)
        if self._cold:
            self._cold = False
            self._warm()

    def _resume(
        self, new: PlainFile, old: Identity, key: tuple[int, int], held: Sequence[PlainFile | PackedFile]
    ) -> list[PlainFile | PackedFile]:
        """What is to be read before ``new``: the rest of the file ``old``, which lay under the path as ``key``, and
        of those before it."""
        files = [file for left in self._left if (file := siblings.find(self.path, left, self._identify)) is not None]
        if new.identity.length and new.identity.id is not None and new.identity.id == old.id:
            return files
        rest = siblings.find(self.path, old, self._identify)
        if rest is not None:
            files += [rest, *siblings.missed(self.path, rest.modified, [*held, *files, rest], self._identify)]
        if rest is None or new.key == key:
            self._torn = new
            self._say(
                f"{self.path}: was truncated or replaced; lines may be missing between its last line and the next, which counts as a gap"
            )
        return files

    def _warm(self) -> None:
        """Learn from the lines before the first that is to be read who is connected."""
        first = self._files[0]
        if first.identity.id is None:
            return
        for text in first.before():
            self.stream.warm(text)

    def _let_go(self, file: PlainFile | PackedFile) -> None:
        file.close()
        self._files.remove(file)
        if file.dirty:
            self._gone.append(file)

    # -- what the store is to remember -----------------------------------------------------------------------------

    @property
    def dirty(self) -> list[PlainFile | PackedFile]:
        """Files that were read further than the store knows."""
        return [file for file in (*self._gone, *self._files) if file.dirty]

    def stored(self) -> None:
        """The store knows everything now."""
        for file in self.dirty:
            file.dirty = False
        self._gone.clear()

    def followed(self, ids: Mapping[int, int]) -> Followed | None:
        """What lies under the path; ``ids`` are the numbers that files were just given, by ``id()`` of their
        identity."""
        live = self._live
        if live is None:
            return None
        source = ids.get(id(live.identity), live.identity.id)
        if source is None:
            return None
        held = [ids.get(id(file.identity), file.identity.id) for file in self._files if file is not live]
        return Followed(
            source, *live.key, dict(self.stream.newest), tuple(number for number in held if number is not None)
        )

    def close(self) -> None:
        """Let go of every file."""
        for file in self._files:
            file.close()
        self._files.clear()
        self._live = None

    def _complain(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._say(text)
