"""Writes batches: rows, sums, coverage and the file's position in one transaction, so that kill -9 is
harmless."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from bot.adapters.logstore.digest import HOUR, Batch, Source, keep_sessions_from
from bot.adapters.logstore.likeness import parted
from bot.adapters.logstore.rhythm import Beat, BeatFinder
from bot.adapters.logstore.selection import domain_of, names_of
from bot.adapters.logstore.sqlite import rhythm_rows, rows
from bot.adapters.logstore.sqlite.schema import key_of
from bot.core.networks import network_of


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read: its identity (digest of its first ``length`` bytes) and the position behind
    it."""

    id: int | None
    fingerprint: bytes
    length: int
    position: int
    path: str


def _key(kind: str, text: str | None) -> int | None:
    return None if text is None else key_of(kind, text)


def _network(address: str) -> int | None:
    return _key("i", network_of(address)) if address else None


@lru_cache(maxsize=50_000)
def _tag(mailbox: str, address: str, service: str, host: str) -> int:
    return key_of("t", f"{mailbox} {address} {service} {host}")


class Writer:
    """One writing connection and what it remembers between batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._finders: dict[int, BeatFinder] = {}

    def write(self, batch: Batch, mark: Mark | None) -> int | None:
        """Store ``batch`` and how far its file was read, all or nothing; returns the mark's id."""
        with self._transaction():
            rows.remember_order(self._db)
            self._lines(batch)
            self._successes(batch)
            self._sessions(batch)
            self._coverage(batch)
            return self._advance(mark) if mark is not None else None

    def refresh_gaps(self) -> None:
        """Work out again the gaps of every stretch that batches have touched."""
        with self._transaction():
            for span in rhythm_rows.dirty_spans(self._db):
                found = rhythm_rows.find_gaps(self._db, span)
                self._db.execute(
                    "DELETE FROM log_gap WHERE span = ? AND end >= ? AND start <= ?",
                    (span.id, span.low, span.high),
                )
                self._db.executemany(
                    "INSERT OR REPLACE INTO log_gap VALUES (?, ?, ?)", [(span.id, *gap) for gap in found]
                )
            self._db.execute(
                "UPDATE log_span SET dirty_first = NULL, dirty_last = NULL WHERE dirty_first NOT NULL"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _lines(self, batch: Batch) -> None:
        line = self._db.execute("SELECT coalesce(max(id), 0) FROM log_line").fetchone()[0]
        lines: list[tuple[int, int, str, str]] = []
        finds: list[tuple[int, int, int]] = []
        logins: dict[str, tuple[int, int]] = {}
        for time, event in batch.kept:
            line += 1
            lines.append((line, time, event.raw, rows.pack(event)))
            finds.extend((key, time, line) for key in rows.find_keys(event))
            for name in names_of(event):
                first, last = logins.get(name, (time, time))
                logins[name] = (min(first, time), max(last, time))
        self._db.executemany("INSERT INTO log_line VALUES (?, ?, ?, ?)", lines)
        finds.sort()
        self._db.executemany("INSERT INTO log_find VALUES (?, ?, ?)", finds)
        self._db.executemany(
            "INSERT INTO log_login VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            [(login, *parted(login), first, last) for login, (first, last) in sorted(logins.items())],
        )

    def _successes(self, batch: Batch) -> None:
        self._db.executemany(
            "INSERT INTO log_success (name, hour, tag, domain, network, mailbox, address, service,"
            " host, count,"
            " first, last, client, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name, hour, tag) DO UPDATE SET count = count + excluded.count,"
            " first = min(first, excluded.first), last = max(last, excluded.last),"
            " client = coalesce(excluded.client, client), version = coalesce(excluded.version, version)",
            sorted(
                (
                    _key("n", mailbox), hour, _tag(mailbox, address, service, host),
                    _key("d", domain_of(mailbox)), _network(address), mailbox, address, service,
                    host, known.count, known.first, known.last, known.client, known.version,
                )
                for (mailbox, hour, address, service, host), known in batch.sums.items()
            ),
        )  # fmt: skip

    def _sessions(self, batch: Batch) -> None:
        newest: dict[str, int] = {}
        for (host, _), minutes in batch.minutes.items():
            newest[host] = max(newest.get(host, 0), max(minute.last for minute in minutes.values()))
        self._db.executemany(
            "INSERT OR IGNORE INTO log_session (tag, name, start, end, mailbox, address, service,"
            " host, session,"
            " client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    key_of("s", f"{one.host} {one.session}"), _key("n", one.mailbox), one.start, one.end,
                    one.mailbox, one.address, one.service, one.host, one.session, one.client,
                )
                for one in batch.sessions.values()
                if one.start >= keep_sessions_from(newest.get(one.host, 0))
            ],
        )  # fmt: skip
        self._db.executemany(
            "UPDATE log_session SET end = ? WHERE tag = ? AND end IS NULL AND start <= ?",
            [(end, key_of("s", f"{host} {session}"), end) for host, session, end in batch.ends],
        )
        for host, session, client, version in batch.clients:
            self._name_client(key_of("s", f"{host} {session}"), client, version)
        self._db.executemany(
            "DELETE FROM log_session WHERE host = ? AND start < ?",
            [(host, keep_sessions_from(last)) for host, last in newest.items()],
        )

    def _name_client(self, tag: int, client: str, version: str | None) -> None:
        """A client named itself in a session that an earlier batch began."""
        row = self._db.execute(
            "UPDATE log_session SET client = ? WHERE tag = ? RETURNING name, start, mailbox,"
            " address, service, host",
            (client, tag),
        ).fetchone()
        if row is not None:
            name, start, mailbox, address, service, host = row
            self._db.execute(
                "UPDATE log_success SET client = ?, version = ? WHERE name = ? AND hour = ? AND tag = ?",
                (client, version, name, start - start % HOUR, _tag(mailbox, address or "", service, host)),
            )

    def _coverage(self, batch: Batch) -> None:
        for source, minutes in batch.minutes.items():
            first = min(minute.first for minute in minutes.values())
            last = max(minute.last for minute in minutes.values())
            lines = sum(minute.lines for minute in minutes.values())
            span = self._span(source, first, last, lines, batch.services.get(source, set()))
            self._db.executemany(
                "INSERT INTO log_minute VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " lines = lines + excluded.lines, first = min(first, excluded.first), last ="
                " max(last, excluded.last)",
                [(span, *minute) for minute in minutes.values()],
            )
            self._beats(span, batch.visits.get(source, []))

    def _span(self, source: Source, first: int, last: int, lines: int, services: set[str]) -> int:
        known = self._db.execute(
            "SELECT id, services FROM log_span WHERE host = ? AND family = ?", source
        ).fetchone()
        together = services | (set(known[1].split()) if known else set())
        row = self._db.execute(
            "INSERT INTO log_span (host, family, first, last, lines, services, dirty_first, dirty_last)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, family) DO UPDATE SET"
            " first = min(first, excluded.first), last = max(last, excluded.last), lines ="
            " lines + excluded.lines,"
            " services = excluded.services,"
            " dirty_first = min(coalesce(dirty_first, excluded.dirty_first), excluded.dirty_first),"
            " dirty_last = max(coalesce(dirty_last, excluded.dirty_last), excluded.dirty_last) RETURNING id",
            (*source, first, last, lines, " ".join(sorted(together)), first, last),
        ).fetchone()
        return int(row[0])

    def _beats(self, span: int, visits: list[tuple[int, str]]) -> None:
        finder = self._finders.get(span)
        if finder is None:
            finder = self._finders[span] = BeatFinder()
            for address, *beat in self._db.execute(
                "SELECT address, period, first, last, hits FROM log_beat WHERE span = ?", (span,)
            ):
                finder.resume(address, Beat(*beat))
        for time, address in visits:
            finder.visit(address, time)
        self._db.execute("DELETE FROM log_beat WHERE span = ?", (span,))
        self._db.executemany(
            "INSERT OR REPLACE INTO log_beat VALUES (?, ?, ?, ?, ?, ?)",
            [
                (span, address, beat.period, beat.first, beat.last, beat.hits)
                for address, beat in finder.beats().items()
            ],
        )

    def _advance(self, mark: Mark) -> int:
        if mark.id is None:
            row = self._db.execute(
                "INSERT INTO log_source (fingerprint, length, position, path) VALUES (?, ?, ?,"
                " ?) RETURNING id",
                (mark.fingerprint, mark.length, mark.position, mark.path),
            ).fetchone()
            return int(row[0])
        self._db.execute(
            "UPDATE log_source SET fingerprint = ?, length = ?, position = ?, path = ? WHERE id = ?",
            (mark.fingerprint, mark.length, mark.position, mark.path, mark.id),
        )
        return mark.id
