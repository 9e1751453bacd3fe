"""Writes batches into ClickHouse, each announced first (:mod:`bot.adapters.logstore.clickhouse.schema` says why)."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final
from uuid import uuid4

from bot.adapters.logstore.clickhouse.client import ClickHouse, listed, quote
from bot.adapters.logstore.digest import Source, Span
from bot.adapters.logstore.feeding import skews
from bot.adapters.logstore.placing import COLUMNS
from bot.adapters.logstore.rhythm import DAY, MINUTE, Beat, BeatFinder, Gap, Minute, gaps
from bot.adapters.logstore.rows import CLIENT, END, LOGIN, SESSION, SUM, Row, Rows
from bot.adapters.logstore.sqlite.marks import Identity, Mark
from bot.adapters.logstore.sqlite.rhythm_rows import AROUND, TOUCHED
from bot.adapters.logstore.sqlite.sources import fingerprint

WRITES_WITHIN: Final = 120.0
"""Seconds for one insert."""
_LAST: Final = 0xFFFF_FFFF * 1_000_000
"""ClickHouse's dates end in 2106; a line that is dated later, or before 1970, is not kept."""
_LINE: Final = ("time", "number", "who", "domain", "network", "also", "anonymous", *COLUMNS, "batch")
_HOUR: Final = 7
"""The place of the hour in a sum, and of the start in a session."""


class ClickHouseSink:
    """The LogSink: what it remembers between batches."""

    def __init__(self, database: ClickHouse) -> None:
        self._db = database
        self._finders: dict[Source, BeatFinder] = {}
        self._touched: dict[Source, tuple[int, int]] = {}
        self._found: dict[bytes, Identity] = {}

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, how far it was read, and where a write that was interrupted ended."""
        own = fingerprint(head)
        lengths = [
            row[0]
            for row in self._db.select(
                f"SELECT DISTINCT length FROM log_source WHERE length <= {len(head)}", WRITES_WITHIN
            )
        ]
        prints = [fingerprint(head[:length]).hex() for length in lengths]
        rows = self._db.select(
            f"SELECT id, position, stop, length FROM log_source FINAL WHERE has({listed(prints)}, fingerprint) ORDER BY length DESC",
            WRITES_WITHIN,
        )
        known = next(
            ((row[0], row[1], row[2]) for row in rows if fingerprint(head[: row[3]]).hex() in prints), (None, 0, 0)
        )
        found = self._found[own] = Identity(known[0], own, len(head), known[1], known[2] or None)
        return found

    def write(self, ready: Rows, mark: Mark | None) -> int | None:
        """Store a batch and how far its file was read; returns the mark's id."""
        if mark is None:
            self.insert(ready, uuid4().hex)
            return None
        number = self.number_of(mark)
        found = self._found[mark.fingerprint]
        start = found.position  # the reader moves it on once this batch is stored
        if found.stop != mark.position:
            self._announce(number, mark, start, mark.position)
        self.insert(ready, f"{number}:{start}:{mark.position}")
        self._announce(number, mark, mark.position, 0)
        found.stop = None
        return number

    def refresh_gaps(self) -> None:
        """Work out again the gaps of every stretch that this run has touched."""
        for source, (first, last) in self._touched.items():
            since, until, found = self.known_gaps(source)
            low, high = first - TOUCHED, last + TOUCHED
            outside = [gap for gap in found if gap[1] < low or gap[0] > high]
            gaps_now = sorted([*outside, *find_gaps(self._db, source, low, high, WRITES_WITHIN)])
            row = [*source, min(since, first), max(until, last), gaps_now, time.time_ns()]
            self._db.insert("log_gap", ("host", "family", "since", "until", "gaps", "version"), [row], WRITES_WITHIN)
        self._touched.clear()

    def known_gaps(self, source: Source) -> tuple[int, int, list[Gap]]:
        """The stretch of a log whose gaps are known, and these."""
        return known_gaps(self._db, WRITES_WITHIN).get(source, (1 << 62, -(1 << 62), []))

    def _announce(self, number: int, mark: Mark, position: int, stop: int) -> None:
        row = [number, mark.fingerprint.hex(), mark.length, position, stop, mark.path, time.time_ns()]
        self._db.insert(
            "log_source", ("id", "fingerprint", "length", "position", "stop", "path", "version"), [row], WRITES_WITHIN
        )

    @staticmethod
    def number_of(mark: Mark) -> int:
        """The number by which a file is known: that of its first beginning."""
        return mark.id if mark.id is not None else int.from_bytes(mark.fingerprint[:7], "big")

    def insert(self, ready: Rows, token: str) -> None:
        """Store the rows of a batch; what a table has under ``token`` it leaves out."""
        batch = time.time_ns()
        self._put("log_line", _LINE, [(*row, batch) for row in ready.lines if 0 <= row[0] < _LAST], token)
        self._put("log_login", LOGIN, [row for row in ready.logins if row[3] >= 0 and row[4] < _LAST], token)
        self._put(
            "log_success", SUM, [_in_seconds(row) for row in ready.sums if row[_HOUR] >= 0 and row[10] < _LAST], token
        )
        self._put("log_session", SESSION, [row for row in ready.sessions if 0 <= row[_HOUR] < _LAST], token)
        self._put("log_session_end", END, [row for row in ready.ends if 0 <= row[2] < _LAST], token)
        self._put("log_session_client", CLIENT, ready.clients, token)
        self._put("log_skew", ("host", "hour", "least", "count"), _skews(ready), token)
        self._cover([span for span in ready.spans if span.first >= 0 and span.last < _LAST], token)

    def _cover(self, spans: Sequence[Span], token: str) -> None:
        columns = ("host", "family", "minute", "lines", "first", "last")
        self._put("log_minute", columns, [(*span.source, *minute) for span in spans for minute in span.minutes], token)
        days = []
        for span in spans:
            parts: dict[int, list[Row]] = {}
            for minute in span.minutes:
                parts.setdefault(minute[0] // DAY, []).append(minute)
            days += [
                (
                    *span.source,
                    day,
                    sum(one[1] for one in part),
                    min(one[2] for one in part),
                    max(one[3] for one in part),
                    span.services,
                )
                for day, part in parts.items()
            ]
            first, last = self._touched.get(span.source, (span.first, span.last))
            self._touched[span.source] = (min(first, span.first), max(last, span.last))
        self._put("log_day", ("host", "family", "day", "lines", "first", "last", "services"), days, token)
        self._put(
            "log_beat",
            ("host", "family", "beats", "version"),
            [(*span.source, self._beats(span), time.time_ns()) for span in spans if span.visits],
            token,
        )

    def _beats(self, span: Span) -> str:
        finder = self._finders.get(span.source)
        if finder is None:
            finder = self._finders[span.source] = BeatFinder()
            for address, beat in known_beats(self._db, span.source, WRITES_WITHIN).items():
                finder.resume(address, beat)
        for moment, address in span.visits:
            finder.visit(address, moment)
        return json.dumps({address: astuple(beat) for address, beat in finder.beats().items()})

    def _put(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        self._db.insert(table, columns, rows, WRITES_WITHIN, token=token)


def _skews(ready: Rows) -> list[Row]:
    logins = [(row[_HOUR], row[_HOUR + 1], row[4], row[6]) for row in ready.sessions if 0 <= row[_HOUR] < _LAST]
    return [(*key, *values) for key, values in sorted(skews(logins).items())]


def _in_seconds(row: Row) -> Row:
    """A sum with its hour as ClickHouse's DateTime reads a number: in seconds."""
    return (*row[:_HOUR], row[_HOUR] // 1_000_000, *row[_HOUR + 1 :])


def known_beats(database: ClickHouse, source: Source, seconds: float) -> dict[str, Beat]:
    """The health probes of a log."""
    host, family = map(quote, source)
    rows = database.select(f"SELECT beats FROM log_beat FINAL WHERE host = {host} AND family = {family}", seconds)
    return {address: Beat(*beat) for (text,) in rows for address, beat in json.loads(text).items()}


def known_gaps(database: ClickHouse, seconds: float) -> dict[Source, tuple[int, int, list[Gap]]]:
    """Of each log the stretch whose gaps are known, and these."""
    rows = database.select("SELECT host, family, since, until, gaps FROM log_gap FINAL", seconds)
    return {
        (host, family): (since, until, [(start, end) for start, end in found])
        for host, family, since, until, found in rows
    }


def find_gaps(database: ClickHouse, source: Source, low: int, high: int, seconds: float) -> list[Gap]:
    """The gaps of a log that touch [low, high], worked out from its minutes and beats."""
    host, family = map(quote, source)
    minutes = database.select(
        "SELECT minute, sum(lines), min(first), max(last) FROM log_minute"
        f" WHERE host = {host} AND family = {family} AND minute BETWEEN {max(0, (low - AROUND) // MINUTE)} AND {max(0, (high + AROUND) // MINUTE)}"
        " GROUP BY minute ORDER BY minute",
        seconds,
    )
    found = gaps([Minute(*row) for row in minutes], known_beats(database, source, seconds).values())
    return [gap for gap in found if gap[1] >= low and gap[0] <= high]
