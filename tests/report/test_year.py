"""The short form of ``make bench-report``: rows of a month, on the database itself."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store import tallies
from bot.adapters.store.database import Database
from bot.adapters.store.reports import StoredReports
from bot.adapters.store.upgrade import upgrade
from bot.core.report.tally import total
from bot.core.report.values import Filter
from bot.core.report.weeks import days_between, days_of, week_named
from bot.reporting import Reporter
from knowledge import load
from tests.report.year import At, generate

KNOWLEDGE = load(None)


def test_a_report_counts_what_was_generated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/year.db")
    upgrade(database)
    generate(database, KNOWLEDGE, days=28, a_day=40)
    reporter = Reporter(
        StoredReports(database),
        EmptyLogStore(),
        None,
        KNOWLEDGE,
        ZoneInfo("UTC"),
        At(datetime(2026, 11, 30, tzinfo=UTC)),
    )
    report = reporter.report(week_named("2026-W47", reporter.zone))
    assert (
        report.tickets + report.not_ours == 280
        and len(report.trend) == 9
        and report.trend[:5] == (0,) * 5
        and all(report.trend[-4:])
    )
    assert sum(c.tickets for c in report.causes) == report.tickets == report.trend[-1]
    assert report.verified == 0 and report.answered == report.silent + report.again and 120 < report.answered < 220
    assert any(c.silent for c in report.causes) and report.precision and report.unknown and not report.logs_asked
    database.engine.dispose()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tickets of some weeks."""
    path = tmp_path_factory.mktemp("month") / "month.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    generate(database, KNOWLEDGE, days=54, a_day=4, seed=3)
    database.engine.dispose()
    return path


CHANGES = (
    "UPDATE ticket_fact SET cause = 'quota_full', plan = 'agency' WHERE ticket_id = :it",
    "UPDATE ticket_fact SET verified = 1 WHERE ticket_id = :it",
    "UPDATE ticket_fact SET at = '2026-10-01 12:00:00.000000' WHERE ticket_id = :it",
    "DELETE FROM ticket_fact WHERE ticket_id = :it",
    "UPDATE ticket SET round = 2 WHERE id = :it",
    "UPDATE delivery SET automatic = 1, sent_at = '2026-10-18 03:00:00.000000' WHERE ticket_id = :it",
    "UPDATE delivery SET state = 'withdrawn' WHERE ticket_id = :it",
    "INSERT INTO message (ticket_id, author, from_agent, at, document) VALUES (:it, 'c', 0, '2026-10-20 00:00:00.000000', '{}')",
    "INSERT INTO review (ticket_id, round, agent, decision, cause, confidence, knowledge_version, at) VALUES (:it, 1, 'a', 'not_ours', 'hostnames', 'likely', 'v', '2026-10-08 00:00:00.000000')",
)


@given(
    st.lists(st.tuples(st.integers(1, 200), st.sampled_from(CHANGES)), min_size=1, max_size=8),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    st.sampled_from([Filter(), Filter(plan="pro")]),
)
@settings(max_examples=6, deadline=None)
def test_the_sum_of_kept_days_is_what_counting_the_rows_gives(
    month: Path, changes: list[tuple[int, str]], zone: str, only: Filter
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "m.db"
        shutil.copy(month, copy)
        database = Database(f"sqlite:///{copy}")
        reporter = Reporter(
            StoredReports(database),
            EmptyLogStore(),
            None,
            KNOWLEDGE,
            ZoneInfo(zone),
            At(datetime(2026, 11, 30, tzinfo=UTC)),
        )
        period = days_between("2026-09-29", "2026-11-03", reporter.zone)
        reporter.report(period)  # keeps its days, and October
        reporter.report(week_named("2026-W47", ZoneInfo("UTC")))
        for number, change in changes:
            with database.engine.begin() as connection:
                connection.execute(text(change), {"it": f"mail:{number}"})
        with database.read() as session:
            summed = tallies.tally(session, period.since, period.until, only, reporter.clock.now())
            plain = total(tallies.counted(session, period.since, period.until, only, reporter.clock.now()).values())
        kept = reporter.report(period, only)
        tallies.forget_days(database)
        assert summed == plain and kept == reporter.report(period, only)
        assert kept.tickets and kept.answered
        database.engine.dispose()


def test_days_are_kept_once_they_are_over_for_good(month: Path, tmp_path: Path) -> None:
    shutil.copy(month, tmp_path / "m.db")
    database = Database(f"sqlite:///{tmp_path}/m.db")
    days = days_of(days_between("2026-11-01", "2026-11-22", ZoneInfo("UTC")), UTC)
    assert tallies.keep(database, days, [], datetime(2026, 11, 20, tzinfo=UTC)) == 16, (
        "not those whose answers are too young to judge"
    )
    assert (
        tallies.keep(database, days, [], datetime(2026, 11, 30, tzinfo=UTC)) == 6
        and tallies.keep(database, days, [], datetime(2026, 11, 30, tzinfo=UTC)) == 0
    )
    elsewhere = days_of(
        days_between("2026-11-01", "2026-11-22", ZoneInfo("Asia/Kathmandu")), ZoneInfo("Asia/Kathmandu")
    )
    assert tallies.keep(database, elsewhere, [], datetime(2026, 11, 30, tzinfo=UTC)) == 22
    database.engine.dispose()
