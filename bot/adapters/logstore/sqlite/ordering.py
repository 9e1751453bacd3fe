"""In which order files are read, and which of them may be read at the same time.

The files of one host belong in order of time: a session begins in one and ends in the next. Those of different
hosts know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.adapters.logstore.digest import NO_HOST
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog
from bot.logs.decode import Decoder

_PEEK = 16 * 1024
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Peeked:
    """What the first lines of a file tell: the first time, the hosts, and its size on the disk."""

    file: LogFile
    first: datetime
    hosts: frozenset[str]
    size: int


def peek(file: LogFile, decoder: Callable[[OpenLog], Decoder]) -> Peeked:
    """Look into a file. Streams, and files that tell no time, come last."""
    hosts = set()
    first = _LATEST
    if file.path is None or not file.path.is_file():
        return Peeked(file, first, frozenset({NO_HOST}), 0)
    try:
        with OpenLog(file) as log:
            head = log.read_head() + log.read(_PEEK)
            reader = decoder(log)
            size = log.size or 0
    except UNREADABLE:
        return Peeked(file, first, frozenset({NO_HOST}), 0)
    for line in head.decode("utf-8", "backslashreplace").split("\n")[:-1]:
        event = reader.decode(line)
        if event.time is not None:
            first = event.time if first is _LATEST else first
            hosts.add(event.host or NO_HOST)
    return Peeked(file, first, frozenset(hosts or {NO_HOST}), size)


def chains(files: Sequence[Peeked]) -> list[list[LogFile]]:
    """``files`` (in order of time) as chains that are read one file after the other. Files that share a host
    are in one chain; so are all that hold several hosts, for their first lines need not show every host."""
    found: list[tuple[set[str], list[int]]] = []
    for number, one in enumerate(files):
        hosts = set(one.hosts) if len(one.hosts) == 1 else {*one.hosts, ""}
        members = [number]
        apart = []
        for chain in found:
            if chain[0] & hosts:
                hosts |= chain[0]
                members = [*chain[1], *members]
            else:
                apart.append(chain)
        found = [*apart, (hosts, sorted(members))]
    return [[files[number].file for number in members] for _, members in sorted(found, key=lambda one: one[1])]
