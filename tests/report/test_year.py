"""The short form of ``make bench-report``: rows of a month, on the database itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store.database import Database
from bot.adapters.store.reports import StoredReports
from bot.adapters.store.upgrade import upgrade
from bot.core.report.weeks import week_named
from bot.reporting import Reporter
from knowledge import load
from tests.report.year import At, generate


def test_a_report_counts_what_was_generated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/year.db")
    upgrade(database)
    knowledge = load(None)
    generate(database, knowledge, days=28, a_day=40)
    reporter = Reporter(StoredReports(database), EmptyLogStore(), None, knowledge, ZoneInfo("UTC"), At(datetime(2026, 11, 30, tzinfo=UTC)))
    report = reporter.report(week_named("2026-W47", reporter.zone))
    assert report.tickets + report.not_ours == 280 and len(report.trend) == 9 and report.trend[:5] == (0,) * 5 and all(report.trend[-4:])
    assert sum(c.tickets for c in report.causes) == report.tickets == report.trend[-1]
    assert report.verified == 0 and report.answered == report.silent + report.again and 120 < report.answered < 220
    assert any(c.silent for c in report.causes) and report.precision and report.unknown and not report.logs_asked
    database.engine.dispose()
