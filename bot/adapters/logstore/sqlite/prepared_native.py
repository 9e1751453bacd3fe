"""The rows of a batch that the native reader summed up: the same as :func:`bot.adapters.logstore.sqlite.prepared.prepare`
makes, without an object for each line."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import Final

import zstandard

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import HOUR, keep_sessions_from
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.native.library import NO_TIME
from bot.adapters.logstore.native.skim import NativeDigest
from bot.adapters.logstore.selection import domain_of
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.blocks import LEVEL, LINES
from bot.adapters.logstore.sqlite.prepared import (
    Prepared,
    Row,
    SpanRows,
    add_looked,
    domain_key,
    session_tag,
    who_tag,
)
from bot.adapters.logstore.sqlite.schema import key_of

(_WORDS, _PEOPLE, _SOURCES, _FACES, _CLIENTS, _SESSIONS) = range(1, 7)
(_SUMS, _SESSION_ROWS, _MINUTES, _KEPT, _PACKED, _PACKED_ENDS, _LOGINS, _FAILURES, _ENDS, _LATE_CLIENTS, _VISITS) = range(-1, -12, -1)
_NONE: Final = -1
_BY_PYTHON: Final = -2


class _Tables:
    """The reader's tables as Python's values."""

    def __init__(self, digest: NativeDigest) -> None:
        self._digest = digest
        self.words = self.texts(_WORDS)

    def texts(self, which: int, skip: int = 0) -> list[str]:
        """Every text of a table, ``skip`` bytes of each left out."""
        data, begin, found = self._digest.table(which), 0, []
        if data.isascii() and not skip:
            text = data.decode("ascii")
            for end in self._digest.ends(which):
                found.append(text[begin:end])
                begin = end
        else:
            for end in self._digest.ends(which):
                found.append(data[begin + skip : end].decode("utf-8", "surrogatepass"))
                begin = end
        return found

    def columns(self, which: int, width: int) -> list[list[int]]:
        """The columns of a table of whole numbers."""
        numbers = memoryview(self._digest.table(which)).cast("q").tolist()
        return [numbers[place::width] for place in range(width)]

    def word(self, number: int) -> str | None:
        """A text that may not be stated."""
        return None if number == _NONE else self.words[number]


def prepare_native(digest: NativeDigest) -> Prepared:
    """The rows of what ``digest`` has gathered; the next batch begins empty."""
    counted, looked = digest.looked_at()
    tables = _Tables(digest)
    ready = Prepared(digest.lines() + counted.lines, counted.undated)
    _lines(tables, digest, ready)
    add_looked(looked, ready)
    newest = _spans(tables, ready)
    tags = _successes(tables, ready)
    _sessions(tables, ready, tags, newest)
    digest.clear()
    return ready


def _lines(tables: _Tables, digest: NativeDigest, ready: Prepared) -> None:
    words = tables.words
    times, logins, addresses, failed = tables.columns(_KEPT, 4)
    ready.kept = len(times)
    of_login: dict[int, tuple[int, int | None]] = {}
    of_address: dict[int, int | None] = {_NONE: None}
    finds = ready.finds
    for number, (time, login, address, failure) in enumerate(zip(times, logins, addresses, failed, strict=True)):
        if login >= 0:
            known = of_login.get(login)
            if known is None:
                domain = domain_of(words[login])
                known = of_login[login] = key_of("n", words[login]), None if domain is None else key_of("d", domain)
            finds.append((known[0], time, number))
            if known[1] is not None:
                finds.append((known[1], time, number))
        elif login == _BY_PYTHON:
            continue
        elif failure:
            finds.append((rows.ANONYMOUS, time, number))
        key = of_address.get(address, _BY_PYTHON)
        if key == _BY_PYTHON:
            key = of_address[address] = rows.network_key(words[address])
        if key is not None:
            finds.append((key, time, number))
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    packed, begin = digest.table(_PACKED), 0
    ends = tables.columns(_PACKED_ENDS, 1)[0]
    if len(times) % LINES:
        ends.append(len(packed) - 1)  # the last line's end waits for another line
    for number, end in enumerate(ends):
        part = times[number * LINES : (number + 1) * LINES]
        ready.blocks.append((number, min(part), max(part), compress(packed[begin:end])))
        begin = end
    ready.logins = sorted(
        (words[login], *parted(words[login]), first, last) for login, first, last in zip(*tables.columns(_LOGINS, 3), strict=True)
    )
    ready.failures = sorted(
        (hour, *(words[part] for part in cause), count) for hour, *cause, count in zip(*tables.columns(_FAILURES, 7), strict=True)
    )


def _spans(tables: _Tables, ready: Prepared) -> dict[str, int]:
    """Coverage; returns the newest time of each host."""
    words = tables.words
    minutes: defaultdict[int, list[Row]] = defaultdict(list)
    for source, *minute in zip(*tables.columns(_MINUTES, 5), strict=True):
        minutes[source].append(tuple(minute))
    visits: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for source, time, address in zip(*tables.columns(_VISITS, 3), strict=True):
        visits[source].append((time, words[address]))
    services: defaultdict[int, set[str]] = defaultdict(set)
    for source, service in zip(*tables.columns(_FACES, 2), strict=True):
        if words[service] in keeping.FACES:
            services[source].add(words[service])
    newest: dict[str, int] = {}
    for source, (host, family) in enumerate(zip(*tables.columns(_SOURCES, 2), strict=True)):
        own = minutes[source]
        if own:
            last = max(minute[3] for minute in own)
            newest[words[host]] = max(newest.get(words[host], 0), last)
            ready.spans.append(
                SpanRows(
                    (words[host], words[family]), min(minute[2] for minute in own), last, sum(minute[1] for minute in own),
                    frozenset(services[source]), own, visits[source],
                )
            )  # fmt: skip
    return newest


def _successes(tables: _Tables, ready: Prepared) -> list[int]:
    """Who logged in how often; returns the tag of each of the reader's people."""
    words = tables.words
    tags: list[int] = []
    who: dict[int, Row] = {}
    for numbers in zip(*tables.columns(_PEOPLE, 4), strict=True):
        mailbox, address, service, host = (words[number] for number in numbers)
        tag = who_tag(mailbox, address, service, host)
        tags.append(tag)
        if tag not in who:
            who[tag] = (tag, key_of("n", mailbox), domain_key(mailbox), rows.network_key(address), mailbox, address, service, host)
    clients = _clients(tables)
    ready.sums = [
        (tags[number], hour // HOUR, count, first - hour, last - hour, *clients[client])
        for number, client, hour, count, first, last in zip(*tables.columns(_SUMS, 6), strict=True)
    ]
    ready.sums.sort()
    ready.who = sorted(who.values())
    return tags


def _clients(tables: _Tables) -> list[tuple[str | None, str | None]]:
    """Client and version by number; the last is of those that are not known."""
    named = [(tables.word(client), tables.word(version)) for client, version in zip(*tables.columns(_CLIENTS, 2), strict=True)]
    return [*named, (None, None)]


def _sessions(tables: _Tables, ready: Prepared, tags: list[int], newest: dict[str, int]) -> None:
    words, clients = tables.words, _clients(tables)
    ready.expired = [(host, keep_sessions_from(last)) for host, last in newest.items()]
    kept_from = defaultdict(lambda: keep_sessions_from(0), {number: keep_sessions_from(newest[word]) for number, word in enumerate(words) if word in newest})
    for session, number, client, host, start, end in zip(tables.texts(_SESSIONS, 8), *tables.columns(_SESSION_ROWS, 5), strict=True):
        if start < kept_from[host]:
            continue
        tag = tags[number]
        if end == NO_TIME:
            ready.sessions.append((tag, start, session, None, clients[client][0]))
            ready.unended.append((session_tag(words[host], session), tag, start, session))
        else:
            ready.sessions.append((tag, start, session, end - start, clients[client][0]))
    ready.sessions.sort(key=itemgetter(0, 1))
    ready.ends = [
        (session_tag(words[host], words[session]), end) for host, session, end in zip(*tables.columns(_ENDS, 3), strict=True)
    ]
    for host, session, number in zip(*tables.columns(_LATE_CLIENTS, 3), strict=True):
        client, version = clients[number]
        ready.clients.append((session_tag(words[host], words[session]), client or "", version))
