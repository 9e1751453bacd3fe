"""When it failed, in the customer's words: clock times, days, parts of the day, "since", zones.

Customers write local time. A zone counts as known only where the ticket names one or its Date header carries
an offset; else the clock is kept, so that a log line can be compared modulo whole (and half) hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import regex

from bot.core.model import Reading, Ticket, TimeHint
from bot.core.parse.time_words import (
    CLOCK,
    DATE,
    DAY_WORDS,
    MARK,
    MONTH_WORDS,
    NOT_FAILURE,
    PARTS,
    SINCE,
    STAMP,
    TODAY,
    WEEKDAYS,
    ZONE,
    ZONES,
)
from knowledge.gated import Gated
from knowledge.matcher import fold

PATTERN_SECONDS = 0.2
SLACK = timedelta(minutes=12)
"""How far off a clock time written from memory may be."""
VAGUE = timedelta(minutes=25)
"""The same, for "around", "gegen", "about"."""
ANY_ZONE = tuple(range(-11, 15))
ZONE_SPREAD = timedelta(hours=14)
"""No civil time is farther from UTC (Line Islands, UTC+14)."""


@lru_cache(maxsize=4096)
def _month(word: str) -> int | None:
    """1..12 for the name of a month in one of our languages, else None."""
    return next((number for number, pattern in enumerate(MONTH_WORDS, 1) if pattern.fullmatch(word)), None)


_CJK_DATE = regex.compile(r"(?P<mo>1?\d)\s?月\s?(?P<d>[1-3]?\d)\s?[日号號]")
_AGO = Gated(
    r"(?P<n>\d{1,3})\s*(?P<u>min|hour|stunde|heure|hora|or[ae]\b|uur|godzin|час)\w*\s+(?:ago|her|fa|geleden|atrás|temu|назад)|(?:vor|il\s+y\s+a|hace|há)\s+(?P<n>\d{1,3})\s*(?P<u>min|stunde|heure|hora|hour)\w*"
)


def find_time(ticket: Ticket, reading: Reading, zones: Sequence[int] = ()) -> TimeHint | None:
    """The interval in which it failed, or None where the ticket does not say.

    ``zones``: hours east of UTC where the writer may be, by their language; they narrow a clock whose zone nobody
    names. ``ticket.received_at`` anchors "today" and weekdays; without it only full dates count.
    """
    folded = fold(reading.text[:20_000])
    received = ticket.received_at
    offset = _header_offset(ticket)
    try:
        if hint := _stamp(folded, received, offset):
            return hint
        if received is None:
            return None
        return (
            _clock(folded, received, offset, zones or ANY_ZONE)
            or _ago(folded, received)
            or _day(folded, received, offset)
        )
    except TimeoutError:
        return None


def _header_offset(ticket: Ticket) -> int | None:
    """Minutes east of UTC of the ticket's Date header; +0000 says nothing, since servers write it too."""
    for name, value in ticket.headers.items():
        if name.lower() == "date":
            try:
                moment = parsedate_to_datetime(value)
            except ValueError:
                return None
            shift = moment.utcoffset()
            return int(shift.total_seconds() // 60) if shift else None
    return None


def _stamp(folded: str, received: datetime | None, offset: int | None) -> TimeHint | None:
    for match in STAMP.finditer(folded.upper(), timeout=PATTERN_SECONDS):
        try:
            moment = datetime(
                int(match["y"]), int(match["mo"]), int(match["d"]), int(match["h"]), int(match["m"]), tzinfo=UTC
            )
        except ValueError:
            continue
        if received and abs(moment - received) > timedelta(days=14):
            continue
        zone = match["z"]
        known = bool(zone) or offset is not None
        if zone and zone not in ("Z", "UTC"):
            moment -= timedelta(minutes=int(zone[:3]) * 60 + int(zone[0] + zone[-2:]))
        elif not zone and offset is not None:
            moment -= timedelta(minutes=offset)
        return _around(moment, received, known, SLACK, int(match["h"]) * 60 + int(match["m"]), False)
    return None


def _around(
    moment: datetime, received: datetime | None, known: bool, slack: timedelta, clock: int, ongoing: bool
) -> TimeHint:
    spread = timedelta(0) if known else ZONE_SPREAD
    latest = moment + slack + spread
    if received and latest > received:
        latest = received
    if ongoing and received:
        latest = received
    return TimeHint(moment - slack - spread, latest, known, clock, ongoing)


def _clock(folded: str, received: datetime, offset: int | None, zones: Sequence[int]) -> TimeHint | None:
    best: tuple[float, regex.Match[str]] | None = None
    refused = -9
    for count, match in enumerate(CLOCK.finditer(folded, timeout=PATTERN_SECONDS)):
        if count > 40:
            break
        before, after = folded[max(0, match.start() - 30) : match.start()], folded[match.end() : match.end() + 24]
        if (
            NOT_FAILURE.search(before[-16:] + " " + after[:16], timeout=PATTERN_SECONDS)
            or 0 <= match.start() - refused <= 6
        ):
            refused = match.end()
            continue
        score = 1.0 - count * 0.01
        if MARK.search(before, timeout=PATTERN_SECONDS):
            score += 1.0
        elif regex.fullmatch(r"\d+\.\d+", match[0].strip()):
            continue  # "Outlook 16.30": a version, unless a word marks it as a time
        if match["ap"] or "uhr" in match[0] or ZONE.match(after):
            score += 0.7
        if best is None or score > best[0]:
            best = (score, match)
    if best is None:
        return None
    match = best[1]
    hour, minute = int(match["h"]), int(match["m"] or (30 if match.groupdict().get("half") else 0))
    if match["ap"]:
        hour = hour % 12 + (12 if match["ap"].startswith("p") else 0)
    after = folded[match.end() : match.end() + 14]
    zone = ZONE.match(after)
    minutes = offset
    if zone and zone["name"]:
        minutes = ZONES[zone["name"]]
    elif zone and zone["sign"]:
        minutes = int(zone["sign"] + "1") * (int(zone["hh"]) * 60 + int(zone["mm"] or 0))
    before = folded[max(0, match.start() - 80) : match.start()]
    back = _days_back(folded, match.start(), received)
    ongoing = (
        SINCE.search(before[-45:] + match[0], timeout=PATTERN_SECONDS) is not None
        or before.endswith((" с ", "\nс "))
        or before == "с "
    )
    vague = (
        regex.search(
            r"\b(?:around|about|approx|gegen|circa|ca\.|vers|sobre|verso|rond|volta|około|около|ungefähr|environ)\W*(?:\w+\W+){0,2}$|~\s*$|頃|左右",
            before + "",
        )
        is not None
    )
    if minutes is None:
        return _in_some_zone(
            hour * 60 + minute, back, received, zones, VAGUE if vague or minute in (0, 30) else SLACK, ongoing
        )
    local_now = received + timedelta(minutes=minutes or 0)
    moment = datetime.combine(local_now.date() - timedelta(days=back), time(hour, minute), UTC) - timedelta(
        minutes=minutes or 0
    )
    if back == 0 and moment > received + timedelta(minutes=20):
        moment -= timedelta(days=1)
    return _around(moment, received, True, VAGUE if vague or minute in (0, 30) else SLACK, hour * 60 + minute, ongoing)


def _in_some_zone(
    clock: int, back: int, received: datetime, zones: Sequence[int], slack: timedelta, ongoing: bool
) -> TimeHint:
    """The stretch that a clock of an unknown zone may mean: for each zone its last time before the ticket."""
    moments = []
    for zone in zones:
        local = received + timedelta(hours=zone)
        moment = (
            datetime.combine(local.date() - timedelta(days=back), time(0), UTC)
            + timedelta(minutes=clock)
            - timedelta(hours=zone)
        )
        if moment > received + timedelta(minutes=20):
            moment -= timedelta(days=1)
        moments.append(moment)
    if back == 0:
        # people write within half a day; a reading that makes them wait longer is the wrong zone's, if another is left
        moments = [m for m in moments if received - m <= timedelta(hours=14)] or moments
    latest = received if ongoing else min(received, max(moments) + slack)
    return TimeHint(min(moments) - slack, max(latest, min(moments)), False, clock, ongoing)


def _date_in(text: str, received: datetime) -> tuple[int, int] | None:
    """(days back, position) of the first date with a month's name within the last 60 days, else None."""
    found = [
        (m.start(), month, int(m["d"]))
        for m in DATE.finditer(text, overlapped=True, timeout=PATTERN_SECONDS)
        if (month := _month(m["word"])) is not None
    ]
    found += [(m.start(), int(m["mo"]), int(m["d"])) for m in _CJK_DATE.finditer(text, timeout=PATTERN_SECONDS)]
    for position, month, day in sorted(found):
        for year in (received.year, received.year - 1):
            try:
                back = (received.date() - datetime(year, month, day, tzinfo=UTC).date()).days
            except ValueError:
                continue
            if 0 <= back <= 60:
                return back, position
    return None


def _days_back(folded: str, position: int, received: datetime) -> int:
    start = max((folded.rfind(mark, 0, position) for mark in ".!?\n;"), default=-1) + 1
    ends = [at for mark in ".!?\n;" if (at := folded.find(mark, position + 5)) > 0]
    near = folded[max(start, position - 120) : min([*ends, position + 60])]
    if TODAY.search(folded[max(start, position - 30) : position], timeout=PATTERN_SECONDS):
        return 0
    if (dated := _date_in(near, received)) is not None:
        return dated[0]
    for back, pattern in DAY_WORDS:
        if pattern.search(near, timeout=PATTERN_SECONDS):
            return back
    for weekday, pattern in enumerate(WEEKDAYS):
        if pattern.search(near, timeout=PATTERN_SECONDS):
            return (received.weekday() - weekday) % 7
    return 0


def _ago(folded: str, received: datetime) -> TimeHint | None:
    match = _AGO.search(folded, timeout=PATTERN_SECONDS)
    if match is None:
        return None
    number = int(match["n"])
    distance = timedelta(minutes=number) if match["u"] == "min" else timedelta(hours=number)
    if distance > timedelta(days=3):
        return None
    moment = received - distance
    slack = max(SLACK, distance * 0.4)
    return TimeHint(
        moment - slack,
        min(received, moment + slack),
        True,
        None,
        SINCE.search(folded, timeout=PATTERN_SECONDS) is not None,
    )


def _day(folded: str, received: datetime, offset: int | None) -> TimeHint | None:
    """Days and parts of a day without a clock. What stands behind "since" or "started" comes first."""
    found: list[tuple[bool, int, int | None, tuple[int, int] | None]] = []

    def add(position: int, back: int | None, hours: tuple[int, int] | None) -> None:
        since = SINCE.search(folded[max(0, position - 30) : position + 4], timeout=PATTERN_SECONDS) is not None
        found.append((since, position, back, hours))

    for days, pattern in DAY_WORDS:
        if match := pattern.search(folded, timeout=PATTERN_SECONDS):
            add(match.start(), days, None)
    if (dated := _date_in(folded, received)) is not None:
        add(dated[1], dated[0], None)
    for weekday, pattern in enumerate(WEEKDAYS):
        for match in pattern.finditer(folded, timeout=PATTERN_SECONDS):
            if SINCE.search(folded[max(0, match.start() - 30) : match.start()] + " ", timeout=PATTERN_SECONDS):
                add(match.start(), (received.weekday() - weekday) % 7, None)
    for part, pattern in PARTS:
        match = pattern.search(folded, timeout=PATTERN_SECONDS)
        if match and not regex.search(
            r"(?:good|guten|dear|bon|buon|goede|bom|dzień)\W*$", folded[max(0, match.start() - 7) : match.start()]
        ):
            add(match.start(), None, part)
    if not found:
        return None
    since, position, back, hours = max(found, key=lambda f: (f[0], -f[1]))
    if back is None:
        back = _days_back(folded, position, received)
    elif hours is None:
        sentence_end = folded.find(".", position)
        hours = next(
            (h for _, p, _, h in found if h and position <= p <= (sentence_end if sentence_end > 0 else len(folded))),
            None,
        )
    local = received + timedelta(minutes=offset or 0)
    spread = timedelta(0) if offset is not None else ZONE_SPREAD
    midnight = datetime.combine(local.date() - timedelta(days=back), time(0), UTC) - timedelta(minutes=offset or 0)
    start, end = hours or (0, 24)
    earliest = midnight + timedelta(hours=start) - spread
    latest = received if since else min(received, midnight + timedelta(hours=end) + spread)
    return TimeHint(earliest, max(latest, earliest), offset is not None, None, since)
