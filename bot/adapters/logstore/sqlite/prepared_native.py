"""The rows of a batch that the native reader summed up: the same as
:func:`bot.adapters.logstore.sqlite.prepared.prepare` makes, without an object for each line."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import zstandard

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, keep_sessions_from, newest_of, span_of
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.native.skim import NativeDigest
from bot.adapters.logstore.selection import domain_of
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import LEVEL, LINES
from bot.adapters.logstore.sqlite.prepared import Found, Prepared, looked, person_of, session_tag
from bot.adapters.logstore.sqlite.schema import key_of
from bot.logs.event import LogEvent

_WORDS, _SOURCES, _FACES, _CLIENTS = 1, 3, 4, 5
(_KEPT, _PACKED, _PACKED_ENDS, _LOGINS, _FAILURES, _ENDS, _LATE_CLIENTS, _VISITS) = range(-4, -12, -1)
_MINUTES: Final = -3
(
    _FIND_ROWS,
    _FIND_DATA,
    _SUM_ROWS,
    _SUM_DATA,
    _SESSION_ROWS,
    _SESSION_DATA,
    _OPEN_ROWS,
    _OPEN_DATA,
    _SAMPLE_ROWS,
    _SAMPLE_DATA,
    _PEOPLE,
) = range(-13, -24, -1)
_NONE: Final = -1


class _Tables:
    """The reader's tables as Python's values."""

    def __init__(self, digest: NativeDigest) -> None:
        self._digest = digest
        self.words = self._texts(_WORDS)

    def _texts(self, which: int) -> list[str]:
        data, begin, found = self._digest.table(which), 0, []
        text = data.decode("ascii") if data.isascii() else None
        for end in self._digest.ends(which):
            found.append(data[begin:end].decode("utf-8", "surrogatepass") if text is None else text[begin:end])
            begin = end
        return found

    def columns(self, which: int, width: int) -> list[list[int]]:
        """The columns of a table of whole numbers."""
        numbers = self._digest.numbers(which)
        return [numbers[place::width] for place in range(width)]

    def rows(self, which: int, width: int) -> Iterator[tuple[int, ...]]:
        """The rows of a table of whole numbers."""
        return zip(*[iter(self._digest.numbers(which))] * width, strict=True)

    def parts(self, which: int, width: int) -> Iterator[tuple[tuple[int, ...], bytes]]:
        """The rows of a table whose last column says where each one's part of the next table ends."""
        data, begin = self._digest.table(which - 1), 0
        for *row, end in self.rows(which, width):
            yield tuple(row), data[begin:end]
            begin = end

    def word(self, number: int) -> str | None:
        """A text that may not be stated."""
        return None if number == _NONE else self.words[number]


def prepare_native(digest: NativeDigest, counted: Batch, events: list[tuple[int, int, LogEvent]]) -> Prepared:
    """The rows of the batch that :meth:`NativeDigest.end_batch` has ended, and what that returned."""
    tables = _Tables(digest)
    ready = Prepared(digest.ended_lines() + counted.lines, counted.undated)
    _spans(tables, ready)
    _lines(tables, digest, ready)
    finds = looked(events, ready)
    ready.logins.sort()
    _pack(tables, digest, ready, finds)
    return ready


def _lines(tables: _Tables, digest: NativeDigest, ready: Prepared) -> None:
    words, times = tables.words, tables.columns(_KEPT, 4)[0]
    ready.kept = len(times)
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    packed, begin = digest.table(_PACKED), 0
    ends = digest.numbers(_PACKED_ENDS)
    if len(times) % LINES:
        ends.append(len(packed) - 1)  # the last line's end waits for another line
    for number, end in enumerate(ends):
        part = times[number * LINES : (number + 1) * LINES]
        ready.blocks.append((number, min(part), max(part), compress(packed[begin:end])))
        begin = end
    ready.logins = [
        (words[login], *parted(words[login]), first, last) for login, first, last in tables.rows(_LOGINS, 3)
    ]
    ready.failures = sorted(
        (hour, *(words[part] for part in cause), count) for hour, *cause, count in tables.rows(_FAILURES, 7)
    )


def _spans(tables: _Tables, ready: Prepared) -> None:
    words = tables.words
    minutes: defaultdict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for source, minute, lines, first, last in tables.rows(_MINUTES, 5):
        minutes[source].append((minute, lines, first, last))
    visits: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for source, time, address in tables.rows(_VISITS, 3):
        visits[source].append((time, words[address]))
    services: defaultdict[int, set[str]] = defaultdict(set)
    for source, service in tables.rows(_FACES, 2):
        if words[service] in keeping.FACES:
            services[source].add(words[service])
    ready.spans = sorted(
        (
            span_of((words[host], words[family]), minutes[source], services[source], visits[source])
            for source, (host, family) in enumerate(tables.rows(_SOURCES, 2))
            if minutes[source]
        ),
        key=lambda span: span.source,
    )


def _pack(tables: _Tables, digest: NativeDigest, ready: Prepared, finds: list[Found]) -> None:
    """What belongs to one person or one key becomes one row."""
    words = tables.words
    newest = newest_of(ready.spans)
    people = [
        person_of(words[mailbox], words[address], words[service], words[host])
        for mailbox, address, service, host in tables.rows(_PEOPLE, 4)
    ]
    digest.pack(_keys(tables, newest), rows.ANONYMOUS, array("q", [number for found in finds for number in found]))
    ready.who = sorted(set(people))
    ready.finds = [(key, last, first, data) for (key, first, last), data in tables.parts(_FIND_ROWS, 4)]
    ready.sums = sorted((people[who][0], first, last, data) for (who, first, last), data in tables.parts(_SUM_ROWS, 4))
    ready.sessions = sorted(
        (people[who][0], first, last, data) for (who, first, last), data in tables.parts(_SESSION_ROWS, 4)
    )
    for (who, host, start, first), data in tables.parts(_OPEN_ROWS, 5):
        session = data.decode("utf-8", "surrogatepass")
        ready.unended.append((session_tag(words[host], session), people[who][0], start, first, session))
    ready.unended.sort()
    ready.expired = [(host, keep_sessions_from(last)) for host, last in newest.items()]
    ready.logged_in = [
        (people[who][7], people[who][5], start, data.decode("utf-8", "surrogatepass"))
        for (who, start), data in tables.parts(_SAMPLE_ROWS, 3)
    ]
    ready.ends = [(session_tag(words[host], words[session]), end) for host, session, end in tables.rows(_ENDS, 3)]
    clients = list(tables.rows(_CLIENTS, 2))
    for host, late, number in tables.rows(_LATE_CLIENTS, 3):
        client, version = clients[number]
        ready.clients.append((session_tag(words[host], words[late]), words[client], tables.word(version)))


def _keys(tables: _Tables, newest: dict[str, int]) -> array[int]:
    """For each word what it is found by as a name, its domain and as an address (-1: by nothing), and from when on
    sessions of the host of that name are kept."""
    words = tables.words
    keys = array("q", [_NONE, _NONE, _NONE, keep_sessions_from(0)]) * len(words)
    _, logins, addresses, _ = tables.columns(_KEPT, 4)
    for login in set(logins):
        if login >= 0:
            name = words[login]
            domain = domain_of(name)
            keys[4 * login] = key_of("n", name)
            keys[4 * login + 1] = _NONE if domain is None else key_of("d", domain)
    for address in set(addresses):
        if address >= 0:
            network = rows.network_key(words[address])
            keys[4 * address + 2] = _NONE if network is None else network
    for source, _ in tables.rows(_SOURCES, 2):
        if words[source] in newest:
            keys[4 * source + 3] = keep_sessions_from(newest[words[source]])
    return keys
