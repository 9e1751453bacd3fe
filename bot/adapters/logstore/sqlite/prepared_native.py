"""The rows of a batch that the native reader summed up: the same as
:func:`bot.adapters.logstore.sqlite.prepared.prepare` makes, without an object for each line."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, AnyStr, Final

import zstandard

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, keep_sessions_from, newest_of, span_of
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.native.skim import NativeDigest
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import LEVEL
from bot.adapters.logstore.sqlite.prepared import Prepared, looked
from bot.logs.event import LogEvent

_WORDS, _SOURCES, _FACES, _CLIENTS = 1, 3, 4, 5
_MINUTES, _KEPT, _PACKED, _, _LOGINS, _FAILURES, _, _, _VISITS = range(-3, -12, -1)
(
    _BLOCK_ROWS,
    _FIND_ROWS,
    _FIND_DATA,
    _WHO_ROWS,
    _SUM_ROWS,
    _SUM_DATA,
    _SESSION_ROWS,
    _SESSION_DATA,
    _OPEN_ROWS,
    _OPEN_DATA,
    _SAMPLE_ROWS,
    _SAMPLE_DATA,
    _ENDED_ROWS,
    _NAMED_ROWS,
) = range(-18, -32, -1)
"""Tables of digest.c."""
_KEPT_BYTES: Final = 32
"""Of one row of the lines that are kept."""
_NONE: Final = -1


class _Tables:
    """The reader's tables as Python's values; row by row they are put together where no byte code runs."""

    def __init__(self, digest: NativeDigest) -> None:
        self._digest = digest
        self.words = self._texts(_WORDS)

    def _texts(self, which: int) -> list[str]:
        data, ends = self._digest.table(which), self._digest.ends(which)
        if data.isascii():
            return _cut(data.decode("ascii"), ends)
        return [part.decode("utf-8", "surrogatepass") for part in _cut(data, ends)]

    def columns(self, which: int, width: int) -> list[list[int]]:
        """The columns of a table of whole numbers."""
        numbers = self._digest.numbers(which)
        return [numbers[place::width] for place in range(width)]

    def rows(self, which: int, width: int) -> Iterator[tuple[int, ...]]:
        """The rows of a table of whole numbers."""
        return zip(*[iter(self._digest.numbers(which))] * width, strict=True)

    def parts(self, which: int, width: int) -> list[tuple[Any, ...]]:
        """The rows of a table whose last column says where each one's part of the next table ends: numbers, and the
        part in its place."""
        *columns, ends = self.columns(which, width)
        return list(zip(*columns, _cut(self._digest.table(which - 1), ends), strict=True))

    def named(self, numbers: list[int]) -> list[str]:
        """The texts of a column."""
        return list(map(self.words.__getitem__, numbers))

    def word(self, number: int) -> str | None:
        """A text that may not be stated."""
        return None if number == _NONE else self.words[number]


def _cut(whole: AnyStr, ends: list[int]) -> list[AnyStr]:
    return list(map(whole.__getitem__, map(slice, [0, *ends[:-1]], ends)))


def prepare_native(digest: NativeDigest, counted: Batch, events: list[tuple[int, int, LogEvent]]) -> Prepared:
    """The rows of the batch that :meth:`NativeDigest.end_batch` has ended, and what that returned."""
    tables = _Tables(digest)
    ready = Prepared(digest.ended_lines() + counted.lines, counted.undated)
    _spans(tables, ready)
    finds = looked(events, ready)
    ready.expired = [(host, keep_sessions_from(last)) for host, last in newest_of(ready.spans).items()]
    for address in digest.key(keep_sessions_from(0), dict(ready.expired)):
        digest.answer(address, rows.network_key(tables.words[address]))
    digest.pack(rows.ANONYMOUS, array("q", [number for found in finds for number in found]))
    _lines(tables, digest, ready)
    _people(tables, ready)
    return ready


def _lines(tables: _Tables, digest: NativeDigest, ready: Prepared) -> None:
    words = tables.words
    ready.kept = len(digest.table(_KEPT)) // _KEPT_BYTES
    numbers, first, last, ends = tables.columns(_BLOCK_ROWS, 4)
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    ready.blocks = list(zip(numbers, first, last, map(compress, _cut(digest.table(_PACKED), ends)), strict=True))
    ready.finds = tables.parts(_FIND_ROWS, 4)
    logins, first, last = tables.columns(_LOGINS, 3)
    ready.logins += [
        (login, *parted(login), begin, end) for login, begin, end in zip(tables.named(logins), first, last, strict=True)
    ]
    ready.logins.sort()
    ready.failures += [
        (hour, *map(words.__getitem__, cause), count) for hour, *cause, count in tables.rows(_FAILURES, 7)
    ]
    ready.failures.sort()


def _people(tables: _Tables, ready: Prepared) -> None:
    """What belongs to one person: it comes sorted by who that is."""
    tags, names, domains, networks, *texts = tables.columns(_WHO_ROWS, 8)
    keys = [[None if key == _NONE else key for key in column] for column in (domains, networks)]
    ready.who = list(zip(tags, names, *keys, *map(tables.named, texts), strict=True))
    ready.sums = tables.parts(_SUM_ROWS, 4)
    ready.sessions = tables.parts(_SESSION_ROWS, 4)
    ready.unended = [
        (tag, who, start, first, session.decode("utf-8", "surrogatepass"))
        for tag, who, start, first, session in tables.parts(_OPEN_ROWS, 5)
    ]
    words = tables.words
    ready.logged_in = [
        (words[host], words[address], start, session.decode("utf-8", "surrogatepass"))
        for host, address, start, session in tables.parts(_SAMPLE_ROWS, 4)
    ]
    ready.ends = [(tag, time) for tag, time in tables.rows(_ENDED_ROWS, 2)]
    clients = list(tables.rows(_CLIENTS, 2))
    for tag, number in tables.rows(_NAMED_ROWS, 2):
        client, version = clients[number]
        ready.clients.append((tag, words[client], tables.word(version)))


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
