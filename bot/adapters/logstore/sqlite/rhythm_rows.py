"""The rhythm of a log as the embedded store keeps it: minutes and beats in, gaps out."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from bot.adapters.logstore.rhythm import DAY, MINUTE, Beat, Gap, Minute, gaps

AROUND: Final = 15 * DAY * MINUTE
"""How much log on each side of a stretch its gaps are judged by: same weekday, two weeks either way."""
TOUCHED: Final = DAY * MINUTE
"""Gaps that end within a day of new lines are judged again."""


@dataclass(frozen=True, slots=True)
class DirtySpan:
    """A log of which [low, high] is to be judged again, microseconds."""

    id: int
    low: int
    high: int


def dirty_spans(connection: sqlite3.Connection) -> list[DirtySpan]:
    """The logs whose gaps are out of date."""
    found = connection.execute("SELECT id, dirty_first, dirty_last FROM log_span WHERE dirty_first NOT NULL")
    return [DirtySpan(span, first - TOUCHED, last + TOUCHED) for span, first, last in found.fetchall()]


def find_gaps(connection: sqlite3.Connection, span: DirtySpan) -> list[Gap]:
    """The gaps of ``span`` that touch its stretch, worked out from its minutes and beats."""
    minutes = connection.execute(
        "SELECT minute, lines, first, last FROM log_minute WHERE span = ? AND minute BETWEEN ? AND ? ORDER BY minute",
        (span.id, (span.low - AROUND) // MINUTE, (span.high + AROUND) // MINUTE),
    )
    beats = connection.execute("SELECT period, first, last, hits FROM log_beat WHERE span = ?", (span.id,))
    found = gaps([Minute(*row) for row in minutes], [Beat(*row) for row in beats])
    return [gap for gap in found if gap[1] >= span.low and gap[0] <= span.high]
