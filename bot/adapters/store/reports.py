"""The port ReportStore: the rows of one report in one snapshot, and the failures of the logs that are counted for
it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy import select as columns_of
from sqlmodel import col, func

from bot.adapters.store import failing, tallies
from bot.adapters.store.database import Database
from bot.adapters.store.incidents import note_troubles
from bot.adapters.store.report import FILLED, ReportRows, fill
from bot.adapters.store.report_tables import FixRow, TicketFactRow
from bot.adapters.store.tables import DeliveryRow, SettingRow
from bot.core.report.facts import NOT_OURS
from bot.core.report.failing import Failure
from bot.core.report.values import Filter, Rows
from bot.core.report.weeks import Period

EXAMPLES = 12
"""Causes that get an example line."""
LOGINS = "report:logins"
"""The setting that says up to which reply the logs were asked for a login."""
PART = 400
"""Parameters of one statement."""


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

    def rows(self, period: Period, earlier: Sequence[Period], only: Filter, month: Period, now: datetime) -> Rows:
        """Everything that the desk's database tells of a period; ``month``: from which tickets are drawn for
        re-grading."""
        with self.database.read() as session:
            ask = ReportRows(session, only)
            whole = tallies.tally(session, period.since, period.until, only, now)
            ranked = sorted((c for c in whole.causes if c != NOT_OURS), key=lambda c: (-whole.causes[c], c))
            silent, unproven = failing.silent(session, period, only)
            return Rows(
                tally=whole,
                weeks=tuple(tallies.causes(session, p.since, p.until, only) for p in earlier),
                mailboxes=ask.accounts(),
                mailboxes_of="imported accounts",
                examples={cause: line for cause in ranked[:EXAMPLES] if (line := ask.example(period, cause))},
                silent=silent,
                unproven=unproven,
                unknown=ask.unknown(period),
                month_tickets=ask.tickets(month.since, month.until),
                incidents=ask.incidents(period),
                fixes=ask.fixes(period),
                versions=ask.versions(period),
                shadows=ask.shadows(period),
            )

    def keep(
        self, days: Sequence[tuple[datetime, datetime]], months: Sequence[tuple[datetime, datetime]], now: datetime
    ) -> int:
        """Add up days and months that are over; returns how many."""
        return tallies.keep(self.database, days, months, now)

    def recount(self) -> None:
        """Forget every sum, and for which answers the logs were asked: the next report counts everything anew."""
        tallies.forget_days(self.database)
        with self.database.write("report.recount") as session:
            session.connection().execute(update(TicketFactRow).values(verified=False))
            session.connection().execute(delete(SettingRow).where(col(SettingRow.name).in_((FILLED, LOGINS))))

    def unproven(self) -> list[tuple[str, str, datetime]]:
        """(ticket, mailbox, first reply) of answers for which the logs have not been asked for good, and no login is
        known."""
        with self.database.read() as session:
            mark = session.get(SettingRow, LOGINS)
            since = datetime.fromisoformat(mark.value) if mark else datetime.min.replace(tzinfo=UTC)
            reply, fact = DeliveryRow, TicketFactRow
            query = (
                columns_of(col(fact.ticket_id), col(fact.mailbox), func.min(col(reply.sent_at)))
                .join(reply, col(reply.ticket_id) == col(fact.ticket_id))
                .where(
                    tallies.REPLY_IS_OUT,
                    col(reply.sent_at) >= since,
                    col(fact.mailbox).is_not(None),
                    col(fact.verified).is_(False),
                )
                .group_by(col(fact.ticket_id), col(fact.mailbox))
            )
            rows: Sequence[Any] = session.connection().execute(query).all()
            return [(ticket, mailbox, first) for ticket, mailbox, first in rows]

    def verify(self, tickets: Collection[str], mark: datetime | None, now: datetime) -> None:
        """The mailboxes of these tickets have logged in after their answers; answers of before ``mark`` need not be
        asked for again."""
        with self.database.write("report.verified") as session:
            names = sorted(tickets)
            for start in range(0, len(names), PART):
                session.connection().execute(
                    update(TicketFactRow)
                    .where(col(TicketFactRow.ticket_id).in_(names[start : start + PART]))
                    .values(verified=True)
                )
            if mark is not None:
                session.merge(SettingRow(name=LOGINS, value=mark.isoformat(), at=now))

    def add_fix(self, cause: str, owner: str, since: datetime, note: str) -> None:
        """Note what was done against a cause."""
        with self.database.write("report.fix") as session:
            session.add(FixRow(cause=cause, owner=owner, since=since, note=note))
