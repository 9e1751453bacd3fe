"""Reports over a real PostgreSQL server: kept days are forgotten by its own triggers, and sums are what counting
gives."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.store import tallies
from bot.adapters.store.database import Database
from bot.adapters.store.learning import StoredLearning
from bot.adapters.store.reports import StoredReports
from bot.adapters.store.shadows import StoredShadows
from bot.adapters.store.upgrade import upgrade
from bot.core.report.tally import total
from bot.core.report.values import Filter
from bot.core.report.weeks import days_between
from bot.reporting import Reporter
from knowledge import load
from tests.report.year import At, generate

CHANGES = (
    "UPDATE ticket_fact SET cause = 'quota_full', plan = 'agency' WHERE ticket_id = 'mail:9'",
    "UPDATE ticket_fact SET verified = TRUE WHERE ticket_id = 'mail:12'",
    "DELETE FROM ticket_fact WHERE ticket_id = 'mail:20'",
    "UPDATE ticket SET round = 2 WHERE id = 'mail:31'",
    "UPDATE delivery SET state = 'withdrawn' WHERE ticket_id IN ('mail:40', 'mail:41', 'mail:42')",
    "UPDATE delivery SET automatic = TRUE WHERE ticket_id IN ('mail:31', 'mail:50', 'mail:51')",
    "INSERT INTO message (ticket_id, author, from_agent, at, document) VALUES ('mail:60', 'c', FALSE, '2026-10-20', '{}')",
    "INSERT INTO review (ticket_id, round, agent, decision, cause, confidence, knowledge_version, at) VALUES ('mail:51', 1, 'a', 'not_ours', 'hostnames', 'likely', 'v', '2026-10-08')",
)


def test_sums_on_postgresql_are_what_counting_gives(url: str) -> None:
    knowledge = load(None)
    database = Database(url)
    upgrade(database)
    generate(database, knowledge, days=54, a_day=3, seed=3)
    reporter = Reporter(
        StoredReports(database),
        EmptyLogStore(),
        None,
        knowledge,
        ZoneInfo("Europe/Berlin"),
        At(datetime(2026, 11, 30, tzinfo=UTC)),
    )
    period = days_between("2026-09-29", "2026-11-03", reporter.zone)
    before = reporter.report(period)
    for change in CHANGES:
        with database.engine.begin() as connection:
            connection.execute(text(change))
        with database.read() as session:
            summed = tallies.tally(session, period.since, period.until, Filter(), reporter.clock.now())
            assert summed == total(
                tallies.counted(session, period.since, period.until, Filter(), reporter.clock.now()).values()
            ), change
    after = reporter.report(period)
    assert before.tickets and after != before and any(c.silent for c in after.causes)
    StoredReports(database).recount()
    assert reporter.report(period).causes == after.causes
    assert (
        StoredReports(database).unproven()
        and StoredShadows(database).past(10) == []
        and not StoredLearning(database).examples()
        and not StoredLearning(database).outcomes()
    )
    database.engine.dispose()
