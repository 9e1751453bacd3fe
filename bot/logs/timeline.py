"""Years and zones for lines that state none: from session ids, from order, from a reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from bot.logs.session import WRAP, SessionId, microseconds

_QUARTER: Final = 900 * 1_000_000
OFFSETS: Final = frozenset(
    {4 * hours for hours in range(-12, 15)}
    | {2 * halves for halves in (-19, -9, -7, -5, 7, 9, 11, 13, 17, 19, 21, 23)}
    | {23, 35, 39, 51, 55}
)
"""How far zones lie from UTC, in quarters of an hour: all that the tz database has had since 2005. A clock that is
ten minutes wrong looks like a zone that does not exist."""
_EARLY: Final = 120 * 1_000_000
_LATE: Final = 420 * 1_000_000
"""A line is written at most two minutes before its id (skew) and seven after (a login times out in three)."""
_WRONG: Final = 720 * 1_000_000
"""A clock that is up to twelve minutes wrong still tells its zone; how wrong it is, is measured elsewhere."""
_BACK: Final = timedelta(minutes=5)
"""A log that goes back by so much within an hour has been set back: winter time begins."""
_FOLD_MONTHS: Final = frozenset({3, 4, 9, 10, 11})
_FOLD_HOURS: Final = frozenset({23, 0, 1, 2, 3})
"""When, by local clocks, clocks are set back anywhere (tz database), on the night of a Saturday or Sunday."""
_WIDEST_ZONE: Final = 15 * 3600 * 1_000_000
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_HOSTS_KEPT: Final = 4096
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local clocks are compared with local clocks
_MICROSECOND: Final = timedelta(microseconds=1)


class Steady(NamedTuple):
    """How an hour of a host's clock reads."""

    moment: datetime
    """Its beginning in UTC."""
    proven: bool
    """True where session ids have nothing more to say in it."""
    anchor: tuple[int, int] | None
    """What :attr:`Timeline.anchor` becomes with each of its lines; None where it stays."""


class Timeline:
    """The clock of one stream of lines; it remembers, per host, the last month and the zone learned."""

    def __init__(self, zone: tzinfo, year: int | None, reference: datetime | None) -> None:
        self._zone = zone
        self._is_utc = zone is UTC
        self._year = year
        self._latest = reference.astimezone(UTC) + _DAY if reference is not None else None
        self._offsets: dict[str | None, timedelta] = {}
        self._months: dict[str | None, tuple[int, int]] = {}
        self._checked: dict[str | None, tuple[int, int, int]] = {}
        self.anchor: tuple[int, int] | None = None
        """Year and month of the last line whose moment was worked out."""
        self.revision = 0
        """Grows whenever what :meth:`steady` said may no longer hold."""
        self._simple: dict[str | None, tuple[int, int]] = {}
        self._passes: dict[str | None, tuple[tuple[int, int, int], datetime, bool]] = {}
        """Hour, last stamp in it, and whether it is gone through for the second time."""

    def as_of(self, now: datetime) -> None:
        """Move the reference on: the stream is still being written at ``now``."""
        self._latest = now.astimezone(UTC) + _DAY

    def resolve(
        self, local: datetime, year_known: bool, host: str | None, session: SessionId | None
    ) -> datetime | None:
        """``local`` (naive, as stamped) in UTC; None where nothing at all tells the year.

        ``session`` is given only for a line written soon after its connection began, and only where the id
        agrees with the line's address.
        """
        moment: datetime | None
        if local.hour in _FOLD_HOURS and local.month in _FOLD_MONTHS:
            local = local.replace(fold=self._pass(local, host))
        habit = self._simple.get(host)
        if habit is not None and habit[0] == local.month and not year_known:
            moment = local.replace(year=habit[1], tzinfo=UTC)
            if self._latest is not None and moment > self._latest:
                moment = self._from_habit(local, year_known, host)
        else:
            moment = self._from_habit(local, year_known, host)
        if session is not None:
            # One id an hour is enough to hold on to what a host's clock is known to be.
            hour = (local.month, local.day, local.hour)
            if self._checked.get(host) != hour:
                moment = self._learn(local, year_known, host, session, moment)
                if host in self._offsets:
                    self._checked[host] = hour
        if moment is not None and (habit is None or habit[0] != local.month):
            self._remember(host, local.month, moment, year_known)
        return moment

    def steady(self, hour: datetime, host: str | None) -> Steady | None:
        """What :meth:`resolve` does with every line of a local hour (naive, without a year) as long as
        :attr:`revision` stays; None where each line has to be resolved."""
        proven = self._checked.get(host) == (hour.month, hour.day, hour.hour)
        habit = self._simple.get(host)
        usual = habit is not None and habit[0] == hour.month
        if habit is not None and usual:
            moment = hour.replace(year=habit[1], tzinfo=UTC)
            if self._latest is None or moment + _HOUR <= self._latest:
                return Steady(moment, proven, None)
        months = self._months.get(host)
        year = self._guess_year(hour, months)
        if months is None or year is None or len(self._months) >= _HOSTS_KEPT:
            return None
        if (
            hour.month in _FOLD_MONTHS
            and hour.hour in _FOLD_HOURS
            and _in_year(hour, year).weekday() >= 5
            and not self._at_utc(host)
        ):
            return None
        first = self._in_zone(_in_year(hour, year), host)
        last = self._in_zone(_in_year(hour + _HOUR - _SECOND, year), host)
        if last - first != _HOUR - _SECOND or not months == (first.year, first.month) == (last.year, last.month):
            return None
        unproven = self._year is None and host not in self._offsets
        if unproven and self._latest is not None and last > self._latest:
            return None
        return Steady(first, proven, None if usual else months)

    def _at_utc(self, host: str | None) -> bool:
        offset = self._offsets.get(host)
        return not offset if offset is not None else self._is_utc

    def _pass(self, local: datetime, host: str | None) -> int:
        """1 where this hour is gone through for the second time, since the clocks were set back; else 0."""
        hour = (local.month, local.day, local.hour)
        known = self._passes.get(host)
        if known is None or known[0] != hour:
            if len(self._passes) >= _HOSTS_KEPT:
                self._passes.clear()
            self._passes[host] = (hour, local, False)
            return 0
        _, last, second = known
        back = not second and local < last - _BACK and not self._at_utc(host)
        if back:
            self.revision += 1
            self._checked.pop(host, None)
            if host in self._offsets:
                self._offsets[host] -= _HOUR
        self._passes[host] = (hour, local if back else max(local, last), second or back)
        return int(second or back)

    def _remember(self, host: str | None, month: int, moment: datetime, year_known: bool) -> None:
        """Note where this host's clock stands, for the lines after."""
        if len(self._months) >= _HOSTS_KEPT:
            self.revision += 1
            for memory in (self._months, self._checked, self._offsets, self._simple):
                memory.clear()
        self.anchor = (moment.year, moment.month)
        if not year_known:
            self._months[host] = self.anchor
            if self._at_utc(host) and month == moment.month:
                self._simple[host] = (month, moment.year)

    def _learn(
        self, local: datetime, year_known: bool, host: str | None, session: SessionId, moment: datetime | None
    ) -> datetime | None:
        if moment is not None and host in self._offsets and _agrees(moment, session):
            return moment
        learned = _from_session(local, year_known, session)
        if learned is None:
            return moment
        self.revision += 1
        self._offsets[host] = learned[1]
        self._simple.pop(host, None)
        self._months[host] = (learned[0].year, learned[0].month)
        return learned[0]

    def saw(self, moment: datetime) -> None:
        """Note a moment that needed no working out: it anchors year-less lines that follow."""
        self.anchor = (moment.year, moment.month)

    def _from_habit(self, local: datetime, year_known: bool, host: str | None) -> datetime | None:
        if year_known:
            return self._in_zone(local, host)
        year = self._guess_year(local, self._months.get(host) or self.anchor)
        if year is None:
            return None
        moment = self._in_zone(_in_year(local, year), host)
        unproven = self._year is None and host not in self._offsets
        if unproven and self._latest is not None and moment > self._latest:
            return self._in_zone(_in_year(local, year - 1), host)
        return moment

    def _guess_year(self, local: datetime, anchor: tuple[int, int] | None) -> int | None:
        """The year that puts ``local`` nearest to the line before it; without one, the configured year, or
        the newest year in which the line does not lie in the future of the reference."""
        if anchor is not None:
            year, month = anchor
            months = local.month - month
            if months > 6:
                year -= 1
            elif months < -6:
                year += 1
            return max(year, self._year) if self._year is not None else year
        if self._year is not None:
            return self._year
        return self._latest.year if self._latest is not None else None

    def _in_zone(self, local: datetime, host: str | None) -> datetime:
        offset = self._offsets.get(host)
        if offset is not None:
            return (local - offset).replace(tzinfo=UTC) if offset else local.replace(tzinfo=UTC)
        if self._is_utc:
            return local.replace(tzinfo=UTC)
        return local.replace(tzinfo=self._zone).astimezone(UTC)


def _agrees(moment: datetime, session: SessionId) -> bool:
    late = (microseconds(moment) - session.clock) % WRAP
    return late <= _LATE or late >= WRAP - _EARLY


def _from_session(local: datetime, year_known: bool, session: SessionId) -> tuple[datetime, timedelta] | None:
    """UTC moment and zone offset of a line whose session began about when it was written."""
    stamped = (local - _EPOCH) // _MICROSECOND
    # From 2005 to 2068; one turn of the id's clock moves the calendar by a month, so one turn at most fits.
    for turn in range(4, 11):
        began = session.clock + turn * WRAP
        if year_known:
            years = [local.year]
        else:
            year = (_EPOCH + timedelta(microseconds=began)).year
            years = [year, year - 1, year + 1]
        for candidate in years:
            if candidate == local.year:
                late = stamped - began
            else:
                try:
                    late = (local.replace(year=candidate) - _EPOCH) // _MICROSECOND - began
                except ValueError:
                    continue
            if abs(late) > _WIDEST_ZONE:
                continue
            offset = _offset(late)
            if offset is None:
                return None
            return (
                (local.replace(year=candidate) - timedelta(microseconds=offset)).replace(tzinfo=UTC),
                timedelta(microseconds=offset),
            )
    return None


def _offset(late: int) -> int | None:
    """The zone (microseconds from UTC) of a stamp that reads ``late`` behind its session's start."""
    offset = (late + _EARLY) // _QUARTER
    if late - offset * _QUARTER <= _LATE and offset in OFFSETS:
        return offset * _QUARTER
    nearest = min(OFFSETS, key=lambda quarters: abs(late - quarters * _QUARTER)) * _QUARTER
    return nearest if abs(late - nearest) <= _WRONG else None


def _in_year(local: datetime, year: int) -> datetime:
    """``local`` in ``year``; 29 February goes back to the last year that has one."""
    try:
        return local.replace(year=year)
    except ValueError:
        while year % 4 or (year % 100 == 0 and year % 400):
            year -= 1
        return local.replace(year=year)
