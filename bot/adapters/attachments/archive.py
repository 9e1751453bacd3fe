"""What an archive holds, told by a process that may fail: ``python -I -S archive.py`` with a ZIP or gzip file on
standard input.

It runs under the limits that ``limited.py`` sets, needs the standard library alone, and answers with one JSON
object: ``names`` of the members (a gzip file has none), ``members`` (name and base64 content of those that may be
read), ``notes``. An archive inside the archive is named and not opened.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import sys
import zipfile
import zlib
from typing import IO, Any

MAX_ENTRIES = 1000
"""Entries that are looked at; a ZIP's directory of more is no customer's."""
MAX_OPENED = 20
MAX_MEMBER = 1_500_000
"""Bytes read of one member; the rest is cut off unread, so an over-large member costs no more than this."""
MAX_ALL = 3_000_000
READABLE = (
    ".txt",
    ".log",
    ".eml",
    ".csv",
    ".conf",
    ".cfg",
    ".ini",
    ".json",
    ".xml",
    ".md",
    ".out",
    ".err",
    ".htm",
    ".html",
    ".png",
    ".jpg",
    ".jpeg",
)
PLAIN = (".png", ".jpg", ".jpeg")
"""A part of a picture is no picture: it is taken whole or not at all."""


def told(data: bytes) -> dict[str, Any]:
    """What is in ``data``. Raises what zipfile and zlib raise on damage, and MemoryError."""
    if data.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as opened:
            content, cut = _capped(opened, MAX_MEMBER)
        return {
            "names": [],
            "members": [["", base64.b64encode(content).decode()]],
            "notes": ["only its beginning was read"] if cut else [],
        }
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _zip(archive)


def _zip(archive: zipfile.ZipFile) -> dict[str, Any]:
    entries = [entry for entry in archive.infolist()[:MAX_ENTRIES] if not entry.is_dir()]
    notes = [f"it has more than {MAX_ENTRIES} entries"] if len(archive.infolist()) > MAX_ENTRIES else []
    members: list[list[str]] = []
    left = MAX_ALL
    for entry in entries:
        name = entry.filename.lower()
        if not name.endswith(READABLE) or len(members) >= MAX_OPENED or left <= 0:
            continue
        if entry.flag_bits & 1:
            notes.append("it is locked with a password")
            break
        try:
            with archive.open(entry) as opened:
                content, cut = _capped(opened, min(MAX_MEMBER, left))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
            notes.append(f"{entry.filename[:80]} could not be unpacked ({type(error).__name__})")
            continue
        left -= len(content)
        if cut:
            notes.append(
                f"{entry.filename[:80]} is too large: "
                + ("not read" if name.endswith(PLAIN) else "only its beginning was read")
            )
        if not (cut and name.endswith(PLAIN)):
            members.append([entry.filename[:200], base64.b64encode(content).decode()])
    return {
        "names": [entry.filename[:200] for entry in entries[:100]],
        "members": members,
        "notes": list(dict.fromkeys(notes))[:10],
    }


def _capped(opened: IO[bytes] | gzip.GzipFile, most: int) -> tuple[bytes, bool]:
    """Up to ``most`` bytes, and whether there would be more. What a damaged stream held before its fault is kept."""
    content = io.BytesIO()
    try:
        while content.tell() <= most and (piece := opened.read(65_536)):
            content.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        if not content.tell():
            raise
    taken = content.getvalue()
    return taken[:most], len(taken) > most


def main() -> None:
    """One JSON object on standard output; an archive that cannot be opened says why in ``notes``."""
    try:
        answer = told(sys.stdin.buffer.read())
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        MemoryError,
    ) as error:
        answer = {"names": [], "members": [], "notes": [f"it could not be opened ({type(error).__name__})"]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
