"""Where a rotated log went: the files beside it that bear its name and a number or a date (logrotate(8): ``mail.log.1``,
``mail.log.2.gz``, dateext ``mail.log-20261122``, with ``extension .log`` also ``mail-20261122.log``; Dovecot and newsyslog alike)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from bot.adapters.logstore.follow.files import Identify, PackedFile, PlainFile
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog, fingerprint

_NUMBER: Final = r"[.\-_][0-9][0-9T:._\-]{0,30}"
_PACKED: Final = r"\.(?:gz|xz|zst|bz2)"
LOOKS: Final = 3
"""How often the folder is read where a file went away between its listing and its opening (it is being packed)."""


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
        if match is not None and entry.is_file():
            found.append((match[1] is not None, -entry.stat().st_mtime_ns, entry))
    return [entry for _, _, entry in sorted(found)]


def head_of(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, unpacked, and whether it is packed. Raises what UNREADABLE names."""
    with OpenLog(LogFile(path)) as log:
        return log.read_head(), log.compression is not None


def find(path: Path, wanted: Identity, identify: Identify) -> PlainFile | PackedFile | None:
    """The rotated copy of ``path`` that is the file ``wanted``, with more in it than was read or not; None where there is none."""
    for _ in range(LOOKS):
        vanished = False
        for place in _listed(path):
            try:
                head, packed = head_of(place)
                if len(head) < wanted.length or fingerprint(head[: wanted.length]) != wanted.fingerprint:
                    continue
                return PackedFile(place, wanted) if packed else PlainFile(place, identify, wanted)
            except FileNotFoundError:
                vanished = True
            except UNREADABLE:
                continue  # half written, or forbidden: its plain original is tried as well
        if not vanished:
            return None
    return None


def missed(path: Path, since: int, held: set[tuple[int, int]], identify: Identify) -> list[PlainFile | PackedFile]:
    """Rotated copies of ``path`` that nobody has read and that were written to after ``since`` (nanoseconds), oldest first: the path
    was rotated more than once between two looks. ``held`` are files that are open already."""
    for look in range(LOOKS):
        found: dict[bytes, PlainFile | PackedFile] = {}
        vanished = False
        for place in _listed(path):
            try:
                status = place.stat()
                if status.st_mtime_ns < since or (status.st_dev, status.st_ino) in held:
                    continue
                head, packed = head_of(place)
                identity = identify(head)
                if head and identity.id is None and identity.fingerprint not in found:
                    found[identity.fingerprint] = PackedFile(place, identity) if packed else PlainFile(place, identify, identity)
            except FileNotFoundError:
                vanished = True
            except UNREADABLE:
                continue  # half packed: its plain original is there still
        if not vanished or look == LOOKS - 1:
            break
        for file in found.values():
            file.close()
    return sorted(found.values(), key=lambda file: file.modified)


def _listed(path: Path) -> list[Path]:
    try:
        return beside(path)
    except OSError:
        return []
