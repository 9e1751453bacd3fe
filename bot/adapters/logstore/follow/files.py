"""One file of log that is read while it is written, and one that was packed away before it was read to its end.

A file is what its first bytes are (:mod:`bot.adapters.logstore.sqlite.marks`), not its name and not its inode, so
every read is followed by a look at the beginning: where that has changed, the file was truncated meanwhile and what
was read is thrown away.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.reading import WARM_BYTES, around
from bot.adapters.logstore.sqlite.sources import BLOCK, HEAD, OpenLog, blocks, fingerprint, lines_in

Identify = Callable[[bytes], Identity]
"""What is known of the file that begins with these bytes."""
UNENDED_WAITS: Final = 1.0
"""Seconds between two looks at a last line of more than a block that has no end yet."""


class TruncatedError(Exception):
    """The file no longer begins as it did."""


class _Window:
    """The bytes of a file from ``at`` on, up to ``end``."""

    def __init__(self, read: Callable[[int, int], bytes], at: int, end: int | None = None) -> None:
        self._read, self._at, self._end = read, at, end
        self.left_over = False

    def read(self, size: int) -> bytes:
        if self._end is not None:
            size = min(size, self._end - self._at)
        data = self._read(size, self._at) if size > 0 else b""
        self._at += len(data)
        return data


class PlainFile:
    """A file on the disk, held open, so that it may be renamed or deleted and is still read to its end."""

    def __init__(self, path: Path, identify: Identify, identity: Identity | None = None) -> None:
        """``identity``: where it is known already which file this is. Raises OSError."""
        self.path = path
        self._identify = identify
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(self._fd)
        self.key = (status.st_dev, status.st_ino)
        self._base = 0
        self._known_time = -1
        self.identity = identity or Identity(None, fingerprint(b""), 0, 0)
        self.dirty = False
        """True where it was read further than the store knows."""
        self.grew = time.monotonic()
        self._unended: tuple[int, float] = (0, 0.0)
        self._meet()

    def _meet(self) -> None:
        """Find out which file this is, as soon as there is anything in it."""
        self._base = self._first_byte()
        head = os.pread(self._fd, HEAD, self._base)
        if head and not self.identity.length:
            self.identity = self._identify(head)

    def _first_byte(self) -> int:
        """Where the text begins: behind the NULs that a writer leaves who keeps his place in a truncated file."""
        at = 0
        while block := os.pread(self._fd, BLOCK, at):
            text = block.lstrip(b"\0")
            if text:
                return at + len(block) - len(text)
            try:
                at = max(at + len(block), os.lseek(self._fd, at + len(block), os.SEEK_DATA))
            except OSError:  # nothing but a hole from here on
                return at + len(block)
        return at

    @property
    def modified(self) -> int:
        """When it was last written to, nanoseconds since 1970."""
        return os.fstat(self._fd).st_mtime_ns

    def pieces(self, *, finished: bool = False) -> Iterator[str]:
        """The lines written since the last look; a last line without its end waits, unless ``finished``. Raises
        TruncatedError, OSError."""
        status = os.fstat(self._fd)
        if not self.identity.length:
            self._meet()
        end = self._base + self.identity.position
        if status.st_size < end:
            raise TruncatedError
        if status.st_mtime_ns == self._known_time and status.st_size == end and not finished:
            return
        if status.st_size == end:
            self.check()
            self._known_time = status.st_mtime_ns
            return
        size, last = self._unended
        if size == status.st_size and not finished and time.monotonic() - last < UNENDED_WAITS:
            return
        window = _Window(self._checked, end)
        for text, behind in blocks(window, b"", self.identity.position, finished=finished):
            self.identity.position = behind
            self.dirty = True
            self.grew = time.monotonic()
            yield text
        if window.left_over:
            self._unended = (status.st_size, time.monotonic())
            if status.st_size != size:
                self.grew = time.monotonic()

    def before(self) -> Iterator[str]:
        """The last lines before the place where reading goes on."""
        end = self._base + self.identity.position
        start = max(self._base, end - WARM_BYTES)
        window = _Window(lambda size, at: os.pread(self._fd, size, at), start, end)
        texts = blocks(window, b"", start, finished=False)
        for text, _ in texts:
            yield text if start == self._base else text.partition("\n")[2]
            start = self._base

    def _checked(self, size: int, at: int) -> bytes:
        data = os.pread(self._fd, size, at)
        if data:
            self.check()
        return data

    def check(self) -> None:
        """Raise TruncatedError where the file does not begin as it did; remember more of its beginning while that is
        short."""
        head = os.pread(self._fd, HEAD, self._base)
        identity = self.identity
        if fingerprint(head[: identity.length]) != identity.fingerprint:
            raise TruncatedError
        if identity.length < len(head):
            identity.length, identity.fingerprint = len(head), fingerprint(head)

    @property
    def head(self) -> bytes:
        """Its first bytes, as they are now."""
        return os.pread(self._fd, HEAD, self._base)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


class PackedFile:
    """A compressed file that holds the rest of one that was not read to its end: read once, then done. It is held
    open, for a rotation that is at work renames it."""

    def __init__(self, path: Path, log: OpenLog, head: bytes, identity: Identity) -> None:
        """``log`` is open, and only ``head`` was read of it."""
        self.path, self.identity = path, identity
        self._log, self.head = log, head
        self._around: tuple[bytes, bytes] | None = None
        self.key = (-1, -1)
        self.dirty = False
        self.grew = 0.0
        self.modified = 0 if log.modified is None else int(log.modified.timestamp() * 1e9)
        """When its lines were last written to, nanoseconds since 1970: packing keeps the time."""

    def _open(self) -> tuple[bytes, bytes]:
        if self._around is None:
            self._around = around(self._log, self.head, self.identity.position)
        return self._around

    def pieces(self, *, finished: bool = True) -> Iterator[str]:
        """Its lines from where reading stood. Raises what :data:`bot.adapters.logstore.sqlite.sources.UNREADABLE`
        names."""
        before, carry = self._open()
        self._around = (before, b"")
        for text, behind in blocks(self._log, carry, self.identity.position, finished=True):
            self.identity.position = behind
            self.dirty = True
            yield text

    def before(self) -> Iterator[str]:
        """The last lines before the place where reading goes on."""
        text, _ = self._open()
        if self.identity.position > len(text):
            text = text[text.find(b"\n") + 1 :]
        yield lines_in(text)

    def close(self) -> None:
        """Let go of the file."""
        self._log.close()
