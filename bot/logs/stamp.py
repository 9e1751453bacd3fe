"""Time stamps as daemons, syslogs and containers write them, with or without a year or a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

NO_YEAR: Final = 2000
"""The year that stands in for one that is not stated: a leap year, so that 29 February can be read."""

MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}

Stamp = tuple[datetime | None, bool, int]
"""Time (aware where the zone is stated; None where the digits name no moment), is its year stated, end
offset."""

_TRADITIONAL: Final = re.compile(
    r"([A-Z][a-z]{2}) +([0-9]{1,2}) (?:((?:19|20)[0-9]{2}) )?([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?"
    r"(?: ((?:19|20)[0-9]{2})(?= ))?:?(?= |$)"
)
_ISO: Final = re.compile(
    r"((?:19|20)[0-9]{2})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r"(Z| ?[+-][0-9]{2}:?[0-9]{2}(?![0-9])| UTC(?= ))?:?(?= |$)"
)
_YEAR_FIRST: Final = re.compile(
    r"((?:19|20)[0-9]{2}) ([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?= |$)"
)
_TAI64N: Final = re.compile(r"@([0-9a-f]{16})([0-9a-f]{8})?(?= |$)")
_SECONDS: Final = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,6}))?(?= )")
_TAI_EPOCH: Final = (1 << 62) + 10
_UNIX: Final = datetime(1970, 1, 1, tzinfo=UTC)

_dates: dict[str, str] = {}
"""The dates of traditional stamps read before, in the form that the C parser reads."""
_DATES_KEPT: Final = 1024


def seen(text: str) -> datetime | None:
    """The 15 characters of a traditional stamp as :func:`traditional` reads them, else None."""
    date = _dates.get(text[:7])
    if date is not None and text[9:10] == ":" == text[12:13]:
        try:
            return datetime.fromisoformat(date + text[7:])
        except ValueError:
            pass
    got = traditional(text)
    if got is None or got[2] != 15 or got[1] or got[0] is None:
        return None
    if len(_dates) >= _DATES_KEPT:
        _dates.clear()
    _dates[text[:7]] = got[0].strftime("%Y-%m-%dT")
    return got[0]


def utc(text: str) -> datetime | None:
    """A whole RFC 3339 stamp that is written in UTC; None for every other text."""
    if text[:2] not in ("20", "19") or text[4:5] != "-" or text[13:14] != ":" or text[16:17] != ":":
        return None
    if not text.endswith(("+00:00", "Z")):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def traditional(line: str) -> Stamp | None:
    """``Nov 15 00:00:10``, also with one-digit day, fraction, or a year before or after the clock."""
    found = _TRADITIONAL.match(line)
    if found is None:
        return None
    month, day, before, hour, minute, second, fraction, after = found.groups()
    number = MONTHS.get(month)
    if number is None:
        return None
    year = before or after
    stated = int(year) if year else NO_YEAR
    time = _moment(stated, number, int(day), int(hour), int(minute), int(second), fraction)
    return time, year is not None, found.end()


def iso(line: str) -> Stamp | None:
    """RFC 3339, and its loose relatives (a space for the T, no zone, a comma before the fraction)."""
    found = _ISO.match(line)
    if found is None:
        return None
    zone = found[8]
    if zone is not None and (zone == "Z" or zone == "+00:00"):
        # The C parser reads exactly what the pattern let through, six times faster than field by field.
        try:
            return datetime.fromisoformat(line[: found.end(8)]), True, found.end()
        except ValueError:
            pass
    year, month, day, hour, minute, second, fraction, _ = found.groups()
    time = _moment(int(year), int(month), int(day), int(hour), int(minute), int(second), fraction)
    if time is not None and zone is not None:
        time = (time - _offset(zone)).replace(tzinfo=UTC)
    return time, True, found.end()


def year_first(line: str) -> Stamp | None:
    """``2025 Jan 17 15:45:33``."""
    found = _YEAR_FIRST.match(line)
    if found is None or found[2] not in MONTHS:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    time = _moment(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), fraction)
    return time, True, found.end()


def tai64n(line: str) -> Stamp | None:
    """A TAI64 or TAI64N label; ten seconds apart from UTC by its definition, leap seconds not counted."""
    found = _TAI64N.match(line)
    if found is None:
        return None
    seconds = int(found[1], 16) - _TAI_EPOCH
    nanoseconds = int(found[2], 16) if found[2] else 0
    try:
        time = _UNIX + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError:
        return None, True, found.end()
    return time, True, found.end()


def unix(line: str) -> Stamp | None:
    """Seconds since 1970, with a fraction as ``journalctl -o short-unix`` writes them or without (log_timestamp)."""
    found = _SECONDS.match(line)
    if found is None:
        return None
    fraction = int((found[2] or "0").ljust(6, "0"))
    return _UNIX + timedelta(seconds=int(found[1]), microseconds=fraction), True, found.end()


def _offset(zone: str) -> timedelta:
    zone = zone.strip()
    if zone in ("Z", "UTC"):
        return timedelta()
    digits = zone[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -away if zone[0] == "-" else away


def _moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None
) -> datetime | None:
    leap = second == 60
    try:
        time = datetime(  # noqa: DTZ001 - the zone is the caller's question
            year, month, day, hour, minute, 59 if leap else second, int(fraction[:6].ljust(6, "0")) if fraction else 0
        )
        return time + timedelta(seconds=1) if leap else time
    except (ValueError, OverflowError):
        return None
