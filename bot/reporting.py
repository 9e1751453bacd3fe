"""A report, from the database, the logs and the knowledge: asks the ports, and lets the core reckon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.core.observed import HostCoverage
from bot.core.report.build import build
from bot.core.report.charts import chart
from bot.core.report.failing import failures
from bot.core.report.post import due, key_of, sends_of
from bot.core.report.tally import SOLVED_WITHIN
from bot.core.report.values import Filter, HostQuality, Report, Rows
from bot.core.report.weeks import Period, days_of, earlier, month_of, months_in, week_before
from bot.errors import StoreBusy, StoreError
from bot.ports import Clock, Desk, LogFigures, LogStore, ReportStore
from knowledge.model import Knowledge

CHUNK: Final = 4_000
"""Lines that are classified and stored together."""


@dataclass(frozen=True)
class Reporter:
    """Makes reports. ``figures`` is None where the log store cannot tell them."""

    store: ReportStore
    logs: LogStore
    figures: LogFigures | None
    knowledge: Knowledge
    zone: ZoneInfo
    clock: Clock

    def catch_up(self, told: Callable[[int], None] = lambda _lines: None, *, limit: int | None = None) -> int:
        """Take over what is new: facts of tickets, and the log's failing lines. Returns how many lines; ``told``
        hears of each chunk. Raises StoreError."""
        self.store.fill()
        if self.figures is None:
            return 0
        mark, done = self.store.mark(), 0
        if self.figures.newest() < mark:
            mark = 0  # the log store is a new one
        while limit is None or done < limit:
            events, behind = self.figures.lines_after(mark, CHUNK)
            if behind == mark or not events:
                break
            found = failures(events, self.knowledge)
            self.store.add_failures(found, self.figures.regulars({f.own for f in found}), behind, self.clock.now())
            mark, done = behind, done + len(events)
            told(done)
        return done

    def report(self, period: Period, only: Filter | None = None) -> Report:
        """The report of a period."""
        wanted, now = only or Filter(), self.clock.now()
        hosts = tuple(quality(h, period, now) for h in self.logs.coverage(period.since, min(period.until, now)))
        asked = self._look_for_logins(now) and bool(hosts)
        if wanted.domain is None:
            with suppress(StoreBusy):  # what is not kept is counted from the rows
                self.store.keep(days_of(period, self.zone), months_in(period, self.zone), now)
        rows = self.store.rows(period, earlier(period, self.zone), wanted, month_of(period, self.zone), now)
        rows = replace(self._mailboxes(rows, period, wanted), hosts=hosts, logs_asked=asked)
        return build(rows, period, self.zone.key, self.knowledge, wanted)

    def _look_for_logins(self, now: datetime) -> bool:
        """Whether answers were followed by a login: asked until the log is past the two days that count, and then
        kept. False where the logs cannot be asked."""
        if self.figures is None:
            return False
        hosts = self.logs.coverage(now - SOLVED_WITHIN, now)
        try:
            asked = [
                (ticket, mailbox, replied, min(replied + SOLVED_WITHIN, now))
                for ticket, mailbox, replied in self.store.unproven()
            ]
            found = self.figures.logged_in(asked) if asked else set()
            over = min(max((h.last for h in hosts), default=now), now) - SOLVED_WITHIN
            self.store.verify(found, over if hosts and asked else None, now)
        except StoreError:
            return False  # the report says that the logs were not asked
        return True

    def _mailboxes(self, rows: Rows, period: Period, only: Filter) -> Rows:
        """Where no accounts are imported, those that have logged in count."""
        if self.figures is None or rows.mailboxes is not None or only != Filter():
            return rows
        with suppress(StoreError):
            return replace(
                rows,
                mailboxes=self.figures.active_mailboxes(period.since, period.until) or None,
                mailboxes_of="mailboxes that logged in",
            )
        return rows


def quality(host: HostCoverage, period: Period, now: datetime) -> HostQuality:
    """The share of the period (as far as it is over) that a host's log covers, and its gaps."""
    until = min(period.until, now)
    whole = (until - period.since).total_seconds()
    inside: Sequence[tuple[datetime, datetime]] = [
        (max(a, period.since), min(b, until)) for a, b in host.gaps if a < until and b > period.since
    ]
    covered = max(timedelta(), min(host.last, until) - max(host.first, period.since)) - sum(
        (b - a for a, b in inside), timedelta()
    )
    return HostQuality(
        host.host,
        host.program,
        max(0.0, min(1.0, covered.total_seconds() / whole)) if whole > 0 else 0.0,
        tuple(inside),
    )


@dataclass(frozen=True)
class ReportPost:
    """Posts reports, once for each period and place. ``draw`` makes the picture of a chart's specification."""

    desk: Desk
    reporter: Reporter
    draw: Callable[[Mapping[str, Any]], bytes]
    places: tuple[str, ...]

    def post(self, report: Report) -> list[str]:
        """Hand the report to the couriers; returns the places that had not got it yet."""
        png = self.draw(chart(report))
        new = []
        with self.desk.step("report.post") as step:
            for place in self.places:
                sent = [step.queues.send(send) for send in sends_of(report, place, png)]
                if sent[0]:
                    new.append(place)
        return new

    def by_the_clock(self, at: tuple[int, int, int], now: datetime) -> None:
        """Post last week's report where its time has come and a place has not got it. Raises StoreError."""
        period = week_before(now, self.reporter.zone)
        with self.desk.look() as view:
            wanted = [place for place in self.places if not view.queues.state_of(key_of(period.label, place))[0]]
        if wanted and due(at, self.reporter.zone, now):
            self.reporter.catch_up()
            self.post(self.reporter.report(period))
