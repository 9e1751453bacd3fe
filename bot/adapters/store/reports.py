"""The port ReportStore: the rows of one report in one snapshot, and the failures of the logs that are counted for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.adapters.store import failing
from bot.adapters.store.database import Database
from bot.adapters.store.incidents import note_troubles
from bot.adapters.store.report import ReportRows, fill
from bot.adapters.store.report_tables import FixRow
from bot.core.report.facts import NOT_OURS
from bot.core.report.failing import Failure
from bot.core.report.values import Filter, Rows
from bot.core.report.weeks import Period

EXAMPLES = 12
"""Causes that get an example line."""


class StoredReports:
    """Reports on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def fill(self) -> int:
        """Facts for tickets that have none yet; returns how many were missing."""
        return fill(self.database)

    def mark(self) -> int:
        """Up to where the log store's lines were taken over."""
        with self.database.read() as session:
            return failing.mark_of(session)

    def add_failures(self, failures: Sequence[Failure], proven: set[tuple[str, str]], mark: int, now: datetime) -> None:
        """Count failing lines and move the mark, both or neither."""
        with self.database.write("report.failures") as session:
            failing.add_failures(self.database, session, failures, proven)
            note_troubles(self.database, session, failures, proven, now)
            failing.put_mark(session, mark, now)

    def rows(self, period: Period, earlier: Sequence[Period], only: Filter, month: Period) -> Rows:
        """Everything that the desk's database tells of a period; ``month``: from which tickets are drawn for re-grading."""
        with self.database.read() as session:
            ask = ReportRows(session, only)
            weeks = tuple(ask.causes(p) for p in (period, *earlier))
            ranked = sorted((c for c in weeks[0] if c != NOT_OURS), key=lambda c: -weeks[0][c])
            silent, unproven = failing.silent(session, period, only)
            return Rows(
                weeks=weeks, mailboxes=ask.accounts(), mailboxes_of="imported accounts", details=ask.details(period),
                examples={cause: line for cause in ranked[:EXAMPLES] if (line := ask.example(period, cause))}, silent=silent, unproven=unproven,
                funnel=ask.funnel(period), answered=ask.answered(period), reviews=ask.reviews(period), automatic_corrected=ask.automatic_corrected(period),
                abstained=ask.abstained(period), unknown=ask.unknown(period), month_tickets=ask.tickets(month.since, month.until), incidents=ask.incidents(period),
                fixes=ask.fixes(period), coverage=ask.coverage(period), versions=ask.versions(period))

    def add_fix(self, cause: str, owner: str, since: datetime, note: str) -> None:
        """Note what was done against a cause."""
        with self.database.write("report.fix") as session:
            session.add(FixRow(cause=cause, owner=owner, since=since, note=note))


