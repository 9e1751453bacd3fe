"""Where a rotated log went: the files beside it that bear its name and a number or a date (logrotate(8):
``mail.log.1``, ``mail.log.2.gz``, dateext ``mail.log-20261122``, with ``extension .log`` also ``mail-20261122.log``;
Dovecot and newsyslog alike)."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bot.adapters.logstore.follow.files import Identify, PackedFile, PlainFile, TruncatedError
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog, fingerprint

_NUMBER: Final = r"[.\-_][0-9][0-9T:._\-]{0,30}"
_PACKED: Final = r"\.(?:gz|xz|zst|bz2)"
LOOKS: Final = 20
PAUSE: Final = 0.05
"""How often, and seconds apart, the folder is looked at while a rotation is at work in it."""


def is_rotated(name: str) -> bool:
    """True for the name of a file that a rotation made, whatever the log is called."""
    return re.search(rf"(?:{_NUMBER}(?:\.log)?|{_PACKED})$", name) is not None


def beside(path: Path) -> list[Path]:
    """The rotated copies of ``path`` that are there, plain before packed, those written last first."""
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    named = re.compile(rf"(?:{stem}{suffix}{_NUMBER}|{stem}{_NUMBER}{suffix})({_PACKED})?")
    found = []
    for entry in path.parent.iterdir():
        match = named.fullmatch(entry.name)
        if match is None:
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((match[1] is not None, -status.st_mtime_ns, entry))
    return [entry for _, _, entry in sorted(found)]


def find(path: Path, wanted: Identity, identify: Identify) -> PlainFile | PackedFile | None:
    """The rotated copy of ``path`` that is the file ``wanted``, with more in it than was read or not; None where
    there is none."""
    for folder in _looks(path):
        for place in folder:
            file = _opened(place, identify, lambda _: wanted)
            if file is not None:
                return file
    return None


def missed(
    path: Path, since: int, held: Sequence[PlainFile | PackedFile], identify: Identify
) -> list[PlainFile | PackedFile]:
    """Rotated copies of ``path`` that nobody has read and that were written to after ``since`` (nanoseconds), oldest
    first: the path was rotated more than once between two looks. ``held`` are files that are open already: neither
    they nor what was packed of them count, though the store may not know them yet."""
    found: dict[bytes, PlainFile | PackedFile] = {}
    keys = {file.key for file in held}

    def unread(head: bytes) -> Identity | None:
        identity = identify(head)
        new = head and identity.id is None and identity.fingerprint not in found
        return identity if new and not any(file.head.startswith(head) for file in held) else None

    for folder in _looks(path):
        for file in found.values():
            file.close()
        found.clear()
        for place in folder:
            try:
                status = place.stat()
            except OSError:
                continue
            if status.st_mtime_ns >= since and (status.st_dev, status.st_ino) not in keys:
                new = _opened(place, identify, unread)
                if new is not None:
                    found[new.identity.fingerprint] = new
    return sorted(found.values(), key=lambda file: file.modified)


def _opened(
    place: Path, identify: Identify, accept: Callable[[bytes], Identity | None]
) -> PlainFile | PackedFile | None:
    """The file at ``place`` where ``accept`` knows an identity for its first bytes and it has that identity; else
    None."""
    try:
        log = OpenLog(LogFile(place))
        kept = False
        try:
            head = log.read_head()
            identity = accept(head)
            if (
                identity is None
                or len(head) < identity.length
                or fingerprint(head[: identity.length]) != identity.fingerprint
            ):
                return None
            kept = log.compression is not None
            if kept:
                return PackedFile(place, log, head, identity)
        finally:
            if not kept:
                log.close()
        file = PlainFile(place, identify, identity)
        try:
            file.check()
        except TruncatedError:  # another file has the name by now
            file.close()
            return None
        return file
    except UNREADABLE:  # gone, forbidden, or half packed: then its original is there still
        return None


def _looks(path: Path) -> Iterator[list[Path]]:
    """The rotated copies of ``path``, again and again until nothing is renamed or packed while they are looked at."""
    before = _state(path)
    for _ in range(LOOKS):
        yield [place for place, _ in before]
        after = _state(path)
        if after == before:
            return
        before = after
        time.sleep(PAUSE)


def _state(path: Path) -> list[tuple[Path, tuple[int, int]]]:
    state = []
    try:
        for place in beside(path):
            status = place.stat()
            state.append((place, (status.st_ino, status.st_size)))
    except OSError:
        return state
    return state
