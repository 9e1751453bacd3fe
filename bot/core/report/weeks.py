"""Periods of a report: ISO 8601 weeks in a zone, and stretches of days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from bot.errors import InputError

HISTORY = 8
"""Periods before this one that a count is held against."""


@dataclass(frozen=True, slots=True)
class Period:
    """``[since, until)`` in UTC, beginning and ending at midnight of the zone it was made in."""

    label: str
    since: datetime
    until: datetime
    first: date
    last: date
    """The last day that belongs to it."""

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def week_named(text: str, zone: tzinfo) -> Period:
    """The week ``2026-W47``. Raises InputError naming what was wrong."""
    found = re.fullmatch(r"(\d{4})-?W(\d{1,2})", text.strip())
    try:
        if found is None:
            raise ValueError(text)
        first = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise InputError(f"--week {text!r}: is no ISO week; write it as 2026-W47") from error
    return _period(first, first + timedelta(days=6), zone)


def week_before(now: datetime, zone: tzinfo) -> Period:
    """The last week that is over."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday() + 7)
    return _period(monday, monday + timedelta(days=6), zone)


def days_between(first: str, last: str, zone: tzinfo) -> Period:
    """``first`` to ``last`` (ISO dates, both included). Raises InputError."""
    begun, ended = day_named(first, "--from"), day_named(last, "--to")
    if ended < begun:
        raise InputError(f"--to {last}: lies before --from {first}")
    return _period(begun, ended, zone)


def day_named(text: str, option: str) -> date:
    """An ISO date. Raises InputError that names the option."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{option} {text!r}: is no date; write it as 2026-11-16") from error


def earlier(period: Period, zone: tzinfo, count: int = HISTORY) -> list[Period]:
    """The ``count`` periods of the same length before it, the latest first; none that would begin before the
    calendar does."""
    out = []
    first = period.first
    for _ in range(count):
        if first.toordinal() <= period.days + 1:
            break
        last, first = first - timedelta(days=1), first - timedelta(days=period.days)
        out.append(_period(first, last, zone))
    return out


def days_of(period: Period, zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """Its days, from midnight to midnight of ``zone``, in UTC."""
    bounds = [midnight(period.first + timedelta(days=n), zone) for n in range(period.days + 1)]
    return list(pairwise(bounds))


def months_in(period: Period, zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """The whole calendar months in it, from midnight to midnight of ``zone``, in UTC."""
    out, first = [], period.first
    if first.day > 1:
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    while (after := (first + timedelta(days=32)).replace(day=1)) <= period.last + timedelta(days=1):
        out.append((midnight(first, zone), midnight(after, zone)))
        first = after
    return out


def month_of(period: Period, zone: tzinfo) -> Period:
    """The calendar month in which a period begins."""
    first = period.first.replace(day=1)
    return _period(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1), zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The beginning of a day in ``zone``, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _period(first: date, last: date, zone: tzinfo) -> Period:
    year, week, weekday = first.isocalendar()
    whole_week = weekday == 1 and (last - first).days == 6
    label = f"{year}-W{week:02d}" if whole_week else f"{first.isoformat()}/{last.isoformat()}"
    try:
        return Period(label, midnight(first, zone), midnight(last + timedelta(days=1), zone), first, last)
    except OverflowError as error:
        raise InputError(f"{label}: lies outside the calendar") from error
